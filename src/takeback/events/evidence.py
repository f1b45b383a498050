"""Evidence: captured, taken out, erased; and whether any is kept here."""

from dataclasses import dataclass

from takeback.events.choices import CapturedFor
from takeback.ids import CaptureId, CaseId, SightingId, StaffId


@dataclass(frozen=True, slots=True)
class Captured:
    """A public post was sealed as it was; `exhibit` is the SHA-256 of what describes the sealed parts."""

    capture: CaptureId
    sighting: SightingId
    reason: CapturedFor
    exhibit: str


@dataclass(frozen=True, slots=True)
class CaptureFailed:
    """A post that should be captured could not be, after all tries."""

    sighting: SightingId
    reason: str


@dataclass(frozen=True, slots=True)
class EvidenceKept:
    """There is a directory of recipients: nothing is removed before it is captured, or can never be."""

    recipients: int
    """To how many evidence is sealed."""


@dataclass(frozen=True, slots=True)
class EvidenceGivenUp:
    """The operator said that no evidence is kept from now on; each removal says so, too."""

    reason: str


@dataclass(frozen=True, slots=True)
class EvidenceAccessed:
    """Somebody took a sealed exhibit, a dossier or a working copy out; the chain of custody."""

    case: CaseId
    what: str
    staff: StaffId | None
    """None: the operator, or the person concerned by receipt; `reason` says which."""
    reason: str
    capture: CaptureId | None = None


@dataclass(frozen=True, slots=True)
class EvidenceErased:
    """Sealed parts, their keys and salts were destroyed; the log stays valid and says nothing of them."""

    case: CaseId | None
    """None: captured in a place under investigation, and part of no case."""
    capture: CaptureId
