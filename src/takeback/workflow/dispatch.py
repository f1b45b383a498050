"""What follows what. `events/` says what can happen; `follow` says what each event leads to.

The match is exhaustive: a new event without an arm fails the type checker. What follows is done in one
transaction with the mark that it was done, so an event is followed once, whatever crashes. Work that asks a
platform or takes long is put down as a job of its own; all of those may be run twice.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import assert_never
from uuid import UUID

from takeback import events
from takeback.app import App
from takeback.bank import service as bank
from takeback.bank.upkeep import check_claims_once
from takeback.cases import breaker, floods, seeds
from takeback.cases import service as cases
from takeback.cases.breaker_rules import Limits
from takeback.dossier import receipt_download
from takeback.dossier.destroying import destroy_packages
from takeback.events import Event, Verdict
from takeback.events import floods as flood_events
from takeback.evidence import service as evidence
from takeback.ids import CaseId, EntryId, EventId, ReportId, SightingId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.jobs.worker import Handler, Periodic, Work
from takeback.infra.ledger.claim import claim
from takeback.law import clocks
from takeback.matching import details
from takeback.matching import store as matching
from takeback.submissions import service as submissions
from takeback.submissions.model import Report
from takeback.takedown import service as takedown
from takeback.workflow import errands, reading_errands, seed_errands


def follow(app: App, event: int) -> None:
    """Do what follows from one event, once."""
    with app.database.transaction() as tx:
        found = claim(tx, EventId(event))
        if found is not None:
            _follow(app, tx, found)


def _follow(app: App, tx: Tx, event: Event) -> None:  # noqa: C901, PLR0912, PLR0915 - one arm for each event
    now = clock.now()
    match event:
        # --- what people told us
        case events.ReportReceived(report):
            _open(app, tx, report)
        case flood_events.ReportLetIn(report):
            if not floods.is_declined(tx, report):
                _search_for(
                    app, tx, report, submissions.opened(tx, app.unsealer, report)[0], now, let_in=True
                )
        case flood_events.FloodLetIn(flood):
            floods.go_on(tx, flood, now)
        # --- the bank
        case events.EntryBanked(entry):
            enqueue(tx, "look_back", entry=str(entry))
        case events.EntryWithdrawn(entry):
            details.forget(tx, entry)
            case = cases.of_entry(tx, entry)
            if case is not None:  # what only this entry made act acts no more
                cases.hold(tx, case)
                cases.note_removal(tx, case, cases.to_remove(tx, case, now), takedown.planned(tx, case))
                _settle(tx, case, now)
        case events.EntryActivated(entry, sighting):
            case = cases.of_entry(tx, entry)
            if sighting is not None and case is not None:
                _carry_out(app, tx, case, now)
        # --- the join
        case events.Matched(entry, sighting, by):
            if seeds.admit(
                tx, entry, sighting, by, app.settings.seed_copies, now
            ) and errands.ensure_captured(app, tx, sighting, now):
                _join_case(app, tx, entry, sighting, by, now)
        # --- evidence
        case events.Captured(_, sighting) | events.CaptureFailed(sighting):
            for entry, by in matching.of_sighting(tx, sighting):  # those that waited for it
                if seeds.is_admitted(tx, entry, sighting):
                    _join_case(app, tx, entry, sighting, by, now)
            for target in takedown.waiting(tx, sighting):
                enqueue(tx, "remove", target=str(target))
        case events.EvidenceErased(capture=capture):
            for case in cases.having(tx, evidence.sighting_of(tx, capture)):
                enqueue(tx, "destroy_packages", case=str(case), until=now.isoformat())
        # --- people decide
        case events.CopyFound(case, sighting):
            errands.ensure_captured(app, tx, sighting, now)
            errands.update_retention(app, tx, case, now, only=sighting)
            _carry_out(app, tx, case, now, sighting)
        case events.CopyConfirmed(case, sighting):
            _carry_out(app, tx, case, now, sighting)
        case events.BreakerReleased(case) | events.BreakerStopped(case):
            _carry_out(app, tx, case, now)
        case events.Decided(effective_at=effective_at, decision=decision):
            enqueue(tx, "take_effect", at=effective_at, decision=str(decision))
        case events.DecisionEffective(case, _, Verdict.SHARED_WITHOUT_CONSENT):
            if cases.may_show_a_minor(tx, case):
                errands.keep_no_pictures(tx, case, now)
            _carry_out(app, tx, case, now)
            _drop_copies(app, tx, case, now)
        case events.DecisionEffective(case, _, Verdict.NOT_SHARED_WITHOUT_CONSENT):
            for entry in cases.entries(tx, case):
                bank.withdraw(tx, entry, now)
            errands.update_retention(app, tx, case, now)
            receipt_download.withdraw(tx, case)
            breaker.forget(tx, case)
            _drop_copies(app, tx, case, now)
        case events.DecisionReversed(case):
            for entry in cases.active_entries(tx, case):
                bank.withdraw(tx, entry.id, now)
            for seed in cases.entries(tx, case):
                details.forget(tx, seed)
            takedown.call_off(tx, case, now)
            breaker.forget(tx, case)
            receipt_download.withdraw(tx, case)
        case events.CopyExcluded(case, sighting) | events.ExclusionUndone(case, sighting):
            errands.update_retention(app, tx, case, now, only=sighting)
            cases.hold(tx, case)
            found = cases.to_remove(tx, case, now, sighting)
            cases.note_removal(tx, case, found, takedown.planned(tx, case, sighting), sighting)
            _settle(tx, case, now)
        # --- takedown
        case events.RemovalPlanned(target, case):
            enqueue(tx, "remove", target=str(target))
            _settle(tx, case, now)
        case events.FoundGone(target, case):
            sighting = takedown.copy_of(tx, target)[1]
            having = _hold_all(tx, sighting, case)
            cases.copy_gone(tx, sighting, now)
            for each in having:
                _settle(tx, each, now)
        case events.RemovalFailed(target):
            failed = takedown.case_of(tx, target)
            if failed is not None:
                _settle(tx, failed, now)
        case events.FoundAgain(target, case):
            sighting = takedown.copy_of(tx, target)[1]
            _hold_all(tx, sighting, case)
            cases.copy_gone(tx, sighting, None)
            takedown.remove_again(tx, target)
            _settle(tx, case, now)
        # --- for people to see; nothing follows by itself
        case (
            events.AccountChangeApproved()
            | events.AccountChangeAsked()
            | events.AccountChangeRefused()
            | events.ApiKeyChanged()
            | events.BreakerOverdue()
            | events.BreakerRearmed()
            | events.BreakerTripped()
            | events.CaseOpened()
            | events.BatchSetAside()
            | events.CaseReopened()
            | events.ClockPassed()
            | events.ConfirmationUndone()
            | events.DecisionDisputed()
            | events.DecisionEffective()
            | events.DecisionObjected()
            | events.DecisionUndone()
            | events.DeletionObserved()
            | events.DossierWritten()
            | events.EntryRefused()
            | events.EvidenceAccessed()
            | events.EvidenceGivenUp()
            | events.EvidenceKept()
            | flood_events.FloodBegan()
            | flood_events.FloodKept()
            | events.InvestigationEnded()
            | events.InvestigationStarted()
            | events.JobGaveUp()
            | events.LocationUnusable()
            | events.LogSucceeded()
            | events.MediaRevealed()
            | events.MoreCopiesAsked()
            | events.PictureUnreadable()
            | events.PosterReleased()
            | events.Rechecked()
            | events.RemovalCalledOff()
            | events.RemovalStepDone()
            | flood_events.ReportHeld()
            | flood_events.ReportLinkMade()
            | flood_events.ReportLinkRevoked()
            | events.ReportUnusable()
            | events.RetryAsked()
            | events.SeedCapped()
            | events.StaffChanged()
            | events.StaffInvited()
            | events.StaffSignedIn()
            | events.Timestamped()
            | events.HeartbeatRecorded()
            | events.WatcherFailed()
        ):
            pass
        case _:
            assert_never(event)


def _open(app: App, tx: Tx, report_id: ReportId) -> None:
    """A report becomes a case with a clock. Unless it is part of a flood, what it shows is searched for."""
    now = clock.now()
    report, received_at = submissions.opened(tx, app.unsealer, report_id)
    strictest = clocks.start(received_at, app.settings.house_clock_hours)[0]
    cases.open_case(tx, report_id, received_at, strictest, now)
    if not floods.holds(tx, report_id, len(report.pictures), app.settings.flood_reports, now):
        _search_for(app, tx, report_id, report, now)


def _search_for(
    app: App, tx: Tx, report_id: ReportId, report: Report, now: datetime, *, let_in: bool = False
) -> None:
    """A report's pictures become seeds, and its links are looked up.

    One that was held may have had seeds before, which were withdrawn for good: it gets new ones.
    """
    for number in range(len(report.locations)):
        enqueue(tx, "locate", report=str(report_id), number=number, let_in=int(let_in))
    for number, picture in enumerate(report.pictures):
        flips = tuple(bytes.fromhex(flip) for flip in picture.flips)
        name = f"picture {number + 1}{floods.LET_IN * let_in}"
        bank.add_reported(tx, report_id, name, flips, picture.quality, now, app.well_known)


def _join_case(
    app: App, tx: Tx, entry: EntryId, sighting: SightingId, by: events.FoundBy, now: datetime
) -> None:
    """A match joins its case. A copy that is there already may be one that acts from now on."""
    case = cases.add_match(tx, entry, sighting, by, now)
    if case is not None and any(each.id == entry for each in cases.active_entries(tx, case)):
        _carry_out(app, tx, case, now, sighting)


def _hold_all(tx: Tx, sighting: SightingId, case: CaseId) -> list[CaseId]:
    """Hold all cases that have a copy, in one order: nobody waits in a ring."""
    having = sorted({case, *cases.having(tx, sighting)})
    for each in having:
        cases.hold(tx, each)
    return having


def carry_out(app: App, case: str, rest: int = 0) -> None:
    """Go on with what a decision in effect speaks of; with `rest`, only with what is still to be planned."""
    with app.database.transaction() as tx:
        if rest:
            _plan_rest(tx, CaseId(UUID(case)), clock.now())
        else:
            _carry_out(app, tx, CaseId(UUID(case)), clock.now())


PLANNED_AT_ONCE = 200
"""Removals that are planned in one transaction."""


def _carry_out(app: App, tx: Tx, case: CaseId, now: datetime, only: SightingId | None = None) -> None:
    """Remove what a decision in effect covers, or one copy if it does; nothing if there is none.

    What no person saw goes through the breaker. Of very many copies the first are planned now, so that their
    removal begins, and the others by a job.
    """
    seeds.lift(tx, case, now, only)
    cases.hold(tx, case)  # what was removed unseen is counted by one at a time
    entries = [entry.id for entry in cases.active_entries(tx, case)]
    planned, found = takedown.planned(tx, case, only), cases.to_remove(tx, case, now, only)
    free = cases.reviewed_copies(tx, case, now, only) | planned  # and what is gone: nothing is done to it
    free |= {copy.sighting for copy in found if copy.gone_at is not None}
    through = breaker.let_through(tx, case, found, free, entries, limits(app), now)
    new = [copy for copy in through if copy.sighting not in planned]
    for copy in new[:PLANNED_AT_ONCE]:
        takedown.plan(tx, copy, now)
    planned |= {copy.sighting for copy in new[:PLANNED_AT_ONCE]}
    cases.note_removal(tx, case, found, planned, only)
    if len(new) > PLANNED_AT_ONCE:
        enqueue(tx, "carry_out", case=str(case), rest=1)
    _settle(tx, case, now)


def _plan_rest(tx: Tx, case: CaseId, now: datetime) -> None:
    """Plan the next of what `_carry_out` found and let through."""
    cases.hold(tx, case)
    found = cases.unplanned(tx, case, PLANNED_AT_ONCE)
    for copy in found:
        takedown.plan(tx, copy, now)
        cases.note_removal(tx, case, [copy], [copy.sighting], copy.sighting)
    if len(found) == PLANNED_AT_ONCE:
        enqueue(tx, "carry_out", case=str(case), rest=1)
    _settle(tx, case, now)


def _drop_copies(app: App, tx: Tx, case: CaseId, now: datetime) -> None:
    """Reviewers need their working copies no longer; a moment later, since removals go first."""
    if app.sealer is not None:
        enqueue(tx, "drop_copies", at=now + errands.LOOK_AGAIN, case=str(case))


def _settle(tx: Tx, case: CaseId, now: datetime) -> None:
    cases.hold(tx, case)  # before asking: a copy planned meanwhile must not be overlooked
    all_gone = takedown.all_gone(tx, case) and not cases.any_unplanned(tx, case, now)
    cases.settle(tx, case, all_gone=all_gone, now=now, busy=takedown.is_busy(tx, case))


def limits(app: App) -> Limits:
    """What may be removed unseen, as the settings say."""
    settings = app.settings
    answer_within = timedelta(minutes=settings.breaker_answer_minutes)
    return Limits(settings.breaker_removals, settings.breaker_posters, answer_within)


ERRANDS = (
    seed_errands.look_back,
    errands.locate,
    seed_errands.let_in,
    reading_errands.read_again,
    reading_errands.read_exactly,
    reading_errands.look_closely,
    seed_errands.bring,
    errands.take_effect,
    errands.remove,
    errands.look,
    errands.drop_copies,
    errands.shred,
    errands.write_dossier,
    errands.hand_out,
)


def work(app: App) -> Work:
    """Everything that a worker of this service does."""
    return Work(
        handlers=[
            *(Handler(run.__name__, partial(run, app)) for run in (follow, carry_out, *ERRANDS)),
            Handler("capture", partial(errands.capture, app), errands.CAPTURE_TRIES, errands.CAPTURE_LONGEST),
            Handler("destroy_packages", partial(destroy_packages, app)),
        ],
        periodic=[
            Periodic("take_in", partial(errands.take_in, app), "* * * * * */15"),
            Periodic("check_claims", partial(check_claims_once, app.database), "*/5 * * * *"),
            Periodic("wipe_drafts", partial(submissions.wipe_drafts, app.database), "* * * * *"),
            Periodic("forget_arrivals", partial(seed_errands.forget_arrivals, app), "29 * * * *"),
            Periodic("pass_clocks", partial(errands.pass_clocks, app), "* * * * *"),
            Periodic("keep_sightings", partial(errands.keep_sightings, app), "17 * * * *"),
            Periodic("ask_for_captured", partial(errands.ask_for_captured, app), "* * * * * */20"),
            Periodic("keep_evidence", partial(errands.keep_evidence, app), "43 * * * *"),
        ],
        gave_up=partial(errands.gave_up, app),
    )
