"""Copies that are removed unseen, and reports that match very much."""

from dataclasses import dataclass

from takeback.events.choices import Moment
from takeback.ids import CaseId, EntryId, StaffId


@dataclass(frozen=True, slots=True)
class BreakerTripped:
    """An entry removed so many copies unseen that its automatic removal pauses until a person answers."""

    case: CaseId
    entry: EntryId
    removals: int
    """Copies that were removed unseen within the hour before."""
    posters: int
    """Accounts that ever posted a copy which was removed unseen."""
    places: int
    """Places that these copies were in."""
    answer_by: Moment


@dataclass(frozen=True, slots=True)
class BreakerOverdue:
    """Nobody answered in time whether a paused automatic removal goes on."""

    case: CaseId
    entry: EntryId


@dataclass(frozen=True, slots=True)
class BreakerReleased:
    """A reviewer said that automatic removal goes on; from then on it does not pause again."""

    case: CaseId
    entry: EntryId
    staff: StaffId
    waiting: int
    """Copies of the case that waited for this answer."""


@dataclass(frozen=True, slots=True)
class BreakerStopped:
    """A reviewer said that this entry removes nothing unseen any more: what it finds waits for a person."""

    case: CaseId
    entry: EntryId
    staff: StaffId
    waiting: int


@dataclass(frozen=True, slots=True)
class BreakerRearmed:
    """An administrator had the copies of an entry counted again, from nothing."""

    case: CaseId
    entry: EntryId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class SeedCapped:
    """A reported picture matched so many posts that further ones wait until a person has looked."""

    case: CaseId
    entry: EntryId
    copies: int
    """That it brought."""


@dataclass(frozen=True, slots=True)
class MoreCopiesAsked:
    """A reviewer asked for more of the posts that a reported picture matches."""

    case: CaseId
    entry: EntryId
    staff: StaffId
