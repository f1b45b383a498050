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
    unsure = {d.staff for d in earlier if d.state == "effective" and d.verdict is Verdict.CANNOT_TELL}
    if staff in unsure:
        return "You could not tell when you looked first; somebody else should look now."
    return None


def reviewed(copies: Sequence[Copy], decisions: Sequence[Decision]) -> tuple[Copy, ...]:
    """The copies that lay before the reviewer who decided that they were shared without consent.

    None if that never took effect, or another reviewer decided later that they were not.
    """
    effective = [decision for decision in decisions if decision.state == "effective"]
    if any(decision.verdict is Verdict.NOT_SHARED_WITHOUT_CONSENT for decision in effective):
        return ()
    decided = [d.decided_at for d in effective if d.verdict is Verdict.SHARED_WITHOUT_CONSENT]
    return tuple(c for c in copies if decided and not c.excluded and c.added_at <= max(decided))


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
