"""What passed by: matches, and pictures that cannot be read."""

from dataclasses import dataclass

from takeback.events.choices import FoundBy
from takeback.ids import EntryId, SightingId


@dataclass(frozen=True, slots=True)
class Matched:
    """A post and a bank entry show the same picture, or may; the match says which, and how it was found."""

    entry: EntryId
    sighting: SightingId
    by: FoundBy


@dataclass(frozen=True, slots=True)
class PictureUnreadable:
    """A public picture could not be fetched or decoded after all tries; it was compared with nothing."""

    sighting: SightingId
    reason: str
