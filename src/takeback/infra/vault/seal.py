"""The half of the vault that can only close: what a person tells us becomes unreadable where it arrives.

The portal is open to the world, so it holds no key that opens anything: it seals to a public age key
(C2SP age-encryption.org/v1, X25519) whose other half only the workers have. What a thief of the portal's
disk or of the database learns is how many reports there were; not even how much each says, because the
text is padded to whole blocks first. The trade-off: the portal cannot show a report to its sender again.

`pad` and `unpad` stand together so that the two halves cannot disagree; the opening half is `unseal.py`.
"""

import hashlib
import hmac
from pathlib import Path
from typing import NewType

import pyrage

from takeback.errors import ConfigurationError

Recipient = NewType("Recipient", str)
"""A right public key, as age1... text."""

RECIPIENT_FILE = "intake.recipient"
"""One line of text, age1...: the public key that reports are sealed to."""
PEPPER_FILE = "pepper"
"""64 hexadecimal digits: the portal's own secret, which its receipts are looked up under."""
BLOCK_BYTES = 4096
"""Every sealed text is a whole number of these long; an ordinary report with a few pictures is one or two."""
_END = b"\x80"


def which_key(text: str) -> str:
    """Return what may be told of a secret of 32 random bytes, so that two can be compared: a hash, in hex."""
    return hmac.digest(text.strip().lower().encode(), b"takeback: which key this is", hashlib.sha256).hex()


def load_recipient(folder: Path) -> Recipient:
    """Read the public key that reports are sealed to.

    Args:
        folder: the portal's folder of keys.

    Raises:
        ConfigurationError: there is no such file, or it holds something else.
    """
    path = folder / RECIPIENT_FILE
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"cannot read the intake's public key {path}; `takeback serve` makes it at its first start, "
            "or copy it there from the machine that runs the workers"
        ) from error
    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise ConfigurationError(f"{path} is not an age public key; it must be one line age1...") from error
    return Recipient(text)


def pad(data: bytes) -> bytes:
    """`data` made a whole number of blocks long: one byte 0x80, then zeros (ISO/IEC 7816-4)."""
    marked = data + _END
    return marked + bytes(-len(marked) % BLOCK_BYTES)


def unpad(padded: bytes) -> bytes:
    """Return what `pad` was given. Raises ValueError for anything that `pad` does not write."""
    data, end, zeros = padded.rpartition(_END)
    if end != _END or zeros.strip(b"\0") or not padded or len(padded) % BLOCK_BYTES:
        raise ValueError("not padded as the vault pads")
    if len(zeros) >= BLOCK_BYTES:
        raise ValueError("padded by more than a block")
    return data


def seal(recipient: Recipient, data: bytes) -> bytes:
    """Seal `data` so that only the holder of the private key can read it, or see how long it is.

    Args:
        recipient: the public key.
        data: any bytes.

    Returns:
        An age file; two of the same data differ.
    """
    return pyrage.encrypt(pad(data), [pyrage.x25519.Recipient.from_str(recipient)])
