"""What reviewers decide, dispute, take back and reverse."""

from dataclasses import dataclass
from uuid import UUID

from takeback.events.choices import Moment, Reopened, Verdict
from takeback.ids import CaseId, StaffId


@dataclass(frozen=True, slots=True)
class Decided:
    """A reviewer decided; it takes effect later, so that it can be undone."""

    case: CaseId
    decision: UUID
    verdict: Verdict
    staff: StaffId
    effective_at: Moment
    copies: str | None = None
    """The sightings that the decision covers: those that its page showed as copies, one blank apart."""
    looked_at: int | None = None
    """How many of these the reviewer had asked to see clearly."""


@dataclass(frozen=True, slots=True)
class DecisionUndone:
    """A decision was taken back before it took effect."""

    case: CaseId
    decision: UUID
    staff: StaffId


@dataclass(frozen=True, slots=True)
class DecisionEffective:
    """The time to undo has passed: what was decided now happens."""

    case: CaseId
    decision: UUID
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DecisionDisputed:
    """Two reviewers decided differently at the same time: neither takes effect, somebody else decides."""

    case: CaseId
    decision: UUID
    """The one that waited."""
    verdict: Verdict
    """What the second reviewer decided instead."""
    staff: StaffId


@dataclass(frozen=True, slots=True)
class DecisionObjected:
    """A reviewer disagrees with a decision that has taken effect; it stands until somebody reverses it."""

    case: CaseId
    decision: UUID
    verdict: Verdict
    """What she would have decided."""
    staff: StaffId


@dataclass(frozen=True, slots=True)
class DecisionReversed:
    """A person took back a decision that had taken effect: its signals are withdrawn."""

    case: CaseId
    decision: UUID
    staff: StaffId


@dataclass(frozen=True, slots=True)
class CaseReopened:
    """A closed case is to be decided again, by somebody else than the one who closed it."""

    case: CaseId
    why: Reopened
    staff: StaffId | None
    """None: the service itself, because of what it found."""
