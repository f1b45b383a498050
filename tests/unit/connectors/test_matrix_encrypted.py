"""Encrypted files whose key stands beside them."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encrypted_files import encrypted
from takeback.connectors.matrix.encrypted import FileKey, claims_key, read_keys
from takeback.errors import Unreadable, WhyUnreadable

STARTS = st.builds(bytes.__add__, st.binary(min_size=8, max_size=8), st.just(bytes(8)))


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32), STARTS)
def test_a_file_is_opened_as_clients_open_it(data: bytes, key: bytes, start: bytes):
    """Carriers: an encrypted file in a public room, whose key every member gets with it."""
    ciphertext, file = encrypted(data, key, start)
    (found,) = read_keys(file | {"url": "mxc://a/b"})
    assert found.open(ciphertext) == data
    assert FileKey.parse(found.format()) == found


@given(st.binary(min_size=40, max_size=200), st.integers(1, 4), st.sampled_from([64, 128]))
def test_where_clients_count_differently_both_ways_are_tried(data: bytes, blocks: int, bits: int):
    """A counter that runs over shows one picture in one client, and another in the next."""
    key, start = bytes(range(32)), b"\7" * 8 + (2**64 - blocks).to_bytes(8, "big")
    ciphertext, file = encrypted(data, key, start, bits)
    keys = read_keys(file)
    assert [each.counter_bits for each in keys] == [64, 128]
    assert next(each for each in keys if each.counter_bits == bits).open(ciphertext) == data


@given(st.binary(min_size=1, max_size=100), st.integers(0, 99), st.integers(1, 255))
def test_a_file_that_is_not_the_one_named_is_shown_by_no_client(data: bytes, at: int, change: int):
    """Its own reason: people are shown nothing of it."""
    ciphertext, file = encrypted(data)
    changed = bytearray(ciphertext)
    changed[at % len(changed)] ^= change
    with pytest.raises(Unreadable) as refused:
        read_keys(file)[0].open(bytes(changed))
    assert refused.value.why is WhyUnreadable.WRONG_DIGEST


def test_base64_is_taken_as_clients_take_it():
    data = bytes(range(200, 240))
    ciphertext, file = encrypted(data, bytes(range(220, 252)), b"\xfb\xff" * 4 + bytes(8))
    padded = base64.b64encode(hashlib.sha256(ciphertext).digest()).decode()
    standard = base64.b64encode(bytes(range(220, 252))).decode()
    loose = file | {"hashes": {"sha256": padded}, "key": {"k": standard}}
    assert read_keys(loose) == read_keys(file)


@pytest.mark.parametrize(
    "change",
    [
        *(
            {"key": {}},
            {"key": {"k": ""}},
            {"key": {"k": "AAAA"}},
            {"key": {"k": "no base64!"}},
            {"key": "k"},
        ),
        *(
            {"iv": ""},
            {"iv": None},
            {"iv": "AAAA"},
            {"hashes": {"sha256": "AAAA"}},
            {"hashes": {"sha256": "!"}},
        ),
    ],
)
def test_a_key_that_no_client_takes_is_none(change: dict[str, object]):
    assert read_keys(encrypted(b"data")[1] | change) == ()


def test_without_a_digest_the_file_is_looked_at_all_the_same():
    ciphertext, file = encrypted(b"data")
    (key,) = read_keys(file | {"hashes": {}})
    assert key.open(ciphertext) == b"data"
    assert claims_key(file)


@given(st.text())
def test_no_text_breaks_the_reader(written: str):
    for text in (written, f"ctr64.{written}", f"ctr128.{written}.{written}."):
        parsed = FileKey.parse(text)
        assert parsed is None or parsed.format() == text


def test_a_key_is_in_no_log():
    key = read_keys(encrypted(b"data", bytes(range(32)))[1])[0]
    assert "\\x01" not in repr(key)
