"""What can happen. Read this first, then `workflow/dispatch.py`, which says what follows from each.

An event is small, frozen and never changed. It carries ids, never content, names or hashes: the log that
every event leaves an entry in is read by strangers, and an event may outlive its case.
"""

import typing
from dataclasses import dataclass

from takeback.events.accounts import AccountChangeApproved, AccountChangeAsked, AccountChangeRefused
from takeback.events.breaker import (
    BreakerOverdue,
    BreakerRearmed,
    BreakerReleased,
    BreakerStopped,
    BreakerTripped,
    MoreCopiesAsked,
    SeedCapped,
)
from takeback.events.choices import (  # noqa: F401 - those that only `evidence_events` needs are handed on, too
    AccountChange,
    ApiKeyChange,
    CapturedFor,
    FoundBy,
    HowEnded,
    Keeps,
    Moment,
    Planned,
    Reopened,
    Revealed,
    SeenBy,
    StaffChange,
    StepEnd,
    Verdict,
)
from takeback.events.decisions import (
    CaseReopened,
    Decided,
    DecisionDisputed,
    DecisionEffective,
    DecisionObjected,
    DecisionReversed,
    DecisionUndone,
)
from takeback.events.evidence import (
    Captured,
    CaptureFailed,
    DeletionObserved,
    EvidenceAccessed,
    EvidenceErased,
    EvidenceGivenUp,
    EvidenceKept,
    HeartbeatRecorded,
    InvestigationEnded,
    InvestigationStarted,
)
from takeback.events.floods import FloodEvent
from takeback.events.watching import BatchSetAside, WatcherFailed
from takeback.ids import CaseId, DossierId, EntryId, ReportId, SightingId, StaffId, TargetId

# --- what people told us ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportReceived:
    """Somebody asked for help; the report was opened and is complete enough to act on."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class ReportUnusable:
    """A stored report could not be opened or understood (a forged or damaged submission)."""

    report: ReportId
    reason: str


@dataclass(frozen=True, slots=True)
class LocationUnusable:
    """What the report gave as a place could not be found on any connected platform."""

    report: ReportId
    reason: str


# --- the bank --------------------------------------------------------------------------------------------


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


# --- the join --------------------------------------------------------------------------------------------


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


# --- people decide ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A report became a case with a clock."""

    case: CaseId
    report: ReportId


@dataclass(frozen=True, slots=True)
class CopyFound:
    """A post joined a case as a copy of its picture."""

    case: CaseId
    sighting: SightingId


@dataclass(frozen=True, slots=True)
class MediaRevealed:
    """A member of staff asked to see a picture or a way to reach the reporter, and said why."""

    case: CaseId
    what: Revealed
    staff: StaffId
    reason: str
    sighting: SightingId | None = None


@dataclass(frozen=True, slots=True)
class CopyExcluded:
    """A reviewer said that a copy does not show the case's picture: nothing is done to it."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class ExclusionUndone:
    """A reviewer said that an excluded copy shows the case's picture after all."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class CopyConfirmed:
    """A reviewer said that a copy which only may show the case's picture does: it counts like any other."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class ConfirmationUndone:
    """A reviewer took back that a copy which only may show the case's picture does."""

    case: CaseId
    sighting: SightingId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class ClockPassed:
    """A deadline of the law or of the house passed before every known copy was gone."""

    case: CaseId
    clock: str


# --- takedown --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RemovalPlanned:
    """A copy is to be removed: the steps exist. Or it is gone already, and is only looked for."""

    target: TargetId
    case: CaseId
    sighting: SightingId
    what: Planned = Planned.REMOVAL


@dataclass(frozen=True, slots=True)
class RemovalCalledOff:
    """A removal that was not done yet will not be: the decision was reversed."""

    target: TargetId
    case: CaseId


@dataclass(frozen=True, slots=True)
class RemovalStepDone:
    """One step came to its end; nothing is called removed yet."""

    target: TargetId
    action: str
    how: StepEnd = StepEnd.DONE


@dataclass(frozen=True, slots=True)
class RemovalFailed:
    """A step or a look failed in a way that more tries will not mend; a person must act."""

    target: TargetId
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """A person asked that a failed removal be tried again."""

    target: TargetId
    case: CaseId
    staff: StaffId


@dataclass(frozen=True, slots=True)
class FoundGone:
    """Message and media were fetched again, from every vantage, and are gone."""

    target: TargetId
    case: CaseId
    round: int


@dataclass(frozen=True, slots=True)
class FoundAgain:
    """A copy that should be gone, or was gone before, can be seen."""

    target: TargetId
    case: CaseId
    round: int


@dataclass(frozen=True, slots=True)
class Rechecked:
    """A removed copy was looked for; `series` is the SHA-256 of the looks, those at the control included."""

    target: TargetId
    case: CaseId
    round: int
    finding: str
    series: str


# --- what proves it --------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Timestamped:
    """A time-stamping authority signed a checkpoint's text; `token` is the SHA-256 of its response."""

    size: int
    authority: str
    token: str


@dataclass(frozen=True, slots=True)
class LogSucceeded:
    """This log goes on where another one ended: its `size` entries follow, and `lost` more are known of."""

    origin: str
    keys: str
    """The old log's verifier keys, a line each."""
    note: str
    """Its last checkpoint that was here, with its signatures; empty if it never signed one."""
    size: int
    lost: int


# --- the house itself ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JobGaveUp:
    """Background work failed at every try; a person must look."""

    job: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class StaffInvited:
    """An administrator made a one-time link for a new or returning member of staff."""

    staff: StaffId
    role: str


@dataclass(frozen=True, slots=True)
class StaffSignedIn:
    """A member of staff opened a session."""

    staff: StaffId
    how: str


@dataclass(frozen=True, slots=True)
class StaffChanged:
    """An administrator changed what somebody may do, or closed an account or opened it again."""

    staff: StaffId
    change: StaffChange
    by: StaffId


@dataclass(frozen=True, slots=True)
class ApiKeyChanged:
    """A key of a program was made or revoked, at the very time that the list of keys shows for it."""

    change: ApiKeyChange
    by: StaffId | None
    """None: the operator, at the command line."""


Event = (
    ReportReceived
    | ReportUnusable
    | LocationUnusable
    | EntryBanked
    | EntryRefused
    | EntryActivated
    | EntryWithdrawn
    | Matched
    | PictureUnreadable
    | CaseOpened
    | CopyFound
    | MediaRevealed
    | CopyExcluded
    | ExclusionUndone
    | CopyConfirmed
    | ConfirmationUndone
    | Decided
    | DecisionUndone
    | DecisionEffective
    | DecisionDisputed
    | DecisionObjected
    | DecisionReversed
    | CaseReopened
    | ClockPassed
    | BreakerTripped
    | BreakerOverdue
    | BreakerReleased
    | BreakerStopped
    | BreakerRearmed
    | SeedCapped
    | MoreCopiesAsked
    | FloodEvent
    | RemovalPlanned
    | RemovalCalledOff
    | RemovalStepDone
    | RemovalFailed
    | RetryAsked
    | FoundGone
    | FoundAgain
    | Captured
    | CaptureFailed
    | DeletionObserved
    | HeartbeatRecorded
    | InvestigationStarted
    | InvestigationEnded
    | Rechecked
    | EvidenceAccessed
    | EvidenceErased
    | EvidenceKept
    | EvidenceGivenUp
    | DossierWritten
    | PosterReleased
    | LogSucceeded
    | Timestamped
    | JobGaveUp
    | BatchSetAside
    | WatcherFailed
    | StaffInvited
    | StaffSignedIn
    | StaffChanged
    | ApiKeyChanged
    | AccountChangeAsked
    | AccountChangeApproved
    | AccountChangeRefused
)

EVENTS: tuple[type[Event], ...] = typing.get_args(Event)
