"""A worker process for the tests of the queue.

python program.py URL HEARTBEAT     work until told to end; what was done is written down in the table `done`

Its jobs: `ReadAgain` writes its number down. `Capture` writes down that it began, and then waits until the
table `open_door` has a row: whoever tests kills this process meanwhile.
"""

import logging
import os
import signal
import sys
import threading

import psycopg

from takeback.infra.db.pool import Database
from takeback.infra.jobs.worker import Work, run
from takeback.jobs import Capture, ReadAgain
from waiting import until

url, heartbeat = sys.argv[1], float(sys.argv[2])
logging.basicConfig(level=logging.ERROR)


def write_down(what, n) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("insert into done (what, n, pid) values (%s, %s, %s)", [what, n, os.getpid()])


def door_is_open() -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select from open_door").fetchone() is not None


def do(job) -> None:
    match job:
        case ReadAgain(n):
            write_down("note", n)
        case Capture(n):
            write_down("began", n)
            until(door_is_open, 60)
            write_down("ended", n)


stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
work = Work(do, gave_up=lambda *_: None)
sys.stdout.write("running\n")
sys.stdout.flush()
with Database(url) as database:
    run(database, work, stop, concurrency=2, heartbeat=heartbeat)
