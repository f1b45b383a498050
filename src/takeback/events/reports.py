"""What people told us: reports, and links in them."""

from dataclasses import dataclass

from takeback.ids import ReportId


@dataclass(frozen=True, slots=True)
class ReportReceived:
    """Somebody asked for help; the report was opened and is complete enough to act on."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class ReportUnusable:
    """A stored report could not be opened or understood (a forged or damaged submission)."""

    report: ReportId
    reason: str


@dataclass(frozen=True, slots=True)
class LocationUnusable:
    """What the report gave as a place could not be found on any connected platform."""

    report: ReportId
    reason: str
