"""Run what was put down: at least once, with patience, and never silently in vain.

Three things are added to `procrastinate`: tries with growing waits (longer if the platform asks for it), the
taking over of jobs whose worker was killed, and that a job which fails at every try is told to the caller
of `run`, who records it as a fact. Handlers must bear being run twice.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DEFAULT_QUEUE, Job, Status
from psycopg_pool import PoolTimeout
from typing_extensions import override

from takeback.errors import TakebackError, Unavailable
from takeback.ground.clock import now
from takeback.ground.jobs.queue import SLOW

log = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(minutes=10)
_TAKE_OVER = "takeback:take_over"


@dataclass(frozen=True, slots=True)
class Handler:
    """What runs when a job of this name comes up."""

    name: str
    run: Callable[..., None]
    """Called with the job's arguments by keyword."""
    tries: int = 14
    """Before it is given up; with waits of 1, 2, 4 ... 600 seconds, 14 are about an hour."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """What runs by the clock, in one worker at a time."""

    name: str
    run: Callable[[], None]
    cron: str
    """Five fields, or six with seconds last."""


GaveUp = Callable[[str, Mapping[str, object], BaseException], None]
"""Told the handler's name, the job's arguments and the last error, before the job is marked failed."""


@dataclass(frozen=True, slots=True)
class Work:
    """All that a worker does."""

    handlers: Sequence[Handler]
    """One for each name that is enqueued."""
    periodic: Sequence[Periodic]
    gave_up: GaveUp


def wait_before(attempt: int, error: BaseException) -> timedelta:
    """How long to wait after failed attempt number `attempt` (from 1)."""
    doubled = timedelta(seconds=min(2 ** (attempt - 1), LONGEST_WAIT.total_seconds()))
    asked = error.retry_after if isinstance(error, Unavailable) else None
    return min(max(doubled, timedelta(seconds=asked or 0)), LONGEST_WAIT)


class _Patience(procrastinate.BaseRetryStrategy):
    """Decides between another try and giving up."""

    def __init__(self, handler: Handler, gave_up: GaveUp) -> None:
        self._handler = handler
        self._gave_up = gave_up

    @override
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        attempt = job.attempts + 1
        if attempt < self._handler.tries:
            return procrastinate.RetryDecision(retry_at=now() + wait_before(attempt, exception))
        try:
            self._gave_up(self._handler.name, job.task_kwargs, exception)
        except Exception:  # the giving up must be written down, so it waits until it can be
            log.exception("could not write down that job %s was given up", job.id)
            return procrastinate.RetryDecision(retry_at=now() + LONGEST_WAIT)
        return None


def run(url: str, work: Work, stop: threading.Event, *, concurrency: int, heartbeat: float) -> None:
    """Work until `stop` is set, then finish what is under way and return.

    Args:
        url: libpq URL of the queue's database.
        work: what to do.
        stop: set by another thread or a signal handler.
        concurrency: jobs at a time, each in a thread.
        heartbeat: seconds between signs of life; one that is silent for three times as long loses its jobs.
    """
    while not stop.is_set():
        try:
            asyncio.run(_run(url, work, stop, concurrency, heartbeat))
        except (ConnectorException, psycopg.OperationalError, PoolTimeout, OSError) as error:
            log.warning("the queue cannot be reached, trying again: %s", error)
            stop.wait(1.0)


async def _run(url: str, work: Work, stop: threading.Event, concurrency: int, heartbeat: float) -> None:
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=url, min_size=2, max_size=concurrency + 4)
    )
    patience = {handler.name: _Patience(handler, work.gave_up) for handler in work.handlers}
    for handler in work.handlers:
        app.task(name=handler.name, retry=patience[handler.name])(handler.run)
    for timed in work.periodic:
        app.periodic(cron=timed.cron)(app.task(name=timed.name)(_by_clock(timed.run)))

    async def take_over(timestamp: int) -> None:  # noqa: ARG001 - the queue passes the tick's time
        await _take_over_stalled(app, patience, heartbeat * 3)

    app.periodic(cron="* * * * * */5")(app.task(name=_TAKE_OVER)(take_over))
    async with app.open_async():
        await _take_over_stalled(app, patience, heartbeat * 3)
        workers = {
            asyncio.create_task(
                app.run_worker_async(
                    queues=queues,
                    concurrency=at_once,
                    update_heartbeat_interval=heartbeat,
                    stalled_worker_timeout=heartbeat * 3,
                    fetch_job_polling_interval=1.0,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=20,
                )
            )
            for queues, at_once in (([DEFAULT_QUEUE], concurrency), ([SLOW], 1))
        }
        ended: set[asyncio.Task[None]] = set()
        while not ended and not stop.is_set():
            ended, _ = await asyncio.wait(workers, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with contextlib.suppress(asyncio.CancelledError):
                await worker


def _by_clock(work: Callable[[], None]) -> Callable[[int], None]:
    def tick(timestamp: int) -> None:  # noqa: ARG001 - the queue passes the tick's time
        work()

    return tick


async def _take_over_stalled(
    app: procrastinate.App, patience: Mapping[str, _Patience], silent_for: float
) -> None:
    """Start again what a killed worker was at; a job that kills its worker each time is given up."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_for):
        log.warning("taking over job %s of a worker that fell silent", job.id)
        killed = TakebackError("its worker was killed at every try")
        known = patience.get(job.task_name)
        try:
            if known is None or known.get_retry_decision(exception=killed, job=job) is not None:
                await app.job_manager.retry_job(job)
            else:
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        except ConnectorException as error:  # another worker took it over, or it ended after all
            log.warning("job %s: %s", job.id, error)
