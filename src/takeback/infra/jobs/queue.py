"""Enqueue work in the transaction that made it necessary: both happen, or neither.

The queue is `procrastinate`; this face is all that rooms see of it. `takeback.jobs` has the jobs, `worker.py`
runs them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import procrastinate

from takeback.infra.db.pool import Tx
from takeback.infra.jobs.wire import KNOWN, args_of, name_of
from takeback.jobs import Job

_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())  # never opened: callers bring theirs


def enqueue(tx: Tx, job: Job, *, at: datetime | None = None, priority: int | None = None) -> None:
    """Enqueue one job.

    Args:
        tx: the caller's transaction.
        job: what to do; its fields are seen in the queue.
        at: not before this time; now if None.
        priority: an `Urgency`, or one of `jobs.SLOW`; default: the job's own.
    """
    _app.configure_task(
        name_of(type(job)),
        schedule_at=at,
        priority=job.policy.urgency if priority is None else priority,
        connection=tx,
        allow_unknown=True,
    ).defer(**args_of(job))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work of one name that could be done now."""

    name: str
    count: int
    since: datetime
    """When the oldest was put down, or became due."""


def waiting(tx: Tx) -> tuple[Waiting, ...]:
    """What is due and not begun, by name."""
    rows = tx.execute(
        """
        select job.task_name, count(*), min(coalesce(job.scheduled_at, event.at))
        from procrastinate_jobs job
        join procrastinate_events event on event.job_id = job.id and event.type = 'deferred'
        where job.status = 'todo' and coalesce(job.scheduled_at, '-infinity') <= now()
        group by job.task_name order by job.task_name
        """
    )
    return tuple(Waiting(*row) for row in rows)


def unknown(tx: Tx) -> tuple[Waiting, ...]:
    """Return the jobs whose name or version this code does not know: they wait for a worker that does."""
    rows = tx.execute(
        """
        select job.task_name, count(*), min(coalesce(job.scheduled_at, event.at))
        from procrastinate_jobs job
        left join procrastinate_events event on event.job_id = job.id and event.type = 'deferred'
        where job.status = 'todo' and job.task_name || ':' || coalesce(job.args ->> 'v', '0') <> all(%s)
        group by job.task_name order by job.task_name
        """,
        [list(KNOWN)],
    )
    return tuple(Waiting(*row) for row in rows)


ASKED_FOR = timedelta(minutes=15)
"""A job that was tried and waits longer than this does so because a platform asked for it."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """Jobs of one name that were tried and wait for long, as a platform asked."""

    name: str
    count: int
    until: datetime
    """When the last of them is tried again."""


def postponed(tx: Tx) -> tuple[Postponed, ...]:
    """Return the jobs that wait for long because a platform asked for it, by name."""
    rows = tx.execute(
        """
        select task_name, count(*), max(scheduled_at) from procrastinate_jobs
        where status = 'todo' and attempts > 0 and scheduled_at > now() + %s
        group by task_name order by task_name
        """,
        [ASKED_FOR],
    )
    return tuple(Postponed(*row) for row in rows)


def unknown_in_words(tx: Tx) -> tuple[str, ...]:
    """Return a sentence for each name of a job that this version does not know; none: all is well."""
    return tuple(
        f"Jobs wait that this version does not know: {each.name!r}, {each.count} of them, since "
        f"{each.since:%Y-%m-%d %H:%M} UTC. They begin when a worker of a version that knows them is started."
        for each in unknown(tx)
    )
