"""Put work down for later, in the transaction that made it necessary: both happen, or neither.

The queue is `procrastinate`; this face is all that rooms see of it. Who runs the work is `worker.py`.
"""

from dataclasses import dataclass
from datetime import datetime

import procrastinate

from takeback.ground.db.pool import Tx

_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())  # never opened: callers bring theirs


SLOW = "slow"
"""The queue of what strangers make long: a worker does one of these at a time, beside all others."""


def enqueue(
    tx: Tx,
    name: str,
    *,
    at: datetime | None = None,
    queue: str | None = None,
    priority: int = 0,
    **args: str | int,
) -> None:
    """Put one job down.

    Args:
        tx: the caller's transaction.
        name: the handler's name, see `pipeline.handlers`.
        at: not before this time; now if None.
        queue: `SLOW`, or None: the ordinary one.
        priority: higher goes first.
        args: what the handler is called with; ids and small numbers only, since they are seen in the queue.
    """
    named = {} if queue is None else {"queue": queue}
    _app.configure_task(
        name, schedule_at=at, priority=priority, connection=tx, allow_unknown=True, **named
    ).defer(**args)


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
