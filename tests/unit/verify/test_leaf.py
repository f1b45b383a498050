"""Leaves: one spelling each, and a commitment that only its own event and salt open."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from every import every
from takeback_verify.core.canonical import moment, parse_time
from takeback_verify.core.errors import Malformed
from takeback_verify.core.leaf import (
    MAX_LEAF,
    Leaf,
    Opening,
    commit,
    format_leaf,
    opens,
    parse_leaf,
    seal,
)

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
OPENING = Opening(7, AT, "case_opened", {"case": "c", "report": "r"})
SALT = bytes(range(32))
LEAF = (
    b'{"commit":"7c07e01ab24e0f78e5df8d0a2ab8a8d2cfa6fd1ef19b28ca6e5b1e41a0f6c9f4",'
    b'"t":"2026-01-02T03:04:05.000006Z","type":"case_opened","v":1}'
)

salts = st.binary(min_size=32, max_size=32)
kinds = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)
moments = st.datetimes(timezones=st.just(UTC))
leaves = st.builds(Leaf, salts, moments, kinds)
words = st.text(st.characters(codec="utf-8"))
bodies = st.dictionaries(words, words | st.none() | st.integers(-(2**53) + 1, 2**53 - 1), max_size=5)
openings = st.builds(Opening, st.integers(0, 2**53 - 1), moments, kinds, bodies)


@given(leaves)
def test_every_leaf_comes_back_as_it_was_written(leaf):
    assert parse_leaf(format_leaf(leaf)) == leaf
    assert len(format_leaf(leaf)) <= MAX_LEAF


@given(leaves.map(format_leaf), st.data())
def test_whatever_parses_has_only_this_spelling(data, draw):
    at = draw.draw(st.integers(0, len(data)))
    gone = draw.draw(st.integers(0, 2))
    data = data[:at] + draw.draw(st.binary(max_size=2)) + data[at + gone :]
    try:
        leaf = parse_leaf(data)
    except Malformed:
        return
    assert format_leaf(leaf) == data


@given(moments)
def test_every_moment_comes_back_as_it_was_written(at):
    assert parse_time(moment(at)) == at


def test_a_moment_is_written_in_utc_whatever_its_time_zone():
    seoul = timezone(timedelta(hours=9))
    assert moment(AT.astimezone(seoul)) == "2026-01-02T03:04:05.000006Z"
    with pytest.raises(Malformed):
        moment(AT.replace(tzinfo=None))


@every(
    "bad",
    [
        b"",
        LEAF.replace(b'"v":1', b'"v":2'),
        LEAF.replace(b'"v":1', b'"v":1.0'),
        LEAF.replace(b'"v":1', b'"v":true'),
        LEAF.replace(b'"v":1', b'"v":"1"'),
        LEAF.replace(b',"v":1', b""),
        LEAF.replace(b'"v":1', b'"v":1,"w":1'),
        LEAF.replace(b"7c07", b"7C07"),
        LEAF.replace(b"7c07", b"7c0"),
        LEAF.replace(b"7c07", b"\xd9\xa7c07"),
        LEAF.replace(b"000006Z", b"000006+00:00"),
        LEAF.replace(b".000006Z", b"Z"),
        LEAF.replace(b"2026-01", b"2026-13"),
        LEAF.replace(b"case_opened", b"Case"),
        LEAF.replace(b"case_opened", b""),
        LEAF.replace(b"case_opened", b"\\u0063ase_opened"),
        LEAF.replace(b"case_opened", b"c" * 65),
        LEAF.replace(b'"case_opened"', b"1"),
        b'{"v":1,' + LEAF[1:].replace(b',"v":1', b""),
        LEAF.replace(b"case_opened", b"c" * MAX_LEAF),
    ],
)
def test_what_is_not_quite_a_leaf_is_refused(bad):
    parse_leaf(LEAF)
    with pytest.raises(Malformed):
        parse_leaf(bad)


@every(
    ("commitment", "at", "kind"),
    [(b"", AT, "a"), (bytes(32), AT.replace(tzinfo=None), "a"), (bytes(32), AT, "A"), (bytes(32), AT, "")],
)
def test_impossible_leaves_cannot_be_built(commitment, at, kind):
    with pytest.raises(Malformed):
        Leaf(commitment, at, kind)


def test_the_commitment_is_the_hash_of_the_salt_and_the_canonical_opening():
    text = json.dumps(
        {
            "at": "2026-01-02T03:04:05.000006Z",
            "body": {"case": "c", "report": "r"},
            "id": 7,
            "kind": "case_opened",
        },
        separators=(",", ":"),
        sort_keys=True,
    )
    assert commit(SALT, OPENING) == hashlib.sha256(SALT + text.encode()).digest()


@given(salts, openings)
def test_a_commitment_opens_to_what_was_sealed(salt, opening):
    assert opens(seal(salt, opening), salt, opening)


@given(salts, openings, salts, openings)
def test_a_commitment_opens_to_nothing_else(salt, opening, other_salt, other):
    assume((salt, opening) != (other_salt, other))
    assert not opens(seal(salt, opening), other_salt, other)


@every(
    "other",
    [
        Opening(8, AT, "case_opened", OPENING.body),
        Opening(7, AT + timedelta(microseconds=1), "case_opened", OPENING.body),
        Opening(7, AT, "case_closed", OPENING.body),
        Opening(7, AT, "case_opened", {"case": "c", "report": "s"}),
        Opening(7, AT, "case_opened", {"case": "c", "report": "r", "more": None}),
        Opening(7, AT, "case_opened", {"case": "c"}),
        Opening(7, AT, "Case", OPENING.body),
    ],
)
def test_a_changed_event_does_not_open_the_commitment(other):
    leaf = seal(SALT, OPENING)
    assert opens(leaf, SALT, OPENING)
    assert not opens(leaf, SALT, other)
    assert not opens(leaf, bytes(32), OPENING)
    assert not opens(leaf, b"short", OPENING)
    assert not opens(Leaf(leaf.commit, AT + timedelta(seconds=1), leaf.kind), SALT, OPENING)


@every("value", [1.0, True, [], {}, 2**53, "\ud800"])
def test_a_field_without_a_canonical_form_cannot_be_sealed(value):
    with pytest.raises(Malformed):
        commit(SALT, Opening(1, AT, "case_opened", {"field": value}))


def test_a_short_salt_is_refused():
    with pytest.raises(Malformed):
        commit(b"short", OPENING)
