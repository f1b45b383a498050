"""The log itself: timestamps, and logs that it succeeded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timestamped:
    """A time-stamping authority signed a checkpoint's text; `token` is the SHA-256 of its response."""

    size: int
    authority: str
    token: str


@dataclass(frozen=True, slots=True)
class LogSucceeded:
    """This log goes on where another one ended: its `size` entries follow, and `lost` more are known of."""

    origin: str
    keys: str
    """The old log's verifier keys, a line each."""
    note: str
    """Its last checkpoint that was here, with its signatures; empty if it never signed one."""
    size: int
    lost: int
