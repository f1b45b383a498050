"""The errors of this package. It stands alone, so its exceptions are its own.

VerifyError
├── Malformed       bytes that are not the one canonical form of what they claim to be
├── NotProven       well formed, and it does not prove what it should
│   └── UnknownLog  (policy.py) a checkpoint of a log that the policy does not know
├── Problems        more than one thing is wrong
└── CannotCheck     nothing can be said: not a package at all, or nothing usable to check it with
"""

from collections.abc import Iterable


class VerifyError(Exception):
    """Everything that this package raises on purpose."""


class Malformed(VerifyError):
    """Not canonical, not complete, or not this format at all."""


class NotProven(VerifyError):
    """A signature or a proof does not hold."""


class Problems(VerifyError):
    """More than one thing is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Each in words."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class CannotCheck(VerifyError):
    """Not a package at all, or the trust file or the key cannot be used."""
