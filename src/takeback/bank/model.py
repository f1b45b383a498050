"""What must not be shared again."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from takeback.ids import EntryId, ReportId, SightingId
from takeback.signals.model import FLIPS, HASH_BYTES, Kind

FRAME_BYTES = FLIPS * HASH_BYTES


class EntryStatus(StrEnum):
    """What an entry may cause."""

    SEED = "seed"
    """Reported: finds candidates for review, blocks nothing. It stays so: the numbers are the reporter's."""
    ACTIVE = "active"
    """Made here of what a reviewer saw: copies are removed when they appear."""
    WITHDRAWN = "withdrawn"
    """Finds nothing any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture or clip that must not be shared again, laid down in eight ways."""

    id: EntryId
    number: int
    """Given by the bank, from 1: how the index calls it, in 8 bytes where the id takes 16."""
    report: ReportId
    status: EntryStatus
    kind: Kind
    quality: int
    """Of a clip: of its best frame."""
    seq: int
    """The bank's sequence number of this entry's last change."""
    hashes: bytes
    """256 bytes for each frame, a picture has one: eight hashes in the order of `signals.model.Flip`."""
    made_of: SightingId | None = None
    """The reviewed copy that it was made of, here; None: a report brought it, so it only finds candidates."""

    @property
    def frames(self) -> int:
        """How many there are; 1 for a picture."""
        return len(self.hashes) // FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the bank: everything up to one change is in, nothing after it."""

    seq: int
    """The change's number."""
    token: UUID | None
    """Drawn by the database when it made the change, so that equal tokens mean: the same change, after the
    same past. None: of an index that nothing was read into yet."""


NOTHING = Version(0, None)
"""Before anything was read."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What the index keeps of an entry beside its hashes."""

    id: EntryId
    status: EntryStatus
    kind: Kind
    frames: int


class Refusal(StrEnum):
    """Why a picture must not enter the bank; the value is stored, and told to who reported and reviews."""

    TOO_LITTLE_DETAIL = "too_little_detail"
    """Its hash would match pictures that have nothing to do with it."""
    INSIDE_ANOTHER = "inside_another"
    """It lies inside a screenshot or collage, whose hash would match others of the same make; the picture
    inside is banked instead."""
    WELL_KNOWN = "well_known"
    """It is on the operator's list of pictures that everybody shares."""
    NOT_ONE_PICTURE = "not_one_picture"
    """The eight hashes that a reporter sent are not those of one picture laid down in eight ways."""
    NOT_A_PICTURES_NUMBERS = "not_a_pictures_numbers"
    """A hash that a reporter sent is none that a picture with detail has."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A picture that was reported and is not in the bank."""

    name: str
    """Which one of the report, as "picture 1" or "location 2.1"."""
    why: Refusal
