"""Decide, undo, dispute, reverse and reopen: what people say of a case, each with its event.

A decision is made of a page. It covers the copies that the page showed and no others; a page that is no
longer true is answered with what changed. Nothing here asks a platform: what follows is `workflow`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from takeback.cases import page, rules, service, store
from takeback.cases.model import Case, CaseStatus, Copy, Decision, DecisionReason, Reviewer
from takeback.cases.page import Changed, Shown
from takeback.errors import NotFound, Refused
from takeback.events import (
    CaseReopened,
    Decided,
    DecisionDisputed,
    DecisionEffective,
    DecisionObjected,
    DecisionReversed,
    DecisionUndone,
    Reopened,
    Verdict,
)
from takeback.ids import CaseId, SightingId, StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record


class PageIsOld(Refused):
    """The page that a decision was made of is no longer true.

    Args:
        why: in words.
        changed: what changed.
    """

    def __init__(self, why: str, changed: Changed) -> None:
        super().__init__(why)
        self.changed = changed


class NotLooked(Refused):
    """Somebody would remove copies without having seen one clearly; she can say that she means it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reviewer sends."""

    verdict: Verdict
    reason: DecisionReason
    note: str
    page: Shown
    """What lay before her."""
    informed: bool = False
    """Copies that came meanwhile were shown once: more that come do not stop the decision again."""
    unseen: bool = False
    """She means to remove without having looked at any copy."""


def decide(
    tx: Tx, case: CaseId, choice: Choice, reviewer: Reviewer, *, now: datetime, undo: timedelta
) -> Decision:
    """Decide a case; it takes effect after `undo`, and covers the copies of its page.

    Raises:
        PageIsOld: something changed since the page was made; if a colleague decided otherwise, both are told.
        NotLooked: she would remove copies, and looked at none of them.
        Refused: with what stands against it.
        NotFound: there is no such case.
    """
    found = _locked(tx, case)
    copies, decisions = store.copies(tx, case), store.decisions(tx, case)
    disagreement = _disagreement(found, decisions, choice)
    if disagreement is not None:
        return _disagree(tx, found, disagreement, copies, choice, reviewer, now)
    changed = page.changed(choice.page, copies, decisions)
    if changed.decided or changed.said or (changed.found and not choice.informed):
        raise PageIsOld("This case changed while its page was open. Nothing was decided.", changed)
    on_page = [copy for copy in copies if copy.sighting in choice.page.ids]
    declined = store.declined_elsewhere(tx, case)
    why = rules.decision_blocker(found, on_page, decisions, choice.verdict, choice.reason, reviewer, declined)
    if why is not None:
        raise Refused(why)
    covered = rules.covers(copies, choice.page.ids)
    looked = len(covered & store.looked_at(tx, case, reviewer.id))
    if _must_look(choice) and not looked:
        raise NotLooked("You have looked at none of these copies.")
    decision = _decision(case, choice, reviewer, covered, looked, now, now + undo)
    store.insert_decision(tx, decision)
    store.set_status(tx, case, CaseStatus.DECIDED, now)
    record(tx, _decided(decision))
    return decision


def _must_look(choice: Choice) -> bool:
    """Nobody is asked to look at what may show a minor."""
    removes = choice.verdict is Verdict.SHARED_WITHOUT_CONSENT
    return removes and choice.reason is not DecisionReason.MAY_BE_A_MINOR and not choice.unseen


def _decision(
    case: CaseId,
    choice: Choice,
    reviewer: Reviewer,
    covered: frozenset[SightingId],
    looked: int,
    now: datetime,
    effective_at: datetime,
    state: str = "waiting",
) -> Decision:
    return Decision(
        id=uuid4(),
        case=case,
        verdict=choice.verdict,
        reason=choice.reason,
        note=choice.note,
        staff=reviewer.id,
        decided_at=now,
        effective_at=effective_at,
        state=state,
        shown=covered,
        looked_at=looked,
    )


def _decided(decision: Decision) -> Decided:
    copies = " ".join(str(copy) for copy in sorted(decision.shown))
    return Decided(
        decision.case,
        decision.id,
        decision.verdict,
        decision.staff,
        decision.effective_at,
        copies,
        decision.looked_at,
    )


def _disagreement(case: Case, decisions: Sequence[Decision], choice: Choice) -> Decision | None:
    """The decision that stands in the way of a different one: it waits, or it took effect meanwhile."""
    if case.status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK} or not decisions:
        return None
    standing = next((each for each in reversed(decisions) if each.state in {"waiting", "effective"}), None)
    return standing if standing is not None and standing.verdict is not choice.verdict else None


def _disagree(
    tx: Tx,
    case: Case,
    standing: Decision,
    copies: Sequence[Copy],
    choice: Choice,
    reviewer: Reviewer,
    now: datetime,
) -> Decision:
    """Two who decide differently both see it: neither decision acts, or the objection is recorded.

    Returns the second decision, which is kept as disputed. Raises Refused for one's own decision, and
    PageIsOld where the first took effect.
    """
    if standing.staff == reviewer.id:
        raise Refused("You decided otherwise before. Undo that first.")
    if standing.state == "waiting":
        covered = rules.covers(copies, choice.page.ids)
        looked = len(covered & store.looked_at(tx, case.id, reviewer.id))
        second = _decision(case.id, choice, reviewer, covered, looked, now, now, "disputed")
        store.end_decision(tx, standing.id, "disputed")
        store.insert_decision(tx, second)
        store.set_status(tx, case.id, CaseStatus.SECOND_LOOK, now)
        record(tx, DecisionDisputed(case.id, standing.id, choice.verdict, reviewer.id))
        return second
    raise PageIsOld("A colleague decided otherwise, and that has taken effect.", Changed(decided=True))


def object_to(tx: Tx, case: CaseId, verdict: Verdict, reviewer: Reviewer) -> None:
    """Say that one would have decided otherwise than the decision in effect, which stands. Raises Refused."""
    _locked(tx, case)
    effective = [each for each in store.decisions(tx, case) if each.state == "effective"]
    if not effective or effective[-1].verdict is verdict or effective[-1].staff == reviewer.id:
        raise Refused("There is no decision of a colleague that says otherwise.")
    record(tx, DecisionObjected(case, effective[-1].id, verdict, reviewer.id))


def undo(tx: Tx, case: CaseId, decision: UUID, *, staff: StaffId, now: datetime) -> None:
    """Take a decision back before it takes effect. Raises Refused, NotFound."""
    _locked(tx, case)
    found = _get(tx, case, decision)
    if not rules.may_undo(found, now) or not store.end_decision(tx, decision, "undone"):
        raise Refused("It is too late to undo: the decision has taken effect.")
    store.set_status(tx, case, rules.status_before(store.decisions(tx, case)), now)
    record(tx, DecisionUndone(case, decision, staff))


def take_effect(tx: Tx, decision: UUID, now: datetime) -> None:
    """The time to undo has passed: the case moves on, once."""
    found = store.get_decision(tx, decision)
    if found is None:
        return
    _locked(tx, found.case)
    if store.end_decision(tx, decision, "effective"):
        store.set_status(tx, found.case, rules.status_after(found.verdict), now)
        if found.verdict is Verdict.NOT_SHARED_WITHOUT_CONSENT:
            store.forget_removal(tx, found.case)
        elif found.verdict is Verdict.SHARED_WITHOUT_CONSENT:  # until its event is followed, all wait
            service.note_removal(tx, found.case, service.covered(tx, found.case, now).remove, ())
        record(tx, DecisionEffective(found.case, decision, found.verdict))
        out_of_reach = found.verdict is Verdict.OUT_OF_REACH
        if out_of_reach and any(copy.can_be_seen for copy in store.copies(tx, found.case)):
            store.set_status(tx, found.case, CaseStatus.OPEN, now)  # one was found in the meantime
            record(tx, CaseReopened(found.case, Reopened.FOUND, None))


def reverse(tx: Tx, case: CaseId, *, reviewer: Reviewer, now: datetime) -> None:
    """Take back that a case's copies are to be removed, after that took effect. Raises Refused, NotFound.

    The case waits for a decision again. What follows from the event: its signals are withdrawn, and removals
    that were not done yet are called off. What was done on a platform stays done.
    """
    found = _locked(tx, case)
    decisions = store.decisions(tx, case)
    why = rules.reversal_blocker(found, decisions)
    if why is not None:
        raise Refused(why)
    for decision in rules.current(decisions):
        if store.end_decision(tx, decision.id, "reversed", was="effective"):
            record(tx, DecisionReversed(case, decision.id, reviewer.id))
    store.forget_removal(tx, case)
    store.set_status(tx, case, CaseStatus.OPEN, now)


def reopen(tx: Tx, case: CaseId, why: Reopened, *, reviewer: Reviewer, now: datetime) -> None:
    """Have a closed case decided again, by somebody else. Raises Refused, NotFound."""
    against = rules.reopening_blocker(_locked(tx, case))
    if against is not None:
        raise Refused(against)
    store.set_status(tx, case, CaseStatus.OPEN, now)
    record(tx, CaseReopened(case, why, reviewer.id))


def _get(tx: Tx, case: CaseId, decision: UUID) -> Decision:
    found = store.get_decision(tx, decision)
    if found is None or found.case != case:
        raise NotFound("There is no such decision.")
    return found


def _locked(tx: Tx, case: CaseId) -> Case:
    found = store.get(tx, case, lock=True)
    if found is None:
        raise NotFound("There is no such case.")
    return found
