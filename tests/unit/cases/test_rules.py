"""What may be decided when, and which copies a decision speaks of: every case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.cases import rules
from takeback.cases.model import REASONS, Case, CaseStatus, Copy, Decision, DecisionReason
from takeback.facts import FoundBy, Verdict
from takeback.ids import CaseId, ReportId, SightingId, StaffId
from takeback.signals.relation import Hit

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SHARED, NOT_SHARED, CANNOT_TELL, OUT_OF_REACH = Verdict
MIRA, NOOR = StaffId(UUID(int=1)), StaffId(UUID(int=2))
CASE = CaseId(UUID(int=3))
STATES = ("waiting", "undone", "effective")


def a_case(status=CaseStatus.OPEN) -> Case:
    return Case(CASE, ReportId(UUID(int=4)), NOW, NOW, "house", status, overdue=False, changed_at=NOW)


def a_copy(number=1, *, excluded=False, added_at=NOW) -> Copy:
    return Copy(
        case=CASE,
        sighting=SightingId(number),
        connector="memory",
        place="!p",
        message=f"$m{number}",
        media="m",
        sender="@s",
        posted_at=NOW,
        added_at=added_at,
        entry=None,
        found_by=FoundBy.LIVE,
        hit=Hit(3, 0, negative=False),
        excluded=excluded,
    )


def a_decision(verdict=SHARED, state="effective", staff=MIRA, decided_at=NOW) -> Decision:
    number = uuid5(CASE, f"{verdict}{state}{staff}{decided_at}")
    reason = REASONS[verdict][0]
    effective_at = decided_at + timedelta(seconds=10)
    return Decision(number, CASE, verdict, reason, "", staff, decided_at, effective_at, state)


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("verdict", Verdict)
def test_only_what_waits_for_a_reviewer_can_be_decided(status, verdict):
    why = rules.why_not(a_case(status), [a_copy()], [], verdict, REASONS[verdict][0], MIRA)
    if status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}:
        assert why is None
    else:
        assert status.value in why


@pytest.mark.parametrize(("verdict", "reason"), list(product(Verdict, DecisionReason)))
def test_each_reason_goes_with_one_verdict_only(verdict, reason):
    why = rules.why_not(a_case(), [a_copy()], [], verdict, reason, MIRA)
    assert (why is None) == (reason in REASONS[verdict])
    assert sum(reason in reasons for reasons in REASONS.values()) == 1


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("copies", [[], [a_copy(excluded=True)], [a_copy(1, excluded=True), a_copy(2)]])
def test_without_a_copy_there_is_only_declining(verdict, copies):
    why = rules.why_not(a_case(), copies, [], verdict, REASONS[verdict][0], MIRA)
    assert (why is None) == (verdict is NOT_SHARED or any(not copy.excluded for copy in copies))


@pytest.mark.parametrize(
    ("verdict", "state", "first", "second"), list(product(Verdict, STATES, (MIRA, NOOR), (MIRA, NOOR)))
)
def test_who_could_not_tell_does_not_decide_alone(verdict, state, first, second):
    earlier = [a_decision(verdict, state, first)]
    why = rules.why_not(
        a_case(CaseStatus.SECOND_LOOK), [a_copy()], earlier, SHARED, REASONS[SHARED][0], second
    )
    refused = verdict is CANNOT_TELL and state == "effective" and first == second
    assert (why is not None) == refused


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("seconds", [-1, 0, 9, 10, 11])
def test_a_decision_can_be_undone_until_it_takes_effect(state, seconds):
    allowed = rules.may_undo(a_decision(state=state), NOW + timedelta(seconds=seconds))
    assert allowed == (state == "waiting" and seconds < 10)


def test_each_verdict_leads_somewhere():
    assert [rules.status_after(verdict) for verdict in Verdict] == [
        CaseStatus.REMOVING,
        CaseStatus.DECLINED,
        CaseStatus.SECOND_LOOK,
    ]


TIMES = st.integers(0, 5).map(lambda n: NOW + timedelta(minutes=n))
COPIES = st.lists(st.builds(lambda x, t: (x, t), st.booleans(), TIMES)).map(
    lambda each: [a_copy(n, excluded=x, added_at=t) for n, (x, t) in enumerate(each)]
)
DECISIONS = st.lists(
    st.builds(a_decision, st.sampled_from(Verdict), st.sampled_from(STATES), st.just(MIRA), TIMES)
)


@given(COPIES, DECISIONS)
def test_a_decision_speaks_of_the_copies_that_lay_before_the_reviewer(copies, decisions):
    reviewed = rules.reviewed(copies, decisions)
    effective = [decision for decision in decisions if decision.state == "effective"]
    for copy in copies:
        assert (copy in reviewed) == (
            not copy.excluded
            and any(d.verdict is SHARED and copy.added_at <= d.decided_at for d in effective)
            and all(d.verdict is not NOT_SHARED for d in effective)
        )


@given(COPIES)
def test_without_a_decision_in_effect_nothing_is_reviewed(copies):
    assert rules.reviewed(copies, [a_decision(state="waiting"), a_decision(CANNOT_TELL)]) == ()


@pytest.mark.parametrize("reason", DecisionReason)
@pytest.mark.parametrize("state", STATES)
def test_a_case_may_show_a_minor_once_that_reason_took_effect(reason, state):
    said = replace(a_decision(state=state), reason=reason)
    found = rules.may_show_a_minor([a_decision(CANNOT_TELL), said, a_decision(NOT_SHARED)])
    assert found == (reason is DecisionReason.MAY_BE_A_MINOR and state == "effective")


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("candidate", [False, True])
def test_a_copy_awaits_an_eye_until_its_case_is_decided_and_a_candidate_while_it_is_not_closed(
    status, candidate
):
    copy = replace(a_copy(), hit=Hit(40, 0, negative=False, review_only=candidate))
    assert copy.is_candidate is candidate
    found = rules.awaits_an_eye(a_case(status), copy)
    if status in {CaseStatus.REMOVING, CaseStatus.REMOVED}:
        assert found is candidate
    else:
        assert found is (status is not CaseStatus.DECLINED)
