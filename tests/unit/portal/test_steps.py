from dataclasses import replace
from itertools import pairwise

import pytest

from made_flips import FIELD
from takeback.doors.portal.answers import LONGEST_ACCOUNT, Answers, Turn
from takeback.doors.portal.steps import ORDER, End, Leave, Sheet, Step, turn

PICTURE = FIELD
WHOLE = Answers(
    age="yes", pictures=PICTURE, nonconsent="yes", good_faith="yes", signature="River", attempt="a" * 32
)


def press(
    at: Step, go: str = "next", answers: Answers = WHOLE, then: str = "", trap: str = ""
) -> Sheet | Leave:
    return turn(Turn(at=at.value, go=go, then=then, trap=trap, answers=answers))


def faults_of(shown: Sheet | Leave) -> list[str]:
    assert isinstance(shown, Sheet)
    return [fault.field for fault in shown.faults]


def test_every_question_leads_to_the_next():
    for step, following in pairwise(ORDER):
        assert press(step) == Sheet(following, WHOLE)


def test_back_keeps_everything_also_what_is_not_right_yet():
    typed = Answers(age="yes", where="x" * 9999)
    assert press(Step.ACCOUNT, "back", typed) == Sheet(Step.WHERE, typed)
    assert press(Step.AGE, "back") == Leave(End.START, WHOLE)


@pytest.mark.parametrize("age", ["no", "unsure"])
@pytest.mark.parametrize(("at", "go"), [(Step.AGE, "next"), (Step.CHECK, "send")])
def test_under_18_leads_out_and_takes_nothing_along(age, at, go):
    assert press(at, go, replace(WHOLE, age=age)) == Leave(End.YOUNGER, Answers())


def test_the_age_must_be_answered():
    assert faults_of(press(Step.AGE, answers=Answers())) == ["age"]


def test_a_picture_or_a_place_is_enough_and_one_is_needed():
    nothing = replace(WHOLE, pictures="")
    assert faults_of(press(Step.WHERE, "next", nothing)) == ["where"]
    assert faults_of(press(Step.WHERE, "skip", nothing)) == ["where"]
    assert press(Step.WHERE, "next", replace(nothing, where="https://chat.example/1")) == Sheet(
        Step.ACCOUNT, replace(nothing, where="https://chat.example/1")
    )
    assert press(Step.WHERE, "skip") == Sheet(Step.ACCOUNT, WHOLE)


def test_skipping_takes_back_what_was_typed_there_and_nothing_else():
    typed = replace(WHOLE, account="something", contact="somewhere")
    assert press(Step.ACCOUNT, "skip", typed) == Sheet(Step.STATEMENTS, replace(typed, account=""))


def test_statements_and_signature_are_asked_for_one_by_one():
    unsigned = replace(WHOLE, nonconsent="", good_faith="", signature=" ")
    assert faults_of(press(Step.STATEMENTS, answers=unsigned)) == ["nonconsent", "good_faith", "signature"]


def test_too_long_is_counted_as_browsers_count():
    assert faults_of(press(Step.ACCOUNT, answers=replace(WHOLE, account="x" * LONGEST_ACCOUNT))) == []
    assert faults_of(press(Step.ACCOUNT, answers=replace(WHOLE, account="x" * (LONGEST_ACCOUNT + 1)))) == [
        "account"
    ]
    assert faults_of(press(Step.ACCOUNT, answers=replace(WHOLE, account="😀" * LONGEST_ACCOUNT))) == [
        "account"
    ]


def test_changing_one_answer_leads_back_to_the_last_page():
    changing = press(Step.CHECK, "change:where")
    assert changing == Sheet(Step.WHERE, WHOLE, "check")
    assert press(Step.WHERE, "next", then="check") == Sheet(Step.CHECK, WHOLE)


def test_taking_the_last_picture_away_while_changing_leads_to_the_question_where():
    assert press(Step.PICTURE, "skip", then="check") == Sheet(
        Step.WHERE, replace(WHOLE, pictures=""), "check"
    )


def test_sending_checks_all_of_it_again():
    assert press(Step.CHECK, "send") == Leave(End.SEND, WHOLE)
    for gone, step in [
        ({"age": ""}, Step.AGE),
        ({"pictures": ""}, Step.WHERE),
        ({"signature": ""}, Step.STATEMENTS),
    ]:
        shown = press(Step.CHECK, "send", replace(WHOLE, **gone))
        assert isinstance(shown, Sheet)
        assert shown.step is step
        assert shown.faults
        assert shown.then == "check"


def test_a_filled_trap_is_said_and_nothing_is_lost():
    shown = press(Step.CHECK, "send", trap="https://buy.example")
    assert isinstance(shown, Sheet)
    assert (shown.step, shown.answers) == (Step.CHECK, WHOLE)
    assert faults_of(shown) == ["send"]


@pytest.mark.parametrize(
    ("at", "go"), [("age", "jump"), ("", "next"), ("age", "skip"), ("check", "change:nothing")]
)
def test_buttons_that_we_do_not_have_are_refused(at, go):
    with pytest.raises(ValueError, match=r".+"):
        turn(Turn(at=at, go=go, then="", trap="", answers=WHOLE))
