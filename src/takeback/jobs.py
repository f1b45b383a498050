"""The work that is done later: a closed union of jobs, each with its priority and what happens when it fails.

`infra.jobs` keeps jobs in the queue and runs them; `workflow.dispatch` says what each one does. A job's
class name in snake case is its name in the queue. Name and fields stay there across versions. A field
may be added with a default; for any other change, raise `VERSION` and add an upcaster in `infra.jobs.wire`.
"""

import typing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from takeback import events
from takeback.errors import LONGEST_WAIT
from takeback.events import Followed, FoundBy
from takeback.ids import (
    CaptureId,
    CaseId,
    DossierId,
    EntryId,
    EventId,
    FloodId,
    ReportId,
    RequestId,
    SightingId,
    TargetId,
)


class Urgency(IntEnum):
    """A class of work; the larger number goes first. The queue stores these numbers: never change one."""

    PEOPLE = 70
    """Reports and decisions. No job of this class asks a platform."""
    REMOVALS = 60
    CLOCKS = 50
    EVIDENCE = 40
    MATCHING = 30
    DETAILS = 20
    UPKEEP = 10


SLOW = tuple(range(-1, -21, -1))
"""Priorities for reading large files, which strangers can send. A lane of its own reads one at a time. The
first is for a poster with no other such file waiting, each further one for one more: posters take turns."""


def slow(waiting: int = 0) -> int:
    """Return the priority of a slow file whose poster has so many others waiting."""
    return SLOW[min(waiting, len(SLOW) - 1)]


@dataclass(frozen=True, slots=True)
class Policy:
    """How a job is run."""

    urgency: Urgency
    tries: int = 14
    """Before it is given up; with waits of 1, 2, 4 ... 600 seconds, 14 are about an hour."""
    longest: timedelta = LONGEST_WAIT
    """The longest pause. If a platform asks for more, the job is given up instead."""
    tells: bool = True
    """Giving up is recorded as `JobGaveUp`. False: another event says so, or nobody needs to know."""
    cron: str | None = None
    """For a job that the clock enqueues: five fields, or six with seconds last. It is never given up."""
    name: str | None = None
    """In the queue, if it is not that of the class."""


VERSION = 1
"""Of the jobs that this code writes. Jobs without a version are of the first edition: 0."""


# --- events and reports ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HandleEvent:
    """Do what follows from an event. Its priority is that of the event: see `after`."""

    policy: ClassVar = Policy(Urgency.REMOVALS, name="follow")
    event: EventId


@dataclass(frozen=True, slots=True)
class TakeIn:
    """Open the reports that the portal stored, and record who asked there for a package."""

    policy: ClassVar = Policy(Urgency.PEOPLE, cron="* * * * * */15")


@dataclass(frozen=True, slots=True)
class Locate:
    """Look up one link of a report."""

    policy: ClassVar = Policy(Urgency.REMOVALS)
    report: ReportId
    number: int
    slow: bool = False
    let_in: bool = False


@dataclass(frozen=True, slots=True)
class LetIn:
    """Let in the next reports of a flood that a person let in."""

    policy: ClassVar = Policy(Urgency.REMOVALS)
    flood: FloodId


@dataclass(frozen=True, slots=True)
class WipeDrafts:
    """Delete drafts of reports that are over."""

    policy: ClassVar = Policy(Urgency.CLOCKS, cron="* * * * *")


@dataclass(frozen=True, slots=True)
class ForgetArrivals:
    """Delete which network group a report came with, a day later."""

    policy: ClassVar = Policy(Urgency.UPKEEP, cron="29 * * * *")


# --- matches -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookBack:
    """Compare a new entry with all sightings after this number, in bounded steps."""

    policy: ClassVar = Policy(Urgency.MATCHING)
    entry: EntryId
    after: int = 0


@dataclass(frozen=True, slots=True)
class Bring:
    """Have matches that waited for a person join their case."""

    policy: ClassVar = Policy(Urgency.MATCHING)
    entry: EntryId


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """Read a post that could not be read when it passed; `slow` counts its tries in the slow lane."""

    policy: ClassVar = Policy(Urgency.MATCHING, tells=False)
    sighting: SightingId
    slow: int = 0


@dataclass(frozen=True, slots=True)
class ReadExactly:
    """Read a post exactly whose fast hash came near something."""

    policy: ClassVar = Policy(Urgency.MATCHING, tells=False)
    sighting: SightingId
    by: FoundBy
    slow: bool = False


@dataclass(frozen=True, slots=True)
class LookClosely:
    """Compare a post with the details of confirmed copies."""

    policy: ClassVar = Policy(Urgency.DETAILS)
    sighting: SightingId
    by: FoundBy
    slow: bool = False


# --- decisions and removals --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakeEffect:
    """The time to undo a decision has passed."""

    policy: ClassVar = Policy(Urgency.PEOPLE)
    decision: UUID


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Plan the removals that a decision in effect asks for; with `rest`, only those found already."""

    policy: ClassVar = Policy(Urgency.REMOVALS)
    case: CaseId
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove one copy from its platform."""

    policy: ClassVar = Policy(Urgency.REMOVALS)
    target: TargetId


@dataclass(frozen=True, slots=True)
class Look:
    """Look whether a removed copy is gone."""

    policy: ClassVar = Policy(Urgency.CLOCKS)
    target: TargetId
    round: int


@dataclass(frozen=True, slots=True)
class PassClocks:
    """Record which deadlines have passed."""

    policy: ClassVar = Policy(Urgency.CLOCKS, cron="* * * * *")


# --- evidence ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capture:
    """Record a post and seal it.

    Ten tries are about nine minutes: an outage passes, and a picture does not stay up for an hour because a
    disk is full, nor because a platform asks for a long wait.
    """

    policy: ClassVar = Policy(Urgency.EVIDENCE, tries=10, longest=timedelta(minutes=10), tells=False)
    sighting: SightingId


@dataclass(frozen=True, slots=True)
class WriteDossier:
    """Write a case's evidence package as far as possible now."""

    policy: ClassVar = Policy(Urgency.EVIDENCE)
    dossier: DossierId


@dataclass(frozen=True, slots=True)
class HandOut:
    """Go on with a package that was asked for by receipt."""

    policy: ClassVar = Policy(Urgency.EVIDENCE)
    request: RequestId


@dataclass(frozen=True, slots=True)
class AskForCaptured:
    """Ask platforms whether captured messages are still there."""

    policy: ClassVar = Policy(Urgency.DETAILS, cron="* * * * * */20")


@dataclass(frozen=True, slots=True)
class DropCopies:
    """Destroy reviewers' working copies of a decided case, or of one of its copies."""

    policy: ClassVar = Policy(Urgency.UPKEEP)
    case: CaseId
    only: SightingId | None = None


@dataclass(frozen=True, slots=True)
class Shred:
    """Destroy the files of an erased capture."""

    policy: ClassVar = Policy(Urgency.UPKEEP)
    capture: CaptureId


@dataclass(frozen=True, slots=True)
class DestroyPackages:
    """Delete the packages of a case that were asked for up to a moment."""

    policy: ClassVar = Policy(Urgency.UPKEEP)
    case: CaseId
    until: datetime


# --- upkeep ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeepEvidence:
    """Erase expired captures, packages that were handed out, and stray files."""

    policy: ClassVar = Policy(Urgency.UPKEEP, cron="43 * * * *")


@dataclass(frozen=True, slots=True)
class KeepSightings:
    """Move sightings of older days to the archive, and delete the oldest."""

    policy: ClassVar = Policy(Urgency.UPKEEP, cron="17 * * * *")


@dataclass(frozen=True, slots=True)
class CheckClaims:
    """Check the entries of older versions, once."""

    policy: ClassVar = Policy(Urgency.UPKEEP, cron="*/5 * * * *")


# --- all of them -------------------------------------------------------------------------------------------

Periodic = (
    TakeIn
    | WipeDrafts
    | ForgetArrivals
    | PassClocks
    | AskForCaptured
    | KeepEvidence
    | KeepSightings
    | CheckClaims
)
"""Jobs that the clock enqueues. When one fails, the clock brings it again."""
Enqueued = (
    HandleEvent
    | Locate
    | LetIn
    | LookBack
    | Bring
    | ReadAgain
    | ReadExactly
    | LookClosely
    | TakeEffect
    | CarryOut
    | Remove
    | Look
    | Capture
    | WriteDossier
    | HandOut
    | DropCopies
    | Shred
    | DestroyPackages
)
"""Jobs that a transaction enqueues. They are tried again, and given up at last."""
Job = Enqueued | Periodic

PERIODIC: tuple[type[Periodic], ...] = typing.get_args(Periodic)
JOBS: tuple[type[Job], ...] = typing.get_args(Job)

_AFTER: typing.Mapping[type[Followed], Urgency] = {
    events.ReportReceived: Urgency.PEOPLE,
    events.Decided: Urgency.PEOPLE,
    events.DecisionEffective: Urgency.PEOPLE,
    events.DecisionReversed: Urgency.PEOPLE,
    events.Captured: Urgency.EVIDENCE,
    events.CaptureFailed: Urgency.EVIDENCE,
    events.EntryBanked: Urgency.MATCHING,
    events.Matched: Urgency.MATCHING,
    events.EvidenceErased: Urgency.UPKEEP,
}


def after(event: Followed) -> Urgency:
    """Return the priority of what follows from an event. It never asks a platform."""
    return _AFTER.get(type(event), HandleEvent.policy.urgency)
