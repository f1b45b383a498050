"""Words for removals that nobody saw, and for reports that find very much. Pure."""

from collections.abc import Callable

from takeback.cases.breaker import Paused
from takeback.entrypoints.console.counting import count
from takeback.events import (
    BreakerOverdue,
    BreakerRearmed,
    BreakerReleased,
    BreakerStopped,
    BreakerTripped,
    MoreCopiesAsked,
    SeedCapped,
)
from takeback.ids import StaffId

BreakerEvent = (
    BreakerTripped
    | BreakerOverdue
    | BreakerReleased
    | BreakerStopped
    | BreakerRearmed
    | SeedCapped
    | MoreCopiesAsked
)


def sentence(event: BreakerEvent, name: Callable[[StaffId], str]) -> str:  # noqa: PLR0911 - an arm for each event
    """Return an event as a line of a history."""
    match event:
        case BreakerTripped(removals=removals, posters=posters, places=places):
            return f"Automatic removal paused: {numbers(removals, posters, places)}."
        case BreakerOverdue():
            return "Nobody has answered in time whether automatic removal goes on."
        case BreakerReleased(staff=staff, waiting=waiting):
            return f"{name(staff)} let automatic removal go on; {count(waiting, 'copy', 'copies')} waited."
        case BreakerStopped(staff=staff, waiting=waiting):
            waits = f"{count(waiting, 'copy waits', 'copies wait')} for a decision."
            return f"{name(staff)} stopped automatic removal; {waits}"
        case BreakerRearmed(staff=staff):
            return f"{name(staff)} had automatic removals counted again."
        case SeedCapped(copies=copies):
            shown = count(copies, "post", "posts")
            return f"A reported picture matched more than {shown}; further ones wait until somebody looks."
        case MoreCopiesAsked(staff=staff):
            return f"{name(staff)} asked for more of the posts that match."


def numbers(removals: int, posters: int, places: int) -> str:
    """Count what was removed unseen: "57 removals in an hour; 40 posters and 12 places in all"."""
    lately = count(removals, "removal that nobody saw", "removals that nobody saw")
    return f"{lately} in an hour; {count(posters, 'poster')} and {count(places, 'place')} in all"


def in_queue(paused: Paused) -> str:
    """The same as a line of the queue."""
    lately = count(paused.removals, "removal")
    waits = count(paused.waiting, "copy waits", "copies wait")
    return f"paused: {lately} in an hour, {count(paused.posters, 'poster')} in all; {waits}"
