"""Places of which everything is captured, and the heartbeats that say what was watched."""

from collections.abc import Mapping
from datetime import datetime

from takeback.errors import Refused
from takeback.events import HeartbeatRecorded, HowEnded, InvestigationEnded, InvestigationStarted, Keeps
from takeback.evidence import watching_store as store
from takeback.evidence.heartbeat import Heartbeat, joined
from takeback.evidence.model import Investigation
from takeback.ids import StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record

Places = Mapping[tuple[str, str], Investigation]
"""What is under investigation, by platform and place."""


def investigate(
    tx: Tx,
    connector: str,
    place: str,
    now: datetime,
    ends_at: datetime,
    *,
    suspected_minor: bool,
    by: StaffId | None = None,
) -> Investigation:
    """Capture everything in a place from now on, as it comes; what goes on there is replaced.

    Both are events: the log says when somebody was watched closer, and how long.

    Args:
        tx: the transaction.
        connector: where the place is.
        place: the room, channel or group.
        now: when it begins.
        ends_at: when it is over.
        suspected_minor: digests and metadata only.
        by: who does so; None: the operator.

    Raises:
        Refused: there is nothing between now and the end.
    """
    if ends_at <= now:
        raise Refused("An investigation lasts at least a moment.")
    _end(tx, connector, place, now, HowEnded.REPLACED, by)
    new = Investigation(connector, place, now, ends_at, suspected_minor)
    keeps = Keeps.DIGESTS if suspected_minor else Keeps.EVERYTHING
    store.begin(tx, new, record(tx, InvestigationStarted(connector, place, ends_at, keeps, by), at=now))
    return new


def stop(tx: Tx, connector: str, place: str, now: datetime, *, by: StaffId | None = None) -> bool:
    """End an investigation; False if there is none. What was captured stays until it expires."""
    return _end(tx, connector, place, now, HowEnded.STOPPED, by)


def expire(tx: Tx, now: datetime) -> None:
    """Say of each investigation whose time is over that it ended, once."""
    for row, connector, place, ended_at in store.over(tx, now):
        event = record(tx, InvestigationEnded(connector, place, HowEnded.EXPIRED, None), at=ended_at)
        store.set_end_event(tx, row, event)


def _end(tx: Tx, connector: str, place: str, now: datetime, how: HowEnded, by: StaffId | None) -> bool:
    ended = store.end(tx, connector, place, now)
    for row in ended:
        store.set_end_event(tx, row, record(tx, InvestigationEnded(connector, place, how, by), at=now))
    return bool(ended)


def under_investigation(tx: Tx, now: datetime) -> tuple[Investigation, ...]:
    """Return what goes on, by platform and place."""
    return store.investigations(tx, now)


def places(tx: Tx, now: datetime) -> Places:
    """The same, to be asked. Of two in one place, digests-only counts."""
    found: dict[tuple[str, str], Investigation] = {}
    for each in store.investigations(tx, now):
        before = found.get((each.connector, each.place))
        if before is None or each.suspected_minor:
            found[each.connector, each.place] = each
    return found


def heartbeat(tx: Tx, connector: str, stream: str, heartbeat: Heartbeat) -> None:
    """Say how a stream was watched since the last time; nothing if nothing was answered since.

    The caller holds the stream's lease in this transaction. If it does not commit, what was not said is said
    with the next heartbeat by whoever has the stream then: as a gap.
    """
    counted = heartbeat.look()
    if counted is None:
        return
    span = joined(counted, store.last_heartbeat(tx, connector, stream))
    if span is not None:
        event = record(
            tx, HeartbeatRecorded(connector, stream, span.since, span.until, span.posts, span.gap_ms)
        )
        store.insert_heartbeat(tx, event, connector, stream, span.since, span.until)
    heartbeat.recorded(counted)
