"""What certificate, METHOD and CASE/UCO tell: one set of values, so that they agree."""

from dataclasses import dataclass
from datetime import datetime

from takeback.dossier.model import Head
from takeback.ground.ledger.proofs import ProvenEntry
from takeback.takedown.certificate import Certificate
from takeback_verify.exhibit import ExhibitDocument


@dataclass(frozen=True, slots=True)
class Stamped:
    """A timestamp over the log, already checked."""

    size: int
    """How many of the log's first entries it covers."""
    authority: str
    at: datetime
    """In UTC."""


@dataclass(frozen=True, slots=True)
class Matter:
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

    def of_kind(self, *kinds: str) -> tuple[ProvenEntry, ...]:
        """The entries of these kinds, by rising place."""
        return tuple(entry for entry in self.entries if entry.opening.kind in kinds)
