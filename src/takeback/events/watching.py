"""Streams of posts and those who watch them."""

from dataclasses import dataclass
from typing import ClassVar

from takeback.events.choices import HowEnded, Keeps, Moment, SeenBy
from takeback.ids import CaptureId, SightingId, StaffId


@dataclass(frozen=True, slots=True)
class HeartbeatRecorded:
    """A heartbeat: one stream of posts was watched from one moment to another, with so long a gap."""

    kind: ClassVar = "watched"
    connector: str
    shard: str
    since: Moment
    until: Moment
    posts: int
    gap_ms: int


@dataclass(frozen=True, slots=True)
class BatchSetAside:
    """Posts of a stream could not be processed, for a reason that nobody foresaw; the stream went on.

    They are kept and tried again. Recorded for the first of a stream, until none of it is set aside.
    """

    connector: str
    shard: str
    pieces: int
    """Posts and the like."""
    error: str
    """Its class."""


@dataclass(frozen=True, slots=True)
class WatcherFailed:
    """A part of a watcher ended for a reason that nobody foresaw; it is started again."""

    part: str
    error: str
    """Its class."""


@dataclass(frozen=True, slots=True)
class InvestigationStarted:
    """Everything that is posted in a place is captured from now on, until an end that is known already."""

    connector: str
    place: str
    ends_at: Moment
    keeps: Keeps
    by: StaffId | None
    """None: the operator, at the command line."""


@dataclass(frozen=True, slots=True)
class InvestigationEnded:
    """Nothing more is captured in a place just because it is posted there."""

    connector: str
    place: str
    how: HowEnded
    by: StaffId | None
    """None: the operator, at the command line; or nobody, where its time was over."""


@dataclass(frozen=True, slots=True)
class DeletionObserved:
    """A captured message is not there any more, and we did not remove it."""

    capture: CaptureId
    sighting: SightingId
    by: SeenBy
