from dataclasses import asdict, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_flips import FIELD
from takeback.entrypoints.portal.answers import Answers, FormPost
from takeback.entrypoints.portal.links import links
from takeback.entrypoints.portal.steps import ORDER, End, Exit, Page, Step, faults, turn
from takeback.submissions.model import LONGEST_ACCOUNT

PICTURE = FIELD
WHOLE = Answers(age="yes", pictures=PICTURE, nonconsent="yes", good_faith="yes", signature="River")
FOLLOWED = links(r"chat://.*|https://chat\.example/.*")
ELSEWHERE = ("https://t.me/lake/7", "https://photos.example/a", "something that is no link")
"""What nobody here can follow."""


def press(
    at: Step,
    go: str = "next",
    answers: Answers = WHOLE,
    then: str = "",
    trap: str = "",
    warned: tuple[str, ...] = (),
) -> Page | Exit:
    """Press a button on a page with these answers; those that the page asks come from its form."""
    asked = asdict(answers)
    return turn(FormPost(at=at.value, go=go, then=then, trap=trap, fields=asked), answers, FOLLOWED, warned)


def faults_of(shown: Page | Exit) -> list[str]:
    assert isinstance(shown, Page)
    return [fault.field for fault in shown.faults]


def test_every_question_leads_to_the_next():
    for step, following in pairwise(ORDER):
        assert press(step) == Page(following, WHOLE)


def test_back_keeps_everything_also_what_is_not_right_yet():
    typed = Answers(age="yes", where="x" * 9999)
    assert press(Step.ACCOUNT, "back", typed) == Page(Step.WHERE, typed)
    assert press(Step.AGE, "back") == Exit(End.START, WHOLE)


@pytest.mark.parametrize("age", ["no", "unsure"])
@pytest.mark.parametrize(("at", "go"), [(Step.AGE, "next"), (Step.CHECK, "send")])
def test_under_18_leads_out_and_takes_nothing_along(age, at, go):
    assert press(at, go, replace(WHOLE, age=age)) == Exit(End.YOUNGER, Answers())


def test_the_age_must_be_answered():
    assert faults_of(press(Step.AGE, answers=Answers())) == ["age"]


def test_a_picture_or_a_place_is_enough_and_one_is_needed():
    nothing = replace(WHOLE, pictures="")
    assert faults_of(press(Step.WHERE, "next", nothing)) == ["where"]
    assert faults_of(press(Step.WHERE, "skip", nothing)) == ["where"]
    assert press(Step.WHERE, "next", replace(nothing, where="https://chat.example/1")) == Page(
        Step.ACCOUNT, replace(nothing, where="https://chat.example/1")
    )
    assert press(Step.WHERE, "skip") == Page(Step.ACCOUNT, WHOLE)


def test_skipping_takes_back_what_was_typed_there_and_nothing_else():
    typed = replace(WHOLE, account="something", contact="somewhere")
    assert press(Step.ACCOUNT, "skip", typed) == Page(Step.STATEMENTS, replace(typed, account=""))


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
    assert changing == Page(Step.WHERE, WHOLE, "check")
    assert press(Step.WHERE, "next", then="check") == Page(Step.CHECK, WHOLE)


def test_taking_the_last_picture_away_while_changing_leads_to_the_question_where():
    assert press(Step.PICTURE, "skip", then="check") == Page(Step.WHERE, replace(WHOLE, pictures=""), "check")


def test_sending_checks_all_of_it_again():
    assert press(Step.CHECK, "send") == Exit(End.SEND, WHOLE)
    for gone, step in [
        ({"age": ""}, Step.AGE),
        ({"pictures": ""}, Step.WHERE),
        ({"signature": ""}, Step.STATEMENTS),
    ]:
        shown = press(Step.CHECK, "send", replace(WHOLE, **gone))
        assert isinstance(shown, Page)
        assert shown.step is step
        assert shown.faults
        assert shown.then == "check"


def test_a_filled_trap_is_said_and_nothing_is_lost():
    shown = press(Step.CHECK, "send", trap="https://buy.example")
    assert isinstance(shown, Page)
    assert (shown.step, shown.answers) == (Step.CHECK, WHOLE)
    assert faults_of(shown) == ["send"]


@pytest.mark.parametrize(
    ("at", "go"), [("age", "jump"), ("", "next"), ("age", "skip"), ("check", "change:nothing")]
)
def test_buttons_that_we_do_not_have_are_refused(at, go):
    with pytest.raises(ValueError, match=r".+"):
        turn(FormPost(at=at, go=go, then="", trap="", fields=asdict(WHOLE)), WHOLE, FOLLOWED)


def test_a_page_changes_what_it_asks_and_nothing_else():
    """H7: what a page does not show is in the draft, and a form cannot reach it."""
    fields = {"account": "new", "signature": "somebody else", "age": "no"}
    shown = turn(FormPost("account", "next", "", "", fields), replace(WHOLE, contact="me"), FOLLOWED)
    assert shown == Page(Step.STATEMENTS, replace(WHOLE, contact="me", account="new"))


# --- links that nobody here can follow (H4) ----------------------------------------------------------------

LINES = st.lists(st.sampled_from([*ELSEWHERE, "chat://1", "https://chat.example/2"]), min_size=1, max_size=6)
UNCONNECTED = st.builds(
    "https://{}.{}/{}".format,
    st.text("abcdefghij0123456789-", min_size=1, max_size=12).map(lambda name: f"x{name}x"),
    st.sampled_from(["com", "org", "me", "social", "example"]),
    st.text("abcXYZ0123456789/?=&#-_.~%", max_size=40),
)


def where(lines: list[str], pictures: str = PICTURE) -> Answers:
    return replace(WHOLE, where="\n".join(lines), pictures=pictures)


@given(st.lists(UNCONNECTED, min_size=1, max_size=5, unique=True))
def test_no_report_can_be_sent_that_nobody_can_act_on(lines):
    """H4: without a picture, links of platforms that are not connected lead no further, whatever they are."""
    typed = where(lines, pictures="")
    shown = press(Step.WHERE, answers=typed)
    assert isinstance(shown, Page)
    assert (shown.step, faults_of(shown), shown.answers.where) == (Step.WHERE, ["where"], typed.where)
    assert [fault.text for fault in shown.faults] == ["where.nobody"]
    sent = press(Step.CHECK, "send", typed)
    assert isinstance(sent, Page)
    assert (sent.step, sent.answers) == (Step.WHERE, typed)
    assert [fault.text for fault in sent.faults] == ["where.nobody"]


@given(LINES)
def test_each_line_that_nobody_can_follow_is_said_to_be_so_once(lines):
    """H4: at once, on the page where it was typed; pressing once more goes on, with all that was typed."""
    elsewhere = tuple(dict.fromkeys(line for line in lines if line in ELSEWHERE))
    first = press(Step.WHERE, answers=where(lines))
    assert isinstance(first, Page)
    assert first.warned == elsewhere
    assert first.step is (Step.WHERE if elsewhere else Step.ACCOUNT)
    assert first.answers == where(lines)
    again = press(Step.WHERE, answers=first.answers, warned=first.warned)
    assert isinstance(again, Page)
    assert (again.step, again.answers) == (Step.ACCOUNT, where(lines))


@given(LINES, LINES)
def test_what_is_typed_later_is_said_too(lines, more):
    """H4."""
    new = {line for line in more if line in ELSEWHERE} - set(lines)
    shown = press(Step.WHERE, answers=where(more), warned=tuple(line for line in lines if line in ELSEWHERE))
    assert isinstance(shown, Page)
    assert (shown.step is Step.WHERE) == bool(new)


@given(LINES)
def test_one_link_that_can_be_followed_is_enough(lines):
    """H4."""
    found = faults(Step.WHERE, where(lines, pictures=""), FOLLOWED)
    assert bool(found) == (not any(line not in ELSEWHERE for line in lines))


@given(st.lists(UNCONNECTED, min_size=1, max_size=5))
def test_where_it_is_not_known_what_is_connected_nothing_is_claimed(lines):
    assert links(None).unfollowed(tuple(lines)) == ()
    assert links("").unfollowed(tuple(lines)) == tuple(lines)
