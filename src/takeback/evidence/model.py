"""What was public, sealed as it was, before anything else is done with it.

A *capture* is one picture of one message, recorded raw and sealed; an *exhibit* is a capture as others get
it: a document that names its parts, and the parts. A capture is wanted until it is durable (`captured`) or
can never be (`failed`); only then may the copy be worked on, and removed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from takeback.events import CapturedFor
from takeback.ids import CaptureId, SightingId

WORKING_COPY = "working_copy"
"""What a reviewer takes out, in `EvidenceAccessed`; it is no part of an exhibit."""


class CaptureState(StrEnum):
    """Where a capture stands."""

    WANTED = "wanted"
    """Not durable yet: whatever would change the post waits."""
    CAPTURED = "captured"
    FAILED = "failed"
    """It can never be; an event says why."""
    ERASED = "erased"
    """Its parts, key and salts were destroyed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The picture of a message that is captured."""

    sighting: SightingId
    connector: str
    place: str
    message: str
    media: str
    posted_at: datetime
    """As the platform said when the post was first seen."""
    seen_at: datetime
    """When it was first seen here."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A capture that is to be made."""

    capture: CaptureId
    subject: Subject
    reason: CapturedFor
    suspected_minor: bool
    """Digests and metadata only: no picture is sealed."""
    wanted_at: datetime

    def of(self, sighting: SightingId) -> "Wanted":
        """The same, now that the post's row has its number."""
        return replace(self, subject=replace(self.subject, sighting=sighting))


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an exhibit."""

    name: str
    """As in exhibit.json, such as "sealed/key.age"."""
    blob: str
    """Its name in the blob store."""


@dataclass(frozen=True, slots=True)
class SealedCapture:
    """A capture whose parts are on disk, and of which no table knows yet."""

    capture: CaptureId
    document: bytes
    """exhibit.json."""
    parts: tuple[Part, ...]
    """In the order in which they are to be destroyed."""
    salts: Mapping[str, bytes] = field(repr=False)
    """Of the sealed parts' commitments, by name."""
    captured_at: datetime
    deleted: bool
    """People were not shown the message any more when it was recorded."""

    @property
    def digest(self) -> str:
        """Return what the log commits to: the SHA-256 of exhibit.json, in hexadecimal."""
        return hashlib.sha256(self.document).hexdigest()


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A capture as others get it."""

    capture: CaptureId
    sighting: SightingId
    document: bytes
    """exhibit.json, canonical (RFC 8785); empty if it was erased."""
    parts: tuple[Part, ...]
    """By rising name; none if it was erased."""
    captured_at: datetime
    erased: bool


@dataclass(frozen=True, slots=True)
class Held:
    """That a sighting is captured."""

    capture: CaptureId
    sighting: SightingId
    deleted: bool
    """Its message is not there any more, and we did not remove it."""


@dataclass(frozen=True, slots=True)
class Investigation:
    """A place of which everything is captured as it comes."""

    connector: str
    place: str
    began_at: datetime
    ends_at: datetime
    suspected_minor: bool
    """Digests and metadata only."""


@dataclass(frozen=True, slots=True)
class ToPoll:
    """A captured message that is to be asked for."""

    capture: CaptureId
    connector: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class WatchedSpan:
    """What is to be said of one stream of posts: it was watched from then to then, but for so long."""

    since: datetime
    """The first question that was answered."""
    until: datetime
    """The end of the last one."""
    posts: int
    gap_ms: int
    """Of pauses between answers in which nobody watched."""
