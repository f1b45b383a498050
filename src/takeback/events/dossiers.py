"""Evidence packages."""

from dataclasses import dataclass

from takeback.ids import CaseId, DossierId, StaffId


@dataclass(frozen=True, slots=True)
class DossierWritten:
    """A case's evidence was put together; `manifest` is the SHA-256 of the package's closed list of files."""

    dossier: DossierId
    case: CaseId
    manifest: str


@dataclass(frozen=True, slots=True)
class PosterReleased:
    """A reviewer let packages by receipt name the accounts that posted the copies of a case."""

    case: CaseId
    staff: StaffId
    reason: str
