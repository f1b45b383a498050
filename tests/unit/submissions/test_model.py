"""A report is read exactly as it was written, and nothing that is more or less than one."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from every import every
from takeback.signals.model import HASH_BYTES
from takeback.submissions.model import (
    MAX_LOCATIONS,
    MAX_PICTURES,
    Report,
    ReportedPicture,
    decode,
    encode,
    missing,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
PICTURES = st.builds(
    ReportedPicture,
    st.lists(st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES).map(bytes.hex), min_size=8, max_size=8).map(
        tuple
    ),
    st.integers(0, 100),
)
REPORTS = st.builds(
    Report,
    pictures=st.lists(PICTURES, max_size=3).map(tuple),
    locations=st.lists(TEXT.filter(bool), max_size=3).map(tuple),
    account=TEXT,
    statement_nonconsent=st.booleans(),
    statement_good_faith=st.booleans(),
    signature=TEXT.filter(bool),
    contact=TEXT,
    language=st.sampled_from(["en", "de-AT", "zh-Hant-TW", "pt"]),
)
PICTURE = ReportedPicture(("ab" * HASH_BYTES,) * 8, 100)
COMPLETE = Report(
    pictures=(PICTURE,),
    locations=(),
    account="",
    statement_nonconsent=True,
    statement_good_faith=True,
    signature="R.",
    contact="",
    language="en",
)


@given(REPORTS)
def test_a_report_is_read_as_it_was_written(report):
    assert decode(encode(report)) == report


@given(st.binary())
@example(b"")
@example(b"null")
@example(b"[]")
@example(b"{}")
@example(b"[" * 60_000)
@example(b'{"a":' * 60_000)
@example(b'"\xff"')
def test_anything_else_is_refused(data):
    with pytest.raises(ValueError, match="not a report"):
        decode(data)


@given(REPORTS, st.integers(1, 500))
def test_a_truncated_report_is_refused(report, cut):
    with pytest.raises(ValueError, match="not a report"):
        decode(encode(report)[:-cut])


@every("field", [field.name for field in fields(Report)])
def test_no_field_may_be_missing_or_empty_of_meaning(field):
    whole = json.loads(encode(COMPLETE))
    for body in (
        {key: value for key, value in whole.items() if key != field},
        whole | {field: None},
        whole | {field: 7},
        whole | {field: {"a": []}},
    ):
        with pytest.raises(ValueError, match="not a report"):
            decode(json.dumps(body).encode())


def with_picture(**changes: object):
    return {"pictures": [json.loads(encode(COMPLETE))["pictures"][0] | changes]}


@every(
    "changes",
    [
        {"more": 1},
        {"pictures": [json.loads(encode(COMPLETE))["pictures"][0]] * (MAX_PICTURES + 1)},
        {"locations": ["x"] * (MAX_LOCATIONS + 1)},
        {"locations": [""]},
        {"locations": ["x" * 2501]},
        {"locations": ["😀" * 1251]},
        {"account": "x" * 3001},
        {"account": "😀" * 1501},
        {"signature": ""},
        {"signature": "x" * 201},
        {"contact": "x" * 301},
        {"language": "en\n"},
        {"language": "<en>"},
        {"statement_nonconsent": "true"},
        {"statement_good_faith": 1},
        with_picture(quality=101),
        with_picture(quality=-1),
        with_picture(quality=50.0),
        with_picture(quality="50"),
        with_picture(more=1),
        with_picture(flips=["ab" * HASH_BYTES] * 7),
        with_picture(flips=["ab" * HASH_BYTES] * 9),
        with_picture(flips=["AB" * HASH_BYTES] * 8),
        with_picture(flips=["ab" * HASH_BYTES + "\n"] * 8),
        with_picture(flips=["ab" * (HASH_BYTES + 1)] * 8),
        with_picture(flips=["xy" * HASH_BYTES] * 8),
    ],
    ids=str,
)
def test_what_is_more_or_other_than_a_report_is_refused(changes):
    with pytest.raises(ValueError, match="not a report"):
        decode(json.dumps(json.loads(encode(COMPLETE)) | changes).encode())


def test_the_refusal_does_not_repeat_what_was_written():
    body = json.loads(encode(COMPLETE)) | {"account": ["my own words"], "mine": "my own words"}
    with pytest.raises(ValueError, match="not a report") as refused:
        decode(json.dumps(body).encode())
    assert "words" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_each_element_that_is_lacking_is_named():
    assert missing(COMPLETE) == ()
    assert missing(replace(COMPLETE, pictures=(), locations=("memory://a/b",))) == ()
    assert missing(replace(COMPLETE, pictures=())) == ("content_locator",)
    assert missing(replace(COMPLETE, statement_nonconsent=False)) == ("statement_nonconsent",)
    assert missing(replace(COMPLETE, statement_good_faith=False)) == ("statement_good_faith",)
    assert missing(replace(COMPLETE, signature=" \t")) == ("signature",)


@given(REPORTS)
def test_a_report_lacks_exactly_what_it_does_not_say(report):
    lacks = set(missing(report))
    assert ("content_locator" in lacks) == (not report.pictures and not report.locations)
    assert ("statement_nonconsent" in lacks) == (not report.statement_nonconsent)
    assert ("statement_good_faith" in lacks) == (not report.statement_good_faith)
