"""The closed lists that facts choose from. `facts` hands them on, so read that first."""

from enum import StrEnum


class FoundBy(StrEnum):
    """Which side of the join came last."""

    LIVE = "live"
    """The post came after the bank entry."""
    LOOK_BACK = "look_back"
    """The bank entry came after the post."""
    REPORT = "report"
    """The person who reported said where it is."""


class Verdict(StrEnum):
    """What a reviewer decides."""

    SHARED_WITHOUT_CONSENT = "shared_without_consent"
    NOT_SHARED_WITHOUT_CONSENT = "not_shared_without_consent"
    CANNOT_TELL = "cannot_tell"


class Revealed(StrEnum):
    """What a member of staff asked to see."""

    PICTURE = "picture"
    CONTACT = "contact"


class CapturedFor(StrEnum):
    """Why a post was captured."""

    MATCH = "match"
    INVESTIGATION = "investigation"
    """Everything in its place is, for some days."""


class SeenBy(StrEnum):
    """How we came to know that a message is not there any more."""

    EVENT = "event"
    """The platform said so."""
    POLL = "poll"
    """It was asked for by its id."""


class StaffChange(StrEnum):
    """What an administrator changed of an account."""

    MADE_REVIEWER = "made_reviewer"
    MADE_ADMINISTRATOR = "made_administrator"
    DISABLED = "disabled"
    ENABLED = "enabled"


class ApiKeyChange(StrEnum):
    """What became of a key of a program."""

    MADE = "made"
    REVOKED = "revoked"
