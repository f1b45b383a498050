"""More reports come than usual, or by a link for many."""

from dataclasses import dataclass

from takeback.events.choices import FloodKind
from takeback.ids import FloodId, LinkId, ReportId, StaffId


@dataclass(frozen=True, slots=True)
class FloodBegan:
    """More reports came from one group within ten minutes than the settings allow: they are held together."""

    flood: FloodId
    group: FloodKind


@dataclass(frozen=True, slots=True)
class ReportHeld:
    """A report belongs to a flood: its case has its clock, and nothing is looked for yet."""

    report: ReportId
    flood: FloodId


@dataclass(frozen=True, slots=True)
class ReportLetIn:
    """A member of staff let a report in that was held: it is searched for like any other."""

    report: ReportId
    flood: FloodId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class FloodLetIn:
    """A member of staff let all reports of a flood in, and those that its group sends on the same day."""

    flood: FloodId
    staff: StaffId
    waiting: int
    """Reports that were held."""


@dataclass(frozen=True, slots=True)
class FloodKept:
    """A member of staff said that the reports of a flood stay held."""

    flood: FloodId
    staff: StaffId
    waiting: int


@dataclass(frozen=True, slots=True)
class ReportLinkMade:
    """A member of staff made a link by which many reports can be handed in."""

    link: LinkId
    staff: StaffId
    allowed: int
    """Reports that it counts."""


@dataclass(frozen=True, slots=True)
class ReportLinkRevoked:
    """A member of staff ended a link for many reports before its time."""

    link: LinkId
    staff: StaffId
