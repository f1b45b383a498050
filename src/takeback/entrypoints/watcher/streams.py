"""The streams of one platform, in turns: any number of them, by a bounded number of threads.

A stream is leased for a turn, and while no other waits, its turn goes on. When others wait, it is let go
after some seconds and comes again when all of them had theirs: the database keeps the order, for all watchers
together. Streams without an end ("live") go before those with one (histories), and each of the two kinds has
threads that the other cannot take.

A turn ends when its lease is lost, and when it fails; then the stream is asked again after a pause, which the
database keeps, so that a restart obeys it, too.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from takeback.app import App
from takeback.connectors.api import Batch, Connector, StreamId
from takeback.entrypoints.watcher.batches import DATABASE_AWAY, Batches, passes, told
from takeback.entrypoints.watcher.database_clock import DatabaseClock
from takeback.errors import DatabaseAway, LeaseLost, PlatformError, Unavailable, asked_wait
from takeback.events import WatcherFailed
from takeback.evidence import watching
from takeback.evidence.heartbeat import Heartbeat
from takeback.infra.ledger.record import record
from takeback.sightings import leases
from takeback.sightings.health import asked_to_wait
from takeback.sightings.model import Lease
from takeback.sightings.waits import LONGEST_REST, pause_after

log = logging.getLogger(__name__)

TURN = 5.0
"""Seconds after which a stream is let go if others wait."""
LOOK = 0.5
"""Seconds between looks for streams that are free."""
FORGET_EVERY = 600.0
"""Seconds between deletions of streams that were read to their end."""


@dataclass(slots=True)
class Turn:
    """A leased stream, and the thread that reads it."""

    lease: Lease
    heartbeat: Heartbeat
    began: float = field(default_factory=time.monotonic)
    lost: threading.Event = field(default_factory=threading.Event)
    """Somebody else has the lease, or may have: stop."""
    answered: bool = False
    """The platform answered in this turn, and that is not written down yet."""
    worked: bool = False
    """The platform answered in this turn."""


class Streams:
    """Reads one platform's streams.

    Args:
        app: the parts.
        connector: the platform.
        batches: what is done with what comes.
        clock: the database's.
        holder: this process, among all that watch.
        stop: set when it should end.
    """

    def __init__(
        self,
        app: App,
        connector: Connector,
        batches: Batches,
        clock: DatabaseClock,
        holder: str,
        stop: threading.Event,
    ) -> None:
        self._app = app
        self._connector = connector
        self._batches = batches
        self._clock = clock
        self._holder = holder
        self._stop = stop
        self._length = timedelta(seconds=app.settings.lease_seconds)
        self._threads = app.settings.watch_threads
        self._reserved = max(1, self._threads // 4)
        """Threads that only the one, and only the other kind of streams may have."""
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=connector.name)
        self._turns: dict[Lease, Turn] = {}
        self._heartbeats: dict[str, Heartbeat] = {}
        """Of streams that have an end and are read in several turns, by name."""
        self._guard = threading.Lock()
        self._others_wait: dict[bool, bool] = {False: False, True: False}
        """True: more streams are free than are taken; by whether they have an end."""
        self._free_slot = threading.Event()
        self._known = set[StreamId]()
        self._forgotten = float("-inf")

    def run(self) -> None:
        """Give out turns until it should stop. Raises what nobody foresaw; may be called again."""
        while not self._stop.is_set():
            self._free_slot.clear()
            try:
                self._open_streams()
                for ending in (False, True):
                    self._give_turns(ending=ending)
                self._forget()
            except DATABASE_AWAY as error:
                log.warning("cannot take streams of %s now: %s", self._connector.name, error)
            self._free_slot.wait(LOOK)

    def close(self) -> None:
        """Wait for all turns. `stop` is set."""
        self._pool.shutdown()

    # --- leases, asked by another thread

    def renew(self) -> None:
        """Hold on to everything in one statement; turns whose lease is lost end. Raises DATABASE_AWAY."""
        with self._guard:
            turns = [turn for turn in self._turns.values() if not turn.lost.is_set()]
            answered = {turn.lease for turn in turns if turn.answered}
        if not turns:
            return
        with self._app.database.transaction() as tx:
            lost = leases.renew_all(tx, [turn.lease for turn in turns], self._length, answered)
        for turn in turns:
            turn.answered = turn.answered and turn.lease not in answered
            if turn.lease in lost:
                log.warning("%s %s: another has the lease", turn.lease.connector, turn.lease.stream.name)
                turn.lost.set()

    def beat(self) -> None:
        """Say how streams without an end were watched; a history says so once, when it is done.

        Raises DATABASE_AWAY.
        """
        with self._guard:
            turns = [turn for turn in self._turns.values() if not turn.lease.ending]
        for turn in turns:
            try:
                with self._app.database.transaction() as tx:
                    leases.renew(tx, turn.lease, self._length)  # or somebody else speaks for it
                    watching.heartbeat(tx, turn.lease.connector, turn.lease.stream.name, turn.heartbeat)
            except LeaseLost:
                turn.lost.set()

    # --- giving turns

    def _open_streams(self) -> None:
        """Make the connector's own streams known; it is asked before a transaction is open."""
        try:
            new = [stream for stream in self._connector.streams() if stream not in self._known]
        except PlatformError as error:
            log.warning("cannot ask %s for its streams now: %s", self._connector.name, error)
            return
        if new:
            with self._app.database.transaction() as tx:
                for stream in new:
                    leases.open_stream(tx, self._connector.name, stream, None)
            self._known.update(new)

    def _give_turns(self, *, ending: bool) -> None:
        with self._app.database.transaction() as tx:
            free = leases.free(tx, self._connector.name, ending=ending)
        # Half of what is free, and half of the rest in the next round: another watcher gets its share.
        wanted = min(-(-free // 2), self._slots(ending=ending))
        taken = 0
        while taken < wanted and not self._stop.is_set():
            with self._app.database.transaction() as tx:
                lease = leases.lease(tx, self._connector.name, self._holder, self._length, ending=ending)
            if lease is None:
                break
            taken += 1
            with self._guard:
                heartbeat = (
                    self._heartbeats.setdefault(lease.stream.name, Heartbeat()) if ending else Heartbeat()
                )
                turn = self._turns[lease] = Turn(lease, heartbeat)
            self._pool.submit(self._take_turn, turn)
        self._others_wait[ending] = free > taken

    def _slots(self, *, ending: bool) -> int:
        with self._guard:
            same = sum(turn.lease.ending is ending for turn in self._turns.values())
            return min(self._threads - self._reserved - same, self._threads - len(self._turns))

    def _forget(self) -> None:
        if time.monotonic() - self._forgotten > FORGET_EVERY:
            with self._app.database.transaction() as tx:
                leases.forget_finished(tx, self._connector.name)
            self._forgotten = time.monotonic()

    # --- a turn

    def _take_turn(self, turn: Turn) -> None:
        try:
            self._read(turn)
        except LeaseLost as lost:
            log.warning("%s", lost)
        except PlatformError as error:
            self._put_off(turn, error)
        except Exception as error:  # noqa: BLE001 - recorded
            if not passes(error):
                self._put_off(turn, error)
            else:  # nothing was written; the lease ends by itself, and the next one reads the same again
                log.warning("%s %s: %s", turn.lease.connector, turn.lease.stream.name, told(error))
        finally:
            with self._guard:
                self._turns.pop(turn.lease, None)
            self._free_slot.set()

    def _read(self, turn: Turn) -> None:
        lease, cursor = turn.lease, turn.lease.cursor
        while not self._is_over(turn):
            asked = self._clock.now()
            batch = self._connector.watch(lease.stream, cursor)
            turn.heartbeat.answered(asked, self._clock.now(), len(batch.posts))
            turn.answered = turn.worked = True
            if says_anything(batch, cursor):
                self._take(turn, cursor, batch)
            cursor = batch.cursor
            if batch.done:
                self._heartbeats.pop(lease.stream.name, None)
                return
        if turn.lost.is_set():
            return
        with self._app.database.transaction() as tx:
            leases.renew(tx, lease, self._length)
            if self._stop.is_set() or not lease.ending:
                watching.heartbeat(tx, lease.connector, lease.stream.name, turn.heartbeat)
            leases.release(tx, lease, answered=turn.answered)

    def _take(self, turn: Turn, cursor: str | None, batch: Batch) -> None:
        """Commit a batch; while the database is away, wait for it, without asking the platform again."""
        failures = 0
        while True:
            try:
                self._batches.take(self._connector, turn.lease, cursor, batch, turn.heartbeat)
            except Exception as error:
                if not passes(error) or self._is_stopped(turn):
                    raise
                if not failures and not isinstance(error, DatabaseAway):  # which says so itself
                    log.warning("%s %s: %s", turn.lease.connector, turn.lease.stream.name, told(error))
                self._wait_for_database(turn, pause_after(failures).total_seconds())
                failures += 1
            else:
                return

    def _wait_for_database(self, turn: Turn, pause: float) -> None:
        self._stop.wait(pause)
        while not self._is_stopped(turn):
            try:
                with self._app.database.transaction() as tx:
                    tx.execute("select 1")
            except DATABASE_AWAY:
                self._stop.wait(1.0)
            else:
                return

    def _is_stopped(self, turn: Turn) -> bool:
        return self._stop.is_set() or turn.lost.is_set()

    def _is_over(self, turn: Turn) -> bool:
        if self._is_stopped(turn):
            return True
        return self._others_wait[turn.lease.ending] and time.monotonic() - turn.began > TURN

    def _put_off(self, turn: Turn, error: Exception) -> None:
        """The turn failed: pause, for as long as the platform asked."""
        lease, failures = turn.lease, 0 if turn.worked else turn.lease.failures
        asked = error.retry_after if isinstance(error, Unavailable) else None
        pause = (
            pause_after(failures) if isinstance(error, Unavailable) else pause_after(failures, LONGEST_REST)
        )
        words = f"{error}" if isinstance(error, PlatformError) else f"It failed: {type(error).__name__}."
        if asked:
            pause = max(pause, asked_wait(asked))
            words = f"{asked_to_wait(asked, pause)} {words}"
        log.warning(
            "%s %s: %s; again in %.1f s",
            lease.connector,
            lease.stream.name,
            error if isinstance(error, PlatformError) else told(error),
            pause.total_seconds(),
        )
        try:
            with self._app.database.transaction() as tx:
                leases.renew(tx, lease, self._length)
                if not lease.ending:
                    watching.heartbeat(tx, lease.connector, lease.stream.name, turn.heartbeat)
                if not isinstance(error, PlatformError) and failures == 0:
                    record(tx, WatcherFailed(f"{lease.connector} {lease.stream.name}", type(error).__name__))
                leases.put_off(tx, lease, pause, words, failures + 1)
        except (LeaseLost, *DATABASE_AWAY) as lost:
            log.warning("%s", lost)


def says_anything(batch: Batch, cursor: str | None) -> bool:
    """Return whether there is anything to commit."""
    found = batch.posts or batch.opens or batch.deletions or batch.unseen or batch.survey
    return bool(found) or batch.done or batch.cursor != cursor
