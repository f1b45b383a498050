"""Watches with a connector as the service does: leases, cursors and posts keyed by (place, message)."""

from copy import deepcopy
from dataclasses import dataclass, field

from takeback.connectors.api import Connector, Deletion, Post, StreamId, Survey, Unseen, UnseenKind
from waiting import until


@dataclass
class Watching:
    """What a watcher has committed. Copy it to go back in time."""

    cursors: dict[StreamId, str | None] = field(default_factory=dict)
    done: set[StreamId] = field(default_factory=set)
    posts: dict[tuple[str, str], Post] = field(default_factory=dict)
    deletions: set[Deletion] = field(default_factory=set)
    survey: Survey | None = None
    """The latest."""
    surveys: int = 0
    """How many came."""
    shut: dict[str, Unseen] = field(default_factory=dict)
    """Whole places that are not watched, as the latest survey has them."""
    unseen: set[Unseen] = field(default_factory=set)

    def copy(self) -> "Watching":
        return deepcopy(self)

    def round(self, connector: Connector) -> None:
        """Watch each stream once, and commit what each batch brings."""
        for stream in connector.streams():
            self.cursors.setdefault(stream, None)
        for stream in list(self.cursors):
            if stream not in self.done:
                self.step(connector, stream)

    def step(self, connector: Connector, stream: StreamId) -> None:
        batch = connector.watch(stream, self.cursors[stream])
        for post in batch.posts:
            self.posts[post.place, post.message] = post
        self.deletions |= set(batch.deletions)
        if batch.survey is not None:
            self.survey, self.surveys = batch.survey, self.surveys + 1
            self.shut = {each.place: each for each in batch.unseen if each.kind is not UnseenKind.ADDRESS}
        self.unseen |= set(batch.unseen)
        self.cursors[stream] = batch.cursor
        for opened, cursor in batch.opens:
            self.cursors.setdefault(opened, cursor)
        if batch.done:
            self.done.add(stream)

    def messages(self, place: str) -> set[str]:
        return {message for where, message in self.posts if where == place}

    def until_seen(self, connector: Connector, place: str, messages: set[str], timeout: float = 60) -> None:
        def all_seen() -> bool:
            self.round(connector)
            return messages <= self.messages(place)

        until(all_seen, timeout, f"{len(messages)} posts of {place}")

    def until_quiet(self, connector: Connector) -> None:
        """Until every history has been read to its end."""

        def quiet() -> bool:
            self.round(connector)
            return len(self.cursors) - len(self.done) == len(connector.streams())

        until(quiet, 60, "all histories read")
