"""What a dossier is made of: texts that are written for it, parts that lie in the blob store, and proofs.

A dossier goes through two phases, because what proves it can only come after what it commits to. First all
that the commitment covers is fixed (a *draft*), in the transaction that records the commitment. Later, when
the log has signed, the proofs are put beside it and the zip is written.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from takeback.ids import CaseId, DossierId, EventId, ReportId, RequestId, StaffId


class DossierState(StrEnum):
    """Where a dossier stands."""

    ASKED = "asked"
    """Somebody wants it, which is an event; nothing is fixed."""
    COMMITTED = "committed"
    """Its closed list is fixed and recorded; its proofs are waited for."""
    WRITTEN = "written"
    """It is in the blob store, whole."""
    ABANDONED = "abandoned"
    """It can never be whole: evidence that it lists was erased meanwhile."""
    DELETED = "deleted"
    """The time to take it out by receipt is over, or evidence in it was erased."""


@dataclass(frozen=True, slots=True)
class PackageText:
    """A small file of the package, whole."""

    name: str
    """Relative to the package's folder."""
    data: bytes


@dataclass(frozen=True, slots=True)
class PartFile:
    """A file of the package that lies in the blob store."""

    name: str
    """Relative to the package's folder."""
    blob: str
    size: int
    """In bytes."""
    sha256: bytes
    """As exhibit.json says; whoever copies it compares."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a package says of itself."""

    id: DossierId
    case: CaseId
    made: datetime
    service: str
    software: str
    log: str
    """The log's origin."""


@dataclass(frozen=True, slots=True)
class Draft:
    """All that the commitment covers."""

    head: Head
    listing: bytes
    """`data/dossier.json`."""
    texts: tuple[PackageText, ...]
    """By rising name; each is in the listing."""
    parts: tuple[PartFile, ...]
    """By rising name; each is in the listing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A dossier as it stands."""

    id: DossierId
    case: CaseId
    state: DossierState
    asked_at: datetime
    by: StaffId | None
    """None: the operator, or `by_receipt`."""
    access: EventId
    """The event that it was asked for."""
    commitment: EventId | None
    """`DossierWritten`; None until it is committed."""
    blob: str | None
    """The zip's name in the blob store; None until it is written."""
    size: int | None
    """Of the zip, in bytes."""
    doing: str
    """What is waited for, in words."""
    names_posters: bool
    """Whether it names the accounts that posted; one by receipt does only if a reviewer released that."""
    time_zone: str | None
    """Whose times stand beside those in UTC; None: the setting's."""
    by_receipt: bool
    """Begun for the person concerned."""


@dataclass(frozen=True, slots=True)
class Written:
    """A package that is whole and durable."""

    dossier: DossierId
    blob: str
    size: int
    """In bytes."""


BY_RECEIPT = "by_receipt"
"""Why, in `EvidenceAccessed`, when the person concerned asks by her receipt; its `staff` is null then."""


class RequestState(StrEnum):
    """Where a request by receipt stands."""

    ASKED = "asked"
    """By somebody with the receipt; the package is made, or copied."""
    READY = "ready"
    """It can be taken out."""
    DELETED = "deleted"
    """Its time is over, or evidence in it was erased, or the case was declined."""
    FAILED = "failed"
    """It could not be made; a person knows."""
    TOO_LARGE = "too_large"
    """To be handed out this way."""


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody with a receipt asked for a package."""

    id: RequestId
    report: ReportId
    state: RequestState
    dossier: DossierId | None
    """None until the asking is recorded."""
