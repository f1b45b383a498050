"""Copies are removed, looked for, and looked for again."""

from dataclasses import dataclass

from takeback.events.choices import Planned, StepEnd
from takeback.ids import CaseId, SightingId, StaffId, TargetId


@dataclass(frozen=True, slots=True)
class RemovalPlanned:
    """A copy is to be removed: the steps exist. Or it is gone already, and is only looked for."""

    target: TargetId
    case: CaseId
    sighting: SightingId
    what: Planned = Planned.REMOVAL


@dataclass(frozen=True, slots=True)
class RemovalCalledOff:
    """A removal that was not done yet will not be: the decision was reversed."""

    target: TargetId
    case: CaseId


@dataclass(frozen=True, slots=True)
class RemovalStepDone:
    """One step came to its end; nothing is called removed yet."""

    target: TargetId
    action: str
    how: StepEnd = StepEnd.DONE


@dataclass(frozen=True, slots=True)
class RemovalFailed:
    """A step or a look failed in a way that more tries will not mend; a person must act."""

    target: TargetId
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """A person asked that a failed removal be tried again."""

    target: TargetId
    case: CaseId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class FoundGone:
    """Message and media were fetched again, from every vantage, and are gone."""

    target: TargetId
    case: CaseId
    round: int


@dataclass(frozen=True, slots=True)
class FoundAgain:
    """A copy that should be gone, or was gone before, can be seen."""

    target: TargetId
    case: CaseId
    round: int


@dataclass(frozen=True, slots=True)
class Rechecked:
    """A removed copy was looked for; `series` is the SHA-256 of the looks, those at the control included."""

    target: TargetId
    case: CaseId
    round: int
    finding: str
    series: str
