"""The queue's rows as a worker reads and writes them. The tables and their triggers are procrastinate's.

What a worker says of a job counts only while the job is its own: one that was taken over meanwhile is not
touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from takeback.infra.db.pool import Tx

NOT_SAID = 0
"""The priority of jobs of a version without urgencies; a worker gives them theirs."""


@dataclass(frozen=True, slots=True)
class Row:
    """A job that a worker holds."""

    id: int
    name: str
    args: Mapping[str, object]
    attempts: int
    """Tries before this one."""
    worker: int | None


def due(tx: Tx, priorities: Sequence[int], known: Sequence[str]) -> set[int]:
    """Return the priorities that have known jobs which are due: one look into the index for each."""
    rows = tx.execute(
        """
        select wanted.priority from unnest(%s::int[]) as wanted (priority)
        where exists (
            select from procrastinate_jobs where status = 'todo' and priority = wanted.priority
            and coalesce(scheduled_at, '-infinity') <= now()
            and task_name || ':' || coalesce(args ->> 'v', '0') = any(%s))
        """,
        [list(priorities), list(known)],
    ).fetchall()
    return {priority for (priority,) in rows}


def fetch(tx: Tx, worker: int, order: Sequence[int], known: Sequence[str]) -> Row | None:
    """Take the next job that is due; None if there is none.

    Args:
        tx: the transaction.
        worker: who takes it.
        order: priorities, in the order in which they are looked through.
        known: the only names, each with its version, that are taken: see `wire.KNOWN`.
    """
    # One look into the index for each priority. A priority's jobs that are for later are never read over:
    # there is one for each copy that was removed within the last month.
    # Without this, a burst of jobs that the planner has no statistics of yet is sorted anew for each of them.
    tx.execute("select set_config('enable_sort', 'off', true)")
    row = tx.execute(
        """
        update procrastinate_jobs set status = 'doing', worker_id = %(worker)s
        where id = (
            select job.id from unnest(%(order)s::int[]) with ordinality as wanted (priority, place)
            cross join lateral (
                select id from procrastinate_jobs
                where status = 'todo' and priority = wanted.priority
                and coalesce(scheduled_at, '-infinity') <= now()
                and task_name || ':' || coalesce(args ->> 'v', '0') = any(%(known)s)
                order by coalesce(scheduled_at, '-infinity'), id limit 1 for update skip locked) job
            order by wanted.place limit 1)
        returning id, task_name, args, attempts, worker_id
        """,
        {"worker": worker, "order": list(order), "known": list(known)},
    ).fetchone()
    return None if row is None else Row(*row)


def done(tx: Tx, job: Row) -> None:
    """Forget a job."""
    tx.execute(
        "delete from procrastinate_jobs where id = %s and status = 'doing' and worker_id = %s",
        [job.id, job.worker],
    )


def again(tx: Tx, job: Row, at: datetime) -> None:
    """Count a try and put the job down for later."""
    tx.execute(
        "update procrastinate_jobs set status = 'todo', attempts = attempts + 1, scheduled_at = %s,"
        " queueing_lock = null where id = %s and status = 'doing' and worker_id = %s",
        [at, job.id, job.worker],
    )


def failed(tx: Tx, job: Row) -> None:
    """Keep a job that was given up, as it is."""
    tx.execute(
        "update procrastinate_jobs set status = 'failed', attempts = attempts + 1"
        " where id = %s and status = 'doing' and worker_id = %s",
        [job.id, job.worker],
    )


def tick(tx: Tx, name: str, args: Mapping[str, object], priority: int, at: int) -> None:
    """Put down what the clock brings, unless somebody did, or the last one still waits.

    Args:
        tx: the transaction.
        name: of the job.
        args: of the job.
        priority: of the job.
        at: the time that it is put down for, in seconds since 1970.
    """
    try:
        with tx.transaction():
            tx.execute(
                "select procrastinate_defer_periodic_job_v2("
                "'default', null, %(name)s, %(name)s, %(priority)s, '', %(at)s, %(args)s)",
                {"name": name, "priority": priority, "at": at, "args": Jsonb(args)},
            )
    except psycopg.errors.UniqueViolation:
        pass


def begin(tx: Tx) -> int:
    """Return the number of a new worker."""
    (number,) = tx.execute("select worker_id from procrastinate_register_worker_v1()").fetchone() or (0,)
    return number


def beat(tx: Tx, worker: int) -> bool:
    """Say that a worker lives; False if it was taken for dead."""
    return (
        tx.execute("update procrastinate_workers set last_heartbeat = now() where id = %s", [worker]).rowcount
        == 1
    )


def end(tx: Tx, worker: int) -> None:
    """A worker is gone."""
    tx.execute("delete from procrastinate_workers where id = %s", [worker])


def take_over(tx: Tx, worker: int, silent_for: float) -> list[Row]:
    """Take all jobs of workers that were silent for so many seconds, and forget those workers."""
    tx.execute(
        "delete from procrastinate_workers where last_heartbeat < now() - make_interval(secs => %s)"
        " and id <> %s",
        [silent_for, worker],
    )
    rows = tx.execute(
        """
        update procrastinate_jobs set worker_id = %s
        where id in (select id from procrastinate_jobs
                     where status = 'doing' and worker_id is null for update skip locked)
        returning id, task_name, args, attempts, worker_id
        """,
        [worker],
    ).fetchall()
    return [Row(*row) for row in rows]


def sort_in(tx: Tx, priorities: Mapping[str, int]) -> None:
    """Give jobs of an older version their priorities, and drop those of its own upkeep."""
    tx.execute(
        """
        update procrastinate_jobs job set priority = known.priority
        from unnest(%s::text[], %s::int[]) as known (name, priority)
        where job.status = 'todo' and job.priority = %s and job.task_name = known.name
        """,
        [list(priorities), list(priorities.values()), NOT_SAID],
    )
    tx.execute(
        "delete from procrastinate_jobs where status = 'todo' and priority = %s"
        " and task_name = 'takeback:take_over'",
        [NOT_SAID],
    )
