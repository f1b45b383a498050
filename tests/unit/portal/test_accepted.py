"""Whatever the portal's form can send and the portal accepts, the worker opens: one set of limits."""

import os
import random
from urllib.parse import quote_from_bytes

import pyrage
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from made_flips import FIELD, made_flips
from takeback.entrypoints.portal import answers as form
from takeback.entrypoints.portal import steps
from takeback.entrypoints.portal.links import Links
from takeback.errors import Refused
from takeback.infra.vault.seal import Recipient, seal, unpad
from takeback.submissions import submit
from takeback.submissions.model import (
    LARGEST,
    LONGEST_ACCOUNT,
    LONGEST_CONTACT,
    LONGEST_SIGNATURE,
    LONGEST_WHERE,
    MAX_LOCATIONS,
    MAX_PICTURES,
    Report,
    decode,
    missing,
    proven,
    units,
)
from takeback.submissions.receipt import Pepper

KEY = pyrage.x25519.Identity.generate()
RECIPIENT = Recipient(str(KEY.to_public()))
MARKS = "\0\t\x1f\x7f\x85\u200b\u200f\u202e\u2028\ufeff\ufffe\uffff😀\U0001d518"
CHARACTERS = st.one_of(st.characters(), st.sampled_from(MARKS))  # lone surrogates, too
LINES = st.text(st.one_of(CHARACTERS, st.sampled_from("\n \r")), max_size=40)


def long(limit: int) -> st.SearchStrategy[str]:
    """Texts near a limit, in characters of one, two, three and four bytes."""
    return st.builds(
        lambda sign, length, tail: sign * length + tail,
        st.sampled_from(["x", "é", "画", "😀", "\0", "\u202e", '"', "\\", "\x01"]),
        st.integers(limit // 2 - 3, limit + 3),
        st.text(CHARACTERS, max_size=3),
    )


def typed(limit: int) -> st.SearchStrategy[str]:
    return st.one_of(LINES, long(limit))


MANY_LINES = st.builds(
    lambda sign, length, lines: "\n".join(sign * length + str(number) for number in range(lines)),
    st.sampled_from(["x", "画", "😀"]),
    st.integers(1, LONGEST_WHERE // MAX_LOCATIONS),
    st.integers(1, MAX_LOCATIONS + 1),
)
PICTURES = st.lists(st.integers(0, 99), max_size=MAX_PICTURES).map(
    lambda seeds: " ".join(
        ".".join(["80", *(flip.hex() for flip in made_flips(random.Random(seed)))]) for seed in seeds
    )
)
SENT = st.fixed_dictionaries(
    {
        "age": st.just("yes"),
        "pictures": PICTURES,
        "where": st.one_of(typed(LONGEST_WHERE), MANY_LINES),
        "account": typed(LONGEST_ACCOUNT),
        "nonconsent": st.just("yes"),
        "good_faith": st.just("yes"),
        "signature": typed(LONGEST_SIGNATURE),
        "contact": typed(LONGEST_CONTACT),
        "attempt": st.just("a" * 32),
        "at": st.just("check"),
        "go": st.just("send"),
    }
)


def body(fields: dict[str, str]) -> bytes:
    """As a browser writes a form; a lone surrogate as three bytes, which no browser sends."""
    return "&".join(
        f"{name}={quote_from_bytes(value.encode('utf-8', 'surrogatepass'))}" for name, value in fields.items()
    ).encode()


def accepted(fields: dict[str, str]) -> Report | None:
    """The report that the portal would store after all its pages; None if a page answers with a fault."""
    answers = form.Answers()
    try:
        for step in steps.ORDER:
            asked = {name: fields[name] for name in steps.ASKED_ON[step]}
            pressed = asked | {"at": step.value, "go": "send" if step is steps.Step.CHECK else "next"}
            following = steps.turn(form.parse(body(pressed)), answers, Links(None))
            if isinstance(following, steps.Exit):
                return form.report(following.answers, "en") if following.to is steps.End.SEND else None
            if following.faults:
                return None
            answers = following.answers
    except ValueError:
        return None
    return None


WHOLE = {
    "age": "yes", "pictures": FIELD, "where": "", "account": "", "nonconsent": "yes", "good_faith": "yes",
    "signature": "R.", "contact": "", "attempt": "a" * 32, "at": "check", "go": "send",
}  # fmt: skip


@given(SENT)
@example(WHOLE | {"where": "x" * 2001})
@example(WHOLE | {"where": "x" * LONGEST_WHERE})
@example(WHOLE | {"where": "😀" * (LONGEST_WHERE // 2)})
@example(WHOLE | {"where": "\n".join(f"{n:02}" + "画" * 122 for n in range(MAX_LOCATIONS))})
@example(WHOLE | {"account": "\0" * LONGEST_ACCOUNT, "where": "\x01" * LONGEST_WHERE})
@example(WHOLE | {"signature": "\udc80", "contact": "\ud83d"})
def test_whatever_the_portal_accepts_the_worker_opens(fields):
    """H5: a pasted line of 2,001 to 2,500 characters was given a receipt, and refused by the worker."""
    report = accepted(fields)
    if report is None:
        return
    data = proven(report)
    opened = decode(unpad(pyrage.decrypt(seal(RECIPIENT, data), [KEY])))
    assert opened == report
    assert missing(opened) == ()


@pytest.mark.parametrize("sign", ["x", "画", "😀", "\0", '"'])
def test_the_fullest_form_is_accepted_and_fits(sign):
    """H5: no limit of one part is inside that of another."""

    def full(limit: int) -> str:
        return sign * (limit // units(sign))

    lines = [full(LONGEST_WHERE // MAX_LOCATIONS - 4) + f"{number:02}" for number in range(MAX_LOCATIONS)]
    fields = WHOLE | {
        "pictures": " ".join(
            ".".join(["100", *(flip.hex() for flip in made_flips(random.Random(seed)))])
            for seed in range(MAX_PICTURES)
        ),
        "where": "\n".join(lines),
        "account": full(LONGEST_ACCOUNT),
        "signature": full(LONGEST_SIGNATURE),
        "contact": full(LONGEST_CONTACT),
    }
    assert len(body(fields)) < form.BODY_LIMIT
    report = accepted(fields)
    assert report is not None
    assert len(proven(report)) <= LARGEST
    assert len(seal(RECIPIENT, proven(report))) <= 65_536


class NoDatabase:
    """Nothing may be stored."""

    def transaction(self):
        raise AssertionError("nothing may be stored")


@pytest.mark.parametrize(
    "changes",
    [
        {"locations": ("x" * (LONGEST_WHERE + 1),)},
        {"locations": ("",)},
        {"locations": ("x",) * (MAX_LOCATIONS + 1)},
        {"account": "😀" * (LONGEST_ACCOUNT // 2 + 1)},
        {"account": "\ud83d"},
        {"language": "en\n"},
        {"signature": " "},
    ],
    ids=str,
)
def test_what_no_worker_would_open_gets_no_receipt(changes):
    """H5: whatever a later form forgets, the portal reads back what it seals before it gives a receipt."""
    parts = {
        "pictures": (), "locations": ("memory://a/b",), "account": "", "statement_nonconsent": True,
        "statement_good_faith": True, "signature": "R.", "contact": "", "language": "en",
    }  # fmt: skip
    with pytest.raises(Refused):
        submit.submit(NoDatabase(), RECIPIENT, Pepper(os.urandom(32)), Report(**(parts | changes)))
