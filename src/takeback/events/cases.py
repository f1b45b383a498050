"""Cases: their copies, what reviewers see and say of them, and their clocks."""

from dataclasses import dataclass
from typing import ClassVar

from takeback.events.choices import Revealed
from takeback.ids import CaseId, ReportId, SightingId, StaffId


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A report became a case with a clock."""

    case: CaseId
    report: ReportId


@dataclass(frozen=True, slots=True)
class CopyFound:
    """A post joined a case as a copy of its picture."""

    case: CaseId
    sighting: SightingId


@dataclass(frozen=True, slots=True)
class MediaRevealed:
    """A member of staff asked to see a picture or a way to reach the reporter, and said why."""

    kind: ClassVar = "looked"
    case: CaseId
    what: Revealed
    staff: StaffId
    reason: str
    sighting: SightingId | None = None


@dataclass(frozen=True, slots=True)
class CopyExcluded:
    """A reviewer said that a copy does not show the case's picture: nothing is done to it."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class ExclusionUndone:
    """A reviewer said that an excluded copy shows the case's picture after all."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class CopyConfirmed:
    """A reviewer said that a copy which only may show the case's picture does: it counts like any other."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class ConfirmationUndone:
    """A reviewer took back that a copy which only may show the case's picture does."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class ClockPassed:
    """A deadline of the law or of the house passed before every known copy was gone."""

    case: CaseId
    clock: str
