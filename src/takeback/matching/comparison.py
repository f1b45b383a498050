"""Posts near entries: asked of the index, or of a few entries. `signals.relation` says what pairs mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from takeback.bank.index import BankIndex, touches
from takeback.bank.model import Brief, Entry, EntryStatus
from takeback.ids import EntryId
from takeback.sightings.model import Sighting
from takeback.signals import rows
from takeback.signals.model import Cut, Kind
from takeback.signals.relation import Part, Shown, Touch, moment_of, part_from


@dataclass(slots=True)
class Nearby:
    """The entries near one post, with how; grows while it is asked for."""

    touches: dict[EntryId, list[Touch]] = field(default_factory=dict)
    entries: dict[EntryId, Brief] = field(default_factory=dict)

    def add(self, entry: Brief, touch: Touch) -> None:
        """Add a pair of a part and a row."""
        self.entries[entry.id] = entry
        self.touches.setdefault(entry.id, []).append(touch)

    def replace(self, shown: Shown, entry: Entry) -> None:
        """Ask a changed entry anew, and forget what was known of it; nothing stays if it was withdrawn."""
        self.touches.pop(entry.id, None)
        brief = Brief(entry.id, entry.status, entry.kind, entry.frames)
        for touch in touches(shown.rows, [entry], shown.radius):
            self.add(brief, touch)


def ask_index(index: BankIndex, posts: Mapping[int, Shown]) -> dict[int, Nearby]:
    """Return what the index knows near these posts."""
    found = {number: Nearby() for number in posts}
    for number, touched in rows.near(index.search, posts).items():
        for touch in touched:
            brief = index.brief(touch.entry)
            if brief is not None:
                found[number].add(brief, touch)
    return found


def ask_entries(shown: Shown, entries: Sequence[Entry]) -> Nearby:
    """Compare everything with a few entries, as `ask_index` does with all."""
    nearby = Nearby()
    for entry in entries:
        if entry.status is not EntryStatus.WITHDRAWN:
            nearby.replace(shown, entry)
    return nearby


def shown_in(sighting: Sighting) -> Shown | None:
    """Return what one post shows, of its reading as it is stored; None if there is none."""
    if sighting.kind is Kind.CLIP:
        return Shown(tuple(map(moment_of, sighting.frames)), is_clip=True)
    if sighting.hash is None:
        return None
    first = Part(sighting.hash, sighting.quality or 0, sighting.doubt, Cut.WHOLE)
    return Shown((first, *map(part_from, sighting.variants)), is_clip=False)
