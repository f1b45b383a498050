from dataclasses import asdict, replace
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_flips import FIELD
from takeback.doors.portal import answers as form
from takeback.intake.model import MAX_LOCATIONS, MAX_PICTURES, ReportedPicture, missing

HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
PICTURES = st.builds(
    ReportedPicture, flips=st.lists(HASHES, min_size=8, max_size=8).map(tuple), quality=st.integers(0, 100)
)
TYPED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=50)
ANSWERS = st.builds(
    form.Answers,
    age=st.sampled_from(["", "yes", "no", "unsure"]),
    pictures=st.lists(PICTURES, max_size=3).map(tuple).map(form.write_pictures),
    where=TYPED,
    account=TYPED,
    nonconsent=st.sampled_from(["", "yes"]),
    good_faith=st.sampled_from(["", "yes"]),
    signature=TYPED,
    contact=TYPED,
    attempt=TYPED,
)


@given(ANSWERS, st.sampled_from(["age", "check"]), st.sampled_from(["next", "change:where"]))
def test_what_a_page_sends_is_what_was_answered(answers, at, go):
    turn = form.parse(urlencode({**asdict(answers), "at": at, "go": go}).encode())
    assert turn == form.Turn(at=at, go=go, then="", trap="", answers=answers)


@given(st.lists(PICTURES, max_size=MAX_PICTURES).map(tuple))
def test_pictures_are_read_as_they_were_written(pictures):
    assert form.read_pictures(form.write_pictures(pictures)) == pictures


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


def test_the_fullest_form_in_any_script_fits_into_one_body():
    fullest = form.Answers(
        age="yes",
        pictures=" ".join([".".join(["100", *["ab" * 32] * 8])] * MAX_PICTURES),
        where="漢" * form.LONGEST_WHERE,
        account="漢" * form.LONGEST_ACCOUNT,
        nonconsent="yes",
        good_faith="yes",
        signature="漢" * form.LONGEST_SIGNATURE,
        contact="漢" * form.LONGEST_CONTACT,
        attempt="a" * 32,
    )
    body = urlencode(
        {**asdict(fullest), "at": "statements", "go": "next", "then": "check", "website": ""}, quote_via=quote
    )
    assert len(body) < form.BODY_LIMIT


def test_answers_make_a_complete_report():
    answers = form.Answers(
        age="yes", where="https://chat.example/1", nonconsent="yes", good_faith="yes", signature=" River "
    )
    told = form.report(answers, "en")
    assert missing(told) == ()
    assert (told.signature, told.locations) == ("River", ("https://chat.example/1",))
    many = replace(answers, where="\n".join(str(n) for n in range(50)))
    assert len(form.report(many, "en").locations) == MAX_LOCATIONS
