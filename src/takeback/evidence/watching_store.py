"""SQL of places under investigation, and of heartbeats."""

from collections.abc import Sequence
from datetime import datetime

from takeback.evidence.model import Investigation
from takeback.ids import EventId, SightingId
from takeback.infra.db.pool import Tx, column, first

# --- investigations ----------------------------------------------------------------------------------------


def investigations(tx: Tx, now: datetime) -> tuple[Investigation, ...]:
    """Those that go on, by platform and place."""
    rows = tx.execute(
        "select connector, place, began_at, ends_at, suspected_minor from evidence_investigation"
        " where ends_at > %s order by connector, place, id",
        [now],
    )
    return tuple(Investigation(*row) for row in rows)


def begin(tx: Tx, investigation: Investigation, event: EventId) -> None:
    """Write a new one down, beside the event that it began."""
    tx.execute(
        "insert into evidence_investigation"
        " (connector, place, began_at, ends_at, suspected_minor, start_event)"
        " values (%s, %s, %s, %s, %s, %s)",
        [investigation.connector, investigation.place, investigation.began_at, investigation.ends_at,
         investigation.suspected_minor, event],
    )  # fmt: skip


def end(tx: Tx, connector: str, place: str, now: datetime) -> list[int]:
    """End what goes on in a place; the rows that ended, one as a rule."""
    return column(
        tx,
        "update evidence_investigation set ends_at = greatest(%(now)s, began_at)"
        " where connector = %(connector)s and place = %(place)s and ends_at > %(now)s returning id",
        {"now": now, "connector": connector, "place": place},
    )


def over(tx: Tx, now: datetime) -> list[tuple[int, str, str, datetime]]:
    """(row, platform, place, end) of those whose time is over and of which no event says so; locked.

    Those that began before there were such events are left as they are.
    """
    rows = tx.execute(
        "select id, connector, place, ends_at from evidence_investigation"
        " where ends_at <= %s and start_event is not null and end_event is null order by ends_at, id"
        " for update skip locked",
        [now],
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def set_end_event(tx: Tx, row: int, event: EventId) -> None:
    """Record the event of its end."""
    tx.execute("update evidence_investigation set end_event = %s where id = %s", [event, row])


def covering(tx: Tx, sightings: Sequence[SightingId]) -> set[EventId]:
    """The events of the investigations in which these sightings were captured ahead: each one's start and
    end.

    That is the last one that began in their place before the capture was wanted: a watcher knows of an end a
    second late.
    """
    rows = tx.execute(
        "select i.start_event, i.end_event from evidence_capture c cross join lateral ("
        "   select start_event, end_event from evidence_investigation"
        "   where (connector, place) = (c.connector, c.place) and began_at <= c.wanted_at"
        "   order by began_at desc, id desc limit 1) i"
        " where c.sighting_id = any(%s) and c.reason = 'investigation'",
        [list(sightings)],
    )
    return {EventId(event) for row in rows for event in row if event is not None}


# --- heartbeats --------------------------------------------------------------------------------------------


def last_heartbeat(tx: Tx, connector: str, stream: str) -> datetime | None:
    """Return until when a stream is known to have been watched."""
    return first(
        tx,
        "select max(until) from evidence_heartbeat where connector = %s and stream = %s",
        [connector, stream],
    )


def insert_heartbeat(
    tx: Tx, event: EventId, connector: str, stream: str, since: datetime, until: datetime
) -> None:
    """Write a heartbeat down beside its event."""
    tx.execute(
        "insert into evidence_heartbeat (event_id, connector, stream, since, until)"
        " values (%s, %s, %s, %s, %s)",
        [event, connector, stream, since, until],
    )


def heartbeats_of(tx: Tx, sightings: Sequence[SightingId], limit: int) -> set[EventId]:
    """The heartbeats of the platforms of captured sightings that cover what is said of them.

    Those are the ones that hold the moments of the first sight, of the capture and of the deletion, and those
    between capture and deletion, the last `limit` of these.
    """
    moments = tx.execute(
        "select h.event_id from evidence_capture c join evidence_heartbeat h on h.connector = c.connector"
        " and ((h.since <= c.seen_at and h.until >= c.seen_at)"
        "   or (h.since <= c.captured_at and h.until >= c.captured_at)"
        "   or (h.since <= c.deleted_at and h.until >= c.deleted_at)) where c.sighting_id = any(%s)",
        [list(sightings)],
    )
    found = {EventId(row[0]) for row in moments}
    between = tx.execute(
        "select distinct h.event_id from evidence_capture c join evidence_heartbeat h"
        " on h.connector = c.connector and h.since >= c.captured_at and h.until <= c.deleted_at"
        " where c.sighting_id = any(%s) order by h.event_id desc limit %s",
        [list(sightings), limit],
    )
    return found | {EventId(row[0]) for row in between}
