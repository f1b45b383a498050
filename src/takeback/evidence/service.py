"""Captures from being wanted to being erased, each step in one transaction with its event.

Whoever asks that something be captured (`want`) is told whether it still waits: nothing may change the post,
and no case is worked on for it, before the capture is durable or has failed for good. Recording and sealing
happen outside any transaction (`sealer.py`); a crash between them and `commit` leaves the capture wanted, and
it is made again.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from takeback.events import (
    Captured,
    CapturedFor,
    CaptureFailed,
    DeletionObserved,
    EvidenceAccessed,
    EvidenceErased,
    SeenBy,
)
from takeback.evidence import store, watching_store
from takeback.evidence.model import (
    WORKING_COPY,
    CaptureState,
    Exhibit,
    Held,
    SealedCapture,
    Subject,
    Wanted,
)
from takeback.ids import CaptureId, CaseId, EventId, SightingId, StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.openings import erase_openings
from takeback.infra.ledger.record import record
from takeback.jobs import Capture, Shred

HEARTBEATS_BETWEEN = 1440
"""Heartbeats between a capture and a deletion that are told of: a day's, at one a minute."""


def new_capture() -> CaptureId:
    """A name that nobody can guess."""
    return CaptureId(uuid4())


def want(
    tx: Tx, subject: Subject, reason: CapturedFor, now: datetime, *, suspected_minor: bool = False
) -> bool:
    """Ask that a picture be captured, once.

    Returns: whether there is nothing to wait for (any more).
    """
    if store.insert_wanted(tx, Wanted(new_capture(), subject, reason, suspected_minor, now)):
        enqueue(tx, Capture(subject.sighting))
        return False
    return store.state_of(tx, subject.sighting) is not CaptureState.WANTED


def wanted(tx: Tx, sighting: SightingId) -> Wanted | None:
    """The capture that is still to be made of a sighting."""
    return store.get_wanted(tx, sighting)


def is_known(tx: Tx, connector: str, place: str, message: str, media: str) -> bool:
    """Return whether there is a capture of this picture, made, wanted, failed or erased."""
    return store.is_known(tx, connector, place, message, media)


def commit(tx: Tx, sealed: SealedCapture, wanted: Wanted, expires_at: datetime | None = None) -> bool:
    """Make count what was sealed: the capture with its parts, and the event.

    Args:
        tx: the transaction.
        sealed: what `EvidenceSealer.seal` returned.
        wanted: what it is a capture of.
        expires_at: when it is shredded if it is part of no case by then; None: never.

    Returns:
        False if somebody else was first, or the picture must not be kept any more; then its blobs belong to
        nobody and are to be discarded. `upkeep.tidy` deletes them if that fails.
    """
    if not store.set_captured(tx, sealed, expires_at, suspected_minor=wanted.suspected_minor):
        return False
    subject, at = wanted.subject, sealed.captured_at
    event = record(tx, Captured(sealed.capture, subject.sighting, wanted.reason, sealed.digest), at=at)
    store.set_event(tx, sealed.capture, event)
    if sealed.deleted:
        observe_deletion(tx, subject.connector, subject.place, subject.message, SeenBy.POLL, at)
    return True


def commit_ahead(tx: Tx, sealed: SealedCapture, wanted: Wanted, expires_at: datetime) -> bool:
    """`commit` for a post that is being written down in this very transaction, and was sealed before it."""
    return store.insert_wanted(tx, wanted) and commit(tx, sealed, wanted, expires_at)


def fail(tx: Tx, sighting: SightingId, reason: str) -> None:
    """A wanted capture can never be made: say so, once."""
    if store.set_failed(tx, sighting):
        record(tx, CaptureFailed(sighting, reason))


def keep(tx: Tx, sighting: SightingId, now: datetime) -> None:
    """The sighting joined a case: its capture, if there is one, no longer expires."""
    store.keep(tx, sighting, now)


def release(tx: Tx, sighting: SightingId, expires_at: datetime) -> None:
    """The sighting is no evidence of any case: its capture, if there is one, expires."""
    store.release(tx, sighting, expires_at)


def removing(tx: Tx, sighting: SightingId, now: datetime) -> None:
    """We are about to remove the sighting's message: that it will be gone is nothing to be observed."""
    store.set_ours(tx, sighting, now)


def observe_deletion(tx: Tx, connector: str, place: str, message: str, by: SeenBy, now: datetime) -> None:
    """A message is not there any more. An event for each of its captures, once, unless we removed it."""
    for capture, sighting in store.set_deleted(tx, connector, place, message, now):
        event = record(tx, DeletionObserved(capture, sighting, by), at=now)
        store.set_deletion_event(tx, capture, event)


def erase(tx: Tx, capture: CaptureId, now: datetime, *, case: CaseId | None = None) -> bool:
    """Destroy a capture: its salts and its entries' openings here, its files by the job that this puts down.

    The log stays valid, and says that it was erased. Copies that recipients made remain theirs.

    Args:
        tx: the transaction.
        capture: which.
        now: when.
        case: that it is part of; None if it is part of none.

    Returns:
        False if there is no such capture, or it was erased before.
    """
    spoken_of = store.set_erased(tx, capture, now)
    if spoken_of is None:
        return False
    erase_openings(tx, spoken_of)
    store.set_erasure_event(tx, capture, record(tx, EvidenceErased(case, capture), at=now))
    enqueue(tx, Shred(capture))
    return True


def sighting_of(tx: Tx, capture: CaptureId) -> SightingId:
    """Return what it is, or was, a capture of."""
    return store.sighting_of(tx, capture)


def keep_no_picture(tx: Tx, sighting: SightingId, case: CaseId, now: datetime) -> None:
    """Somebody shown may be a minor: what was sealed of the picture goes, and digests alone are captured.

    The capture that held it is erased, as an event, and one of digests and metadata is wanted in its place;
    it fails where the message is gone. May be repeated.
    """
    found = store.with_picture(tx, sighting)
    if found is None:
        return
    wanted, state = found
    if state is CaptureState.WANTED:
        store.set_suspected_minor(tx, wanted.capture)
        enqueue(tx, Capture(sighting))  # what is being sealed just now will not count
        return
    erase(tx, wanted.capture, now, case=case)
    want(tx, wanted.subject, wanted.reason, now, suspected_minor=True)
    keep(tx, sighting, now)


def held_of(tx: Tx, sightings: Sequence[SightingId]) -> tuple[Held, ...]:
    """Return which of these sightings are captured."""
    return store.held(tx, sightings)


def hand_copy(tx: Tx, case: CaseId, capture: CaptureId, *, staff: StaffId, reason: str) -> None:
    """Record that a reviewer takes a working copy out; before it is handed out."""
    record(tx, EvidenceAccessed(case, WORKING_COPY, staff, reason, capture))


def exhibits_of(tx: Tx, sightings: Sequence[SightingId]) -> tuple[Exhibit, ...]:
    """The captures of these sightings, in the order in which they were made; erased ones say so.

    Whoever takes their parts out records that (`events.EvidenceAccessed`).
    """
    return store.exhibits(tx, sightings)


def events_of(tx: Tx, sightings: Sequence[SightingId]) -> tuple[EventId, ...]:
    """The events that tell of these sightings as evidence, by rising number.

    Captured, deletion observed, erased; the investigation that they were captured in, its start and its end;
    and the heartbeats that cover the moments of the first sight, of the capture and of the deletion, and the
    time between the last two, a day of it at most.
    """
    heartbeats = watching_store.heartbeats_of(tx, sightings, HEARTBEATS_BETWEEN)
    return tuple(
        sorted(store.own_events(tx, sightings) | watching_store.covering(tx, sightings) | heartbeats)
    )
