"""What may be decided when. Pure."""

from collections.abc import Sequence
from datetime import datetime

from takeback.cases.model import REASONS, Case, CaseStatus, Copy, Decision, DecisionReason
from takeback.facts import Verdict
from takeback.ids import StaffId


def why_not(
    case: Case,
    copies: Sequence[Copy],
    earlier: Sequence[Decision],
    verdict: Verdict,
    reason: DecisionReason,
    staff: StaffId,
) -> str | None:
    """What stands against this decision, in words for the reviewer; None if nothing does."""
    if case.status not in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}:
        return f"This case is {case.status.value.replace('_', ' ')}; there is nothing to decide now."
    if reason not in REASONS[verdict]:
        return "This reason does not go with this decision."
    if verdict is not Verdict.NOT_SHARED_WITHOUT_CONSENT and not any(not copy.excluded for copy in copies):
        return "No copy has been found yet, so there is nothing to see and nothing to remove."
    if verdict is Verdict.SHARED_WITHOUT_CONSENT and not any(copy.counts for copy in copies):
        return "What was found only may be the same. Say first of which copy it is the same picture."
    unsure = {d.staff for d in earlier if d.state == "effective" and d.verdict is Verdict.CANNOT_TELL}
    if staff in unsure:
        return "You could not tell when you looked first; somebody else should look now."
    return None


def reviewed(copies: Sequence[Copy], decisions: Sequence[Decision]) -> tuple[Copy, ...]:
    """The copies of which a person said that they were shared without consent.

    Those that lay before the reviewer who decided so, and those that only may have been the same until a
    reviewer said that they are, whenever that was. None if the decision never took effect, or another
    reviewer decided later that they were not.
    """
    effective = [decision for decision in decisions if decision.state == "effective"]
    if any(decision.verdict is Verdict.NOT_SHARED_WITHOUT_CONSENT for decision in effective):
        return ()
    decided = [d.decided_at for d in effective if d.verdict is Verdict.SHARED_WITHOUT_CONSENT]
    return tuple(c for c in copies if decided and c.counts and (c.confirmed or c.added_at <= max(decided)))


def why_not_say(case: Case, copy: Copy) -> str | None:
    """What stands against saying whether a copy shows the picture, in words; None if nothing does.

    While a case waits for a reviewer, of every copy; later only of one that nobody has said it of.
    """
    if case.status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}:
        return None
    if case.status is CaseStatus.DECLINED:
        return "This case is closed; nothing is removed for it."
    if needs_an_eye(case, int(copy.is_candidate)):
        return None
    return "This case is decided; undo the decision first."


def needs_an_eye(case: Case, candidates: int) -> bool:
    """Whether somebody is to say which copies are the same, though the case is decided."""
    return candidates > 0 and case.status in {CaseStatus.REMOVING, CaseStatus.REMOVED}


def awaits_an_eye(case: Case, copy: Copy) -> bool:
    """Whether a reviewer may still want to see a copy, to decide or to say whether it is the same picture."""
    if case.status in {CaseStatus.REMOVING, CaseStatus.REMOVED}:
        return copy.is_candidate
    return case.status is not CaseStatus.DECLINED


def may_show_a_minor(decisions: Sequence[Decision]) -> bool:
    """Whether a decision that took effect ever said so; no later one takes it back."""
    return any(
        each.state == "effective" and each.reason is DecisionReason.MAY_BE_A_MINOR for each in decisions
    )


def may_undo(decision: Decision, now: datetime) -> bool:
    """Whether a decision can still be taken back."""
    return decision.state == "waiting" and now < decision.effective_at


def status_after(verdict: Verdict) -> CaseStatus:
    """Where a case stands once a decision takes effect."""
    match verdict:
        case Verdict.SHARED_WITHOUT_CONSENT:
            return CaseStatus.REMOVING
        case Verdict.NOT_SHARED_WITHOUT_CONSENT:
            return CaseStatus.DECLINED
        case Verdict.CANNOT_TELL:
            return CaseStatus.SECOND_LOOK
