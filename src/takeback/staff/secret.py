"""The staff room's own key: a copy of the database alone must not be enough to log in.

It hides names and networks in the list of failed log-ins (HMAC) and code generators' secrets (Fernet), and
signs passkey challenges and what a known browser keeps. Losing the file means that everybody with a password
sets it up again; passkeys and sessions do not depend on it.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from takeback.errors import ConfigurationError, Refused
from takeback.infra.vault.keys import write_once

KEY_FILE = "staff.key"
_BYTES = 32


class Secret:
    """Hides what must not be read from the database alone. Its key is 32 random bytes."""

    def __init__(self, key: bytes) -> None:
        self._names = _derive(key, b"names of failed log-ins")
        self._sources = _derive(key, b"sources of log-ins")
        self._signing = _derive(key, b"signed texts")
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(key, b"sealed texts")))

    def whom(self, name: str) -> bytes:
        """Stands for a name in the list of failed log-ins."""
        return hmac.digest(self._names, name.casefold().encode(), hashlib.sha256)

    def source(self, text: str) -> bytes:
        """Stands for a network or a browser in the list of failed log-ins."""
        return hmac.digest(self._sources, text.encode(), hashlib.sha256)

    def sign(self, text: bytes) -> bytes:
        """Prove that a text is ours: 32 bytes (HMAC-SHA256)."""
        return hmac.digest(self._signing, text, hashlib.sha256)

    def seal(self, text: str, now: datetime) -> str:
        """The text, unreadable without the key."""
        return self._fernet.encrypt_at_time(text.encode(), int(now.timestamp())).decode()

    def open(self, sealed: str, *, within: timedelta | None = None, now: datetime) -> str:
        """Return the text that was sealed. Raises Refused if it was not sealed here within that time."""
        data = sealed.encode()
        try:
            if within is None:
                return self._fernet.decrypt(data).decode()
            return self._fernet.decrypt_at_time(
                data, int(within.total_seconds()), int(now.timestamp())
            ).decode()
        except InvalidToken as error:
            raise Refused("This took too long, or was changed on the way. Begin again.") from error


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _BYTES, salt=None, info=b"takeback staff: " + purpose).derive(key)


def load_secret(folder: Path) -> Secret:
    """The secret of `folder/staff.key`, which is made when it is missing.

    Raises ConfigurationError if the file does not hold a key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / KEY_FILE
    text = write_once(path, secrets.token_hex(_BYTES))
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise ConfigurationError(f"{path} does not hold a key of {_BYTES} bytes; restore it from a backup")
    return Secret(key)
