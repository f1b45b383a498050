"""What passed by: one row for each picture of each public post."""

from dataclasses import dataclass
from datetime import datetime

from takeback.connectors.api import Post, Shard
from takeback.errors import WhyUnreadable
from takeback.ids import SightingId
from takeback.signals.model import PictureSignals


@dataclass(frozen=True, slots=True)
class Later:
    """The picture could not be fetched now; it is tried again."""

    reason: str


Reading = PictureSignals | WhyUnreadable | Later
"""What came of reading one picture: its signals, why it never can be read, or that it is tried again."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to move one shard on, until somebody else is given a later epoch."""

    connector: str
    shard: Shard
    epoch: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture of a post, and what came of reading it."""

    post: Post
    media: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row as it is stored."""

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
