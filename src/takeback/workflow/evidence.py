"""A post is captured before anything is done with it; packages are made of it; what is over is destroyed."""

from datetime import datetime, timedelta

from takeback.app import App
from takeback.bank import store as bank_store
from takeback.cases import service as cases
from takeback.cases import store as case_store
from takeback.cases.model import CaseStatus
from takeback.connectors.api import Recorder, Target
from takeback.dossier import receipt_download
from takeback.dossier import service as dossiers
from takeback.errors import Gone, Unreadable
from takeback.events import CapturedFor
from takeback.evidence import kept
from takeback.evidence import service as captures
from takeback.evidence import upkeep as captured
from takeback.evidence.model import Subject
from takeback.ids import CaptureId, CaseId, DossierId, RequestId, SightingId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.jobs import Capture, HandOut, WriteDossier
from takeback.matching import details
from takeback.matching import store as matching_store
from takeback.sightings import store as sightings
from takeback.sightings.model import Sighting

UNTIL_MENDED = timedelta(seconds=30)
"""How often a capture looks for a readable directory of recipients: a file, of which no event tells."""
LOOK_AGAIN = timedelta(seconds=1)
"""How often a package looks for the log's next checkpoint, witnesses and stamps, of which no event tells."""


def ensure_captured(app: App, tx: Tx, sighting: SightingId, now: datetime) -> bool:
    """Return whether a post may be worked on: captured, beyond capture, or no evidence was ever kept here.

    If nobody has asked for its capture yet, this does: for a case that may show a minor, of digests alone.
    """
    if app.sealer is None or not (app.sealer.keeps or kept.was_kept(tx)):
        return True
    post = sightings.get(tx, sighting)
    if post is None:
        return True
    minors = [
        case
        for case in sorted(_cases_of(tx, sighting))
        if cases.may_show_a_minor(tx, case) and not cases.is_excluded(tx, case, sighting)
    ]
    if minors:
        captures.keep_no_picture(tx, sighting, minors[0], now)
    return captures.want(tx, subject_of(post), CapturedFor.MATCH, now, suspected_minor=bool(minors))


def subject_of(post: Sighting) -> Subject:
    """A sighting as what is captured."""
    return Subject(
        post.id, post.connector, post.place, post.message, post.media, post.posted_at, post.seen_at
    )


def capture(app: App, post: SightingId) -> None:
    """Record a post raw and seal it, before anything else is done with it. Raises PlatformError."""
    with app.database.transaction() as tx:
        wanted, needed_for = captures.wanted(tx, post), _cases_of(tx, post)
    if wanted is None:
        return
    subject, settings = wanted.subject, app.settings
    connector = app.connectors.get(subject.connector)
    if app.sealer is None or not isinstance(connector, Recorder):
        _capture_failed(app, post, "this platform cannot be recorded")
        return
    if app.sealer.trouble() is not None:
        _wait_for_recipients(app, post)
        return
    target = Target(subject.place, subject.message, subject.media)
    try:
        recording = connector.record(target, settings.max_media_bytes)
    except (Gone, Unreadable) as fault:
        _capture_failed(app, post, str(fault))
        return
    now = clock.now()
    ahead = wanted.reason is CapturedFor.INVESTIGATION
    expires_at = now + timedelta(days=settings.investigation_keep_days) if ahead else None
    sealed = app.sealer.seal(wanted, sorted(needed_for), recording, now)
    with app.database.transaction() as tx:
        counts = captures.commit(tx, sealed, wanted, expires_at)
    if not counts:
        app.sealer.discard(sealed)


def _wait_for_recipients(app: App, sighting: SightingId) -> None:
    """Nothing can be sealed now: have a capture wait, or fail if the operator gave evidence up."""
    with app.database.transaction() as tx:
        if kept.is_given_up(tx):
            captures.fail(tx, sighting, kept.GIVEN_UP)
        else:
            enqueue(tx, Capture(sighting), at=clock.now() + UNTIL_MENDED)


def _cases_of(tx: Tx, sighting: SightingId) -> set[CaseId]:
    """The cases that a post is a copy in, or will be as soon as it is captured."""
    found = case_store.having(tx, sighting)
    for entry_id, _ in matching_store.of_sighting(tx, sighting):
        entry = bank_store.get(tx, entry_id)
        case = None if entry is None else case_store.of_report(tx, entry.report)
        if case is not None:
            found.add(case)
    return found


def _capture_failed(app: App, sighting: SightingId, reason: str) -> None:
    with app.database.transaction() as tx:
        captures.fail(tx, sighting, reason)


def update_retention(app: App, tx: Tx, case: CaseId, now: datetime, only: SightingId | None = None) -> None:
    """Keep what was captured of a case's copies (or of one), and let go of what a person said is none.

    That is an excluded copy, and every copy of a case that was declined, unless another case has it. It is
    shredded after some days, so that what was said can be taken back. Asks how things stand now, so that it
    does not matter in which order events are followed.
    """
    expires_at = now + timedelta(days=app.settings.investigation_keep_days)
    declined = cases.get(tx, case).status is CaseStatus.DECLINED
    for copy in cases.copies(tx, case, only):
        if not declined and not copy.excluded:
            captures.keep(tx, copy.sighting, now)
        elif case_store.having(tx, copy.sighting) == {case}:
            captures.release(tx, copy.sighting, expires_at)


def keep_no_pictures(tx: Tx, case: CaseId, now: datetime) -> None:
    """A reviewer decided that somebody shown may be younger than 18: no likeness of a copy is kept."""
    for copy in cases.copies(tx, case):
        if not copy.excluded:
            captures.keep_no_picture(tx, copy.sighting, case, now)
    for entry in cases.entries(tx, case):
        details.forget(tx, entry)


def drop_copies(app: App, case: CaseId, only: SightingId | None = None) -> None:
    """A case is decided: destroy what reviewers have of its copies. Raises StorageUnavailable.

    Not of one of which somebody is still to say whether it is one, in this case or in another.
    """
    if app.sealer is None:
        return
    with app.database.transaction() as tx:
        done = [
            copy.sighting
            for copy in cases.copies(tx, case, only)
            if not any(
                cases.awaits_review(tx, each, copy.sighting) for each in case_store.having(tx, copy.sighting)
            )
        ]
        held = captures.held_of(tx, done)
    for each in held:
        app.sealer.forget_copies(each.capture)


def shred(app: App, capture: CaptureId) -> None:
    """Destroy the files of an erased capture. Raises StorageUnavailable."""
    if app.sealer is not None:
        captured.shred(app.database, app.sealer.blobs, capture)


def write_dossier(app: App, dossier: DossierId) -> None:
    """Go on with a dossier as far as it can be now; once more when what it waits for may have come.

    Raises StorageUnavailable, DamagedEvidence.
    """
    if dossiers.go_on(app, dossier):
        with app.database.transaction() as tx:
            enqueue(tx, WriteDossier(dossier), at=clock.now() + LOOK_AGAIN)


def hand_out(app: App, request: RequestId) -> None:
    """Go on with a package that was asked for by receipt, as `write_dossier` does.

    Raises StorageUnavailable, DamagedEvidence, NotFound.
    """
    if receipt_download.go_on(app, request):
        with app.database.transaction() as tx:
            enqueue(tx, HandOut(request), at=clock.now() + LOOK_AGAIN)
