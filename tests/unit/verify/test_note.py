"""Signed notes against those of the format's first implementation, and the round trip of all others."""

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from every import every
from takeback.infra.signing import SignerKey, format_signer_key, parse_signer_key
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.note import (
    MAX_NOTE,
    Note,
    Signature,
    VerifierKey,
    format_note,
    format_verifier_key,
    parse_note,
    parse_verifier_key,
    verify_note,
)

# From the documentation of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SIGNS = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
BY_PETER = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
BY_ENOCH = "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ="
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = f"{TEXT}\n\u2014 PeterNeumann {BY_PETER}\n"
COSIGNED = f"{SIGNED}\u2014 EnochRoot {BY_ENOCH}\n"

names = st.text(
    st.characters(codec="utf-8", exclude_characters="+", exclude_categories=["Z", "Cc"]), min_size=1
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n")).map(
    lambda t: t + "\n"
)
seeds = st.binary(min_size=32, max_size=32)
signers = st.builds(SignerKey, names, seeds)
signatures = st.builds(
    Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)
)
notes = st.builds(Note, texts, st.lists(signatures, min_size=1, max_size=4).map(tuple))


def test_a_note_signed_by_another_implementation_verifies():
    note = parse_note(COSIGNED.encode())
    assert note.text == TEXT
    verify_note(note, parse_verifier_key(PETER))
    verify_note(note, parse_verifier_key(ENOCH))


def test_the_same_key_makes_the_same_note_as_another_implementation():
    assert format_note(parse_signer_key(PETER_SIGNS).sign(TEXT)).decode() == SIGNED
    assert format_verifier_key(parse_signer_key(PETER_SIGNS).verifier) == PETER


@given(notes)
def test_every_note_comes_back_as_it_was_written(note):
    assert parse_note(format_note(note)) == note


@given(st.binary() | notes.map(format_note), st.data())
def test_whatever_parses_has_only_this_spelling(data, draw):
    at = draw.draw(st.integers(0, len(data)))
    data = data[:at] + draw.draw(st.sampled_from([b"", b" ", b"\n", b"=", b"A", b"\xe2\x80\x94"])) + data[at:]
    try:
        note = parse_note(data)
    except Malformed:
        return
    assert format_note(note) == data


@given(signers, texts)
def test_what_a_key_signs_it_verifies(signer, text):
    verify_note(parse_note(format_note(signer.sign(text))), signer.verifier)


@given(signers, texts, texts)
def test_no_other_text_verifies(signer, text, other):
    assume(text != other)
    with pytest.raises(NotProven, match="is wrong"):
        verify_note(Note(other, signer.sign(text).signatures), signer.verifier)


@given(signers, texts, st.integers(0, 63), st.integers(1, 255))
def test_no_altered_signature_verifies(signer, text, at, flip):
    (good,) = signer.sign(text).signatures
    blob = bytearray(good.blob)
    blob[at] ^= flip
    with pytest.raises(NotProven):
        verify_note(Note(text, (Signature(good.name, good.key_id, bytes(blob)),)), signer.verifier)


def test_a_note_is_not_signed_by_a_key_that_did_not_sign_it():
    with pytest.raises(NotProven, match="not signed by"):
        verify_note(parse_note(SIGNED.encode()), parse_verifier_key(ENOCH))


def test_one_wrong_signature_of_the_key_spoils_the_right_one():
    note = parse_note(SIGNED.encode())
    (good,) = note.signatures
    with pytest.raises(NotProven):
        verify_note(
            Note(note.text, (good, Signature(good.name, good.key_id, bytes(64)))), parse_verifier_key(PETER)
        )
    with pytest.raises(NotProven, match="length"):
        verify_note(Note(note.text, (Signature(good.name, good.key_id, b"1"),)), parse_verifier_key(PETER))


@given(signers)
def test_keys_come_back_as_they_were_written(signer):
    assert parse_signer_key(format_signer_key(signer)) == signer
    assert parse_verifier_key(format_verifier_key(signer.verifier)) == signer.verifier


@every(
    "bad",
    [
        "",
        TEXT,
        SIGNED[:-1],
        SIGNED + "\n",
        SIGNED.replace("\u2014", "-"),
        SIGNED.replace("\u2014 ", "\u2014  "),
        SIGNED.replace(BY_PETER, BY_PETER + " "),
        SIGNED.replace(BY_PETER, BY_PETER[:-1]),
        SIGNED.replace(BY_PETER, "AAAA"),
        SIGNED.replace(BY_PETER, "x08go/9="),
        SIGNED.replace("PeterNeumann ", "Peter+Neumann "),
        SIGNED.replace("If you", "If\tyou"),
        SIGNED.replace("If you", "If\ryou"),
        SIGNED.replace("\n", "\r\n"),
        SIGNED + "x" * MAX_NOTE,
        TEXT + "\n" + f"\u2014 PeterNeumann {BY_PETER}\n" * 101,
    ],
)
def test_what_is_not_quite_a_note_is_refused(bad):
    with pytest.raises(Malformed):
        parse_note(bad.encode())


def test_a_note_that_is_not_utf_8_is_refused():
    with pytest.raises(Malformed):
        parse_note(SIGNED.encode("utf-16"))


@every(
    "bad",
    [
        "",
        "PeterNeumann",
        PETER[:-1],
        PETER + "=",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("Peter", "Petra"),
        PETER.replace("+AR", "+BR"),
        " " + PETER,
        "+c74f20a3+" + base64.b64encode(b"\x01" + bytes(32)).decode(),
        "x+00000000+AQ==",
    ],
)
def test_what_is_not_quite_a_key_is_refused(bad):
    with pytest.raises(Malformed):
        parse_verifier_key(bad)
    with pytest.raises(Malformed):
        parse_signer_key("PRIVATE+KEY+" + bad)


def test_a_secret_is_never_in_the_text_of_an_object_or_an_error():
    key = parse_signer_key(PETER_SIGNS)
    assert repr(key.seed)[2:10] not in repr(key)
    with pytest.raises(Malformed) as caught:
        parse_signer_key(PETER_SIGNS.replace("c74f20a3", "00000000"))
    assert "AYEKFALV" not in str(caught.value)


@every("name", ["", "a b", "a+b", "a\u00a0b", "a\x00", "\ud800"])
def test_impossible_names_are_refused(name):
    with pytest.raises(Malformed):
        VerifierKey(name, bytes(32))


def test_impossible_lengths_are_refused():
    for make in (
        lambda: VerifierKey("a", b""),
        lambda: SignerKey("a", b""),
        lambda: Signature("a", b"123", b"1"),
    ):
        with pytest.raises(Malformed):
            make()


@every("text", ["", "no newline", "\ud800\n", "a\x01\n"])
def test_impossible_texts_are_refused(text):
    with pytest.raises(Malformed):
        SignerKey("a", bytes(32)).sign(text)


def test_a_note_that_nobody_would_read_is_not_written():
    signer = SignerKey("a", bytes(32))
    with pytest.raises(Malformed, match="at most"):
        format_note(signer.sign("x" * MAX_NOTE + "\n"))
