"""SQL of places under investigation, and of heartbeats."""

from collections.abc import Sequence
from datetime import datetime

from takeback.evidence.model import Investigation
from takeback.ground.db.pool import Tx
from takeback.ids import FactId, SightingId

# --- investigations ----------------------------------------------------------------------------------------


def investigations(tx: Tx, now: datetime) -> tuple[Investigation, ...]:
    """Those that go on, by platform and place."""
    rows = tx.execute(
        "select connector, place, began_at, ends_at, suspected_minor from evidence_investigation"
        " where ends_at > %s order by connector, place, id",
        [now],
    )
    return tuple(Investigation(*row) for row in rows)


def begin(tx: Tx, investigation: Investigation) -> None:
    """Write a new one down."""
    tx.execute(
        "insert into evidence_investigation (connector, place, began_at, ends_at, suspected_minor)"
        " values (%s, %s, %s, %s, %s)",
        [investigation.connector, investigation.place, investigation.began_at, investigation.ends_at,
         investigation.suspected_minor],
    )  # fmt: skip


def end(tx: Tx, connector: str, place: str, now: datetime) -> int:
    """End what goes on in a place; how many there were."""
    ended = tx.execute(
        "update evidence_investigation set ends_at = greatest(%(now)s, began_at)"
        " where connector = %(connector)s and place = %(place)s and ends_at > %(now)s",
        {"now": now, "connector": connector, "place": place},
    )
    return ended.rowcount


# --- heartbeats --------------------------------------------------------------------------------------------


def last_beat(tx: Tx, connector: str, shard: str) -> datetime | None:
    """Until when a stream is known to have been watched."""
    row = tx.execute(
        "select max(until) from evidence_heartbeat where connector = %s and shard = %s", [connector, shard]
    ).fetchone()
    return None if row is None else row[0]


def insert_beat(tx: Tx, fact: FactId, connector: str, shard: str, since: datetime, until: datetime) -> None:
    """Write a heartbeat down beside its fact."""
    tx.execute(
        "insert into evidence_heartbeat (fact_id, connector, shard, since, until)"
        " values (%s, %s, %s, %s, %s)",
        [fact, connector, shard, since, until],
    )


def beats_of(tx: Tx, sightings: Sequence[SightingId], limit: int) -> set[FactId]:
    """The heartbeats of the platforms of captured sightings that cover what is said of them.

    Those are the ones that hold the moments of the first sight, of the capture and of the deletion, and those
    between capture and deletion, the last `limit` of these.
    """
    moments = tx.execute(
        "select h.fact_id from evidence_capture c join evidence_heartbeat h on h.connector = c.connector"
        " and ((h.since <= c.seen_at and h.until >= c.seen_at)"
        "   or (h.since <= c.captured_at and h.until >= c.captured_at)"
        "   or (h.since <= c.deleted_at and h.until >= c.deleted_at)) where c.sighting_id = any(%s)",
        [list(sightings)],
    )
    found = {FactId(row[0]) for row in moments}
    between = tx.execute(
        "select distinct h.fact_id from evidence_capture c join evidence_heartbeat h"
        " on h.connector = c.connector and h.since >= c.captured_at and h.until <= c.deleted_at"
        " where c.sighting_id = any(%s) order by h.fact_id desc limit %s",
        [list(sightings), limit],
    )
    return found | {FactId(row[0]) for row in between}
