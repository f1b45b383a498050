"""What must not be shared again."""

from dataclasses import dataclass
from enum import StrEnum

from takeback.ids import EntryId, ReportId


class EntryStatus(StrEnum):
    """What an entry may cause."""

    SEED = "seed"
    """Reported: finds candidates for review, blocks nothing."""
    ACTIVE = "active"
    """Reviewed: copies are removed when they appear."""
    WITHDRAWN = "withdrawn"
    """Finds nothing any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One signal that must not be shared again, laid down in eight ways."""

    id: EntryId
    report: ReportId
    status: EntryStatus
    quality: int
    seq: int
    """The bank's sequence number of this entry's last change."""
    flips: tuple[bytes, ...]
    """Eight hashes of 32 bytes, in the order of `signals.model.Flip`."""


@dataclass(frozen=True, slots=True)
class Known:
    """The answer to "is this picture known?", for the platform's own use."""

    known: bool
    status: EntryStatus | None
