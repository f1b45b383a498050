import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.errors import ConfigurationError
from takeback.infra.vault.seal import (
    BLOCK_BYTES,
    RECIPIENT_FILE,
    Recipient,
    load_recipient,
    pad,
    seal,
    unpad,
)


@given(st.binary(max_size=3 * BLOCK_BYTES))
def test_what_was_padded_is_found_again(data):
    padded = pad(data)
    assert unpad(padded) == data
    assert len(padded) % BLOCK_BYTES == 0
    assert 0 < len(padded) - len(data) <= BLOCK_BYTES


@given(st.binary(max_size=2 * BLOCK_BYTES))
def test_only_what_pad_writes_is_unpadded(data):
    try:
        plain = unpad(data)
    except ValueError:
        return
    assert pad(plain) == data


@pytest.mark.parametrize("data", [b"", bytes(BLOCK_BYTES), b"\x80" + bytes(2 * BLOCK_BYTES - 1), b"\x80"])
def test_false_padding_is_refused(data):
    with pytest.raises(ValueError, match=r"not padded|more than a block"):
        unpad(data)


def test_what_is_sealed_opens_with_the_other_half_only(tmp_path):
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / RECIPIENT_FILE).write_text(f"{identity.to_public()}\n")
    sealed = seal(load_recipient(tmp_path), b"what happened")
    assert b"what happened" not in sealed
    assert unpad(pyrage.decrypt(sealed, [identity])) == b"what happened"
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])


def test_the_length_of_a_report_does_not_show():
    # age adds a random handful of bytes of its own; what is measured is that nothing comes from the text.
    recipient = Recipient(str(pyrage.x25519.Identity.generate().to_public()))
    short = min(len(seal(recipient, b"")) for _ in range(50))
    long = min(len(seal(recipient, b"x" * (BLOCK_BYTES - 1))) for _ in range(50))
    assert abs(short - long) < 100


@pytest.mark.parametrize("text", ["", "age1notakey", "ssh-ed25519 AAAA"])
def test_a_damaged_public_key_is_named_with_what_to_do(tmp_path, text):
    (tmp_path / RECIPIENT_FILE).write_text(text)
    with pytest.raises(ConfigurationError, match="age public key"):
        load_recipient(tmp_path)


def test_a_missing_public_key_is_named_with_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match="takeback serve"):
        load_recipient(tmp_path)
