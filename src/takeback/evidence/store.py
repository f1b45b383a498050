"""SQL of the captures with their parts and salts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import TupleRow

from takeback.events import CapturedFor
from takeback.evidence.model import (
    CaptureState,
    Exhibit,
    Held,
    Part,
    SealedCapture,
    Subject,
    ToPoll,
    Wanted,
)
from takeback.ids import CaptureId, EventId, SightingId
from takeback.infra.db.pool import Tx, column, scalar

# --- wanted ------------------------------------------------------------------------------------------------


def insert_wanted(tx: Tx, wanted: Wanted) -> bool:
    """Want a capture; False if there is one of this sighting that was not erased."""
    subject = wanted.subject
    added = tx.execute(
        "insert into evidence_capture (id, sighting_id, connector, place, message, media, posted_at, seen_at,"
        " reason, state, suspected_minor, wanted_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'wanted', %s, %s)"
        " on conflict (sighting_id) where state <> 'erased' do nothing",
        [wanted.capture, subject.sighting, subject.connector, subject.place, subject.message, subject.media,
         subject.posted_at, subject.seen_at, wanted.reason, wanted.suspected_minor, wanted.wanted_at],
    )  # fmt: skip
    return added.rowcount == 1


def state_of(tx: Tx, sighting: SightingId) -> CaptureState | None:
    """Return where the capture of a sighting stands that was not erased; None if there is none."""
    row = tx.execute(
        "select state from evidence_capture where sighting_id = %s and state <> 'erased'", [sighting]
    ).fetchone()
    return None if row is None else CaptureState(row[0])


def get_wanted(tx: Tx, sighting: SightingId) -> Wanted | None:
    """The capture that is still to be made of a sighting."""
    row = tx.execute(
        "select id, sighting_id, connector, place, message, media, posted_at, seen_at, reason,"
        " suspected_minor, wanted_at from evidence_capture where sighting_id = %s and state = 'wanted'",
        [sighting],
    ).fetchone()
    if row is None:
        return None
    capture, *subject, reason, minor, wanted_at = row
    return Wanted(capture, Subject(*subject), CapturedFor(reason), minor, wanted_at)


def any_captured(tx: Tx) -> bool:
    """Return whether anything was ever captured here."""
    return scalar(tx, "select exists (select from evidence_capture where state in ('captured', 'erased'))")


def is_known(tx: Tx, connector: str, place: str, message: str, media: str) -> bool:
    """Return whether there is a capture of this picture, in whatever state."""
    return scalar(
        tx,
        "select exists (select from evidence_capture where connector = %s and place = %s and "
        "message = %s and media = %s)",
        [connector, place, message, media],
    )


# --- captured, failed --------------------------------------------------------------------------------------


def set_captured(
    tx: Tx, sealed: SealedCapture, expires_at: datetime | None, *, suspected_minor: bool
) -> bool:
    """A wanted capture is durable; False if it is not wanted any more, or not like this."""
    changed = tx.execute(
        "update evidence_capture set state = 'captured', document = %s, captured_at = %s,"
        " expires_at = case when kept_at is null then coalesce(expires_at, %s::timestamptz) end"
        " where id = %s and state = 'wanted' and suspected_minor = %s",
        [sealed.document, sealed.captured_at, expires_at, sealed.capture, suspected_minor],
    )
    if changed.rowcount != 1:
        return False
    with tx.cursor() as cursor:
        cursor.executemany(
            "insert into evidence_part (capture_id, name, blob, position) values (%s, %s, %s, %s)",
            [(sealed.capture, part.name, part.blob, n) for n, part in enumerate(sealed.parts)],
        )
        cursor.executemany(
            "insert into evidence_salt (capture_id, name, salt) values (%s, %s, %s)",
            [(sealed.capture, name, salt) for name, salt in sealed.salts.items()],
        )
    return True


def set_event(tx: Tx, capture: CaptureId, event: EventId) -> None:
    """Record the event of its capture."""
    tx.execute("update evidence_capture set event_id = %s where id = %s", [event, capture])


def set_failed(tx: Tx, sighting: SightingId) -> bool:
    """A wanted capture can never be made; False if none is wanted."""
    changed = tx.execute(
        "update evidence_capture set state = 'failed' where sighting_id = %s and state = 'wanted'", [sighting]
    )
    return changed.rowcount == 1


def keep(tx: Tx, sighting: SightingId, now: datetime) -> None:
    """The sighting joined a case: its capture does not expire."""
    tx.execute(
        "update evidence_capture set kept_at = coalesce(kept_at, %s), expires_at = null"
        " where sighting_id = %s and state in ('wanted', 'captured')"
        " and (kept_at is null or expires_at is not null)",
        [now, sighting],
    )


def release(tx: Tx, sighting: SightingId, expires_at: datetime) -> None:
    """The sighting is no evidence of any case: its capture expires."""
    tx.execute(
        "update evidence_capture set kept_at = null, expires_at = coalesce(expires_at, %s)"
        " where sighting_id = %s and state in ('wanted', 'captured')",
        [expires_at, sighting],
    )


def with_picture(tx: Tx, sighting: SightingId) -> tuple[Wanted, CaptureState] | None:
    """The capture of a sighting that holds its picture, or is going to; locked until the transaction ends."""
    row = tx.execute(
        "select id, sighting_id, connector, place, message, media, posted_at, seen_at, reason, wanted_at,"
        " state from evidence_capture where sighting_id = %s and state in ('wanted', 'captured')"
        " and not suspected_minor for update",
        [sighting],
    ).fetchone()
    if row is None:
        return None
    capture, *subject, reason, wanted_at, state = row
    wanted = Wanted(
        capture, Subject(*subject), CapturedFor(reason), suspected_minor=False, wanted_at=wanted_at
    )
    return wanted, CaptureState(state)


def set_suspected_minor(tx: Tx, capture: CaptureId) -> None:
    """Of a wanted capture, digests alone are to be sealed."""
    tx.execute(
        "update evidence_capture set suspected_minor = true where id = %s and state = 'wanted'", [capture]
    )


# --- deleted -----------------------------------------------------------------------------------------------


def set_ours(tx: Tx, sighting: SightingId, now: datetime) -> None:
    """From now on the absence of the sighting's message is our own doing, whatever picture of it is meant."""
    tx.execute(
        "update evidence_capture c set ours_at = %s from evidence_capture o where o.sighting_id = %s"
        " and (c.connector, c.place, c.message) = (o.connector, o.place, o.message) and c.ours_at is null",
        [now, sighting],
    )


def set_deleted(
    tx: Tx, connector: str, place: str, message: str, now: datetime
) -> list[tuple[CaptureId, SightingId]]:
    """A message is gone, and not by us: its captures of which that was not known."""
    rows = tx.execute(
        "update evidence_capture set deleted_at = %s where connector = %s and place = %s and message = %s"
        " and state = 'captured' and deleted_at is null and ours_at is null returning id, sighting_id",
        [now, connector, place, message],
    )
    return [(row[0], row[1]) for row in rows]


def set_deletion_event(tx: Tx, capture: CaptureId, event: EventId) -> None:
    """Record the event of the message's deletion."""
    tx.execute("update evidence_capture set deletion_event = %s where id = %s", [event, capture])


def to_poll(tx: Tx, now: datetime, since: datetime, limit: int) -> list[ToPoll]:
    """Captured messages that are to be asked for: of cases, and of places under investigation now.

    The one that was not asked for longest comes first.
    """
    rows = tx.execute(
        "select id, connector, place, message from evidence_capture c"
        " where state = 'captured' and deleted_at is null and ours_at is null and captured_at > %(since)s"
        " and (kept_at is not null or exists (select from evidence_investigation i"
        "      where (i.connector, i.place) = (c.connector, c.place) and i.ends_at > %(now)s))"
        " order by polled_at nulls first, captured_at limit %(limit)s",
        {"since": since, "now": now, "limit": limit},
    )
    return [ToPoll(*row) for row in rows]


def set_polled(tx: Tx, captures: Collection[CaptureId], now: datetime) -> None:
    """These were asked for."""
    tx.execute("update evidence_capture set polled_at = %s where id = any(%s)", [now, list(captures)])


# --- erased ------------------------------------------------------------------------------------------------


def expired(tx: Tx, now: datetime, limit: int) -> list[CaptureId]:
    """Captures whose time is over and that are part of no case; locked until the transaction ends."""
    return column(
        tx,
        "select id from evidence_capture where state = 'captured' and expires_at <= %s"
        " order by expires_at limit %s for update skip locked",
        [now, limit],
    )


def set_erased(tx: Tx, capture: CaptureId, now: datetime) -> tuple[EventId, ...] | None:
    """A capture's salts and document go; the events that spoke of it, or None if it was not captured."""
    row = tx.execute(
        "update evidence_capture set state = 'erased', document = null, erased_at = %s, expires_at = null"
        " where id = %s and state = 'captured' returning event_id, deletion_event",
        [now, capture],
    ).fetchone()
    if row is None:
        return None
    tx.execute("delete from evidence_salt where capture_id = %s", [capture])
    return tuple(EventId(event) for event in row if event is not None)


def sighting_of(tx: Tx, capture: CaptureId) -> SightingId:
    """Return what it is, or was, a capture of."""
    return scalar(tx, "select sighting_id from evidence_capture where id = %s", [capture])


def set_erasure_event(tx: Tx, capture: CaptureId, event: EventId) -> None:
    """Record the event of its erasure."""
    tx.execute("update evidence_capture set erasure_event = %s where id = %s", [event, capture])


def blobs_by_destruction(tx: Tx, capture: CaptureId) -> list[str]:
    """The blobs of an erased capture that may still be there: the key's first."""
    return column(
        tx,
        "select p.blob from evidence_part p join evidence_capture c on c.id = p.capture_id"
        " where c.id = %s and c.state = 'erased' order by p.position",
        [capture],
    )


def forget_parts(tx: Tx, capture: CaptureId) -> None:
    """The blobs of an erased capture are gone."""
    tx.execute(
        "delete from evidence_part where capture_id = (select id from evidence_capture"
        " where id = %s and state = 'erased')",
        [capture],
    )


def captured(tx: Tx, captures: Sequence[CaptureId]) -> set[CaptureId]:
    """Those of them that are captured and were not erased."""
    return set(
        column(
            tx, "select id from evidence_capture where id = any(%s) and state = 'captured'", [list(captures)]
        )
    )


def named(tx: Tx, blobs: Sequence[str]) -> set[str]:
    """Those of the blobs that some capture names."""
    return set(column(tx, "select blob from evidence_part where blob = any(%s)", [list(blobs)]))


# --- for others --------------------------------------------------------------------------------------------


def exhibits(tx: Tx, sightings: Sequence[SightingId]) -> tuple[Exhibit, ...]:
    """Captures of these sightings, erased ones too, in the order in which they were made."""
    parts: dict[UUID, list[Part]] = {}
    for capture, name, blob in tx.execute(
        "select p.capture_id, p.name, p.blob from evidence_part p join evidence_capture c"
        " on c.id = p.capture_id where c.sighting_id = any(%s) and c.state = 'captured'"
        ' order by p.name collate "C"',
        [list(sightings)],
    ):
        parts.setdefault(capture, []).append(Part(name, blob))
    rows = tx.execute(
        "select id, sighting_id, document, captured_at, state from evidence_capture"
        " where sighting_id = any(%s) and state in ('captured', 'erased') order by captured_at, id",
        [list(sightings)],
    )
    return tuple(_exhibit(row, parts) for row in rows)


def _exhibit(row: TupleRow, parts: Mapping[UUID, Sequence[Part]]) -> Exhibit:
    capture, sighting, document, captured_at, state = row
    return Exhibit(
        CaptureId(capture),
        SightingId(sighting),
        document or b"",
        tuple(parts.get(capture, ())),
        captured_at,
        erased=state == CaptureState.ERASED,
    )


def own_events(tx: Tx, sightings: Sequence[SightingId]) -> set[EventId]:
    """The events that speak of captures of these sightings: captured, seen deleted, erased."""
    rows = tx.execute(
        "select event_id, deletion_event, erasure_event from evidence_capture where sighting_id = any(%s)",
        [list(sightings)],
    )
    return {EventId(event) for row in rows for event in row if event is not None}


def held(tx: Tx, sightings: Sequence[SightingId]) -> tuple[Held, ...]:
    """Return what is captured of these sightings, and whether their messages are known to be gone."""
    rows = tx.execute(
        "select id, sighting_id, deleted_at is not null from evidence_capture"
        " where sighting_id = any(%s) and state = 'captured' order by sighting_id",
        [list(sightings)],
    )
    return tuple(Held(*row) for row in rows)
