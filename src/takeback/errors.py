"""The one exception tree. A boundary translates into it once, with `from`.

TakebackError
├── ConfigurationError    the operator must change a setting; the text says which and how
├── NotReady              what a start needs does not answer now, and may soon: try again
├── Unreadable            bytes that are not a picture we can hash; carries the reason
├── Deferred              a file costs more than may be spent now: read it later, in the slow lane
├── NotFound              no such case, receipt, entry ...
├── Refused               understood, and not allowed; the text may be shown to the person who asked
│   ├── TooManyAttempts   asked too often; says when to come back
│   └── LinkEnded         a link for many reports counts no further one
├── LeaseLost             another watcher holds the stream now: drop the work, write nothing
├── DamagedIndex          files of an index that cannot be trusted: delete them, they are made again
├── DamagedEvidence       a kept file is not what was recorded of it: a person must look
├── DatabaseAway          PostgreSQL does not answer, or a connection to it was lost: try again
├── StorageUnavailable    the blob store does not answer: try again
├── LedgerBroken          the log disagrees with what was signed before: stop signing
└── PlatformError         a platform's answer to a connector
├── Gone              the thing asked for is not there (any more)
├── NotAllowed        our account may not do this; a person must look at its rights
└── Unavailable       down, slow, 5xx or rate limited: try again, never take it for "gone"
"""

from datetime import timedelta
from enum import StrEnum

MEND_SETTINGS = 78
"""Exit code when only a person can help: a setting or a key is wrong (EX_CONFIG of sysexits.h)."""
TRY_AGAIN = 75
"""Exit code when the same start may work later: a database does not answer yet (EX_TEMPFAIL)."""


class TakebackError(Exception):
    """Everything that this project raises on purpose."""


class ConfigurationError(TakebackError):
    """A setting is missing or wrong; the message says what to do."""


class NotReady(TakebackError):
    """What a start needs, a database that is starting for instance, does not answer now: try again."""


class WhyUnreadable(StrEnum):
    """Why bytes could not be turned into signals; the value is stored and shown to staff."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not_a_picture"
    DAMAGED = "damaged"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_SLOW = "too_slow"
    DECODER_DIED = "decoder_died"
    GONE = "gone"
    WRONG_DIGEST = "wrong_digest"
    """An encrypted file that is not the one its post names; clients show nothing of it."""


class Unreadable(TakebackError):
    """The bytes could not be read as a picture.

    Args:
        why: the reason, from a closed list.
        detail: one line for an engineer; never contains picture content.
    """

    def __init__(self, why: WhyUnreadable, detail: str = "") -> None:
        super().__init__(f"{why.value}: {detail}" if detail else why.value)
        self.why = why
        self.detail = detail


class Deferred(TakebackError):
    """A file costs more than may be spent on it now; the slow lane reads it later."""


class NotFound(TakebackError):
    """There is no such thing, or the asker may not know of it."""


class Refused(TakebackError):
    """Understood, and not allowed."""


class TooManyAttempts(Refused):
    """Asked too often.

    Args:
        wait: how long until the next attempt is looked at.
    """

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"too many attempts; try again in {max(1, int(wait.total_seconds()))} seconds")
        self.wait = wait


class LinkEnded(Refused):
    """A link for many reports is used up, past its time, revoked, or none of ours."""


class LeaseLost(TakebackError):
    """The stream's fencing epoch moved on: somebody else watches it now."""


class DamagedIndex(TakebackError):
    """Files of an index are torn, foreign or of another version."""


class DamagedEvidence(TakebackError):
    """A file of the evidence is not what was recorded when it was sealed."""


class DatabaseAway(TakebackError):
    """PostgreSQL does not answer now; what was under way was rolled back, or its end is not known."""


class StorageUnavailable(TakebackError):
    """Files cannot be written or read now."""


class LedgerBroken(TakebackError):
    """What is stored cannot have grown out of what was signed."""


class PlatformError(TakebackError):
    """A platform did not do what a connector asked.

    Args:
        message: may quote the platform, so it is cut to one printable line of 300 characters: it is stored.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__("".join(filter(str.isprintable, message))[:300])


class Gone(PlatformError):
    """The platform says that the thing is not there."""


class NotAllowed(PlatformError):
    """The platform refuses our account."""


LONGEST_WAIT = timedelta(days=7)
"""A platform's longer wait is obeyed for so long; then it is asked once more. Staff see what it asked for."""


def asked_wait(seconds: float | None) -> timedelta:
    """Return the wait that a platform asked for, as far as it is obeyed: whole, up to a week."""
    return timedelta(seconds=min(max(seconds or 0.0, 0.0), LONGEST_WAIT.total_seconds()))


class Unavailable(PlatformError):
    """No usable answer now.

    Args:
        retry_after: seconds that the platform asked us to wait, if it said so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def exit_code(error: BaseException) -> int | None:
    """The exit code of what ends a process in one line; None for what needs a trace."""
    match error:
        case NotReady() | StorageUnavailable():
            return TRY_AGAIN
        case ConfigurationError():
            return MEND_SETTINGS
        case _:
            return None
