"""What events are made of besides ids: closed lists to choose from, and times."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an event's time needs a time zone")
    return at.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc), PlainSerializer(_in_utc)]
"""A time with a time zone; written in UTC."""


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
    OUT_OF_REACH = "out_of_reach"
    """Nothing can be done here: it is on no platform that this service is connected to."""


class StepEnd(StrEnum):
    """How one step of a removal ended."""

    DONE = "done"
    """The platform confirmed it."""
    ALREADY = "already"
    """Somebody did it before: there was nothing left to do."""
    NOT_OFFERED = "not_offered"
    """The platform has no such action; nothing was done."""


class Planned(StrEnum):
    """What is to be done with a copy."""

    REMOVAL = "removal"
    LOOK = "look"
    """It is gone already: it is only looked for."""


class FloodKind(StrEnum):
    """What the reports of a flood have in common."""

    NETWORK = "network"
    ONION = "onion"
    """They came by the onion address."""
    ALL = "all"
    """Nothing: there were too many at once."""


class Reopened(StrEnum):
    """Why a closed case is decided again."""

    OBJECTION = "objection"
    """Somebody objected."""
    NEW_REPORT = "new_report"
    """It was reported again."""
    FOUND = "found"
    """A copy was found, where nothing could be done before."""


class Revealed(StrEnum):
    """What a member of staff asked to see."""

    PICTURE = "picture"
    CONTACT = "contact"


class CapturedFor(StrEnum):
    """Why a post was captured."""

    MATCH = "match"
    INVESTIGATION = "investigation"
    """Everything in its place is, for some days."""


class Keeps(StrEnum):
    """What is sealed in a place under investigation."""

    EVERYTHING = "everything"
    DIGESTS = "digests"
    """Digests and metadata only: those shown may be children."""


class HowEnded(StrEnum):
    """How an investigation came to its end."""

    STOPPED = "stopped"
    """Somebody ended it."""
    EXPIRED = "expired"
    """Its time was over."""
    REPLACED = "replaced"
    """It was started again, with another end or otherwise."""


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


class AccountChange(StrEnum):
    """What is asked for an account."""

    REVIEWER_INVITED = "reviewer_invited"
    ADMINISTRATOR_INVITED = "administrator_invited"
    NEW_WAY_IN = "new_way_in"
    """A one-time link for an account that somebody has used."""
    MADE_REVIEWER = "made_reviewer"
    MADE_ADMINISTRATOR = "made_administrator"
    DISABLED = "disabled"
    ENABLED = "enabled"


class ApiKeyChange(StrEnum):
    """What became of a key of a program."""

    MADE = "made"
    REVOKED = "revoked"
