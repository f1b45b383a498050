"""Streams sealed to several people: exactly the bytes, for exactly them, in little memory."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519

from takeback.infra.vault.exhibit_key import make_key, open_key
from takeback.infra.vault.seal import Recipient
from takeback.infra.vault.sealing import Identity, Sealed, open_stream, seal_stream


def somebody() -> tuple[Identity, Recipient]:
    identity = x25519.Identity.generate()
    return Identity(str(identity)), Recipient(str(identity.to_public()))


LAWYER, COURT, STRANGER = somebody(), somebody(), somebody()


def sealed(recipients, chunks) -> tuple[bytes, Sealed]:
    pieces: list[bytes] = []
    said = seal_stream(recipients, chunks, pieces.append)
    return b"".join(pieces), said


@given(st.binary(max_size=200_000), st.lists(st.integers(0, 200_000), max_size=8))
def test_however_a_stream_is_cut_its_bytes_come_back(data, cuts):
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    file, said = sealed([LAWYER[1], COURT[1]], [data[start:end] for start, end in pairwise(edges)])
    assert said == Sealed(
        sha256=hashlib.sha256(file).digest(),
        plaintext_sha256=hashlib.sha256(data).digest(),
        plaintext_bytes=len(data),
        bytes=len(file),
    )
    for identity, _ in (LAWYER, COURT):
        assert open_stream([identity], file) == data


def test_nobody_else_opens_it():
    file, _ = sealed([LAWYER[1], COURT[1]], [b"what was captured"])
    with pytest.raises(ValueError, match="sealed to none of these keys"):
        open_stream([STRANGER[0]], file)
    assert open_stream([STRANGER[0], COURT[0]], file) == b"what was captured"


@pytest.mark.parametrize("at", [0, 100, -1])
def test_a_changed_byte_is_noticed(at):
    file, _ = sealed([LAWYER[1]], [bytes(1000)])
    changed = bytearray(file)
    changed[at] ^= 1
    with pytest.raises(ValueError, match="or damaged"):
        open_stream([LAWYER[0]], bytes(changed))


def test_what_was_cut_off_opens_for_nobody():
    file, _ = sealed([LAWYER[1]], [bytes(200_000)])
    with pytest.raises(ValueError, match="or damaged"):
        open_stream([LAWYER[0]], file[:100_000])


def test_nothing_is_sealed_to_nobody():
    with pytest.raises(ValueError, match="to nobody"):
        sealed([], [b"x"])


def test_two_seals_of_the_same_differ():
    assert sealed([LAWYER[1]], [b"x"])[0] != sealed([LAWYER[1]], [b"x"])[0]


class Broken(BaseException):
    """Not an Exception, as what stops a process is none."""


def test_what_the_source_raises_is_raised_as_it_is():
    def chunks() -> Iterator[bytes]:
        yield bytes(200_000)
        raise Broken

    pieces: list[bytes] = []
    with pytest.raises(Broken):
        seal_stream([LAWYER[1]], chunks(), pieces.append)
    with pytest.raises(ValueError, match="or damaged"):
        open_stream([LAWYER[0]], b"".join(pieces))


def test_what_the_target_raises_is_raised_as_it_is():
    def full(_: bytes) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        seal_stream([LAWYER[1]], [bytes(200_000)], full)


_LONG = """
import resource, sys
from takeback.infra.vault.sealing import seal_stream
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
chunk = bytes(1 << 16)
seal_stream([sys.argv[1]], [chunk], lambda piece: None)
before = peak()
said = seal_stream([sys.argv[1]], (chunk for _ in range(3200)), lambda piece: None)
print(said.plaintext_bytes, peak() - before)
"""


def test_two_hundred_megabytes_pass_in_little_memory():
    done = subprocess.run(
        [sys.executable, "-c", _LONG, LAWYER[1]], capture_output=True, text=True, check=True, timeout=120
    )
    length, grown_kib = map(int, done.stdout.split())
    assert length == 3200 << 16
    assert grown_kib < 8 << 10


def test_a_captures_key_closes_for_the_service_and_opens_for_the_recipients():
    key = make_key([LAWYER[1], COURT[1]])
    part, _ = sealed([key.recipient], [b"a part"])
    for identity, _ in (LAWYER, COURT):
        opened = open_key([identity], key.sealed)
        assert open_stream([opened], part) == b"a part"
    with pytest.raises(ValueError, match="sealed to none"):
        open_key([STRANGER[0]], key.sealed)
    with pytest.raises(ValueError, match="sealed to none"):
        open_stream([LAWYER[0]], part)


def test_each_capture_has_a_key_of_its_own_of_one_length():
    first, second = make_key([LAWYER[1]]), make_key([LAWYER[1]])
    assert first.recipient != second.recipient
    assert len(open_stream([LAWYER[0]], first.sealed)) == len(open_stream([LAWYER[0]], second.sealed))


def test_what_holds_no_key_is_not_taken_for_one():
    file, _ = sealed([LAWYER[1]], [b"# only words\n"])
    with pytest.raises(ValueError, match="not the key"):
        open_key([LAWYER[0]], file)
