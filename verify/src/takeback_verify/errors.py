"""What this package raises. It stands alone, so its exceptions are its own.

VerifyError
├── Malformed       bytes that are not the one canonical form of what they claim to be
└── NotProven       well formed, and it does not prove what it should
"""


class VerifyError(Exception):
    """Everything that this package raises on purpose."""


class Malformed(VerifyError):
    """Not canonical, not complete, or not this format at all."""


class NotProven(VerifyError):
    """A signature or a proof does not hold."""
