"""Real processes that get in each other's way and are killed: in the end every pair is there, once."""

import random
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import synthetic
from takeback.connectors.api import StreamId
from takeback.sightings import leases
from waiting import until

HERE = Path(__file__).parent
PROGRAM = HERE / "program.py"
SHARDS, POSTS, ENTRIES = 6, 500, 24
JOBS_LEFT = (
    "select count(*) from procrastinate_jobs where status in ('todo', 'doing') and task_name = 'follow'"
)
CAST = ("watch", "watch", "watch", "bank", "work", "work")


@contextmanager
def a_process(what, url):
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), what, url],
        env={"PYTHONPATH": str(HERE.parents[1]), "PATH": "/usr/bin:/bin"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def one(database, statement):
    with database.transaction() as tx:
        return tx.execute(statement).fetchone()[0]


@pytest.mark.soak
def test_no_pair_is_lost_or_doubled_when_processes_are_killed(database):
    with database.transaction() as tx:
        for n in range(SHARDS):
            leases.open_stream(tx, "memory", StreamId(f"stream {n}"), None)
    dots, killed = random.Random(5), []

    def passed() -> int:
        return one(database, "select count(*) from sightings_post")

    with ExitStack() as stack:
        running = [stack.enter_context(a_process(what, database.url)) for what in CAST]
        for part in range(1, 8):
            until(lambda part=part: passed() >= part * SHARDS * POSTS // 9, 120, "posts pass")
            victim = dots.randrange(len(CAST))
            running[victim].kill()
            running[victim].wait()
            killed.append(CAST[victim])
            running[victim] = stack.enter_context(a_process(CAST[victim], database.url))
        until(lambda: one(database, "select bool_and(done) from sightings_stream"), 120, "all was read")
        until(lambda: one(database, "select count(*) from bank_entry") == ENTRIES, 60, "all was banked")
        until(lambda: one(database, JOBS_LEFT) == 0, 120, "all jobs are done")
    assert set(killed) >= {"watch", "work"}
    must, may = synthetic.truth(database)
    written, told = synthetic.matches(database)
    assert must == may
    assert len(must) > 100
    assert set(written) == must
    assert len(written) == len(must)
    assert told == written
    assert passed() == SHARDS * POSTS
    by = {"live": 0, "look_back": 0}
    with database.transaction() as tx:
        by |= dict(tx.execute("select found_by, count(*) from matching_match group by 1").fetchall())
    assert min(by.values()) > 10, by
    assert one(database, "select count(*) from ledger_entry") == one(database, "select count(*) from event")
    assert one(database, "select count(distinct event_id) from ledger_entry") == len(told) + 2 * ENTRIES
    assert one(database, "select count(*) from procrastinate_jobs where status = 'failed'") == 0
