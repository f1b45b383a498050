"""The queue keeps its word: what was put down is done, with patience, by whoever is still alive."""

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
import pytest

import databases
from takeback.errors import Unavailable
from takeback.ids import SightingId
from takeback.infra import clock
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.jobs import worker
from takeback.infra.jobs.queue import enqueue
from takeback.jobs import Capture, ReadAgain, TakeIn
from waiting import until
from working import jobs as all_jobs
from working import put, working

PROGRAM = Path(__file__).with_name("program.py")
TESTS = Path(__file__).parents[2]


@contextmanager
def worker_process(url, heartbeat=0.3):
    """A worker in a process of its own; killed at the end if it still lives."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), url, str(heartbeat)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(TESTS), "PATH": "/usr/bin:/bin"},
    )
    try:
        assert process.stdout.readline() == "running\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def note(n) -> ReadAgain:
    return ReadAgain(SightingId(n))


def jobs(database):
    return all_jobs(database, "read_again", "capture")


def doing(run):
    """What a worker does with the jobs of this test; it leaves those of the clock alone."""

    def run_one(job) -> None:
        if isinstance(job, ReadAgain | Capture):
            run(job)

    return run_one


@pytest.fixture
def tries(monkeypatch):
    """Sets after how many tries a job is given up."""
    return lambda n: monkeypatch.setattr(ReadAgain, "policy", replace(ReadAgain.policy, tries=n))


class Failing:
    """Raises these, one for each job, and works when there are none left."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.times, self.done = list(errors), [], threading.Event()

    def __call__(self, _) -> None:
        self.times.append(clock.now())
        if self.errors:
            raise self.errors.pop(0)
        self.done.set()

    def waits(self):
        return [(b - a).total_seconds() for a, b in zip(self.times, self.times[1:], strict=False)]


@pytest.fixture
def quick(monkeypatch):
    """Waits of a fiftieth; what they are in truth, tests/unit/jobs says."""
    monkeypatch.setattr(worker, "wait_before", lambda attempt, _: timedelta(seconds=2 ** (attempt - 1) / 50))
    monkeypatch.setattr(worker, "LONGEST_PAUSE", timedelta(milliseconds=200))


@pytest.fixture
def done(database):
    """The table in which worker processes write down what they did: reads it."""
    with database.transaction() as tx:
        tx.execute("create table done (what text, n int, pid int)")
        tx.execute("create table open_door (yes boolean)")

    def read(what) -> list[tuple[int, int]]:
        with database.transaction() as tx:
            return tx.execute("select n, pid from done where what = %s order by n", [what]).fetchall()

    return read


def test_what_a_rolled_back_transaction_put_down_is_not_there(database):
    with suppress(ZeroDivisionError), database.transaction() as tx:
        enqueue(tx, note(1))
        raise ZeroDivisionError
    assert jobs(database) == []


def test_what_a_transaction_put_down_is_seen_when_it_commits(database):
    with database.transaction() as tx:
        enqueue(tx, note(1))
        enqueue(tx, note(2), at=clock.now() + timedelta(hours=1))
        assert jobs(database) == []
    assert jobs(database) == [("read_again", "todo", 0)] * 2


def test_a_job_is_called_with_what_was_put_down_and_is_gone_when_done(database):
    asked = []
    put(database, replace(note(7), slow=2))
    with working(database, doing(asked.append)):
        until(lambda: jobs(database) == [])
    assert asked == [ReadAgain(SightingId(7), 2)]


def test_a_job_for_later_waits(database):
    asked = []
    put(database, note(2), at=clock.now() + timedelta(hours=1))
    put(database, note(1))
    with working(database, doing(lambda job: asked.append(job.sighting))):
        until(lambda: asked)
        until(lambda: jobs(database) == [("read_again", "todo", 0)])
    assert asked == [1]


@pytest.mark.usefixtures("quick")
def test_a_failing_job_is_tried_again_after_growing_waits(database):
    failing = Failing(*[ValueError("x")] * 5)
    put(database, note(1))
    with working(database, doing(failing)):
        assert failing.done.wait(60)
        until(lambda: jobs(database) == [])
    assert len(failing.times) == 6
    for wait, least in zip(failing.waits(), (1, 2, 4, 8, 16), strict=True):
        assert wait >= least / 50


def test_a_platform_that_asks_for_a_wait_gets_it(database):
    failing = Failing(Unavailable("429", retry_after=2.5))
    put(database, note(1))
    with working(database, doing(failing)):
        assert failing.done.wait(60)
    assert failing.waits()[0] >= 2.5


@pytest.mark.usefixtures("quick")
def test_a_job_that_keeps_failing_is_given_up_once_and_ends_failed(database, tries):
    tries(3)
    told = []
    failing = Failing(*[ValueError(str(n)) for n in range(9)])
    put(database, note(5))
    with working(database, doing(failing), gave_up=lambda *what: told.append(what)):
        until(lambda: jobs(database) == [("read_again", "failed", 3)], 30)
    [(job, error)] = told
    assert (job, str(error)) == (note(5), "2")
    assert len(failing.times) == 3


@pytest.mark.usefixtures("quick")
def test_giving_up_is_tried_until_it_is_written_down(database, tries):
    tries(2)
    told, fails = [], [OSError("the disk is full"), ValueError("still")]

    def gave_up(job, error) -> None:
        if fails:
            raise fails.pop(0)
        told.append((job, error))

    put(database, note(5))
    failing = Failing(*[ValueError("no")] * 9)
    with working(database, doing(failing), gave_up=gave_up):
        until(lambda: jobs(database) and jobs(database)[0][1] == "failed", 30)
    assert len(told) == 1
    assert len(failing.times) == 4


def test_what_runs_by_the_clock_runs(database, monkeypatch):
    monkeypatch.setattr(TakeIn, "policy", replace(TakeIn.policy, cron="* * * * * */1"))
    ticks = threading.Semaphore(0)
    with working(database, lambda job: ticks.release() if isinstance(job, TakeIn) else None):
        assert all(ticks.acquire(timeout=30) for _ in range(3))


def test_a_worker_that_is_told_to_stop_finishes_what_is_under_way(database):
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(_) -> None:
        began.set()
        assert go_on.wait(30)
        ended.set()

    put(database, note(1))
    with working(database, doing(slow)) as stop:
        assert began.wait(30)
        put(database, note(2))
        stop.set()
        threading.Timer(0.5, go_on.set).start()
    assert ended.is_set()
    assert [status for _, status, _ in jobs(database)] in ([], ["todo"])


def test_a_worker_process_ends_at_once_when_it_has_nothing_to_do(database, done):
    put(database, note(1))
    with worker_process(database.url) as process:
        until(lambda: done("note"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_the_job_of_a_killed_worker_is_taken_over_and_done_once(database, done):
    put(database, Capture(SightingId(1)))
    with worker_process(database.url) as first:
        until(lambda: done("began"), 20)
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert jobs(database) == [("capture", "doing", 0)]
    with worker_process(database.url) as second:
        until(lambda: len(done("began")) == 2, 40)
        with database.transaction() as tx:
            tx.execute("insert into open_door values (true)")
        until(lambda: jobs(database) == [], 20)
        assert done("ended") == [(1, second.pid)]
        put(database, note(2))
        until(lambda: done("note"), 20)


def test_a_job_is_taken_over_by_one_of_several_that_were_there_already(database, done):
    put(database, Capture(SightingId(1)))
    with worker_process(database.url) as first:
        until(lambda: done("began"), 20)
        with worker_process(database.url), worker_process(database.url):
            first.send_signal(signal.SIGKILL)
            first.wait()
            until(lambda: len(done("began")) == 2, 40)
            with database.transaction() as tx:
                tx.execute("insert into open_door values (true)")
            until(lambda: jobs(database) == [], 20)
    assert [n for n, _ in done("ended")] == [1]


def test_a_worker_outlives_its_database():
    asked = []
    with databases.temporary_folder() as folder:
        server = EmbeddedPostgres(folder / "pg")
        migrate.upgrade(server.url)
        with Database(server.url) as database:
            put(database, note(1))
            with working(database, doing(lambda job: asked.append(job.sighting)), heartbeat=0.5):
                until(lambda: asked == [1], 20)
                postmaster = psutil.Process(int((folder / "pg" / "postmaster.pid").read_text().split()[0]))
                others = postmaster.children(recursive=True)
                postmaster.kill()
                psutil.wait_procs([postmaster, *others], timeout=20)
                with pytest.raises(psycopg.OperationalError), psycopg.connect(server.url):
                    pass
                server.start_again()
                until(lambda: _can_put(database, n=2), 30)
                until(lambda: 2 in asked, 60)
                until(lambda: jobs(database) == [], 30)


def _can_put(database, n) -> bool:
    try:
        put(database, note(n))
    except psycopg.OperationalError:
        return False
    return True
