from dataclasses import asdict, replace
from typing import cast
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafts import MemoryDrafts
from made_flips import FIELD
from takeback.entrypoints.portal import answers as form
from takeback.entrypoints.portal.session import Draft, Lookup, Session, load, save
from takeback.entrypoints.portal.steps import ASKED_ON, Step
from takeback.infra.db.pool import Database
from takeback.submissions import model
from takeback.submissions.draft import new_key
from takeback.submissions.model import MAX_LOCATIONS, MAX_PICTURES, ReportedPicture, missing

HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
PICTURES = st.builds(
    ReportedPicture, flips=st.lists(HASHES, min_size=8, max_size=8).map(tuple), quality=st.integers(0, 100)
)
TYPED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=50)


def written(pictures: tuple[ReportedPicture, ...]) -> str:
    """The hidden field as the page's script fills it."""
    return " ".join(".".join((str(picture.quality), *picture.flips)) for picture in pictures)


ANSWERS = st.builds(
    form.Answers,
    age=st.sampled_from(["", "yes", "no", "unsure"]),
    pictures=st.lists(PICTURES, max_size=3).map(tuple).map(written),
    where=TYPED,
    account=TYPED,
    nonconsent=st.sampled_from(["", "yes"]),
    good_faith=st.sampled_from(["", "yes"]),
    signature=TYPED,
    contact=TYPED,
)


@given(ANSWERS, st.sampled_from(["age", "check"]), st.sampled_from(["next", "change:where"]))
def test_what_a_page_sends_is_what_was_answered(answers, at, go):
    turn = form.parse(urlencode({**asdict(answers), "at": at, "go": go}).encode())
    assert turn == form.FormPost(at=at, go=go, then="", trap="", fields=asdict(answers))
    assert turn.answered(form.Answers(), form.FIELDS) == answers


@given(ANSWERS, ANSWERS, st.sampled_from(list(Step)))
def test_a_draft_is_what_each_page_sent_last(before, sent, step):
    """H7: a page's fields replace the draft's, and leave all others as they are."""
    asked = ASKED_ON[step]
    turn = form.parse(urlencode({name: getattr(sent, name) for name in asked}).encode())
    after = turn.answered(before, asked)
    for name in form.FIELDS:
        assert getattr(after, name) == getattr(sent if name in asked else before, name)


@given(ANSWERS, st.sampled_from(list(Step)), st.lists(TYPED, max_size=3).map(tuple))
def test_a_session_is_read_back_as_it_was_kept(answers, step, warned):
    """H7: through the seal, under its own key and no other."""
    drafts, key = cast("Database", MemoryDrafts()), new_key()
    kept = Session(Draft(answers, at=step.value, checked=True, warned=warned), Lookup("1" * 20, typed="1"))
    assert save(drafts, key, kept, fresh=True) == "kept"
    assert load(drafts, key) == kept
    assert load(drafts, new_key()) is None


@given(st.lists(PICTURES, max_size=MAX_PICTURES).map(tuple))
def test_pictures_are_read_as_they_were_written(pictures):
    assert form.read_pictures(written(pictures)) == pictures


@given(st.binary(max_size=200))
def test_bodies_from_anywhere_are_read_or_refused(body):
    try:
        form.parse(body)
    except ValueError:
        return


ONE = FIELD


@pytest.mark.parametrize(
    "text",
    [
        "90",
        ONE.upper(),
        ONE + ".00",
        ONE.replace("90", "101", 1),
        ONE.replace("90", "-1", 1),
        ONE[:-1],
        ONE + " <script>",
        " ".join([ONE] * (MAX_PICTURES + 1)),
    ],
)
def test_numbers_that_our_script_does_not_write_are_refused(text):
    with pytest.raises(ValueError, match="picture"):
        form.read_pictures(text)


@pytest.mark.parametrize(
    "body", [b"at=age&at=check", b"\xff", b"account=%ff", b"&".join(b"a%d=1" % n for n in range(99))]
)
def test_bodies_that_no_page_of_ours_sends_are_refused(body):
    with pytest.raises(ValueError, match=r".+"):
        form.parse(body)


def test_lines_are_cleaned_and_kept_once_in_their_order():
    assert form.locations(" b \n\n a\nb\n") == ("b", "a")


@pytest.mark.parametrize("widest", ["漢", "\x01", "😀", "\\"])
def test_the_fullest_form_in_any_script_fits_into_its_body_and_its_draft(widest):
    def full(units: int) -> str:
        return widest * (units // (len(widest.encode("utf-16-le")) // 2))

    fullest = form.Answers(
        age="yes",
        pictures=" ".join([".".join(["100", *["ab" * 32] * 8])] * MAX_PICTURES),
        where=full(model.LONGEST_WHERE),
        account=full(model.LONGEST_ACCOUNT),
        nonconsent="yes",
        good_faith="yes",
        signature=full(model.LONGEST_SIGNATURE),
        contact=full(model.LONGEST_CONTACT),
    )
    for step in Step:
        asked = {name: getattr(fullest, name) for name in ASKED_ON[step]}
        body = urlencode({**asked, "at": step, "go": "next", "then": "check", "website": ""}, quote_via=quote)
        assert len(body) < form.BODY_LIMIT
    drafts = cast("Database", MemoryDrafts())
    warned = Draft(fullest, warned=(fullest.where,))
    assert save(drafts, new_key(), Session(warned, Lookup("1" * 20, typed="1" * 200)), fresh=True) == "kept"


def test_answers_make_a_complete_report():
    answers = form.Answers(
        age="yes", where="https://chat.example/1", nonconsent="yes", good_faith="yes", signature=" River "
    )
    warned = form.report(answers, "en")
    assert missing(warned) == ()
    assert (warned.signature, warned.locations) == ("River", ("https://chat.example/1",))
    many = replace(answers, where="\n".join(str(n) for n in range(50)))
    assert len(form.report(many, "en").locations) == MAX_LOCATIONS
