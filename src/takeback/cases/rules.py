"""What may be decided when, by whom, and what a decision covers. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime

from takeback.cases.model import REASONS, Case, CaseStatus, Copy, Decision, DecisionReason, Reviewer
from takeback.events import Verdict
from takeback.ids import SightingId, StaffId

_TO_DECIDE = frozenset({CaseStatus.OPEN, CaseStatus.SECOND_LOOK})
_IN_EFFECT = frozenset({CaseStatus.REMOVING, CaseStatus.REMOVED})
_CLOSED = frozenset({CaseStatus.DECLINED, CaseStatus.OUT_OF_REACH})


def decision_blocker(
    case: Case,
    copies: Sequence[Copy],
    earlier: Sequence[Decision],
    verdict: Verdict,
    reason: DecisionReason,
    reviewer: Reviewer,
    declined_elsewhere: Collection[StaffId] = (),
) -> str | None:
    """Return what stands against this decision, in words for the reviewer; None if nothing does.

    Args:
        case: the case.
        copies: those that its page showed.
        earlier: all decisions of the case.
        verdict: what she decides.
        reason: and why.
        reviewer: who she is.
        declined_elsewhere: who declined another case with one of these copies.
    """
    if case.status not in _TO_DECIDE:
        return f"This case is {case.status.value.replace('_', ' ')}; there is nothing to decide now."
    if reason not in REASONS[verdict]:
        return "This reason does not go with this decision."
    return copies_blocker(copies, verdict) or person_blocker(earlier, reviewer, verdict, declined_elsewhere)


def copies_blocker(copies: Sequence[Copy], verdict: Verdict) -> str | None:
    """Return what of the copies stands against a verdict."""
    seen = [copy for copy in copies if copy.can_be_seen]
    match verdict:
        case Verdict.NOT_SHARED_WITHOUT_CONSENT:
            return None
        case Verdict.OUT_OF_REACH:
            if seen:
                return "Copies were found where we are connected. Decide about these."
        case Verdict.CANNOT_TELL | Verdict.SHARED_WITHOUT_CONSENT:
            if not seen:
                return "No copy can be seen at present, so there is nothing to look at and nothing to remove."
            if verdict is Verdict.SHARED_WITHOUT_CONSENT and not any(copy.counts for copy in seen):
                return "What was found only may be the same. Say first of which copy it is the same picture."
    return None


def person_blocker(
    earlier: Sequence[Decision],
    reviewer: Reviewer,
    verdict: Verdict | None = None,
    declined_elsewhere: Collection[StaffId] = (),
) -> str | None:
    """Return why this person should not decide this case, in words; None if she may.

    Somebody else decides after a person could not tell, was disputed, or closed the case before. An
    administrator always may, so that no case is stuck where there are few people.

    Args:
        earlier: all decisions of the case.
        reviewer: who she is.
        verdict: what she would decide; None: whatever.
        declined_elsewhere: who declined another case with one of its copies.
    """
    if reviewer.is_administrator:
        return None
    mine = [each for each in earlier if each.staff == reviewer.id]
    if any(each.state == "effective" and each.verdict is Verdict.CANNOT_TELL for each in mine):
        return "You could not tell when you looked first; somebody else should look now."
    disputed = [each for each in earlier if each.state == "disputed"]
    agreed = any(each.verdict is verdict for each in disputed if each.staff != reviewer.id)
    if any(each.state == "disputed" for each in mine) and not agreed:
        return (
            "A colleague decided otherwise. Somebody else should decide, or one of you agrees with the other."
        )
    if reviewer.id in declined_elsewhere:
        return "You declined this picture before; somebody else should decide now."
    if any(each.state == "effective" and each.verdict is Verdict.NOT_SHARED_WITHOUT_CONSENT for each in mine):
        return "You declined this case before; somebody else should decide now."
    return None


def covers(copies: Sequence[Copy], on_page: Collection[SightingId]) -> frozenset[SightingId]:
    """The copies that a decision covers: those that its page showed as copies, and that can be seen."""
    return frozenset(copy.sighting for copy in copies if copy.sighting in on_page and _is_reviewable(copy))


def _is_reviewable(copy: Copy) -> bool:
    return copy.counts and copy.can_be_seen


def current(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """The decisions in a person's favour that hold: in effect, and with no decline after them."""
    holding: list[Decision] = []
    for decision in decisions:
        if decision.state != "effective":
            continue
        if decision.verdict is Verdict.NOT_SHARED_WITHOUT_CONSENT:
            holding.clear()
        elif decision.verdict is Verdict.SHARED_WITHOUT_CONSENT:
            holding.append(decision)
    return tuple(holding)


def reviewed(copies: Sequence[Copy], decisions: Sequence[Decision], now: datetime) -> tuple[Copy, ...]:
    """The copies of which a person saw, and said, that they were shared without consent.

    Those that a decision in effect covers, and those that only may have been the same until a reviewer said
    that they are. None if no decision in effect holds: it was never made, reversed, or declined later.

    Args:
        copies: the case's.
        decisions: the case's, oldest first.
        now: when; a confirmation in a decided case takes effect only after the time to take it back.
    """
    holding = current(decisions)
    covered = frozenset[SightingId]().union(*(decision.shown for decision in holding))
    return tuple(
        copy for copy in copies if holding and copy.counts and (copy.sighting in covered or copy.acts(now))
    )


def marking_blocker(case: Case, copy: Copy, now: datetime) -> str | None:
    """Return what stands against saying whether a copy shows the picture, in words; None if nothing does.

    While a case waits for a reviewer, of every copy; later of one that only may be, until what was said acts.
    """
    if case.status in _TO_DECIDE:
        return None
    if case.status in _CLOSED:
        return "This case is closed; nothing is removed for it."
    only_may_be = copy.hit is not None and copy.hit.review_only
    if case.status in _IN_EFFECT and only_may_be and not copy.acts(now):
        return None
    if case.status in _IN_EFFECT:
        return "This case is decided. Reverse the decision, if it is wrong."
    return "This case is decided; undo the decision first."


def may_settle(case: Case, decisions: Sequence[Decision]) -> bool:
    """Return whether a case moves on by itself: a decision to remove is in effect, and no new one waits.

    Also while it waits for a person, because of a copy that no decision covers: that may go or be excluded.
    """
    return case.status in {*_IN_EFFECT, CaseStatus.OPEN} and bool(current(decisions))


def unsettled(copies: Sequence[Copy], decided: Collection[SightingId], now: datetime) -> bool:
    """Return whether a decided case has a copy that only a person can decide about."""
    return any(
        copy.counts
        and copy.can_be_seen
        and copy.sighting not in decided
        and not (copy.confirmed and not copy.acts(now))
        for copy in copies
    )


def needs_review(case: Case, candidates: int) -> bool:
    """Return whether somebody is to say which copies are the same, though the case is decided."""
    return candidates > 0 and case.status in _IN_EFFECT


def awaits_review(case: Case, copy: Copy) -> bool:
    """Return whether a reviewer may still want to see a copy, to decide or to say whether it is the same
    picture.

    None of what was looked for and is gone: no decision waits for it.
    """
    if copy.gone_at is not None:
        return False
    if case.status in _IN_EFFECT:
        return copy.is_candidate
    return case.status not in _CLOSED


def may_show_a_minor(decisions: Sequence[Decision]) -> bool:
    """Return whether a decision that took effect ever said so; no later one takes it back."""
    return any(
        each.state in {"effective", "reversed"} and each.reason is DecisionReason.MAY_BE_A_MINOR
        for each in decisions
    )


def nobody_looks(decisions: Sequence[Decision]) -> bool:
    """Return whether looking is shut: somebody said that a person shown may be a minor, and has not taken it
    back.

    Also while that decision waits to take effect, and when colleagues dispute it.
    """
    return any(each.state != "undone" and each.reason is DecisionReason.MAY_BE_A_MINOR for each in decisions)


def may_undo(decision: Decision, now: datetime) -> bool:
    """Return whether a decision can still be taken back."""
    return decision.state == "waiting" and now < decision.effective_at


def reversal_blocker(case: Case, decisions: Sequence[Decision]) -> str | None:
    """Return what stands against reversing the decision in effect, in words; None if nothing does."""
    if case.status is CaseStatus.DECIDED:
        return "A decision waits; undo that one first."
    if not current(decisions):
        return "No decision to remove is in effect, so there is nothing to reverse."
    return None


def reopening_blocker(case: Case) -> str | None:
    """Return what stands against deciding a closed case again, in words; None if nothing does."""
    return None if case.status in _CLOSED else "This case is not closed."


def status_after(verdict: Verdict) -> CaseStatus:
    """Return where a case stands once a decision takes effect."""
    match verdict:
        case Verdict.SHARED_WITHOUT_CONSENT:
            return CaseStatus.REMOVING
        case Verdict.NOT_SHARED_WITHOUT_CONSENT:
            return CaseStatus.DECLINED
        case Verdict.CANNOT_TELL:
            return CaseStatus.SECOND_LOOK
        case Verdict.OUT_OF_REACH:
            return CaseStatus.OUT_OF_REACH


def status_before(decisions: Sequence[Decision]) -> CaseStatus:
    """Return where a case stands that waits for a decision."""
    unsure = any(
        each.state == "disputed" or (each.state == "effective" and each.verdict is Verdict.CANNOT_TELL)
        for each in decisions
    )
    return CaseStatus.SECOND_LOOK if unsure else CaseStatus.OPEN
