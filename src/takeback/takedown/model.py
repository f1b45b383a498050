"""Removing one copy: what is to be done, what was done, and what was seen afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from takeback.connectors.api import Action, State, Surface, Vantage
from takeback.events import StepEnd
from takeback.ids import CaseId, EventId, SightingId, TargetId


class TargetState(StrEnum):
    """Where the removal of one copy stands. Only `gone` may be called removed."""

    PLANNED = "planned"
    ACTING = "acting"
    CHECKING = "checking"
    """Every step was confirmed by the platform; nobody has looked yet, or a look showed nothing certain."""
    GONE = "gone"
    """Fetched again from every vantage, and absent, while the control could be seen."""
    FAILED = "failed"
    """A person must act."""
    CALLED_OFF = "called_off"
    """The decision was reversed before it was done."""


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
    changed_at: datetime
    """When `state` changed last."""


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One step on the platform."""

    action: Action
    attempt: int
    """Grows when the copy was found again."""
    done_at: datetime | None
    error: str | None
    how: StepEnd = StepEnd.DONE
    """How it ended, once it did."""


@dataclass(frozen=True, slots=True)
class LookRow:
    """What one look showed."""

    round: int
    surface: Surface
    vantage: Vantage
    state: State
    seen: str
    looked_at: datetime


class When(StrEnum):
    """When the control was looked at."""

    BEFORE = "before"
    """Right before the copy."""
    AFTER = "after"
    """Right after it."""


@dataclass(frozen=True, slots=True)
class ControlRow:
    """What one look at the control showed: a picture that is known to be there, on the same platform."""

    round: int
    when: When
    surface: Surface
    vantage: Vantage
    state: State
    seen: str


class Finding(StrEnum):
    """What a round of looks says as a whole."""

    GONE = "gone"
    THERE = "there"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Round:
    """One round of looks that came to its end."""

    target: TargetId
    sighting: SightingId
    round: int
    """0 is the one right after the removal."""
    at: datetime
    """When it was looked; of a round without a look, when it was given up."""
    finding: Finding
    looks: tuple[LookRow, ...]
    control: tuple[ControlRow, ...]
    series: bytes
    """RFC 8785 form of all of it, see `rules.series`; its SHA-256 is in the event."""
    event: EventId
    """The `Rechecked` that says so in the log."""


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
    control: tuple[ControlRow, ...] = ()
    """Of all rounds, like the looks."""
    rounds: tuple[Round, ...] = ()
    """Those that came to their end, the first first."""
