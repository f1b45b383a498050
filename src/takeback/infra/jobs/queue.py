"""Put work down for later, in the transaction that made it necessary: both happen, or neither.

The queue is `procrastinate`; this face is all that rooms see of it. Who runs the work is `worker.py`; what
goes first is in `urgency.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import procrastinate

from takeback.infra.db.pool import Tx
from takeback.infra.jobs.urgency import URGENCY, of_job

_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())  # never opened: callers bring theirs


def enqueue(
    tx: Tx, name: str, *, at: datetime | None = None, urgency: int | None = None, **args: str | int
) -> None:
    """Put one job down.

    Args:
        tx: the caller's transaction.
        name: the handler's name, see `pipeline.handlers`.
        at: not before this time; now if None.
        urgency: an `Urgency`, or one of `urgency.SLOW`; default: what `urgency.URGENCY` says of the name.
        args: what the handler is called with; ids and small numbers only, since they are seen in the queue.
    """
    priority = of_job(name) if urgency is None else urgency
    task = _app.configure_task(name, schedule_at=at, priority=priority, connection=tx, allow_unknown=True)
    task.defer(**args)


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
    """Return the jobs that this version does not know, by name: they wait for a worker that does."""
    rows = tx.execute(
        """
        select job.task_name, count(*), min(coalesce(job.scheduled_at, event.at))
        from procrastinate_jobs job
        left join procrastinate_events event on event.job_id = job.id and event.type = 'deferred'
        where job.status = 'todo' and job.task_name <> all(%s)
        group by job.task_name order by job.task_name
        """,
        [list(URGENCY)],
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
