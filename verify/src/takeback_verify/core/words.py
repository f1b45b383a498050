"""Times and numbers in plain English, spelt in one way, so that two verifiers can be compared."""

from collections.abc import Sequence
from datetime import datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SMALL = ("no", "one", "two", "three", "four", "five", "six")


def day(at: datetime) -> str:
    """Such as "3 March 2026"."""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def clock(at: datetime) -> str:
    """Such as "12:00:05"."""
    return f"{at:%H:%M:%S}"


def when(at: datetime) -> str:
    """Such as "3 March 2026 at 12:00:05 UTC"."""
    return f"{day(at)} at {clock(at)} UTC"


def count(number: int, noun: str) -> str:
    """Such as "1 file" or "1,024 files"."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("s") else "s")
    return f"{number:,} {plural}"


def small(number: int) -> str:
    """Such as "two", or "12"."""
    return _SMALL[number] if number < len(_SMALL) else str(number)


def joined(words: Sequence[str]) -> str:
    """Such as "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
