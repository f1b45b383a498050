"""A worker in a thread of the test, and what it does with the queue."""

import threading
from contextlib import contextmanager

from takeback.infra.jobs import worker
from takeback.infra.jobs.queue import enqueue
from takeback.infra.jobs.worker import Handler, Work


def put(database, job, **args: object):
    with database.transaction() as tx:
        enqueue(tx, job, **args)


def jobs(database):
    with database.transaction() as tx:
        return tx.execute(
            "select task_name, status::text, attempts from procrastinate_jobs"
            " where task_name not like 'takeback:%' order by id"
        ).fetchall()


@contextmanager
def working(database, *handlers: Handler, gave_up=lambda *_: None, periodic=(), heartbeat=5.0):
    """A worker in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(
        target=worker.run,
        args=[database, Work(handlers, periodic, gave_up), stop],
        kwargs={"concurrency": 2, "heartbeat": heartbeat},
    )
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
