"""What a visitor typed and has not sent: stored sealed under a key that only her session cookie holds.

The database has ciphertext, found by a value that is computed from the key; a stolen table, and the portal
without the cookie, open nothing. The role behind this can execute three functions, each for one locator, and
reads no table. The lengths are padded to two sizes, so that they tell little. ADR 24 says why.

Sealing is ChaCha20-Poly1305 (RFC 8439) with a random nonce for each put; the locator and the key are two
outputs of HMAC-SHA-256 under the cookie's 32 bytes. The locator is authenticated with the text, so that one
row cannot be put in another's place.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from enum import StrEnum
from typing import NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from takeback.errors import Refused
from takeback.infra.db.pool import Database, scalar

DraftKey = NewType("DraftKey", bytes)
"""32 random bytes: the value of the cookie."""

LONGEST = 65_000
"""Bytes of a draft."""
_SIZES = (16 * 1024, 65_024)
"""Bytes of a padded draft: whoever reads the table learns only whether it is a very long one."""
_KEY_BYTES = 32
_NONCE_BYTES = 12
_END = b"\x80"


class Kept(StrEnum):
    """What became of a draft that was put down."""

    KEPT = "kept"
    GONE = "gone"
    """It was wiped, or expired, since it was read; it is not brought back."""
    FULL = "full"
    """Too many people are answering at this moment."""


def new_key() -> DraftKey:
    """Make a key that nobody can guess."""
    return DraftKey(secrets.token_bytes(_KEY_BYTES))


def write_key(key: DraftKey) -> str:
    """Return the 43 characters that a cookie can hold."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")


def read_key(text: str) -> DraftKey | None:
    """Return the key that `write_key` wrote; None for anything else."""
    try:
        key = DraftKey(base64.b64decode(text.encode("ascii") + b"=", altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error):
        return None
    return key if len(key) == _KEY_BYTES and write_key(key) == text else None


def locator(key: DraftKey) -> bytes:
    """Return the 32 bytes by which the database knows the draft."""
    return hmac.digest(key, b"draft locator", hashlib.sha256)


def attempt(key: DraftKey) -> str:
    """Return the name under which this session sends: the same answers sent twice are one report."""
    return hmac.digest(key, b"draft attempt", hashlib.sha256).hex()


def seal(key: DraftKey, data: bytes) -> bytes:
    """Seal up to `LONGEST` bytes; nonce and ciphertext. Raises Refused if there are more."""
    if len(data) > LONGEST:
        raise Refused("the draft is too long")
    marked = data + _END
    size = next(size for size in _SIZES if len(marked) <= size)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, marked.ljust(size, b"\0"), locator(key))


def unseal(key: DraftKey, sealed: bytes) -> bytes:
    """Return what `seal` was given. Raises ValueError for anything else."""
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        data, end, _ = _cipher(key).decrypt(nonce, text, locator(key)).rpartition(_END)
    except InvalidTag:
        raise ValueError("not sealed under this key") from None
    if end != _END:
        raise ValueError("not padded as drafts are")
    return data


def put(database: Database, key: DraftKey, data: bytes, *, fresh: bool) -> Kept:
    """Store a draft in place of the one before, and begin its thirty minutes anew.

    Args:
        database: as the role takeback_portal.
        key: from the cookie.
        data: at most `LONGEST` bytes.
        fresh: whether there may be none yet; else a draft that is gone stays gone.

    Raises:
        Refused: it is too long.
    """
    with database.transaction() as tx:
        return Kept(scalar(tx, "select draft_put(%s, %s, %s)", (locator(key), seal(key, data), fresh)))


def get(database: Database, key: DraftKey) -> bytes | None:
    """Return the draft; None if there is none, or it has expired.

    Raises:
        ValueError: what is stored was not sealed under this key.
    """
    with database.transaction() as tx:
        row = tx.execute("select draft_get(%s)", (locator(key),)).fetchone()
    return None if row is None or row[0] is None else unseal(key, bytes(row[0]))


def wipe(database: Database, key: DraftKey) -> None:
    """Delete the draft, if there is one."""
    with database.transaction() as tx:
        tx.execute("select draft_wipe(%s)", (locator(key),))


def _cipher(key: DraftKey) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(hmac.digest(key, b"draft seal", hashlib.sha256))
