"""A worker in a thread of the test, and what it does with the queue."""

import threading
from contextlib import contextmanager

from psycopg.types.json import Jsonb

from takeback.infra.jobs import worker
from takeback.infra.jobs.queue import enqueue
from takeback.infra.jobs.worker import Work


def put(database, job, **how: object):
    with database.transaction() as tx:
        enqueue(tx, job, **how)


def put_row(database, name, args, priority=0):
    """A job as another version wrote it."""
    with database.transaction() as tx:
        tx.execute(
            "insert into procrastinate_jobs (queue_name, task_name, priority, args)"
            " values ('default', %s, %s, %s)",
            [name, priority, Jsonb(args)],
        )


def jobs(database, *names: str):
    """Name, state and tries of the jobs that are there; only those of these names, if any are given."""
    with database.transaction() as tx:
        return tx.execute(
            "select task_name, status::text, attempts from procrastinate_jobs"
            " where task_name = any(%s) order by id",
            [list(names)],
        ).fetchall()


@contextmanager
def working(database, run, *, gave_up=lambda *_: None, heartbeat=5.0):
    """A worker in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(
        target=worker.run,
        args=[database, Work(run, gave_up), stop],
        kwargs={"concurrency": 2, "heartbeat": heartbeat},
    )
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
