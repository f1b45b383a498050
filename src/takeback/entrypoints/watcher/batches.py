"""Captures, reads and commits a batch; sets it aside when that fails.

A batch that fails for a reason that nobody foresaw is set aside, and its stream goes on after it. What was
set aside is tried again in halves, down to the single post.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

import psycopg

from takeback.app import App
from takeback.connectors.api import Batch, Connector, Post
from takeback.entrypoints.watcher.ahead import Ahead, Captured
from takeback.entrypoints.watcher.database_clock import DatabaseClock
from takeback.errors import LeaseLost
from takeback.events import BatchSetAside, SeenBy
from takeback.evidence import service as evidence
from takeback.evidence import watching
from takeback.evidence.heartbeat import Heartbeat
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record
from takeback.matching import service as matching
from takeback.matching.reading import read_closely
from takeback.sightings import leases, set_aside, unseen
from takeback.sightings.model import Lease, Reading, Seen
from takeback.signals.lanes import When

log = logging.getLogger(__name__)

Given = TypeVar("Given")
Made = TypeVar("Made")
DATABASE_AWAY = (psycopg.OperationalError,)
USUAL_ALBUM = 10
"""Files of one event that may cost what any file may; further ones share the allowance of dear files."""
_OF_THE_ROW = "54"
"""The class of errors for what is longer than the database takes (an index row): the posts' fault."""


class Batches:
    """Commits what streams bring. Safe between threads.

    Args:
        app: the parts.
        ahead: what is captured before anything else.
        clock: the database's.
    """

    def __init__(self, app: App, ahead: Ahead, clock: DatabaseClock) -> None:
        self._clock = clock
        self._app = app
        self._ahead = ahead
        self._at_once = app.settings.decoders * 2
        self._readers = ThreadPoolExecutor(self._at_once, thread_name_prefix="read")

    def close(self) -> None:
        """Wait for the readers."""
        self._readers.shutdown()

    def take(
        self, connector: Connector, lease: Lease, cursor: str | None, batch: Batch, heartbeat: Heartbeat
    ) -> None:
        """Commit a batch, or set it aside. Either way the stream goes on after it.

        Args:
            connector: where it comes from.
            lease: of its stream.
            cursor: where the stream stood.
            batch: what came.
            heartbeat: of the stream, to be said if it is done.

        Raises:
            LeaseLost: nothing was written.
            DATABASE_AWAY: nothing was written.
        """

        def moved(tx: Tx) -> None:
            leases.move(tx, lease, batch.cursor, done=batch.done)
            if batch.done:
                watching.heartbeat(tx, lease.connector, lease.stream.name, heartbeat)

        try:
            self._commit(connector, batch, moved)
        except LeaseLost:
            raise
        except Exception as error:
            if passes(error):
                raise
            # Not the trace: its text may quote a post.
            log.warning("%s %s: a batch is set aside: %s", lease.connector, lease.stream.name, told(error))
            with self._app.database.transaction() as tx:
                self._set_aside(tx, lease, cursor, batch, type(error).__name__)
                moved(tx)

    def try_again(self, connectors: dict[str, Connector]) -> bool:
        """Try one thing again that was set aside; False if nothing is due. Raises DATABASE_AWAY."""
        with self._app.database.transaction() as tx:
            row = set_aside.take(tx, list(connectors))
        if row is None:
            return False

        def settled(tx: Tx) -> None:
            set_aside.delete(tx, row)

        try:
            self._commit(connectors[row.connector], row.batch(), settled)
        except Exception as error:
            if passes(error):
                raise
            name = type(error).__name__
            with self._app.database.transaction() as tx:
                middle = len(row.pieces) // 2
                if middle == 0:
                    log.warning("%s %s: one piece fails: %s", row.connector, row.stream, told(error))
                    set_aside.failed(tx, row, name)
                elif set_aside.delete(tx, row):
                    for half in (row.pieces[:middle], row.pieces[middle:]):
                        set_aside.put(
                            tx, row.connector, row.stream, (row.cursor_from, row.cursor_to), half, name
                        )
        return True

    def _set_aside(self, tx: Tx, lease: Lease, cursor: str | None, batch: Batch, error: str) -> None:
        pieces = set_aside.pieces_of(batch)
        if not pieces:
            return  # its survey alone failed, which comes again
        where = lease.connector, lease.stream.name
        if not set_aside.any_of(tx, *where):  # once, and not for each of a thousand
            record(tx, BatchSetAside(*where, len(pieces), error))
        set_aside.put(tx, *where, (cursor, batch.cursor), pieces, error)

    def _commit(self, connector: Connector, batch: Batch, beside: Callable[[Tx], None]) -> None:
        ahead = self._capture(connector, batch)
        seen = self._read(connector, batch)
        now = self._clock.now()
        with self._app.database.transaction() as tx:
            ids = matching.commit(tx, self._app.index, connector.name, seen, now)
            new = zip(seen, ids, strict=True)
            self._ahead.commit(tx, ahead, {each.picture: id_ for each, id_ in new if id_ is not None})
            unseen.keep(tx, connector.name, batch, now)
            for gone in batch.deletions:
                evidence.observe_deletion(tx, connector.name, gone.place, gone.message, SeenBy.EVENT, now)
            for stream, cursor in batch.opens:
                leases.open_stream(tx, connector.name, stream, cursor, ending=True)
            beside(tx)

    def _capture(self, connector: Connector, batch: Batch) -> list[Captured]:
        """Capture what is under investigation, before anything else is done with it."""
        todo = self._ahead.todo(connector, batch.posts, self._clock.now())
        return [each for each in self._each(self._ahead.capture, todo) if each is not None]

    def _read(self, connector: Connector, batch: Batch) -> Sequence[Seen]:
        pictures = [
            (post, media.address, When.SOON if number < USUAL_ALBUM else When.CROWDED)
            for post in batch.posts
            for number, media in enumerate(post.media)
        ]
        most = self._app.settings.max_media_bytes

        def reading(picture: tuple[Post, str, When]) -> Reading:
            _, media, when = picture
            return read_closely(connector, self._app.decoder, self._app.index, media, most, when)

        readings = self._each(reading, pictures)
        return [
            Seen(post, media, reading) for (post, media, _), reading in zip(pictures, readings, strict=True)
        ]

    def _each(self, work: Callable[[Given], Made], todo: Iterable[Given]) -> Iterator[Made]:
        """Work by the readers, which all streams share, in the order given.

        A stream has as much in their queue as they do at once and no more. So a post with hundreds of files
        holds another stream's back by a few files.
        """
        begun = deque[Future[Made]]()
        try:
            for each in todo:
                if len(begun) >= self._at_once:
                    yield begun.popleft().result()
                begun.append(self._readers.submit(work, each))
            while begun:
                yield begun.popleft().result()
        finally:
            for left in begun:
                left.cancel()


def passes(error: BaseException) -> bool:
    """Return whether the database fails, and not what was to be written."""
    away = isinstance(error, psycopg.OperationalError)
    return away and not (error.sqlstate or "").startswith(_OF_THE_ROW)


def told(error: BaseException) -> str:
    """An error for the log: its class and where it was raised. Its text may quote a post."""
    frames = extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
