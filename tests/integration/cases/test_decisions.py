"""People decide at the same time, change their mind, and meet the moment at which a decision takes effect."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from deciding_now import decide_now, page_of
from made_up import NOW, a_case, a_copy
from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import CaseStatus, DecisionReason, LookReason
from takeback.errors import NotFound, Refused
from takeback.events import Revealed, Verdict
from takeback.ids import CaseId, SightingId, StaffId
from turns import Actor, State, Turns

MIRA, NOOR, LENA = StaffId(UUID(int=1)), StaffId(UUID(int=2)), StaffId(UUID(int=5))
UNDO = timedelta(seconds=10)
SHARED, NOT_SHARED, CANNOT_TELL, OUT_OF_REACH = Verdict
WHY = {
    SHARED: DecisionReason.INTIMATE_AND_NO_CONSENT,
    NOT_SHARED: DecisionReason.NOT_INTIMATE,
    CANNOT_TELL: DecisionReason.PICTURE_UNCLEAR,
    OUT_OF_REACH: DecisionReason.NOT_CONNECTED,
}


@pytest.fixture
def case(database):
    """An open case with two copies."""
    with database.transaction() as tx:
        made = a_case(tx)
        a_copy(tx, made, 1)
        a_copy(tx, made, 2)
    return made


def decide(tx, case, verdict=SHARED, staff=MIRA, now=NOW, **more: object):
    return decide_now(tx, case, verdict, WHY[verdict], staff=staff, now=now, undo=UNDO, **more)


def events(tx, kind):
    return [body for (body,) in tx.execute("select body from event where kind = %s order by id", [kind])]


def test_h10_of_two_reviewers_who_decide_differently_at_once_neither_takes_effect(database, case):
    """H10: the second one's decision was a silent refusal, and a page in favour of the first."""
    outcome = []
    with database.transaction() as tx:
        page = page_of(tx, case)

    def program_of(staff, verdict) -> Callable[[Actor], None]:
        def program(actor) -> None:
            try:
                with actor.transaction() as tx:
                    outcome.append(decide(tx, case, verdict, staff, page=page).state)
            except Refused as refused:
                outcome.append(str(refused))

        return program

    with Turns(database.url) as turns:
        first, second = turns.add(program_of(MIRA, SHARED)), turns.add(program_of(NOOR, NOT_SHARED))
        for _ in range(3):
            turns.give(first)
        assert not turns.until_stopped(second)
        turns.play(())
    assert outcome == ["waiting", "disputed"]
    with database.transaction() as tx:
        both = cases.decisions(tx, case)
        assert sorted((each.staff, each.state) for each in both) == [(MIRA, "disputed"), (NOOR, "disputed")]
        assert cases.get(tx, case).status is CaseStatus.SECOND_LOOK
        assert len(events(tx, "decision_disputed")) == 1
        deciding.take_effect(tx, next(each.id for each in both if each.staff == MIRA), NOW + UNDO)
        assert cases.get(tx, case).status is CaseStatus.SECOND_LOOK
        with pytest.raises(Refused, match="decided otherwise"):
            decide(tx, case, SHARED, MIRA)
        assert decide(tx, case, SHARED, LENA).state == "waiting"


def test_undo_and_the_moment_of_effect_cannot_both_win(database):
    outcomes = set()
    for before in range(20):
        with database.transaction() as tx:
            case = a_case(tx)
            a_copy(tx, case, 1)
            decision = decide(tx, case).id

        def undoing(actor, case=case, decision=decision) -> None:
            with actor.transaction() as tx:
                deciding.undo(tx, case, decision, staff=NOOR, now=NOW)

        def taking_effect(actor, decision=decision) -> None:
            with actor.transaction() as tx:
                deciding.take_effect(tx, decision, NOW)

        with Turns(database.url) as turns:
            effect, undo = turns.add(taking_effect), turns.add(undoing)
            for _ in range(before):
                turns.give(effect)
            ended = effect.state is State.DONE
            turns.until_stopped(undo)
            try:
                turns.play(())
            except Refused:
                outcomes.add("too late")
        with database.transaction() as tx:
            [found] = cases.decisions(tx, case)
            effective = found.state == "effective"
            expected = CaseStatus.REMOVING if effective else CaseStatus.OPEN
            assert cases.get(tx, case).status is expected
            told = [len([b for b in events(tx, kind) if b["case"] == str(case)])
                    for kind in ("decision_effective", "decision_undone")]  # fmt: skip
            assert told == ([1, 0] if effective else [0, 1])
        outcomes.add(found.state)
        if ended:
            break
    assert outcomes == {"too late", "effective", "undone"}


def test_a_decision_takes_effect_once(database, case):
    with database.transaction() as tx:
        decision = decide(tx, case).id
    for _ in range(2):
        with database.transaction() as tx:
            deciding.take_effect(tx, decision, NOW)
            deciding.take_effect(tx, uuid4(), NOW)
    with database.transaction() as tx:
        assert len(events(tx, "decision_effective")) == 1


def test_another_cases_decision_cannot_be_undone_through_this_one(database, case):
    with database.transaction() as tx:
        other = a_case(tx)
        a_copy(tx, other, 1)
        decision = decide(tx, other).id
    with pytest.raises(NotFound), database.transaction() as tx:
        deciding.undo(tx, case, decision, staff=MIRA, now=NOW)


def test_a_copy_can_be_excluded_and_brought_back_until_the_decision(database, case):
    with database.transaction() as tx:
        one, two = cases.copies(tx, case)
        for excluded in (True, False, True):
            cases.exclude(tx, case, one.sighting, excluded=excluded, staff=MIRA, now=NOW)
        assert [copy.excluded for copy in cases.copies(tx, case)] == [True, False]
        decide(tx, case)
        with pytest.raises(Refused, match="undo the decision first"):
            cases.exclude(tx, case, two.sighting, excluded=True, staff=MIRA, now=NOW)


def test_who_excluded_a_copy_and_who_took_that_back_are_events_and_saying_it_again_is_none(database, case):
    with database.transaction() as tx:
        copy, _ = cases.copies(tx, case)
        for staff, excluded in ((MIRA, True), (NOOR, True), (NOOR, False), (MIRA, False)):
            cases.exclude(tx, case, copy.sighting, excluded=excluded, staff=staff, now=NOW)
        about = {"case": str(case), "sighting": copy.sighting}
        assert events(tx, "copy_excluded") == [{**about, "staff": str(MIRA)}]
        assert events(tx, "exclusion_undone") == [{**about, "staff": str(NOOR)}]


def test_what_is_refused_leaves_no_event(database, case):
    with database.transaction() as tx:
        copy, _ = cases.copies(tx, case)
        decide(tx, case)
        with pytest.raises(Refused):
            cases.exclude(tx, case, copy.sighting, excluded=True, staff=MIRA, now=NOW)
        assert events(tx, "copy_excluded") == []


def test_what_is_not_there_is_not_found(database, case):
    with database.transaction() as tx:
        nobodys = CaseId(uuid4())
        with pytest.raises(NotFound):
            cases.get(tx, nobodys)
        with pytest.raises(NotFound):
            cases.exclude(tx, case, SightingId(999), excluded=True, staff=MIRA, now=NOW)
        with pytest.raises(NotFound):
            cases.look(tx, case, SightingId(999), staff=MIRA, reason=LookReason.TO_DECIDE, now=NOW)
        with pytest.raises(NotFound):
            decide(tx, nobodys)


def test_who_looked_at_what_and_why_is_an_event(database, case):
    with database.transaction() as tx:
        copy = cases.copies(tx, case)[1]
        assert cases.look(tx, case, copy.sighting, staff=NOOR, reason=LookReason.TO_COMPARE, now=NOW) == copy
        assert events(tx, "looked") == [
            {
                "case": str(case),
                "what": Revealed.PICTURE,
                "staff": str(NOOR),
                "reason": "to_compare",
                "sighting": copy.sighting,
            }
        ]


def test_the_queue_shows_what_has_least_time_left_first_and_counts_what_was_not_excluded(database, case):
    with database.transaction() as tx:
        declined = a_case(tx)
        deciding.take_effect(tx, decide(tx, declined, NOT_SHARED).id, NOW)
        urgent = a_case(tx)
        tx.execute("update cases_case set due_at = %s where id = %s", [NOW - UNDO, urgent])
        cases.exclude(tx, case, cases.copies(tx, case)[0].sighting, excluded=True, staff=MIRA, now=NOW)
        rows = cases.queue(tx)
        assert [row.case.id for row in rows] == [urgent, case]
        assert [(row.copies, row.places, row.posters) for row in rows] == [(0, 0, 0), (1, 1, 1)]
        assert {row.case.id for row in cases.queue(tx, include_closed=True)} == {urgent, case, declined}


@pytest.mark.parametrize("verdict", [SHARED, NOT_SHARED, CANNOT_TELL])
def test_only_cases_that_wait_for_something_can_be_overdue(database, case, verdict):
    with database.transaction() as tx:
        deciding.take_effect(tx, decide(tx, case, verdict).id, NOW)
        cases.pass_clocks(tx, NOW + UNDO)
        cases.pass_clocks(tx, NOW + UNDO)
        assert len(events(tx, "clock_passed")) == (verdict is not NOT_SHARED)
        assert cases.get(tx, case).overdue == (verdict is not NOT_SHARED)
