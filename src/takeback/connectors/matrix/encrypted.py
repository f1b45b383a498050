"""Opens files that are encrypted and whose key stands in the event: in a public room that hides nothing.

Format: `EncryptedFile` (client-server API, "Sending encrypted attachments"): AES-CTR, and the SHA-256 of the
ciphertext. Clients show nothing where that digest is wrong; so nothing is compared there, and it is said why.

Clients differ where a counter runs over: browsers count in its lower 64 bits (Element Web), other clients in
all 128 (matrix-rust-sdk). The two agree where those 64 bits begin with zero, as the specification asks for.
Where they would not agree, each way to count is a key of its own.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from takeback.connectors.matrix.answers import at, text
from takeback.errors import Unreadable, WhyUnreadable

BLOCK = 16
"""Bytes of a counter, and of what one of its values encrypts."""
KEY_BYTES = (16, 24, 32)
DIGEST_BYTES = 32
HALF = 64
FULL = 128
LONGEST_FILE = 2**32
"""Bytes; far more than is ever fetched."""
_FORM = re.compile(r"ctr(64|128)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")
_TO_URLSAFE = str.maketrans("+/", "-_", "=")


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key of one encrypted file."""

    counter_bits: int
    """64 or 128: the part of the counter that runs."""
    key: bytes = field(repr=False)
    start: bytes = field(repr=False)
    """The counter's first value, 16 bytes."""
    sha256: bytes | None
    """Of the ciphertext; None if the event does not say."""

    def format(self) -> str:
        """In one line of letters, digits, "-", "_" and ".", as it stands behind the "#" of an address."""
        parts = map(_encode, (self.key, self.start, self.sha256 or b""))
        return f"ctr{self.counter_bits}." + ".".join(parts)

    @classmethod
    def parse(cls, written: str) -> "FileKey | None":
        """Read back; None for whatever `format` does not write."""
        found = _FORM.fullmatch(written)
        if found is None:
            return None
        key, start, sha256 = map(_decode, found.groups()[1:])
        made = _checked(int(found[1]), key, start, sha256 or None)
        return made if made is not None and made.format() == written else None

    def open(self, ciphertext: bytes) -> bytes:
        """Return the file as clients show it. Raises Unreadable(WRONG_DIGEST) where they show nothing."""
        if self.sha256 is not None and hashlib.sha256(ciphertext).digest() != self.sha256:
            raise Unreadable(WhyUnreadable.WRONG_DIGEST, "the file is not what its event says")
        if self.counter_bits == FULL:
            return _decrypt(self.key, self.start, ciphertext)
        cut = _bytes_until_over(self.start)
        before, after = ciphertext[:cut], ciphertext[cut:]
        over = self.start[: BLOCK // 2] + bytes(BLOCK // 2)
        return _decrypt(self.key, self.start, before) + (_decrypt(self.key, over, after) if after else b"")


def read_keys(file: Mapping[str, object]) -> tuple[FileKey, ...]:
    """Return the ways in which clients open an EncryptedFile; none if they cannot."""
    key, start, digest = (
        _decode(text(file, *where)) for where in (("key", "k"), ("iv",), ("hashes", "sha256"))
    )
    claimed = at(file, "hashes", "sha256")
    if isinstance(claimed, str) and claimed and len(digest or b"") != DIGEST_BYTES:
        return ()
    made = [_checked(bits, key, start, digest or None) for bits in (HALF, FULL)]
    ways = [each for each in made if each is not None]
    return tuple(ways[:1] if ways and _bytes_until_over(ways[0].start) >= LONGEST_FILE else ways)


def claims_key(file: Mapping[str, object]) -> bool:
    """Return whether an object brings a key, well formed or not."""
    return isinstance(at(file, "key", "k"), str)


def _checked(bits: int, key: bytes | None, start: bytes | None, sha256: bytes | None) -> FileKey | None:
    if key is None or start is None or len(key) not in KEY_BYTES or len(start) != BLOCK:
        return None
    if sha256 is not None and len(sha256) != DIGEST_BYTES:
        return None
    return FileKey(bits, key, start, sha256)


def _bytes_until_over(start: bytes) -> int:
    """Return how many bytes a counter of 64 bits encrypts before it begins anew."""
    return (2**HALF - int.from_bytes(start[BLOCK // 2 :], "big")) * BLOCK


def _decrypt(key: bytes, start: bytes, ciphertext: bytes) -> bytes:
    decryptor = Cipher(AES(key), CTR(start)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(written: str) -> bytes | None:
    """Base64 of either alphabet, with or without padding, as clients take it; None if it is neither."""
    bare = written.strip().translate(_TO_URLSAFE)
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
