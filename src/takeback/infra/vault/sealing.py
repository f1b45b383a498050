"""Sealing what may be too large for memory, and must never lie on a disk as it is: evidence.

An age file (C2SP age-encryption.org/v1) to any number of recipients, made chunk by chunk: what comes in is
hashed and encrypted in memory, what goes out is hashed ciphertext. Any program that speaks age opens it again
(`age -d -i KEY FILE`); nothing is wrapped around it. That is why it is not padded, as what the portal seals
is: whoever opens a part with age has exactly the bytes that were captured, and a listing of a package names
the sizes anyway. So a thief of the files learns how long each part is; SECURITY.md says so.

`open_stream` is for those who hold a key: a reviewer with a working copy, and the tests.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NewType

import pyrage
from pyrage import x25519

from takeback.infra.vault.seal import Recipient

Identity = NewType("Identity", str)
"""A right private key, as AGE-SECRET-KEY-1... text."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was written, and what it was made of."""

    sha256: bytes
    """Of the age file."""
    plaintext_sha256: bytes
    plaintext_bytes: int
    bytes: int
    """Length of the age file."""


def seal_stream(
    recipients: Sequence[Recipient], chunks: Iterable[bytes], out: Callable[[bytes], object]
) -> Sealed:
    """Encrypt a stream so that each of the recipients, and nobody else, can read it.

    Memory stays below a megabyte beyond the largest chunk, however long the stream is. What `chunks` or
    `out` raises is raised here as it is; then what `out` was given is no whole age file and is to be thrown
    away.

    Args:
        recipients: at least one public key.
        chunks: the plaintext, in pieces of any size, also empty ones.
        out: gets the age file in pieces, each in full (it returns what it likes).

    Raises:
        ValueError: no recipient.
    """
    if not recipients:
        raise ValueError("nothing is sealed to nobody")
    source, target = _Source(iter(chunks)), _Target(out)
    keys = [x25519.Recipient.from_str(each) for each in recipients]
    try:
        pyrage.encrypt_io(source, target, keys)  # pyrefly: ignore[bad-argument-type] - read and write suffice
    except pyrage.EncryptError:
        for failed in (source.failed, target.failed):  # the library keeps an exception's text only
            if failed is not None:
                raise failed from None
        raise
    return Sealed(
        sha256=target.hash.digest(),
        plaintext_sha256=source.hash.digest(),
        plaintext_bytes=source.bytes,
        bytes=target.bytes,
    )


def open_stream(identities: Sequence[Identity], data: bytes) -> bytes:
    """The plaintext of an age file. Raises ValueError if it is sealed to none of the keys, or was changed."""
    try:
        return pyrage.decrypt(data, [x25519.Identity.from_str(each) for each in identities])
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise ValueError("sealed to none of these keys, or damaged") from error


class _Source:
    """Reads an iterator as a file, hashing on the way."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.hash = hashlib.sha256()
        self.bytes = 0
        self.failed: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._rest:
                chunk = next(self._chunks, None)
                if chunk is None:
                    return b""
                self.hash.update(chunk)
                self.bytes += len(chunk)
                self._rest = memoryview(chunk)
        except BaseException as error:
            self.failed = error
            raise
        end = size if size >= 0 else len(self._rest)
        taken, self._rest = self._rest[:end], self._rest[end:]
        return bytes(taken)


class _Target:
    """Takes what is written to a file, hashing on the way."""

    def __init__(self, out: Callable[[bytes], object]) -> None:
        self._out = out
        self.hash = hashlib.sha256()
        self.bytes = 0
        self.failed: BaseException | None = None

    def write(self, piece: bytes) -> int:
        try:
            self._out(piece)
        except BaseException as error:
            self.failed = error
            raise
        self.hash.update(piece)
        self.bytes += len(piece)
        return len(piece)

    def flush(self) -> None:
        """Do nothing: `out` has all of it."""
