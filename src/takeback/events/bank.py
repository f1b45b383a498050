"""What enters the bank, acts and is withdrawn."""

from dataclasses import dataclass

from takeback.ids import EntryId, ReportId, SightingId


@dataclass(frozen=True, slots=True)
class EntryBanked:
    """A signal was banked as a seed: it finds candidates for review and blocks nothing."""

    entry: EntryId
    report: ReportId


@dataclass(frozen=True, slots=True)
class EntryRefused:
    """A reported picture must not enter the bank; the reason ends in one of `bank.model.Refusal`."""

    report: ReportId
    reason: str


@dataclass(frozen=True, slots=True)
class EntryActivated:
    """The entry is active: from now on copies are removed when they appear."""

    entry: EntryId
    sighting: SightingId | None = None
    """The reviewed copy whose part was hashed here. None: an older edition, which took a report's hashes."""


@dataclass(frozen=True, slots=True)
class EntryWithdrawn:
    """The entry no longer finds or blocks anything."""

    entry: EntryId
