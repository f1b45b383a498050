"""E1: every byte of a timestamp is signed, or has the one value that it can have."""

import pytest

from takeback_verify.core.errors import Malformed, VerifyError
from takeback_verify.core.note import parse_note
from takeback_verify.core.stamp import verify_stamp
from takeback_verify.core.stamp_form import check_form
from takeback_verify.core.trust import parse_trust
from vector_files import FILES, TRUST

STAMPS = [name for name in FILES if name.endswith(".tsr")]


def with_status(response: bytes, status: bytes) -> bytes:
    """Another status in front of the token, which begins after nine bytes."""
    assert response[4:9] == bytes.fromhex("3003020100")
    body = bytes([0x30, len(status)]) + status + response[9:]
    return b"\x30\x82" + len(body).to_bytes(2) + body


@pytest.mark.parametrize("name", STAMPS[:2])
@pytest.mark.parametrize("value", [0x01, 0x40])
def test_one_byte_of_a_timestamp_is_seen(name: str, value: int) -> None:
    [authority] = [a for n, a in enumerate(parse_trust(TRUST).authorities, 1) if name.endswith(f".{n}.tsr")]
    text = parse_note(FILES[f"{name.rsplit('.', 2)[0]}.note"]).text.encode()
    verify_stamp(FILES[name], text, authority.roots)

    for at in range(len(FILES[name])):
        changed = bytearray(FILES[name])
        changed[at] ^= value
        with pytest.raises(VerifyError):
            verify_stamp(bytes(changed), text, authority.roots)


def test_what_is_said_beside_the_status_is_known() -> None:
    granted, text = bytes.fromhex("020100"), b"\x0c\x0eOperation Okay"
    okay = granted + bytes([0x30, len(text)]) + text
    response = FILES[STAMPS[0]]

    check_form(with_status(response, okay))
    for status in (okay.replace(b"Okay", b"okay"), granted + b"\x30\x00", granted * 2):
        with pytest.raises(Malformed, match="not signed"):
            check_form(with_status(response, status))


def test_what_is_cut_short_is_refused() -> None:
    response = FILES[STAMPS[0]]
    for length in range(len(response)):
        with pytest.raises(Malformed):
            check_form(response[:length])
