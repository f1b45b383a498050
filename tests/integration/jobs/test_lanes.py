"""What is urgent is never behind what is not; what is unknown waits; nothing stops the heartbeat."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from takeback.errors import Unavailable
from takeback.infra import clock
from takeback.infra.jobs import queue, store
from takeback.infra.jobs.queue import enqueue
from takeback.infra.jobs.urgency import URGENCY, Urgency
from takeback.infra.jobs.worker import Handler, Periodic
from takeback.infra.vault import keys
from takeback.infra.vault.seal import load_recipient
from takeback.submissions.model import Report
from takeback.submissions.receipt import load_pepper
from takeback.submissions.submit import submit
from waiting import until
from working import jobs, put, working

BACKLOG = 50_000


def one(database, statement, *parameters: object):
    with database.transaction() as tx:
        return tx.execute(statement, parameters).fetchone()[0]


@contextmanager
def service_worker(database, folder):
    """The worker as `serve` starts it, without a platform."""
    environment = {
        "TAKEBACK_DATABASE_URL": database.url,
        "TAKEBACK_DATA": str(folder),
        "PATH": os.environ["PATH"],
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "takeback.entrypoints.worker"], env=environment, cwd=folder
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def report(database, folder):
    """Send a report as the portal does."""
    keys.ensure(folder / "keys")
    portal = folder / "keys" / keys.PORTAL_FOLDER
    report = Report(
        pictures=(),
        locations=("https://nowhere.example/1",),
        account="It was not me who posted it.",
        statement_nonconsent=True,
        statement_good_faith=True,
        signature="R.",
        contact="",
        language="en",
    )
    submit(database, load_recipient(portal), load_pepper(portal), report)


@pytest.mark.parametrize("priority", [0, Urgency.DETAILS], ids=["of an older version", "of this one"])
def test_s9_a_report_has_its_case_before_a_backlog_of_50000(database, tmp_path, priority):
    """While every slot for comparing is held: no more of the backlog has begun than there are slots."""
    with database.transaction() as tx:
        tx.execute("alter table procrastinate_jobs disable trigger user")
        tx.execute(
            "insert into procrastinate_jobs (queue_name, task_name, priority, args)"
            " select 'default', 'look_closely', %s, '{\"sighting\": 1, \"by\": \"live\"}'"
            " from generate_series(1, %s)",
            [priority, BACKLOG],
        )
        tx.execute("alter table procrastinate_jobs enable trigger user")
    keys.ensure(tmp_path / "keys")
    with database.transaction() as held:
        held.execute(
            "lock table sightings_post in access exclusive mode"
        )  # each of the backlog asks it first
        with service_worker(database, tmp_path):
            begun = "select count(*) from procrastinate_jobs where status = 'doing' and priority = 20"
            until(lambda: one(database, begun) == 4, 60)
            report(database, tmp_path)
            until(lambda: one(database, "select count(*) from cases_case"), 60)
            assert one(database, begun) == 4
            left = "select count(*) from procrastinate_jobs where task_name = 'look_closely'"
            assert one(database, left) == BACKLOG


def test_s9_removals_go_while_comparing_holds_its_slots_and_people_while_removals_hold_theirs(database):
    go_on, done = threading.Event(), []

    def slow(**_: int) -> None:
        assert go_on.wait(60)

    def quick(n) -> None:
        done.append(n)

    with database.transaction() as tx:
        for n in range(20):
            enqueue(tx, "look_closely", n=n)
    handlers = [
        Handler("look_closely", slow),
        Handler("remove", quick),
        Handler("locate", slow),
        Handler("take_effect", quick),
    ]
    with working(database, *handlers):
        put(database, "remove", n=1)
        until(lambda: done == [1], 30)
        with database.transaction() as tx:
            for n in range(20):
                enqueue(tx, "locate", n=n)
        until(lambda: len([row for row in doing(database) if row == "locate"]) == 2, 30)
        put(database, "take_effect", n=2)
        until(lambda: done == [1, 2], 30)
        go_on.set()


def doing(database):
    with database.transaction() as tx:
        return [
            name for (name,) in tx.execute("select task_name from procrastinate_jobs where status = 'doing'")
        ]


def test_s9_a_job_for_later_is_in_nobodys_way(database):
    """What waits for its time is found behind what is due, whatever its urgency."""
    with database.transaction() as tx:
        worker = store.begin(tx)
        enqueue(tx, "look", at=clock.now() + timedelta(days=30), target="x", round=1)
        enqueue(tx, "shred", capture="y")
    with database.transaction() as tx:
        order = sorted(Urgency, reverse=True)
        first = store.fetch(tx, worker, order, list(URGENCY))
        assert first is not None
        assert (first.name, first.args) == ("shred", {"capture": "y"})
        assert store.fetch(tx, worker, order, list(URGENCY)) is None


def test_s9_what_follows_from_a_report_is_fetched_before_what_follows_from_matches(database):
    with database.transaction() as tx:
        worker = store.begin(tx)
        enqueue(tx, "follow", urgency=Urgency.MATCHING, event=1)
        enqueue(tx, "follow", urgency=Urgency.PEOPLE, event=2)
        fetched = store.fetch(tx, worker, sorted(Urgency, reverse=True), ["follow"])
        assert fetched is not None
        assert fetched.args == {"event": 2}


def test_s9_a_job_that_this_version_does_not_know_waits_is_told_and_runs_when_one_knows_it(database):
    put(database, "of_tomorrow", n=1)
    put(database, "note", n=1)
    ran = []

    def run(n) -> None:
        ran.append(n)

    with working(database, Handler("note", run), periodic=[Periodic("tick", lambda: None, "* * * * * *")]):
        until(lambda: ran == [1], 30)
        until(lambda: [row for row in jobs(database) if row[0] != "tick"] == [("of_tomorrow", "todo", 0)], 30)
    with database.transaction() as tx:
        [waits] = [each for each in queue.unknown(tx) if each.name != "tick"]
        assert (waits.name, waits.count) == ("of_tomorrow", 1)
        assert any("'of_tomorrow', 1 of them" in words for words in queue.unknown_in_words(tx))
    with working(database, Handler("of_tomorrow", run)):
        until(lambda: ran == [1, 1], 30)
    with database.transaction() as tx:
        assert not [each for each in queue.unknown(tx) if each.name != "tick"]


def test_s9_an_unknown_job_of_a_killed_worker_waits_again(database):
    with database.transaction() as tx:
        dead = store.begin(tx)
        enqueue(tx, "of_tomorrow", n=1)
        assert store.fetch(tx, dead, [Urgency.DETAILS], ["of_tomorrow"]) is not None
        tx.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    with working(database, heartbeat=0.3):
        until(lambda: jobs(database) == [("of_tomorrow", "todo", 1)], 30)


def beats(database):
    return one(database, "select max(last_heartbeat) from procrastinate_workers")


@pytest.mark.parametrize("killed", [False, True], ids=["after its tries", "taken over"])
def test_s9_a_slow_giving_up_does_not_stop_the_heartbeat_or_other_work(database, killed):
    began, go_on, ran = threading.Event(), threading.Event(), threading.Event()

    def gave_up(*_: object) -> None:
        began.set()
        assert go_on.wait(60)

    def fail(**_: int) -> None:
        raise ValueError("no")

    put(database, "note", n=1)
    if killed:
        with database.transaction() as tx:
            assert store.fetch(tx, store.begin(tx), [Urgency.DETAILS], ["note"]) is not None
            tx.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    other = Handler("remove", lambda **_: ran.set())
    with working(database, Handler("note", fail, tries=1), other, gave_up=gave_up, heartbeat=0.2):
        assert began.wait(30)
        for _ in range(3):
            before = beats(database)
            until(lambda before=before: beats(database) > before, 30)
        put(database, "remove", n=1)
        assert ran.wait(30)
        go_on.set()
        until(lambda: jobs(database) == [("note", "failed", 1)], 30)


def test_a_wait_of_days_is_stored_and_shown_and_one_of_a_year_is_a_week(database):
    seconds = {"days": 3 * 86400, "year": 365 * 86400}

    def ask(asks) -> None:
        raise Unavailable("429", retry_after=seconds[asks])

    put(database, "remove", asks="days")
    put(database, "remove", asks="year")
    with working(database, Handler("remove", ask)):
        until(lambda: jobs(database) == [("remove", "todo", 1)] * 2, 30)
    with database.transaction() as tx:
        [postponed] = queue.postponed(tx)
        rows = dict(tx.execute("select args ->> 'asks', scheduled_at from procrastinate_jobs").fetchall())
    assert (postponed.name, postponed.count, postponed.until) == ("remove", 2, rows["year"])
    assert timedelta(days=2.9) < rows["days"] - clock.now() <= timedelta(days=3)
    assert timedelta(days=6.9) < rows["year"] - clock.now() <= timedelta(days=7)
