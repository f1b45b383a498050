"""What is done later: the jobs that events lead to, and those that come with the hour.

Each may be run twice. No transaction is open while a platform is asked; a fault that may pass is raised, and
the queue tries again.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from takeback import events
from takeback.app import App
from takeback.bank import service as bank
from takeback.bank import store as bank_store
from takeback.bank.model import Refusal, Refused
from takeback.bank.rules import choose
from takeback.cases import breaker, deciding, floods
from takeback.cases import service as cases
from takeback.cases import store as case_store
from takeback.cases.model import CaseStatus
from takeback.connectors.api import Recorder, Target
from takeback.dossier import receipt_download
from takeback.dossier import service as dossiers
from takeback.errors import (
    Gone,
    TakebackError,
    Unavailable,
    Unreadable,
)
from takeback.events import CapturedFor, FoundBy
from takeback.evidence import kept, upkeep, watching
from takeback.evidence import service as evidence
from takeback.evidence.model import Subject
from takeback.ids import CaptureId, CaseId, DossierId, ReportId, RequestId, SightingId, TargetId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.jobs.urgency import SLOW
from takeback.infra.ledger.record import record, record_once
from takeback.matching import details
from takeback.matching import service as matching
from takeback.matching import store as matching_store
from takeback.sightings import registry
from takeback.sightings import service as passed_by
from takeback.sightings import store as sightings
from takeback.sightings.model import Later, Seen, Sighting
from takeback.sightings.reading import read
from takeback.signals.model import ClipSignals, Cut, PictureSignals
from takeback.submissions import service as submissions
from takeback.takedown import service as takedown
from takeback.workflow.activation import learn_from
from takeback.workflow.polls import ask_for_captured  # noqa: F401 - a job as the others, handed on
from takeback.workflow.reading_errands import lane

log = logging.getLogger(__name__)

CAPTURE_TRIES = 10
"""About nine minutes: an outage passes, and a picture does not stay up for an hour because a disk is full."""
CAPTURE_LONGEST = timedelta(minutes=10)
"""If the platform asks for a longer wait, nothing is captured: the picture must not stay up for as long."""
LEARN_FOR = timedelta(minutes=2)
"""So long a removal waits for a platform that does not give a reviewed copy out, to learn from it."""
UNTIL_MENDED = timedelta(seconds=30)
"""How often what waits for a readable directory of recipients looks for one."""
LOOK_AGAIN = timedelta(seconds=1)
"""How soon what waits for something else looks whether it is there."""
ASK_AGAIN = timedelta(seconds=30)
"""How soon a removal asks by itself whether its capture is there, of which it is told."""


def take_in(app: App) -> None:
    """Open the reports that the portal put down, and record who asked for evidence there."""
    submissions.take_in(app.database, app.unsealer, clock.now())
    receipt_download.take_up(app.database, clock.now())


def locate(app: App, report: str, number: int, slow: int = 0, let_in: int = 0) -> None:
    """Look up one link of a report: what is there joins the case, and is a seed to find further copies by.

    Of a report that is held meanwhile nothing is looked up. Raises PlatformError to be tried again.
    """
    report_id = ReportId(UUID(report))
    with app.database.transaction() as tx:
        if floods.is_held(tx, report_id):
            return
        link = submissions.opened(tx, app.unsealer, report_id)[0].locations[number]
    try:
        found = registry.locate(app.connectors, link)
    except Gone:
        _unusable(app, report_id, f"location {number + 1} is gone already")
        return
    if not found:
        _unusable(app, report_id, f"location {number + 1} is not on a connected platform")
    elif not any(post.media for _, post in found):
        _unusable(app, report_id, f"location {number + 1} shows no picture")
    for connector, post in found:
        for position, media in enumerate(post.media):
            most = app.settings.max_media_bytes
            decoder, when = lane(app, slow)
            reading = read(
                connector,
                decoder,
                media.address,
                most,
                flips=True,
                exact=True,
                when=when,
                final=bool(slow),
            )
            if isinstance(reading, Later) and reading.slow:
                again = {"report": report, "number": number, "slow": 1, "let_in": let_in}
                with app.database.transaction() as tx:
                    enqueue(tx, "locate", urgency=SLOW[0], **again)
                return
            if isinstance(reading, Later):
                raise Unavailable(reading.reason, reading.retry_after)
            _locate(
                app,
                report_id,
                connector.name,
                Seen(post, media.address, reading),
                f"location {number + 1}.{position + 1}{floods.LET_IN * let_in}",
            )


def _locate(app: App, report_id: ReportId, connector: str, seen: Seen, name: str) -> None:
    now = clock.now()
    with app.database.transaction() as tx:
        matching.commit(tx, app.index, connector, [seen], now)
        sighting = sightings.find(tx, connector, seen.post.place, seen.post.message, seen.media)
        assert sighting is not None
        if isinstance(seen.reading, PictureSignals | ClipSignals):
            matching.commit_late(
                tx, app.index, sighting.id, seen.reading, now
            )  # if it could not be read before
        cases.add_located(tx, report_id, sighting.id, now)
    if isinstance(seen.reading, PictureSignals | ClipSignals):
        with app.database.transaction() as tx:  # one of its own: the bank's lock is shared above, alone here
            _bank_located(app, tx, report_id, name, seen.reading, now)


def _bank_located(
    app: App, tx: Tx, report: ReportId, name: str, signals: PictureSignals | ClipSignals, now: datetime
) -> None:
    """What a link showed is a seed: a clip, or a picture, taken out of the page or collage that it is in."""
    match signals:
        case ClipSignals(frames=frames):
            moments = [[flip.hash for flip in frame.flips] for frame in frames if frame.flips]
            best = max((frame.pdq.quality for frame in frames), default=0)
            bank.add_clip(tx, report, name, moments, best, now, app.well_known)
        case PictureSignals():
            chosen = choose(signals)
            if chosen.cut is Cut.PANEL:
                bank.refuse(tx, report, Refused(name, Refusal.INSIDE_ANOTHER), now)
                name = f"{name}, the picture in it"
            bank.add_seed(tx, report, name, chosen.hashes, chosen.quality, now, app.well_known)


def _unusable(app: App, report: ReportId, reason: str) -> None:
    with app.database.transaction() as tx:
        cases.hold_of_report(tx, report)
        record_once(tx, events.LocationUnusable(report, reason))


def take_effect(app: App, decision: str) -> None:
    """The time to undo a decision has passed."""
    with app.database.transaction() as tx:
        deciding.take_effect(tx, UUID(decision), clock.now())


def ensure_captured(app: App, tx: Tx, sighting: SightingId, now: datetime) -> bool:
    """Whether a post may be worked on: it is captured, can never be, or no evidence was ever kept here.

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
        evidence.keep_no_picture(tx, sighting, minors[0], now)
    return evidence.want(tx, subject_of(post), CapturedFor.MATCH, now, suspected_minor=bool(minors))


def subject_of(post: Sighting) -> Subject:
    """A sighting as what is captured."""
    return Subject(
        post.id, post.connector, post.place, post.message, post.media, post.posted_at, post.seen_at
    )


def capture(app: App, sighting: int) -> None:
    """Record a post raw and seal it, before anything else is done with it. Raises PlatformError."""
    post = SightingId(sighting)
    with app.database.transaction() as tx:
        wanted, needed_for = evidence.wanted(tx, post), _cases_of(tx, post)
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
        counts = evidence.commit(tx, sealed, wanted, expires_at)
    if not counts:
        app.sealer.discard(sealed)


def _wait_for_recipients(app: App, sighting: SightingId) -> None:
    """Nothing can be sealed now: have a capture wait, or fail if the operator gave evidence up."""
    with app.database.transaction() as tx:
        if kept.is_given_up(tx):
            evidence.fail(tx, sighting, kept.GIVEN_UP)
        else:
            enqueue(tx, "capture", at=clock.now() + UNTIL_MENDED, sighting=sighting)


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
        evidence.fail(tx, sighting, reason)


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
            evidence.keep(tx, copy.sighting, now)
        elif case_store.having(tx, copy.sighting) == {case}:
            evidence.release(tx, copy.sighting, expires_at)


def keep_no_pictures(tx: Tx, case: CaseId, now: datetime) -> None:
    """A reviewer decided that somebody shown may be younger than 18: no likeness of a copy is kept."""
    for copy in cases.copies(tx, case):
        if not copy.excluded:
            evidence.keep_no_picture(tx, copy.sighting, case, now)
    for entry in cases.entries(tx, case):
        details.forget(tx, entry)


def drop_copies(app: App, case: str) -> None:
    """A case is decided: destroy what reviewers have of its copies. Raises StorageUnavailable.

    Not of one of which somebody is still to say whether it is one, in this case or in another.
    """
    if app.sealer is None:
        return
    with app.database.transaction() as tx:
        done = [
            copy.sighting
            for copy in cases.copies(tx, CaseId(UUID(case)))
            if not any(
                cases.awaits_review(tx, each, copy.sighting) for each in case_store.having(tx, copy.sighting)
            )
        ]
        held = evidence.held_of(tx, done)
    for each in held:
        app.sealer.forget_copies(each.capture)


def shred(app: App, capture: str) -> None:
    """Destroy the files of an erased capture. Raises StorageUnavailable."""
    if app.sealer is not None:
        upkeep.shred(app.database, app.sealer.blobs, CaptureId(UUID(capture)))


def keep_evidence(app: App) -> None:
    """Erase what was captured ahead and is part of no case, stray files, and packages handed out."""
    receipt_download.expire(app, clock.now())
    with app.database.transaction() as tx:
        watching.expire(tx, clock.now())
    if app.sealer is not None:
        upkeep.expire(app.database, clock.now())
        upkeep.tidy(app.database, app.sealer.blobs, clock.now())


def write_dossier(app: App, dossier: str) -> None:
    """Go on with a dossier as far as it can be now; once more when what it waits for may have come.

    Raises StorageUnavailable, DamagedEvidence.
    """
    if dossiers.go_on(app, DossierId(UUID(dossier))):
        with app.database.transaction() as tx:
            enqueue(tx, "write_dossier", at=clock.now() + LOOK_AGAIN, dossier=dossier)


def hand_out(app: App, request: str) -> None:
    """Go on with a package that was asked for by receipt, as `write_dossier` does.

    Raises StorageUnavailable, DamagedEvidence, NotFound.
    """
    if receipt_download.go_on(app, RequestId(UUID(request))):
        with app.database.transaction() as tx:
            enqueue(tx, "hand_out", at=clock.now() + LOOK_AGAIN, request=request)


def remove(app: App, target: str) -> None:
    """Remove one copy from its platform, once it is captured or can never be."""
    target_id = TargetId(UUID(target))
    now = clock.now()
    with app.database.transaction() as tx:
        connector = takedown.connector_of(tx, target_id)
        case, sighting = takedown.copy_of(tx, target_id)
        if not ensure_captured(
            app, tx, sighting, now
        ):  # what it waits for puts this down again, see `follow`
            enqueue(tx, "remove", at=now + ASK_AGAIN, target=target)
            return
        evidence.removing(tx, sighting, now)
        since = takedown.untouched_since(tx, target_id)
    if since is not None:  # else a try of ours may have removed it, and it was learnt from before that
        try:
            learn_from(app, case, sighting, patience=LEARN_FOR - (now - since))
        except Unavailable as fault:
            with app.database.transaction() as tx:
                takedown.note_trouble(tx, target_id, str(fault))
            raise
    takedown.remove(app.database, app.connectors[connector], target_id)


def look(app: App, target: str, round: int) -> None:  # noqa: A002 - the word of events.FoundGone
    """Look whether a removed copy is gone."""
    target_id = TargetId(UUID(target))
    with app.database.transaction() as tx:
        connector = takedown.connector_of(tx, target_id)
    platform, after = app.connectors[connector], app.settings.recheck_after
    takedown.look(app.database, platform, target_id, round, after, app.controls)


def pass_clocks(app: App) -> None:
    """See which deadlines have passed."""
    with app.database.transaction() as tx:
        cases.pass_clocks(tx, clock.now())
        breaker.pass_clocks(tx, clock.now())


def keep_sightings(app: App) -> None:
    """Move sightings of older days to the archive, and delete those that are kept no longer."""
    kept = app.settings.sightings_hot_days, app.settings.sightings_keep_days
    passed_by.keep(app.database, app.archive, app.sweeper, *kept, clock.now())


TOLD_OTHERWISE = frozenset({"capture", "read_again", "read_exactly"})
"""Jobs of which a person is told by another event, or need not be: the fast hash counts, then."""


def gave_up(app: App, name: str, args: Mapping[str, object], error: BaseException) -> None:
    """A job failed at every try: end what waited for it, and say so where a person sees it."""
    reason = str(error) if isinstance(error, TakebackError) else type(error).__name__
    with app.database.transaction() as tx:
        match name:
            case "remove":
                takedown.give_up(tx, TargetId(UUID(str(args["target"]))), name, reason)
            case "look":
                target, round_ = TargetId(UUID(str(args["target"]))), int(str(args["round"]))
                takedown.give_up_look(tx, target, round_, reason, app.settings.recheck_after)
            case "hand_out":
                receipt_download.give_up(tx, RequestId(UUID(str(args["request"]))))
            case "capture":
                evidence.fail(tx, SightingId(int(str(args["sighting"]))), reason)
            case "read_again":
                sighting = SightingId(int(str(args["sighting"])))
                if sightings.set_unreadable(tx, sighting, "platform_unavailable"):
                    record(tx, events.PictureUnreadable(sighting, reason))
            case "read_exactly":
                sighting, by = SightingId(int(str(args["sighting"]))), FoundBy(str(args["by"]))
                matching.commit_exactly(tx, app.index, sighting, None, by, clock.now())
        if name not in TOLD_OTHERWISE:
            subject = " ".join(f"{key}={value}" for key, value in sorted(args.items()))
            record(tx, events.JobGaveUp(name, subject, reason))
