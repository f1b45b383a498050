"""Receipts: one spelling each."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.infra.signing import SignerKey
from takeback_verify.core.checkpoint import MAX_SIZE
from takeback_verify.core.errors import Malformed
from takeback_verify.core.note import format_note
from takeback_verify.core.tlog_proof import (
    MAX_EXTRA,
    MAX_PATH,
    TlogProof,
    format_tlog_proof,
    parse_tlog_proof,
)

NOTE = SignerKey("log.example/one", bytes(32)).sign("log.example/one\n2\n" + "A" * 43 + "=\n")
HASH = base64.b64encode(bytes(32)).decode()
GOOD = f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH}\n\n".encode() + format_note(NOTE)

proofs = st.builds(
    TlogProof,
    st.integers(0, MAX_SIZE - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=5).map(tuple),
    st.just(NOTE),
    st.binary(max_size=40),
)


def test_a_proof_is_read():
    assert parse_tlog_proof(GOOD) == TlogProof(1, (bytes(32),), NOTE)
    assert parse_tlog_proof(GOOD.replace(b"index", b"extra QUJD\nindex")).extra == b"ABC"


@given(proofs)
def test_every_proof_comes_back_as_it_was_written(proof):
    assert parse_tlog_proof(format_tlog_proof(proof)) == proof


@given(proofs.map(format_tlog_proof), st.data())
def test_whatever_parses_has_only_this_spelling(data, draw):
    at = draw.draw(st.integers(0, len(data)))
    data = data[:at] + draw.draw(st.sampled_from([b"", b" ", b"\n", b"=", b"0", b"extra "])) + data[at:]
    try:
        proof = parse_tlog_proof(data)
    except Malformed:
        return
    assert format_tlog_proof(proof) == data


@every(
    "bad",
    [
        b"",
        b"\n\n",
        GOOD[:-1],
        GOOD.replace(b"@v1", b"@v2"),
        GOOD.replace(b"index 1", b"index 01"),
        GOOD.replace(b"index 1", b"index -1"),
        GOOD.replace(b"index 1", b"index 9223372036854775807"),
        GOOD.replace(b"index 1\n", b""),
        GOOD.replace(b"index 1", b"index 1\nextra QUJD"),
        GOOD.replace(b"index", b"extra \nindex"),
        GOOD.replace(b"index", b"extra QUJD\nextra QUJD\nindex"),
        GOOD.replace(HASH.encode(), HASH[:-4].encode()),
        GOOD.replace(HASH.encode(), HASH.encode()[:-2] + b"B="),
        GOOD.replace(b"index", b"\xc3\xa9index"),
        GOOD.replace(b"\n", b"\r\n"),
        b"x" * 200_000,
    ],
)
def test_what_is_not_quite_a_proof_is_refused(bad):
    with pytest.raises(Malformed):
        parse_tlog_proof(bad)


def test_impossible_proofs_cannot_be_built():
    for make in (
        lambda: TlogProof(-1, (), NOTE),
        lambda: TlogProof(0, (b"short",), NOTE),
        lambda: TlogProof(0, (bytes(32),) * (MAX_PATH + 1), NOTE),
        lambda: TlogProof(0, (), NOTE, bytes(MAX_EXTRA + 1)),
    ):
        with pytest.raises(Malformed):
            make()
