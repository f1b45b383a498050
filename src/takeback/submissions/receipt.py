"""The receipt: all that a person keeps, and all that leads back to her report.

Twenty decimal digits in five groups: they read the same in every language, can be written on paper, and
look like any other number. Nineteen are random (63 bits), the last is a check digit, so that a slip of a pen
is told apart from a wrong receipt without asking the database. The database holds only HMAC-SHA-256 of the
code under a pepper that is not in the database: a stolen table cannot be searched for codes.

The trade-off is that a lost code is lost: nobody can find the report again for her, and the pages say so.
"""

import hashlib
import hmac
import secrets
import unicodedata
from enum import Enum
from pathlib import Path
from typing import NewType

from takeback.errors import ConfigurationError
from takeback.infra.vault.seal import PEPPER_FILE

ReceiptCode = NewType("ReceiptCode", str)
"""Twenty ASCII digits with a right check digit."""
Pepper = NewType("Pepper", bytes)
Locator = NewType("Locator", bytes)
"""32 bytes by which the database knows a receipt."""

DIGITS = 20
GROUP = 4
PEPPER_BYTES = 32


class Misread(Enum):
    """Why a text is no receipt; each has its own friendly sentence."""

    EMPTY = "empty"
    NOT_DIGITS = "not_digits"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    CHECK_DIGIT = "check_digit"
    """As many digits as it must have, and at least one of them is wrong or two changed places."""


def check_digit(digits: str) -> str:
    """The digit that completes `digits` (ISO/IEC 7064:2003, clause 9: hybrid system MOD 11,10).

    It finds every single wrong digit and nearly every two that changed places.
    """
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def code_from(secret: bytes) -> ReceiptCode:
    """The receipt that 32 secret bytes stand for; as hard to guess as they are, up to its 63 bits."""
    digits = f"{int.from_bytes(secret) % 10 ** (DIGITS - 1):0{DIGITS - 1}d}"
    return ReceiptCode(digits + check_digit(digits))


def new_code() -> ReceiptCode:
    """A receipt that nobody can guess."""
    return code_from(secrets.token_bytes(32))


def grouped(code: ReceiptCode) -> tuple[str, ...]:
    """The code as people read it: five groups of four."""
    return tuple(code[at : at + GROUP] for at in range(0, DIGITS, GROUP))


def read(text: str) -> ReceiptCode | Misread:
    """Read a receipt as people write it.

    Spaces, dashes, invisible marks and the digits of any script (full-width, Arabic-Indic ...) are forgiven;
    whatever else there is makes it no receipt.
    """
    # Separators, dashes, controls such as tab and newline, and formats such as a right-to-left mark.
    written = [
        char for char in text if unicodedata.category(char) not in {"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"}
    ]
    if not written:
        return Misread.EMPTY
    values = [unicodedata.decimal(char, None) for char in written]
    if None in values:
        return Misread.NOT_DIGITS
    if len(values) != DIGITS:
        return Misread.TOO_SHORT if len(values) < DIGITS else Misread.TOO_LONG
    code = "".join(str(value) for value in values)
    return ReceiptCode(code) if check_digit(code[:-1]) == code[-1] else Misread.CHECK_DIGIT


def locator(pepper: Pepper, code: ReceiptCode) -> Locator:
    """Return how the database knows this receipt: HMAC-SHA-256 (RFC 2104) of its digits."""
    return Locator(hmac.digest(pepper, code.encode("ascii"), hashlib.sha256))


def load_pepper(folder: Path) -> Pepper:
    """Read the portal's own secret.

    Args:
        folder: the portal's folder of keys.

    Raises:
        ConfigurationError: there is no such file, or it does not hold 32 bytes in hexadecimal.
    """
    path = folder / PEPPER_FILE
    try:
        pepper = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"cannot read the portal's pepper {path}; `takeback serve` makes it at its first start. "
            "If receipts exist already, bring the old file back: without it none of them can be found"
        ) from error
    if len(pepper) != PEPPER_BYTES:
        raise ConfigurationError(
            f"{path} must hold {PEPPER_BYTES} bytes, as {2 * PEPPER_BYTES} hexadecimal digits"
        )
    return Pepper(pepper)
