"""Places of which everything is captured, and the heartbeats that say what was watched."""

from collections.abc import Mapping
from datetime import datetime

from takeback.errors import Refused
from takeback.evidence import watching_store as store
from takeback.evidence.model import Investigation
from takeback.evidence.pulse import Pulse, joined
from takeback.facts import Watched
from takeback.ground.db.pool import Tx
from takeback.ground.ledger.record import record

Places = Mapping[tuple[str, str], Investigation]
"""What is under investigation, by platform and place."""


def investigate(
    tx: Tx, connector: str, place: str, now: datetime, ends_at: datetime, *, suspected_minor: bool
) -> Investigation:
    """Capture everything in a place from now on, as it comes; what goes on there is replaced.

    Raises Refused: there is nothing between now and the end.
    """
    if ends_at <= now:
        raise Refused("An investigation lasts at least a moment.")
    store.end(tx, connector, place, now)
    new = Investigation(connector, place, now, ends_at, suspected_minor)
    store.begin(tx, new)
    return new


def stop(tx: Tx, connector: str, place: str, now: datetime) -> bool:
    """End an investigation; False if there is none. What was captured stays until it expires."""
    return store.end(tx, connector, place, now) > 0


def under_investigation(tx: Tx, now: datetime) -> tuple[Investigation, ...]:
    """What goes on, by platform and place."""
    return store.investigations(tx, now)


def places(tx: Tx, now: datetime) -> Places:
    """The same, to be asked. Of two in one place, digests-only counts."""
    found: dict[tuple[str, str], Investigation] = {}
    for each in store.investigations(tx, now):
        before = found.get((each.connector, each.place))
        if before is None or each.suspected_minor:
            found[each.connector, each.place] = each
    return found


def beat(tx: Tx, connector: str, shard: str, pulse: Pulse) -> None:
    """Say how a stream was watched since the last time; nothing if nothing was answered since.

    The caller holds the shard's lease in this transaction. If it does not commit, what was not said is said
    with the next heartbeat by whoever has the shard then: as a gap.
    """
    counted = pulse.look()
    if counted is None:
        return
    told = joined(counted, store.last_beat(tx, connector, shard))
    if told is not None:
        fact = record(tx, Watched(connector, shard, told.since, told.until, told.posts, told.gap_ms))
        store.insert_beat(tx, fact, connector, shard, told.since, told.until)
    pulse.said(counted)
