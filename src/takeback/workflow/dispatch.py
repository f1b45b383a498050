"""What each event leads to, and what each job does: the type checker asks for every arm."""

from functools import partial
from typing import assert_never

from takeback import events, jobs
from takeback.app import App
from takeback.bank.upkeep import check_claims_once
from takeback.cases import breaker, deciding, floods
from takeback.cases import service as cases
from takeback.dossier import receipt_download
from takeback.dossier.destroying import destroy_packages
from takeback.errors import TakebackError
from takeback.events import FOLLOWED, Followed
from takeback.evidence import service as captures
from takeback.ids import EventId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.jobs.wire import args_of, name_of
from takeback.infra.jobs.worker import Work
from takeback.infra.ledger.claim import claim
from takeback.infra.ledger.record import record
from takeback.jobs import Enqueued, Job
from takeback.matching import details
from takeback.submissions import service as submissions
from takeback.takedown import service as takedown
from takeback.workflow import decisions, evidence, matches, readings, removals, reports, upkeep


def work(app: App) -> Work:
    """Return all that a worker of this service does."""
    return Work(partial(run, app), partial(give_up, app))


# --- events ------------------------------------------------------------------------------------------------


def handle_event(app: App, event: EventId) -> None:
    """Do what follows from one event, once."""
    with app.database.transaction() as tx:
        claimed = claim(tx, event)
        if isinstance(claimed, FOLLOWED):
            _follow(app, tx, claimed)


def _follow(app: App, tx: Tx, event: Followed) -> None:  # noqa: C901, PLR0912, PLR0915 - one arm for each event
    now = clock.now()
    match event:
        # --- people report
        case events.ReportReceived(report):
            reports.open_case(app, tx, report, now)
        case events.ReportLetIn(report):
            reports.let_one_in(app, tx, report, now)
        case events.FloodLetIn(flood):
            floods.go_on(tx, flood, now)
        # --- the bank, and what passed by
        case events.EntryBanked(entry):
            enqueue(tx, jobs.LookBack(entry))
        case events.Matched(entry, sighting, by):
            matches.admit(app, tx, entry, sighting, by, now)
        case events.Captured(_, sighting) | events.CaptureFailed(sighting):
            matches.join_waiting(app, tx, sighting, now)
            removals.resume(tx, sighting)
        case events.CopyFound(case, sighting):
            evidence.ensure_captured(app, tx, sighting, now)
            evidence.update_retention(app, tx, case, now, only=sighting)
            decisions.carry_out(app, tx, case, now, sighting)
        # --- people decide
        case events.CopyConfirmed(case, sighting):
            decisions.carry_out(app, tx, case, now, sighting)
        case events.CopyExcluded(case, sighting) | events.ExclusionUndone(case, sighting):
            evidence.update_retention(app, tx, case, now, only=sighting)
            decisions.recount(tx, case, now, sighting)
        case events.Decided(effective_at=effective_at, decision=decision):
            enqueue(tx, jobs.TakeEffect(decision), at=effective_at)
        case events.DecisionEffective(case, _, verdict):
            decisions.begin(app, tx, case, verdict, now)
        case events.DecisionReversed(case):
            decisions.undo(tx, case, now)
        case events.BreakerReleased(case) | events.BreakerStopped(case):
            decisions.carry_out(app, tx, case, now)
        case events.EntryActivated(entry, sighting):
            case = cases.of_entry(tx, entry)
            if sighting is not None and case is not None:
                decisions.carry_out(app, tx, case, now)
        case events.EntryWithdrawn(entry):
            details.forget(tx, entry)
            case = cases.of_entry(tx, entry)
            if case is not None:  # what only this entry made act acts no more
                decisions.recount(tx, case, now)
        # --- copies are removed
        case events.RemovalPlanned(target, case):
            enqueue(tx, jobs.Remove(target))
            decisions.settle(tx, case, now)
        case events.FoundGone(target):
            removals.found_gone(app, tx, target, now)
        case events.FoundAgain(target):
            removals.found_again(tx, target, now)
        case events.RemovalFailed(target):
            failed = takedown.get(tx, target)
            if failed is not None:
                decisions.settle(tx, failed.case, now)
        case events.EvidenceErased(capture=capture):
            for case in cases.having(tx, captures.sighting_of(tx, capture)):
                enqueue(tx, jobs.DestroyPackages(case, now))
        case _:
            assert_never(event)


# --- jobs --------------------------------------------------------------------------------------------------


def run(app: App, job: Job) -> None:  # noqa: C901, PLR0912, PLR0915 - one arm for each job
    """Do a job. Raises what its function raises: the worker tries again."""
    match job:
        case jobs.HandleEvent(event):
            handle_event(app, event)
        # --- people report
        case jobs.TakeIn():
            reports.take_in(app)
        case jobs.Locate():
            reports.locate(app, job)
        case jobs.LetIn(flood):
            with app.database.transaction() as tx:
                floods.go_on(tx, flood, clock.now())
        case jobs.WipeDrafts():
            submissions.wipe_drafts(app.database)
        case jobs.ForgetArrivals():
            floods.forget_arrivals(app.database, clock.now())
        # --- matches
        case jobs.LookBack():
            matches.look_back(app, job)
        case jobs.Bring(entry):
            matches.bring(app, entry)
        case jobs.ReadAgain():
            readings.read_again(app, job)
        case jobs.ReadExactly():
            readings.read_exactly(app, job)
        case jobs.LookClosely():
            readings.look_closely(app, job)
        # --- evidence
        case jobs.Capture(sighting):
            evidence.capture(app, sighting)
        case jobs.WriteDossier(dossier):
            evidence.write_dossier(app, dossier)
        case jobs.HandOut(request):
            evidence.hand_out(app, request)
        case jobs.DropCopies(case, only):
            evidence.drop_copies(app, case, only)
        case jobs.Shred(capture):
            evidence.shred(app, capture)
        case jobs.DestroyPackages(case, until):
            destroy_packages(app, case, until)
        # --- people decide, copies are removed
        case jobs.TakeEffect(decision):
            with app.database.transaction() as tx:
                deciding.take_effect(tx, decision, clock.now())
        case jobs.CarryOut(case, rest):
            with app.database.transaction() as tx:
                if rest:
                    decisions.plan_rest(tx, case, clock.now())
                else:
                    decisions.carry_out(app, tx, case, clock.now())
        case jobs.Remove(target):
            removals.remove(app, target)
        case jobs.Look(target, round_):
            removals.look(app, target, round_)
        case jobs.PassClocks():
            with app.database.transaction() as tx:
                cases.pass_clocks(tx, clock.now())
                breaker.pass_clocks(tx, clock.now())
        # --- upkeep
        case jobs.AskForCaptured():
            upkeep.ask_for_captured(app)
        case jobs.KeepEvidence():
            upkeep.keep_evidence(app)
        case jobs.KeepSightings():
            upkeep.keep_sightings(app)
        case jobs.CheckClaims():
            check_claims_once(app.database)
        case _:
            assert_never(job)


def give_up(app: App, job: Enqueued, error: BaseException) -> None:
    """End what waited for a job that failed at every try, and record it where a person sees it."""
    reason = str(error) if isinstance(error, TakebackError) else type(error).__name__
    with app.database.transaction() as tx:
        match job:
            case jobs.Remove(target):
                takedown.give_up(tx, target, "remove", reason)
            case jobs.Look(target, round_):
                takedown.give_up_look(tx, target, round_, reason, app.settings.recheck_after)
            case jobs.HandOut(request):
                receipt_download.give_up(tx, request)
            case jobs.Capture(sighting):
                captures.fail(tx, sighting, reason)
            case jobs.ReadAgain(sighting):
                readings.never_read(tx, sighting, reason)
            case jobs.ReadExactly():
                readings.count_fast_hash(app, tx, job)
            case (
                jobs.HandleEvent()
                | jobs.Locate()
                | jobs.LetIn()
                | jobs.LookBack()
                | jobs.Bring()
                | jobs.LookClosely()
                | jobs.WriteDossier()
                | jobs.DropCopies()
                | jobs.Shred()
                | jobs.DestroyPackages()
                | jobs.TakeEffect()
                | jobs.CarryOut()
            ):
                pass  # nothing waits for it but a person
            case _:
                assert_never(job)
        if job.policy.tells:
            subject = " ".join(f"{key}={value}" for key, value in sorted(args_of(job).items()) if key != "v")
            record(tx, events.JobGaveUp(name_of(type(job)), subject, reason))
