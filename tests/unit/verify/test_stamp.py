"""Timestamps by real authorities, and by those that nobody trusts."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

import authorities
import waiting
from authorities import Authority
from takeback_verify.core import stamp
from takeback_verify.core.errors import Malformed, NotProven, VerifyError
from takeback_verify.core.stamp import MAX_RESPONSE, verify_stamp

pytestmark = pytest.mark.skipif(authorities.MISSING is not None, reason=str(authorities.MISSING))

TEXT = b"log.example/one\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "one", "Test authority 1")


@pytest.fixture(scope="module")
def response(authority):
    return authority.stamp(TEXT)


def test_a_stamp_tells_when(authority, response):
    at = verify_stamp(response, TEXT, authority.roots)
    assert at.tzinfo is UTC
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


@pytest.mark.agrees("openssl")
def test_openssl_agrees(authority, response, tmp_path):
    (tmp_path / "text").write_bytes(TEXT)
    (tmp_path / "tsr").write_bytes(response)
    command = ["openssl", "ts", "-verify", "-data", "text", "-in", "tsr", "-CAfile", authority.root_pem]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    assert b"Verification: OK" in said


def test_another_text_was_not_stamped(authority, response):
    with pytest.raises(NotProven, match="Mismatch"):
        verify_stamp(response, TEXT + b"beacon 1\n", authority.roots)


def test_one_of_several_roots_suffices_and_none_does_not(authority, response, tmp_path):
    other = Authority(tmp_path / "two", "Test authority 2")
    verify_stamp(response, TEXT, [*other.roots, *authority.roots])
    for roots in ((), other.roots):
        with pytest.raises(NotProven):
            verify_stamp(response, TEXT, roots)


@pytest.mark.parametrize("embed_root", [False, True])
def test_a_rogue_authority_is_not_believed_though_it_brings_its_own_root(authority, tmp_path, embed_root):
    rogue = Authority(tmp_path / "rogue", "Test authority 1", embed_root=embed_root)
    response = rogue.stamp(TEXT)
    verify_stamp(response, TEXT, rogue.roots)
    with pytest.raises(NotProven):
        verify_stamp(response, TEXT, authority.roots)


def test_a_certificate_for_something_else_stamps_nothing(tmp_path):
    try:
        other = Authority(tmp_path / "other", "Not an authority", for_timestamps=False)
        response = other.stamp(TEXT)
    except subprocess.CalledProcessError:
        return  # openssl itself refuses to sign with it
    with pytest.raises(VerifyError):
        verify_stamp(response, TEXT, other.roots)


def test_a_stamp_outlives_its_authority_s_certificate(tmp_path):
    soon = datetime.now(UTC) + timedelta(seconds=2)
    brief = Authority(tmp_path / "brief", "Brief authority", until=soon)
    response = brief.stamp(TEXT)
    waiting.until(lambda: datetime.now(UTC) > soon + timedelta(seconds=1))
    assert verify_stamp(response, TEXT, brief.roots) <= soon


def test_a_stamp_made_after_the_certificate_expired_is_none(tmp_path):
    past = datetime.now(UTC) - timedelta(days=1)
    expired = Authority(tmp_path / "expired", "Expired authority", since=past - timedelta(days=9), until=past)
    try:
        response = expired.stamp(TEXT)
    except subprocess.CalledProcessError:
        return  # openssl itself refuses to sign with it
    with pytest.raises(VerifyError):
        verify_stamp(response, TEXT, expired.roots)


def test_a_refusal_is_no_stamp(authority):
    with pytest.raises(VerifyError):
        verify_stamp(authority.answer(b"not a query"), TEXT, authority.roots)


def test_no_changed_byte_changes_what_it_says(authority, response):
    """Some bytes are under no signature (versions of CMS, the name of the algorithm), and mean nothing."""
    at, held = verify_stamp(response, TEXT, authority.roots), 0
    for place in range(len(response)):
        changed = bytearray(response)
        changed[place] ^= 0x01
        try:
            assert verify_stamp(bytes(changed), TEXT, authority.roots) == at
            held += 1
        except VerifyError:
            continue
    assert held < 12


@pytest.mark.parametrize("bad", [b"", b"0", b"hello", bytes(MAX_RESPONSE + 1)])
def test_what_is_not_a_response_is_refused(bad, authority, response):
    for data in (bad, response + bad or b"0", response[:-1]):
        if data != response:
            with pytest.raises(Malformed):
                verify_stamp(data, TEXT, authority.roots)


def test_a_root_that_is_no_certificate_is_refused(response):
    with pytest.raises(Malformed, match="no certificate"):
        verify_stamp(response, TEXT, [b"0"])


def test_a_spelling_that_the_library_would_forgive_is_refused(authority, response, monkeypatch):
    class Forgiving:
        """It read these bytes, and writes others."""

        def as_bytes(self) -> bytes:
            return response[:-1]

    monkeypatch.setattr(stamp, "decode_timestamp_response", lambda _: Forgiving())
    with pytest.raises(Malformed, match="canonical"):
        verify_stamp(response, TEXT, authority.roots)
