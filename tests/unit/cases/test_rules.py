"""What may be decided when, and which copies a decision speaks of: every case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.cases import rules
from takeback.cases.model import REASONS, Case, CaseStatus, Copy, Decision, DecisionReason, Reviewer
from takeback.events import FoundBy, Verdict
from takeback.ids import CaseId, ReportId, SightingId, StaffId
from takeback.signals.relation import Hit

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SHARED, NOT_SHARED, CANNOT_TELL, OUT_OF_REACH = Verdict
MIRA, NOOR, LENA = StaffId(UUID(int=1)), StaffId(UUID(int=2)), StaffId(UUID(int=9))
CASE = CaseId(UUID(int=3))
STATES = ("waiting", "undone", "effective", "disputed", "reversed")


def a_case(status=CaseStatus.OPEN) -> Case:
    return Case(CASE, ReportId(UUID(int=4)), NOW, NOW, "house", status, overdue=False, changed_at=NOW)


def a_copy(number=1, *, excluded=False, added_at=NOW, gone_at=None) -> Copy:
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
        gone_at=gone_at,
    )


def a_decision(verdict=SHARED, state="effective", staff=MIRA, decided_at=NOW) -> Decision:
    number = uuid5(CASE, f"{verdict}{state}{staff}{decided_at}")
    reason = REASONS[verdict][0]
    effective_at = decided_at + timedelta(seconds=10)
    return Decision(number, CASE, verdict, reason, "", staff, decided_at, effective_at, state)


IN_FAVOUR = REASONS[SHARED][0]


def blocker(case, copies, earlier, verdict, reason=None, staff=MIRA, *, admin=False):
    return rules.decision_blocker(
        case, copies, earlier, verdict, reason or REASONS[verdict][0], Reviewer(staff, admin)
    )


def copies_for(verdict):
    return [] if verdict is OUT_OF_REACH else [a_copy()]


@every("status", CaseStatus)
@every("verdict", Verdict)
def test_only_what_waits_for_a_reviewer_can_be_decided(status, verdict):
    why = blocker(a_case(status), copies_for(verdict), [], verdict)
    if status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}:
        assert why is None
    else:
        assert status.value.replace("_", " ") in why


@every(("verdict", "reason"), list(product(Verdict, DecisionReason)))
def test_each_reason_goes_with_one_verdict_only(verdict, reason):
    why = blocker(a_case(), copies_for(verdict), [], verdict, reason)
    assert (why is None) == (reason in REASONS[verdict])
    assert sum(reason in reasons for reasons in REASONS.values()) == 1


GONE = a_copy(9, gone_at=NOW)


@every("verdict", Verdict)
@every(
    "copies", [[], [a_copy(excluded=True)], [GONE], [a_copy(1, excluded=True), a_copy(2)], [GONE, a_copy(2)]]
)
def test_what_nobody_can_see_can_only_be_declined_or_said_to_be_out_of_reach(verdict, copies):
    seen = any(copy.can_be_seen for copy in copies)
    wanted = {SHARED: seen, CANNOT_TELL: seen, NOT_SHARED: True, OUT_OF_REACH: not seen}[verdict]
    assert (blocker(a_case(), copies, [], verdict) is None) == wanted


@every(("verdict", "state", "first", "second"), list(product(Verdict, STATES, (MIRA, NOOR), (MIRA, NOOR))))
def test_who_could_not_tell_or_declined_or_was_disputed_does_not_decide_alone(verdict, state, first, second):
    earlier = [a_decision(verdict, state, first)]
    why = blocker(a_case(CaseStatus.SECOND_LOOK), [a_copy()], earlier, SHARED, staff=second)
    unsure = verdict in {CANNOT_TELL, NOT_SHARED} and state == "effective"
    assert (why is not None) == ((unsure or state == "disputed") and first == second)


def test_two_who_decided_differently_may_agree_with_each_other_and_no_more():
    earlier = [a_decision(SHARED, "disputed", MIRA), a_decision(NOT_SHARED, "disputed", NOOR)]
    case = a_case(CaseStatus.SECOND_LOOK)
    assert blocker(case, [a_copy()], earlier, NOT_SHARED, staff=MIRA) is None
    assert blocker(case, [a_copy()], earlier, SHARED, staff=NOOR) is None
    assert blocker(case, [a_copy()], earlier, SHARED, staff=MIRA)
    assert blocker(case, [a_copy()], earlier, SHARED, staff=LENA) is None


DECISIONS = st.lists(
    st.builds(
        lambda verdict, state, staff, minutes, shown: replace(
            a_decision(verdict, state, staff, NOW + timedelta(minutes=minutes)), shown=frozenset(shown)
        ),
        st.sampled_from(Verdict),
        st.sampled_from(STATES),
        st.sampled_from([MIRA, NOOR]),
        st.integers(0, 5),
        st.frozensets(st.integers(0, 4)),
    )
)


@given(DECISIONS, st.sampled_from(Verdict))
def test_h10_no_case_is_stuck_whatever_was_decided_before(decisions, verdict):
    """H10: two who cannot tell, or decided differently, leave it to a third person or an administrator."""
    case = a_case(CaseStatus.SECOND_LOOK)
    for third in (Reviewer(LENA), Reviewer(MIRA, is_administrator=True)):
        assert rules.person_blocker(decisions, third, verdict) is None
        reason = REASONS[verdict][0]
        assert rules.decision_blocker(case, copies_for(verdict), decisions, verdict, reason, third) is None


def test_who_declined_the_same_picture_elsewhere_leaves_it_to_somebody_else():
    assert rules.person_blocker([], Reviewer(MIRA), SHARED, {MIRA})
    assert rules.person_blocker([], Reviewer(NOOR), SHARED, {MIRA}) is None


@every("state", STATES)
@every("seconds", [-1, 0, 9, 10, 11])
def test_a_decision_can_be_undone_until_it_takes_effect(state, seconds):
    allowed = rules.may_undo(a_decision(state=state), NOW + timedelta(seconds=seconds))
    assert allowed == (state == "waiting" and seconds < 10)


def test_each_verdict_leads_somewhere():
    assert [rules.status_after(verdict) for verdict in Verdict] == [
        CaseStatus.REMOVING,
        CaseStatus.DECLINED,
        CaseStatus.SECOND_LOOK,
        CaseStatus.OUT_OF_REACH,
    ]


def may_be(copy, *, confirmed=False, acts_at=None):
    return replace(
        copy, hit=Hit(40, 0, negative=False, review_only=True), confirmed=confirmed, acts_at=acts_at
    )


COPIES = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(-9, 9)), max_size=5).map(
    lambda each: [
        may_be(a_copy(number, excluded=out), confirmed=said and not out, acts_at=NOW + timedelta(minutes=at))
        if maybe
        else a_copy(number, excluded=out)
        for number, (out, maybe, said, at) in enumerate(each)
    ]
)


@given(COPIES, DECISIONS)
def test_h2_a_decision_covers_the_copies_of_its_page_and_those_alone(copies, decisions):
    """H2: not what was added before it was made, but what its page showed, and what a person confirmed."""
    reviewed = rules.reviewed(copies, decisions, NOW)
    holding: list[Decision] = []
    for decision in decisions:
        if decision.state == "effective" and decision.verdict is NOT_SHARED:
            holding = []
        elif decision.state == "effective" and decision.verdict is SHARED:
            holding.append(decision)
    on_a_page = {sighting for decision in holding for sighting in decision.shown}
    for copy in copies:
        confirmed = copy.confirmed and copy.acts_at <= NOW
        assert (copy in reviewed) == (
            bool(holding) and copy.counts and (copy.sighting in on_a_page or confirmed)
        )


@given(COPIES, st.frozensets(st.integers(0, 4)))
def test_what_a_page_shows_as_a_candidate_excluded_or_gone_is_not_covered(copies, page):
    covered = rules.covers([*copies, GONE], {*page, GONE.sighting})
    assert covered == {c.sighting for c in copies if c.sighting in page and c.counts}


@given(COPIES)
def test_without_a_decision_in_effect_nothing_is_reviewed(copies):
    for state in ("waiting", "undone", "disputed", "reversed"):
        shown = frozenset(copy.sighting for copy in copies)
        decision = replace(a_decision(state=state), shown=shown)
        assert rules.reviewed(copies, [decision, a_decision(CANNOT_TELL)], NOW) == ()


@given(COPIES, st.frozensets(st.integers(0, 4)))
def test_a_decided_case_waits_for_a_person_only_for_copies_that_she_can_see_and_say(copies, decided):
    found = rules.unsettled([*copies, GONE], decided, NOW)
    assert found == any(
        c.counts and c.sighting not in decided and not (c.confirmed and c.acts_at > NOW) for c in copies
    )


@every("status", CaseStatus)
@every("acts_in", [None, -1, 1])
def test_h10_what_was_confirmed_in_a_decided_case_can_be_taken_back_before_it_acts(status, acts_in):
    """H10: "same picture" in a decided case planned the removal at once."""
    acts_at = None if acts_in is None else NOW + timedelta(seconds=acts_in)
    copy = may_be(a_copy(), confirmed=acts_in is not None, acts_at=acts_at)
    may = rules.marking_blocker(a_case(status), copy, NOW) is None
    if status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}:
        assert may
    else:
        assert may == (status in {CaseStatus.REMOVING, CaseStatus.REMOVED} and acts_in != -1)


@every("reason", DecisionReason)
@every("state", STATES)
def test_h10_looking_is_shut_at_once_and_pictures_go_when_it_takes_effect(reason, state):
    """H10: while "may be a minor" waits, nobody looks; what took effect is not taken back by a reversal."""
    said = replace(a_decision(state=state), reason=reason)
    decisions = [a_decision(CANNOT_TELL), said, a_decision(NOT_SHARED)]
    minor = reason is DecisionReason.MAY_BE_A_MINOR
    assert rules.nobody_looks(decisions) == (minor and state != "undone")
    assert rules.may_show_a_minor(decisions) == (minor and state in {"effective", "reversed"})


@every("status", CaseStatus)
def test_a_closed_case_can_be_decided_again_and_a_removal_be_reversed(status):
    closed = status in {CaseStatus.DECLINED, CaseStatus.OUT_OF_REACH}
    assert (rules.reopening_blocker(a_case(status)) is None) == closed
    blocked = rules.reversal_blocker(a_case(status), [a_decision()])
    assert (blocked is None) == (status is not CaseStatus.DECIDED)
    assert rules.reversal_blocker(a_case(status), [a_decision(), a_decision(NOT_SHARED)])


@every("status", CaseStatus)
@every("candidate", [False, True])
def test_a_copy_awaits_an_eye_until_its_case_is_decided_and_a_candidate_while_it_is_not_closed(
    status, candidate
):
    copy = replace(a_copy(), hit=Hit(40, 0, negative=False, review_only=candidate))
    assert copy.is_candidate is candidate
    found = rules.awaits_review(a_case(status), copy)
    if status in {CaseStatus.REMOVING, CaseStatus.REMOVED}:
        assert found is candidate
    else:
        assert found is (status not in {CaseStatus.DECLINED, CaseStatus.OUT_OF_REACH})
