"""Run what was put down: at least once, with patience, and never silently in vain.

The tables are `procrastinate`'s, and jobs are put down by it. Its worker is not used: one loop serves all of
it, so that whatever blocks there stops the heartbeats, and a database that hangs stops it for good. Here
every slot is a thread, and so are the heartbeat and the clock; none of them waits for another. All of them
ask the database through `Database`, which says when it is away.

What failed is tried again after growing waits, or after what the platform asks for. The jobs of a killed
worker are taken over. A job that fails at every try is given up.
"""

import itertools
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import procrastinate
import psycopg
from procrastinate.periodic import PeriodicDeferrer

from takeback.errors import TakebackError, Unavailable, asked_wait
from takeback.infra.clock import now
from takeback.infra.db.pool import Database, Tx
from takeback.infra.jobs import store
from takeback.infra.jobs.lanes import Lane, lanes
from takeback.infra.jobs.store import Row
from takeback.infra.jobs.wire import KNOWN, args_of, name_of, read
from takeback.jobs import JOBS, PERIODIC, Enqueued, Job, Policy

log = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(minutes=10)
"""Between two tries, if the platform does not ask for more."""
LOOK_EVERY = 0.025
"""Seconds between looks for work: by so much at most is a job late when a worker has nothing to do."""
AGAIN_AFTER = 1.0
"""Seconds before the next attempt at what the database did not let happen."""
TEND_EVERY = 5.0
"""Seconds between looks for jobs of killed workers and of older versions."""


@dataclass(frozen=True, slots=True)
class Work:
    """All that a worker does."""

    run: Callable[[Job], None]
    """Do a job. It must bear being run twice."""
    gave_up: Callable[[Enqueued, BaseException], None]
    """Told a job and its last error, before it is marked as failed."""


def wait_before(attempt: int, error: BaseException) -> timedelta:
    """Return how long to wait after failed attempt number `attempt` (from 1)."""
    doubled = timedelta(seconds=min(2 ** (attempt - 1), LONGEST_PAUSE.total_seconds()))
    asked = error.retry_after if isinstance(error, Unavailable) else None
    return max(doubled, asked_wait(asked))


def next_try(policy: Policy, attempt: int, error: BaseException) -> timedelta | None:
    """Return how long to wait after failed attempt number `attempt` (from 1); None: give up."""
    wait = wait_before(attempt, error)
    return wait if attempt < policy.tries and wait <= policy.longest else None


def run(database: Database, work: Work, stop: threading.Event, *, concurrency: int, heartbeat: float) -> None:
    """Work until `stop` is set, then finish what is under way and return.

    Args:
        database: of the queue.
        work: what to do.
        stop: set by another thread or a signal handler.
        concurrency: jobs at a time, for each lane that asks platforms: see `lanes`.
        heartbeat: seconds between signs of life; one that is silent for three times as long loses its jobs.
    """
    _Worker(database, work, stop, heartbeat).run(lanes(concurrency))


class _Wake:
    """Wakes one thread of a lane; the next one that looks for work, if all are busy."""

    def __init__(self) -> None:
        self._token = queue.Queue[None](1)

    def wake(self) -> None:
        with suppress(queue.Full):
            self._token.put_nowait(None)

    def wait(self, stop: threading.Event) -> None:
        while not stop.is_set():
            with suppress(queue.Empty):
                self._token.get(timeout=AGAIN_AFTER)
                return


class _Worker:
    """One worker process: its slots, its heartbeat, its clock."""

    def __init__(self, database: Database, work: Work, stop: threading.Event, heartbeat: float) -> None:
        self._database = database
        self._stop = stop
        self._heartbeat = heartbeat
        self._work_of = work
        self._id = 0

    def run(self, taken: Sequence[Lane]) -> None:
        if not self._write(self._begin):
            return
        wakes = [_Wake() for _ in taken]
        slots = [
            threading.Thread(target=self._work, args=[lane, wake, counter], name=f"{lane.name} {slot}")
            for lane, wake in zip(taken, wakes, strict=True)
            for counter in [itertools.count(1)]
            for slot in range(lane.slots)
        ]
        done = threading.Event()  # it lives until the last job is finished
        beside = [
            threading.Thread(target=self._beat, args=[done], name="heartbeat"),
            threading.Thread(target=self._tick, name="clock"),
            threading.Thread(target=self._tend, name="tend"),
        ]
        for thread in [*slots, *beside]:
            thread.start()
        self._look(taken, wakes)
        for thread in slots:
            thread.join()
        done.set()
        for thread in beside:
            thread.join()
        with suppress(psycopg.OperationalError), self._database.transaction() as tx:
            store.end(tx, self._id)  # else whoever works next finds it silent

    def _look(self, taken: Sequence[Lane], wakes: Sequence[_Wake]) -> None:
        """Wake the lanes that have work. Nobody is notified: see `Database.look`."""
        classes = sorted({each for lane in taken for each in lane.classes})
        while self._database.reach.wait(self._stop):
            try:
                with self._database.connection() as connection:
                    while not self._stop.wait(LOOK_EVERY):
                        due = store.due(connection, classes, KNOWN)
                        for lane, wake in zip(taken, wakes, strict=True):
                            if not due.isdisjoint(lane.classes):
                                wake.wake()
            except psycopg.OperationalError:
                self._database.reach.suspect()
                self._stop.wait(AGAIN_AFTER)

    # --- slots

    def _work(self, lane: Lane, wake: _Wake, counter: "itertools.count[int]") -> None:
        while self._database.reach.wait(self._stop):
            try:
                with self._database.transaction() as tx:
                    row = store.fetch(tx, self._id, lane.order(next(counter)), KNOWN)
            except psycopg.OperationalError as error:
                log.warning("no job can be fetched now: %s", error)
                self._stop.wait(AGAIN_AFTER)
                continue
            if row is None:
                wake.wait(self._stop)
                continue
            wake.wake()  # there may be more
            self._do(row)

    def _do(self, row: Row) -> None:
        job = _read(row)
        if job is None:  # it stays, for a version that reads it
            self._write(lambda tx: store.again(tx, row, now() + LONGEST_PAUSE))
            return
        try:
            self._work_of.run(job)
        except Exception as error:  # whatever it is: it is tried again, or told
            if not isinstance(job, PERIODIC):
                self._failed(job, row, error)
                return
            log.exception("%s failed; the clock brings it again", row.name)
        self._write(lambda tx: store.done(tx, row))

    def _failed(self, job: Enqueued, row: Row, error: Exception) -> None:
        """Enqueue a job again, or give it up as soon as that can be written down."""
        wait = next_try(job.policy, row.attempts + 1, error)
        if wait is None:
            try:
                self._work_of.gave_up(job, error)
            except Exception:
                log.exception("could not write down that job %s was given up", row.id)
                wait = LONGEST_PAUSE
        if wait is None:
            log.error("job %s of %s is given up", row.id, row.name, exc_info=error)
            self._write(lambda tx: store.failed(tx, row))
        else:
            at = now() + wait
            self._write(lambda tx: store.again(tx, row, at))

    def _write(self, what: Callable[[Tx], None]) -> bool:
        """Write down how a job ended, as soon as the database is there; False if `stop` is set before."""
        while True:
            try:
                with self._database.transaction() as tx:
                    what(tx)
            except psycopg.Error as error:
                log.warning("how a job ended cannot be written down now: %s", error)
                self._stop.wait(AGAIN_AFTER)
                if not self._database.reach.wait(self._stop):
                    return False
            else:
                return True

    # --- beside them

    def _begin(self, tx: Tx) -> None:
        self._id = store.begin(tx)

    def _beat(self, done: threading.Event) -> None:
        while not done.wait(self._heartbeat):
            try:
                with self._database.transaction() as tx:
                    if not store.beat(tx, self._id):
                        log.warning("this worker was taken for dead; it goes on under another number")
                        self._begin(tx)
            except psycopg.OperationalError as error:
                log.warning("no heartbeat can be written now: %s", error)

    def _tick(self) -> None:
        """Put down what the clock brings."""
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())  # never opened
        jobs = {name_of(cls): cls() for cls in PERIODIC}
        for name, job in jobs.items():
            app.periodic(cron=str(job.policy.cron))(app.task(name=name)(_by_clock))
        ticks = PeriodicDeferrer(app.periodic_registry)
        due: dict[str, int] = {}
        while self._database.reach.wait(self._stop):
            # The newest tick of each is enough, also after an outage.
            due |= {task.task.name: at for task, at in ticks.get_previous_tasks(now().timestamp())}
            try:
                with self._database.transaction() as tx:
                    for name, at in due.items():
                        store.tick(tx, name, args_of(jobs[name]), jobs[name].policy.urgency, at)
                due.clear()
            except psycopg.OperationalError as error:
                log.warning("the clock cannot put down its jobs now: %s", error)
            self._stop.wait(max(ticks.get_next_tick(now().timestamp()), 0.05))

    def _tend(self) -> None:
        """Take over what killed workers were at, and sort in what older versions put down."""
        silent_for = self._heartbeat * 3
        while self._database.reach.wait(self._stop):
            try:
                with self._database.transaction() as tx:
                    store.sort_in(tx, {name_of(cls): cls.policy.urgency for cls in JOBS})
                # After an outage everybody was silent; whoever lives says so first.
                if self._database.reach.up_for() > silent_for:
                    self._take_over(silent_for)
            except psycopg.OperationalError as error:
                log.warning("jobs cannot be taken over now: %s", error)
            self._stop.wait(min(TEND_EVERY, silent_for))

    def _take_over(self, silent_for: float) -> None:
        """Start again what a killed worker was at; a job that kills its worker each time is given up."""
        with self._database.transaction() as tx:
            rows = store.take_over(tx, self._id, silent_for)
        for row in rows:
            log.warning("taking over job %s of a worker that fell silent", row.id)
            job = _read(row)
            if isinstance(job, PERIODIC):  # the clock brings it again
                self._write(lambda tx, row=row: store.done(tx, row))
            elif job is None or row.attempts + 1 < job.policy.tries:
                self._write(lambda tx, row=row: store.again(tx, row, now()))
            else:
                self._failed(job, row, TakebackError("its worker was killed at every try"))


def _read(row: Row) -> Job | None:
    try:
        return read(row.name, row.args)
    except ValueError as error:
        log.error("job %s cannot be read: %s", row.id, error)  # noqa: TRY400 - the error says all
        return None


def _by_clock(timestamp: int) -> None:
    """Stand for a periodic job where only its times are asked for."""
