"""Checkpoints: one spelling each, and only the log's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.infra.signing import SignerKey
from takeback_verify.core.checkpoint import (
    MAX_SIZE,
    Checkpoint,
    format_checkpoint,
    open_checkpoint,
    parse_checkpoint,
)
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.note import Note

LOG = SignerKey("log.example/one", bytes(range(32)))
TEXT = "log.example/one\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)
checkpoints = st.builds(
    Checkpoint,
    lines,
    st.integers(0, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(lines, max_size=3).map(tuple),
)


def test_the_example_of_the_specification_is_read():
    checkpoint = parse_checkpoint(TEXT)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root.hex()[:8]) == (
        "log.example/one",
        20852163,
        "0ac5186a",
    )


@given(checkpoints)
def test_every_checkpoint_comes_back_as_it_was_written(checkpoint):
    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint


@given(checkpoints.map(format_checkpoint), st.data())
def test_whatever_parses_has_only_this_spelling(text, data):
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(st.sampled_from(["", " ", "\n", "=", "0", "+", "\u0663"])) + text[at:]
    try:
        checkpoint = parse_checkpoint(text)
    except Malformed:
        return
    assert format_checkpoint(checkpoint) == text


def test_extension_lines_are_kept_verbatim():
    assert parse_checkpoint(TEXT + "time 1\n \u00e9\n").extensions == ("time 1", " \u00e9")


@every(
    "bad",
    [
        "",
        "\n",
        TEXT[:-1],
        TEXT + "\n",
        "\n" + TEXT,
        TEXT.replace("20852163", "020852163"),
        TEXT.replace("20852163", "-1"),
        TEXT.replace("20852163", "+1"),
        TEXT.replace("20852163", "1_000"),
        TEXT.replace("20852163", "9223372036854775808"),
        TEXT.replace("20852163", "9" * 5000),
        TEXT.replace("2I=", "2J="),
        TEXT.replace("2I=", "2I"),
        TEXT.replace("CsUY", "CsUYCsUY"),
        TEXT.replace("CsUY", "C\u00e9UY"),
        TEXT.replace("\n", "\r\n"),
        "log.example/one\n1\n",
    ],
)
def test_what_is_not_quite_a_checkpoint_is_refused(bad):
    with pytest.raises(Malformed):
        parse_checkpoint(bad)


@every(
    ("origin", "size", "root"),
    [("", 1, bytes(32)), ("a\nb", 1, bytes(32)), ("a", -1, bytes(32)), ("a", 1, b"")],
)
def test_impossible_checkpoints_cannot_be_built(origin, size, root):
    with pytest.raises(Malformed):
        Checkpoint(origin, size, root)


def test_only_a_checkpoint_of_this_log_signed_by_it_opens():
    assert open_checkpoint(LOG.sign(TEXT), LOG.verifier) == parse_checkpoint(TEXT)
    with pytest.raises(NotProven, match="not signed by"):
        open_checkpoint(SignerKey("log.example/two", bytes(32)).sign(TEXT), LOG.verifier)
    with pytest.raises(NotProven, match="a checkpoint of"):
        open_checkpoint(LOG.sign(TEXT.replace("one", "two")), LOG.verifier)
    with pytest.raises(NotProven, match="is wrong"):
        open_checkpoint(Note(TEXT.replace("2085", "2086"), LOG.sign(TEXT).signatures), LOG.verifier)
    with pytest.raises(Malformed):
        open_checkpoint(LOG.sign("hello\n"), LOG.verifier)
