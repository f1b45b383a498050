"""A person decides, or takes it back: what the decision covers is planned, and the case's status follows."""

from datetime import datetime, timedelta

from takeback.app import App
from takeback.bank import service as bank
from takeback.cases import breaker, seeds
from takeback.cases import service as cases
from takeback.cases.breaker_rules import Limits
from takeback.dossier import receipt_download
from takeback.events import Verdict
from takeback.ids import CaseId, SightingId
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.jobs import CarryOut, DropCopies
from takeback.matching import details
from takeback.takedown import service as takedown
from takeback.workflow.evidence import keep_no_pictures, update_retention

PLANNED_AT_ONCE = 200
"""Removals that are planned in one transaction."""


def begin(app: App, tx: Tx, case: CaseId, verdict: Verdict, now: datetime) -> None:
    """Do what a decision asks for when the time to undo it has passed."""
    match verdict:
        case Verdict.SHARED_WITHOUT_CONSENT:
            if cases.may_show_a_minor(tx, case):
                keep_no_pictures(tx, case, now)
            carry_out(app, tx, case, now)
        case Verdict.NOT_SHARED_WITHOUT_CONSENT:
            for entry in cases.entries(tx, case):
                bank.withdraw(tx, entry, now)
            update_retention(app, tx, case, now)
            receipt_download.withdraw(tx, case)
            breaker.forget(tx, case)
        case Verdict.CANNOT_TELL | Verdict.OUT_OF_REACH:
            return
    if app.sealer is not None:  # reviewers need their working copies no longer
        enqueue(tx, DropCopies(case))


def undo(tx: Tx, case: CaseId, now: datetime) -> None:
    """Withdraw what a reversed decision made act, and call off what was not done yet."""
    for entry in cases.active_entries(tx, case):
        bank.withdraw(tx, entry.id, now)
    for seed in cases.entries(tx, case):
        details.forget(tx, seed)
    takedown.call_off(tx, case, now)
    breaker.forget(tx, case)
    receipt_download.withdraw(tx, case)


def carry_out(app: App, tx: Tx, case: CaseId, now: datetime, only: SightingId | None = None) -> None:
    """Plan the removals that decisions in effect ask for, or that of one copy; none without a decision.

    What no person saw goes through the breaker. Of very many copies the first are planned now, so that their
    removal begins, and the others by a job.
    """
    seeds.lift(tx, case, now, only)
    cases.hold(tx, case)  # what was removed unseen is counted by one at a time
    planned, covered = takedown.planned(tx, case, only), cases.covered(tx, case, now, only)
    gone = {copy.sighting for copy in covered.remove if copy.gone_at is not None}  # nothing is done to it
    free = covered.reviewed | planned | gone
    through = breaker.let_through(tx, case, covered.remove, free, covered.entries, limits(app), now)
    new = [copy for copy in through if copy.sighting not in planned]
    for copy in new[:PLANNED_AT_ONCE]:
        takedown.plan(tx, copy, now)
    planned |= {copy.sighting for copy in new[:PLANNED_AT_ONCE]}
    cases.note_removal(tx, case, covered.remove, planned, only)
    if len(new) > PLANNED_AT_ONCE:
        enqueue(tx, CarryOut(case, rest=True))
    settle(tx, case, now)


def plan_rest(tx: Tx, case: CaseId, now: datetime) -> None:
    """Plan the next removals that `carry_out` found and let through."""
    cases.hold(tx, case)
    found = cases.unplanned(tx, case, PLANNED_AT_ONCE)
    for copy in found:
        takedown.plan(tx, copy, now)
        cases.note_removal(tx, case, [copy], [copy.sighting], copy.sighting)
    if len(found) == PLANNED_AT_ONCE:
        enqueue(tx, CarryOut(case, rest=True))
    settle(tx, case, now)


def recount(tx: Tx, case: CaseId, now: datetime, only: SightingId | None = None) -> None:
    """Note again which copies, or whether one, decisions in effect remove."""
    cases.hold(tx, case)
    found = cases.covered(tx, case, now, only).remove
    cases.note_removal(tx, case, found, takedown.planned(tx, case, only), only)
    settle(tx, case, now)


def settle(tx: Tx, case: CaseId, now: datetime) -> None:
    """Move a decided case's status on, by what is planned and gone."""
    cases.hold(tx, case)  # before asking: a copy planned meanwhile must not be overlooked
    all_gone = takedown.all_gone(tx, case) and not cases.any_unplanned(tx, case, now)
    cases.settle(tx, case, all_gone=all_gone, now=now, busy=takedown.is_busy(tx, case))


def limits(app: App) -> Limits:
    """Return what may be removed unseen, as the settings say."""
    settings = app.settings
    answer_within = timedelta(minutes=settings.breaker_answer_minutes)
    return Limits(settings.breaker_removals, settings.breaker_posters, answer_within)
