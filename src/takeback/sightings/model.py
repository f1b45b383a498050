"""What passed by: one row for each picture, or clip, of each public post."""

from dataclasses import dataclass
from datetime import datetime

from takeback.connectors.api import Post, StreamId
from takeback.errors import WhyUnreadable
from takeback.ids import SightingId
from takeback.signals.model import ClipSignals, Frame, Kind, PictureSignals, Variant


@dataclass(frozen=True, slots=True)
class Later:
    """The picture could not be read now; it is tried again."""

    reason: str
    retry_after: float | None = None
    """Seconds that the platform asked us to wait."""
    slow: bool = False
    """It costs more than may be spent at once, and is read in the slow lane."""


Reading = PictureSignals | ClipSignals | WhyUnreadable | Later
"""What came of reading one picture: its signals, why it never can be read, or that it is tried again."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to move one stream on, until somebody else is given a later epoch."""

    connector: str
    stream: StreamId
    epoch: int
    cursor: str | None
    ending: bool = False
    """It has an end: a batch of another one opened it."""
    failures: int = 0
    """Turns before this one that failed in a row."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture of a post, and what came of reading it."""

    post: Post
    media: str
    reading: Reading

    @property
    def picture(self) -> tuple[str, str, str]:
        """Place, message and media: what tells it from all others of its platform."""
        return self.post.place, self.post.message, self.media


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row as it is stored. Its hashes are numbered: 0 is the whole, then its parts in their order."""

    id: SightingId
    connector: str
    place: str
    message: str
    media: str
    sender: str
    posted_at: datetime
    seen_at: datetime
    state: str
    """read | unread | unreadable"""
    reason: str | None
    hash: bytes | None
    """Of the whole picture; a clip has none."""
    kind: Kind = Kind.PICTURE
    doubt: int = 0
    """As `PictureSignals.doubt`."""
    variants: tuple[Variant, ...] = ()
    """Of a picture; without their flips."""
    frames: tuple[Frame, ...] = ()
    """Of a clip."""
    duration_ms: int | None = None
    """Of a clip."""
    quality: int | None = None
    """Of the whole picture."""

    def part(self, number: int) -> Variant | Frame | None:
        """The part of this number; None for the whole. Raises IndexError."""
        return None if number == 0 else (*self.variants, *self.frames)[number - 1]
