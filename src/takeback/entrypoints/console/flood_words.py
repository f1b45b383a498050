"""Words for floods of reports, and for links for many reports. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from takeback.cases.floods import Flood
from takeback.entrypoints.console.counting import count
from takeback.events import (
    FloodBegan,
    FloodKept,
    FloodKind,
    FloodLetIn,
    ReportHeld,
    ReportLetIn,
    ReportLinkMade,
    ReportLinkRevoked,
)
from takeback.ids import StaffId
from takeback.submissions.links import Link

FloodEvent = (
    FloodBegan | ReportHeld | ReportLetIn | FloodLetIn | FloodKept | ReportLinkMade | ReportLinkRevoked
)

_FROM: Mapping[FloodKind, str] = {
    FloodKind.NETWORK: "from one network",
    FloodKind.ONION: "by the onion address",
    FloodKind.ALL: "from many networks",
}


def sentence(event: FloodEvent, name: Callable[[StaffId], str]) -> str:  # noqa: PLR0911 - an arm for each event
    """Return an event as a line of a history."""
    match event:
        case FloodBegan(group=group):
            return f"Many reports came {_FROM[group]} at once; they are held together."
        case ReportHeld():
            return "The report came in a flood: it is held, and its pictures are not looked for yet."
        case ReportLetIn(staff=staff):
            return f"{name(staff)} let the report in; its pictures are looked for."
        case FloodLetIn(staff=staff, waiting=waiting):
            return f"{name(staff)} let {count(waiting, 'held report')} in."
        case FloodKept(staff=staff, waiting=waiting):
            return f"{name(staff)} said that {count(waiting, 'report')} of a flood stay held."
        case ReportLinkMade(staff=staff, allowed=allowed):
            return f"{name(staff)} made a link for {count(allowed, 'report')}."
        case ReportLinkRevoked(staff=staff):
            return f"{name(staff)} revoked a link for many reports."


def headline(flood: Flood) -> str:
    """A flood in one line: "170 reports came in 2 minutes from one network; 1,588 pictures"."""
    lasted = flood.last_at - flood.first_at
    came = f"{count(flood.reports, 'report')} came in {_lasted(lasted)} {_FROM[flood.kind]}"
    return f"{came}; {count(flood.pictures, 'picture')}"


def _lasted(time: timedelta) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        number = round(time.total_seconds() / length)
        if number > 1:
            return f"{number} {unit}s"
    return "a minute"


def link_stands(link: Link, now: datetime) -> str:
    """Return whether a link counts further reports, and if not, why."""
    if link.revoked_at is not None:
        return "revoked"
    if link.used >= link.allowed:
        return "used up"
    return "works" if link.stands(now) else "over"
