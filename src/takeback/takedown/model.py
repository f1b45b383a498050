"""Removing one copy: what is to be done, what was done, and what was seen afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from takeback.connectors.api import Action, Look, State, Surface, Vantage
from takeback.ids import CaseId, SightingId, TargetId


class TargetState(StrEnum):
    """Where the removal of one copy stands. Only `gone` may be called removed."""

    PLANNED = "planned"
    ACTING = "acting"
    CHECKING = "checking"
    """Every step was confirmed by the platform; nobody has looked yet, or a look showed nothing certain."""
    GONE = "gone"
    """Fetched again from every vantage, and absent."""
    FAILED = "failed"
    """A person must act."""


ORDER: tuple[Action, ...] = (Action.QUARANTINE_MEDIA, Action.REDACT_MESSAGE)
"""The picture first: it is what hurts, and a redacted message may no longer tell where its media is."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One copy that is to be removed."""

    id: TargetId
    case: CaseId
    sighting: SightingId
    connector: str
    place: str
    message: str
    media: str
    state: TargetState
    round: int
    """Of looks: 0 is the one right after the removal."""


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One step on the platform."""

    action: Action
    attempt: int
    """Grows when the copy was found again."""
    done_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class LookRow:
    """What one look showed."""

    round: int
    surface: Surface
    vantage: Vantage
    state: State
    seen: str
    looked_at: datetime


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """How the removal of one copy goes, for a page."""

    target: TargetId
    sighting: SightingId
    connector: str
    state: TargetState
    round: int
    changed_at: datetime
    gone_at: datetime | None
    steps: tuple[StepProgress, ...]
    looks: tuple[LookRow, ...]


class Finding(StrEnum):
    """What a round of looks says as a whole."""

    GONE = "gone"
    THERE = "there"
    UNCLEAR = "unclear"


def finding(looks: tuple[Look, ...], required: frozenset[Surface]) -> Finding:
    """What a round says: gone only if something was looked at, each required surface was seen absent from
    some vantage, and nothing was seen present or left undetermined from any.
    """
    if any(look.state is State.PRESENT for look in looks):
        return Finding.THERE
    absent = {look.surface for look in looks if look.state is State.ABSENT}
    if looks and required <= absent and all(look.state is State.ABSENT for look in looks):
        return Finding.GONE
    return Finding.UNCLEAR
