"""What certificate, METHOD and CASE/UCO tell: one set of values, so that they agree."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from takeback.dossier.model import Head
from takeback.ids import SightingId
from takeback.infra.ledger.proofs import ProvenEntry
from takeback.takedown.certificate import Certificate
from takeback.zones import NAME, zone_of
from takeback_verify.core.exhibit import ExhibitDocument


@dataclass(frozen=True, slots=True)
class Stamped:
    """A timestamp over the log, already checked."""

    size: int
    """How many of the log's first entries it covers."""
    authority: str
    at: datetime
    """In UTC."""


@dataclass(frozen=True, slots=True)
class PostedCopy:
    """Where a copy was posted, when, and by which account; as the platform said."""

    sighting: SightingId
    connector: str
    place: str | None
    """None: left out, because it would name the account."""
    message: str | None
    """None: left out, because it would name the account."""
    poster: str | int
    """The account; or its number, in a package that names none."""
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """All that there is to tell of a case."""

    head: Head
    received_at: datetime
    """When the report was received."""
    exhibits: tuple[ExhibitDocument, ...]
    entries: tuple[ProvenEntry, ...]
    """By rising place."""
    removals: tuple[Certificate, ...]
    """What the rounds of looks say of each copy."""
    stamps: tuple[Stamped, ...]
    keys: tuple[str, ...]
    """Verifier keys of the log."""
    witnesses: tuple[str, ...]
    """Names of the witnesses."""
    environment: str
    """Where the software ran: its versions and system."""
    copies: tuple[PostedCopy, ...] = ()
    time_zone: str = NAME
    """The zone whose times are printed beside those in UTC."""
    left_out: int | None = None
    """Entries that are not opened because they would name a poster; None: the package names posters."""

    @property
    def zone(self) -> tzinfo:
        """The same, to compute with."""
        return zone_of(self.time_zone)

    def of_kind(self, *kinds: str) -> tuple[ProvenEntry, ...]:
        """The entries of these kinds, by rising place."""
        return tuple(entry for entry in self.entries if entry.opening.kind in kinds)
