"""Cosignatures: the specification's own example, both types, and nothing but what was signed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.infra.signing import CosignerSecret, SignerKey, format_cosigner_secret, parse_cosigner_secret
from takeback_verify.core.checkpoint import MAX_SIZE, Checkpoint, format_checkpoint
from takeback_verify.core.cosignature import (
    MAX_SECONDS,
    CosignerKey,
    CosignerKind,
    format_cosigner_key,
    parse_cosigner_key,
    verify_cosignature,
)
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.note import Note, Signature, format_note, parse_note

LOG = SignerKey("log.example/one", bytes(range(32)))
TEXT = "log.example/one\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
KINDS = list(CosignerKind)

secrets = st.builds(
    CosignerSecret,
    st.sampled_from(["witness.example/w1", "w", "z\u00e9ro"]),
    st.sampled_from(KINDS),
    st.binary(min_size=32, max_size=32),
)
texts = st.builds(
    Checkpoint,
    st.sampled_from(["log.example/one", "l", "\u00e9" * 100]),
    st.integers(0, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(st.sampled_from(["beacon 1", "x"]), max_size=2).map(tuple),
).map(format_checkpoint)
moments = st.integers(0, MAX_SECONDS)


def signed_by(*signatures: Signature, text=TEXT):
    return Note(text, tuple(signatures))


def secret(kind, name="witness.example/w1"):
    return CosignerSecret(name, kind, bytes(32))


@given(secrets, texts, moments)
def test_what_a_cosigner_signs_verifies_with_its_moment(secret, text, seconds):
    note = parse_note(format_note(signed_by(secret.cosign(text, seconds), text=text)))
    assert verify_cosignature(note, secret.public) == seconds


@given(secrets)
def test_keys_come_back_as_they_were_written(secret):
    assert parse_cosigner_key(format_cosigner_key(secret.public)) == secret.public
    assert parse_cosigner_secret(format_cosigner_secret(secret)) == secret


@given(secrets, st.data())
def test_no_altered_signature_verifies(secret, data):
    good = secret.cosign(TEXT, 1679315147)
    blob = bytearray(good.blob)
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotProven):
        verify_cosignature(signed_by(Signature(good.name, good.key_id, bytes(blob))), secret.public)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", [("20852163", "20852164"), ("one", "two"), ("CsUY", "CsUZ")])
def test_no_other_tree_verifies(kind, change):
    signed = secret(kind).cosign(TEXT, 1)
    with pytest.raises(NotProven, match="wrong"):
        verify_cosignature(signed_by(signed, text=TEXT.replace(*change)), secret(kind).public)


def test_ed25519_covers_extension_lines_and_ml_dsa_does_not():
    further = TEXT + "beacon 7\n"
    with pytest.raises(NotProven):
        verify_cosignature(
            signed_by(secret(CosignerKind.ED25519).cosign(TEXT, 1), text=further),
            secret(CosignerKind.ED25519).public,
        )
    post_quantum = secret(CosignerKind.ML_DSA_44)
    assert verify_cosignature(signed_by(post_quantum.cosign(TEXT, 1), text=further), post_quantum.public) == 1


def test_ml_dsa_covers_the_cosigner_name():
    one, two = (secret(CosignerKind.ML_DSA_44, name) for name in ("w1", "w2"))
    foreign = Signature("w2", two.public.id, one.cosign(TEXT, 1).blob)
    with pytest.raises(NotProven, match="wrong"):
        verify_cosignature(signed_by(foreign), two.public)


@pytest.mark.parametrize("kind", KINDS)
def test_of_several_moments_the_earliest_counts(kind):
    own = secret(kind)
    assert verify_cosignature(signed_by(own.cosign(TEXT, 9), own.cosign(TEXT, 5)), own.public) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_signature_of_a_cosigner_spoils_the_right_one(kind):
    own = secret(kind)
    good = own.cosign(TEXT, 5)
    for blob in (b"1", bytes(len(good.blob)), b"\xff" * len(good.blob)):
        with pytest.raises(NotProven):
            verify_cosignature(signed_by(good, Signature(good.name, good.key_id, blob)), own.public)


def test_a_log_signature_is_no_cosignature():
    with pytest.raises(NotProven, match="not signed by"):
        verify_cosignature(LOG.sign(TEXT), secret(CosignerKind.ED25519).public)


def test_only_checkpoints_and_moments_that_can_be_written_are_cosigned():
    for kind in KINDS:
        with pytest.raises(Malformed):
            secret(kind).cosign("hello\n", 1)
        for seconds in (-1, MAX_SECONDS + 1):
            with pytest.raises(Malformed):
                secret(kind).cosign(TEXT, seconds)
    with pytest.raises(Malformed, match="255"):
        secret(CosignerKind.ML_DSA_44, "x" * 256)


def test_the_signed_structure_of_ml_dsa_is_that_of_the_specification():
    """Built here from its description, and signed by the library directly."""
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    root = bytes.fromhex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62")
    message = (
        b"subtree/v1\n\0\x12witness.example/w1"
        + (7).to_bytes(8, "big")
        + b"\x0flog.example/one"
        + bytes(8)
        + (20852163).to_bytes(8, "big")
        + root
    )
    own = secret(CosignerKind.ML_DSA_44).public
    blob = (7).to_bytes(8, "big") + key.sign(message)
    assert verify_cosignature(signed_by(Signature(own.name, own.id, blob)), own) == 7


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_quite_a_key_is_refused(kind):
    good = format_cosigner_key(secret(kind).public)
    name, identity, rest = good.split("+", 2)
    for bad in (
        "",
        name,
        good[:-1],
        f"{name}+00000000+{rest}",
        f"x{good}",
        f"{good}=",
        f"{name}+{identity}+",
    ):
        with pytest.raises(Malformed):
            parse_cosigner_key(bad)
        with pytest.raises(Malformed):
            parse_cosigner_secret("PRIVATE+KEY+" + bad)
    with pytest.raises(Malformed, match="starts with"):
        parse_cosigner_secret(good)
    with pytest.raises(Malformed):
        CosignerKey("w", kind, bytes(31))
    with pytest.raises(Malformed):
        CosignerSecret("w", kind, bytes(31))


def test_a_secret_is_never_in_the_text_of_an_object():
    assert "seed" not in repr(secret(CosignerKind.ML_DSA_44))
