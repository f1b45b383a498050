"""What can happen: the closed union of events. Read this first, then `workflow/`, which says what follows.

An event is small, frozen and never changed. It carries ids, never content, names or hashes: strangers read
the log in which every event leaves an entry, and an event may outlive its case. The classes are in one module
for each topic; other packages import them, and the words that they are made of, from here. `form` has their
form on the wire, which is written for ever.
"""

import typing

from takeback.events.accounts import (
    AccountChangeApproved,
    AccountChangeAsked,
    AccountChangeRefused,
    ApiKeyChanged,
    StaffChanged,
    StaffInvited,
    StaffSignedIn,
)
from takeback.events.bank import EntryActivated, EntryBanked, EntryRefused, EntryWithdrawn
from takeback.events.breaker import (
    BreakerOverdue,
    BreakerRearmed,
    BreakerReleased,
    BreakerStopped,
    BreakerTripped,
    MoreCopiesAsked,
    SeedCapped,
)
from takeback.events.cases import (
    CaseOpened,
    ClockPassed,
    ConfirmationUndone,
    CopyConfirmed,
    CopyExcluded,
    CopyFound,
    ExclusionUndone,
    MediaRevealed,
)
from takeback.events.choices import (
    AccountChange as AccountChange,
)
from takeback.events.choices import (
    ApiKeyChange as ApiKeyChange,
)
from takeback.events.choices import (
    CapturedFor as CapturedFor,
)
from takeback.events.choices import (
    FloodKind as FloodKind,
)
from takeback.events.choices import (
    FoundBy as FoundBy,
)
from takeback.events.choices import (
    HowEnded as HowEnded,
)
from takeback.events.choices import (
    Keeps as Keeps,
)
from takeback.events.choices import (
    Planned as Planned,
)
from takeback.events.choices import (
    Reopened as Reopened,
)
from takeback.events.choices import (
    Revealed as Revealed,
)
from takeback.events.choices import (
    SeenBy as SeenBy,
)
from takeback.events.choices import (
    StaffChange as StaffChange,
)
from takeback.events.choices import (
    StepEnd as StepEnd,
)
from takeback.events.choices import (
    Verdict as Verdict,
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
from takeback.events.dossiers import DossierWritten, PosterReleased
from takeback.events.evidence import (
    Captured,
    CaptureFailed,
    EvidenceAccessed,
    EvidenceErased,
    EvidenceGivenUp,
    EvidenceKept,
)
from takeback.events.floods import (
    FloodBegan,
    FloodKept,
    FloodLetIn,
    ReportHeld,
    ReportLetIn,
    ReportLinkMade,
    ReportLinkRevoked,
)
from takeback.events.log import LogSucceeded, Timestamped
from takeback.events.matches import Matched, PictureUnreadable
from takeback.events.operations import JobGaveUp
from takeback.events.removals import (
    FoundAgain,
    FoundGone,
    Rechecked,
    RemovalCalledOff,
    RemovalFailed,
    RemovalPlanned,
    RemovalStepDone,
    RetryAsked,
)
from takeback.events.reports import LocationUnusable, ReportReceived, ReportUnusable
from takeback.events.watching import (
    BatchSetAside,
    DeletionObserved,
    HeartbeatRecorded,
    InvestigationEnded,
    InvestigationStarted,
    WatcherFailed,
)

Followed = (
    ReportReceived
    | ReportLetIn
    | FloodLetIn
    | EntryBanked
    | EntryActivated
    | EntryWithdrawn
    | Matched
    | CopyFound
    | CopyExcluded
    | ExclusionUndone
    | CopyConfirmed
    | Decided
    | DecisionEffective
    | DecisionReversed
    | BreakerReleased
    | BreakerStopped
    | RemovalPlanned
    | RemovalFailed
    | FoundGone
    | FoundAgain
    | Captured
    | CaptureFailed
    | EvidenceErased
)
"""Events that lead to something. Recording one enqueues its job; `workflow.dispatch` has an arm for each."""

Noted = (
    ReportUnusable
    | LocationUnusable
    | FloodBegan
    | ReportHeld
    | FloodKept
    | ReportLinkMade
    | ReportLinkRevoked
    | EntryRefused
    | PictureUnreadable
    | CaseOpened
    | MediaRevealed
    | ConfirmationUndone
    | ClockPassed
    | DecisionUndone
    | DecisionDisputed
    | DecisionObjected
    | CaseReopened
    | BreakerTripped
    | BreakerOverdue
    | BreakerRearmed
    | SeedCapped
    | MoreCopiesAsked
    | RemovalCalledOff
    | RemovalStepDone
    | RetryAsked
    | Rechecked
    | EvidenceKept
    | EvidenceGivenUp
    | EvidenceAccessed
    | HeartbeatRecorded
    | BatchSetAside
    | WatcherFailed
    | InvestigationStarted
    | InvestigationEnded
    | DeletionObserved
    | DossierWritten
    | PosterReleased
    | Timestamped
    | LogSucceeded
    | JobGaveUp
    | StaffInvited
    | StaffSignedIn
    | StaffChanged
    | ApiKeyChanged
    | AccountChangeAsked
    | AccountChangeApproved
    | AccountChangeRefused
)
"""Events that people see, and from which nothing follows by itself. No job is enqueued for them."""

Event = Followed | Noted

FOLLOWED: tuple[type[Followed], ...] = typing.get_args(Followed)
EVENTS: tuple[type[Event], ...] = typing.get_args(Event)
