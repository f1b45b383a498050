"""Captures what is posted in a place under investigation before it is read, so that also what deletes itself
within seconds is kept.

The order is: the raw answers, sealed, on disk; then the post, its capture and the log's entry in one
transaction with the cursor. A crash in between leaves sealed files that nobody can open and no table names;
the batch is read again. What the platform does not give out now is captured by a job that asks again.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from takeback.app import App
from takeback.connectors.api import Connector, Post, Recorder, Target
from takeback.errors import ConfigurationError, Gone, PlatformError, StorageUnavailable, Unreadable
from takeback.events import CapturedFor
from takeback.evidence import kept
from takeback.evidence import service as evidence
from takeback.evidence.model import Investigation, SealedCapture, Subject, Wanted
from takeback.evidence.watching import Places
from takeback.ids import SightingId
from takeback.infra import clock
from takeback.infra.db.pool import Tx

log = logging.getLogger(__name__)

Picture = tuple[str, str, str]
"""Place, message and media."""
_NOT_YET = SightingId(0)
"""The id of a post before its row is written."""


@dataclass(frozen=True, slots=True)
class Todo:
    """A picture that is to be captured ahead."""

    connector: Connector
    post: Post
    media: str
    investigation: Investigation


@dataclass(frozen=True, slots=True)
class Captured:
    """A picture that was captured ahead, or not."""

    todo: Todo
    wanted: Wanted
    sealed: SealedCapture | None
    """None: it could not be captured now, or ever."""
    never: str | None
    """The reason for which it never can be."""


class Ahead:
    """Captures what is posted in places under investigation. Safe between threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._places: Places = {}

    def learn(self, places: Places) -> None:
        """Remember what is under investigation from now on."""
        self._places = places

    def todo(self, connector: Connector, posts: Sequence[Post], now: datetime) -> list[Todo]:
        """Those of the posts' pictures that are to be captured and were not before."""
        sealer, places = self._app.sealer, self._places
        if not places or sealer is None:
            return []
        found = list(_under(connector, posts, places, now))
        if not found:
            return []
        with self._app.database.transaction() as tx:
            if not (sealer.keeps or kept.was_kept(tx)):
                return []
            return [
                each
                for each in found
                if not evidence.is_known(tx, connector.name, each.post.place, each.post.message, each.media)
            ]

    def capture(self, todo: Todo) -> Captured | None:
        """Record and seal one picture. Never raises for what may pass: then a job does it later."""
        sealer, post = self._app.sealer, todo.post
        if sealer is None:
            return None
        now = clock.now()
        where = todo.connector.name, post.place, post.message, todo.media
        subject = Subject(_NOT_YET, *where, post.posted_at, now)
        minor = todo.investigation.suspected_minor
        wanted = Wanted(evidence.new_capture(), subject, CapturedFor.INVESTIGATION, minor, now)
        if not isinstance(todo.connector, Recorder):
            return Captured(todo, wanted, None, "this platform cannot be recorded")
        try:
            most = self._app.settings.max_media_bytes
            recording = todo.connector.record(Target(post.place, post.message, todo.media), most)
            sealed = sealer.seal(wanted, (), recording, clock.now())
        except (Gone, Unreadable) as fault:
            return Captured(todo, wanted, None, str(fault))
        except (PlatformError, StorageUnavailable, ConfigurationError) as fault:
            log.warning("not captured yet: %s", fault)
            return Captured(todo, wanted, None, None)
        return Captured(todo, wanted, sealed, None)

    def commit(self, tx: Tx, made: Sequence[Captured], new: Mapping[Picture, SightingId]) -> None:
        """Write down what was captured, beside the posts.

        Args:
            tx: the transaction that the posts are written in.
            made: what came of them.
            new: the posts that were not known before, by picture.
        """
        keep = timedelta(days=self._app.settings.investigation_keep_days)
        for each in made:
            post = each.todo.post
            sighting = new.get((post.place, post.message, each.todo.media))
            if sighting is None:
                continue  # somebody else wrote it down
            wanted = each.wanted.of(sighting)
            if each.sealed is not None:
                evidence.commit_ahead(tx, each.sealed, wanted, each.sealed.captured_at + keep)
                continue
            minor = wanted.suspected_minor
            evidence.want(tx, wanted.subject, wanted.reason, wanted.wanted_at, suspected_minor=minor)
            if each.never is not None:
                evidence.fail(tx, sighting, each.never)


def _under(connector: Connector, posts: Sequence[Post], places: Places, now: datetime) -> Iterator[Todo]:
    for post in posts:
        found = places.get((connector.name, post.place))
        if found is not None and found.ends_at > now:
            for media in post.media:
                yield Todo(connector, post, media.address, found)
