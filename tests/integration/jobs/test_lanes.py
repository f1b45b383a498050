"""What is urgent is never behind what is not; what is unknown waits; nothing stops the heartbeat."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from soaking import quick
from takeback.errors import Unavailable
from takeback.events import FoundBy, Matched, ReportReceived
from takeback.ids import CaptureId, CaseId, EntryId, ReportId, SightingId, TargetId
from takeback.infra import clock
from takeback.infra.jobs import queue, store, wire, worker
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.infra.vault import keys
from takeback.infra.vault.seal import load_recipient
from takeback.jobs import (
    DropCopies,
    HandleEvent,
    Locate,
    Look,
    LookClosely,
    ReadAgain,
    Remove,
    Shred,
    TakeEffect,
    Urgency,
)
from takeback.submissions.model import Report
from takeback.submissions.receipt import load_pepper
from takeback.submissions.submit import submit
from waiting import until
from working import jobs, put, put_row, working

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


@pytest.mark.parametrize(
    "priority", quick(0, every=[0, Urgency.DETAILS]), ids=["of an older version", "of this one"]
)
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

    def run(job) -> None:
        match job:
            case LookClosely() | Locate():
                assert go_on.wait(60)
            case Remove() | TakeEffect():
                done.append(job)

    remove, effect = Remove(TargetId(UUID(int=1))), TakeEffect(UUID(int=2))
    with database.transaction() as tx:
        for n in range(20):
            enqueue(tx, LookClosely(SightingId(n), FoundBy.LIVE))
    with working(database, run):
        put(database, remove)
        until(lambda: done == [remove], 30)
        with database.transaction() as tx:
            for n in range(20):
                enqueue(tx, Locate(ReportId(UUID(int=1)), n))
        until(lambda: len([row for row in doing(database) if row == "locate"]) == 2, 30)
        put(database, effect)
        until(lambda: done == [remove, effect], 30)
        go_on.set()


def doing(database):
    with database.transaction() as tx:
        return [
            name for (name,) in tx.execute("select task_name from procrastinate_jobs where status = 'doing'")
        ]


def test_s9_a_job_for_later_is_in_nobodys_way(database):
    """What waits for its time is found behind what is due, whatever its urgency."""
    with database.transaction() as tx:
        me = store.begin(tx)
        enqueue(tx, Look(TargetId(UUID(int=1)), 1), at=clock.now() + timedelta(days=30))
        enqueue(tx, Shred(CaptureId(UUID(int=2))))
    with database.transaction() as tx:
        order = sorted(Urgency, reverse=True)
        first = store.fetch(tx, me, order, wire.KNOWN)
        assert first is not None
        assert (first.name, first.args) == ("shred", {"v": 1, "capture": str(UUID(int=2))})
        assert store.fetch(tx, me, order, wire.KNOWN) is None


def test_s9_what_follows_from_a_report_is_fetched_before_what_follows_from_matches(database):
    with database.transaction() as tx:
        me = store.begin(tx)
        record(tx, Matched(EntryId(UUID(int=1)), SightingId(1), FoundBy.LIVE))
        second = record(tx, ReportReceived(ReportId(UUID(int=1))))
        fetched = store.fetch(tx, me, sorted(Urgency, reverse=True), wire.KNOWN)
        assert fetched is not None
        assert wire.read(fetched.name, fetched.args) == HandleEvent(second)


@pytest.mark.parametrize(("name", "args"), [("of_tomorrow", {"n": 1}), ("remove", {"v": 9, "aim": "x"})])
def test_s9_a_job_or_version_that_is_not_known_waits_is_told_and_runs_when_one_knows_it(
    database, name, args, monkeypatch
):
    put_row(database, name, args, Urgency.DETAILS)
    put(database, DropCopies(CaseId(UUID(int=1))))
    ran = []

    def run(job) -> None:
        if isinstance(job, DropCopies | Remove):
            ran.append(job)

    with working(database, run):
        until(lambda: len(ran) == 1, 30)
        until(lambda: jobs(database, name, "drop_copies") == [(name, "todo", 0)], 30)
    with database.transaction() as tx:
        [waits] = queue.unknown(tx)
        assert (waits.name, waits.count) == (name, 1)
        assert any(f"'{name}', 1 of them" in words for words in queue.unknown_in_words(tx))
    known = Remove(TargetId(UUID(int=1)))
    monkeypatch.setattr(worker, "KNOWN", (*wire.KNOWN, f"{name}:{args.get('v', 0)}"))
    monkeypatch.setattr(worker, "read", lambda *row: known if row == (name, args) else wire.read(*row))
    with working(database, run):
        until(lambda: ran[1:] == [known], 30)
        until(lambda: not jobs(database, name), 30)


@pytest.mark.parametrize("name", ["of_tomorrow", "remove"])
def test_s9_an_unknown_job_of_a_killed_worker_waits_again(database, name):
    put_row(database, name, {"v": 9}, Urgency.DETAILS)
    with database.transaction() as tx:
        dead = store.begin(tx)
        assert store.fetch(tx, dead, [Urgency.DETAILS], [f"{name}:9"]) is not None
        tx.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    with working(database, lambda _: None, heartbeat=0.3):
        until(lambda: jobs(database, name) == [(name, "todo", 1)], 30)


def test_a_job_whose_arguments_cannot_be_read_is_kept(database):
    put_row(database, "remove", {"v": 1, "target": "nobody"}, Urgency.REMOVALS)
    with working(database, lambda _: None, gave_up=pytest.fail):
        until(lambda: jobs(database, "remove") == [("remove", "todo", 1)], 30)


def beats(database):
    return one(database, "select max(last_heartbeat) from procrastinate_workers")


@pytest.mark.parametrize("killed", [False, True], ids=["after its tries", "taken over"])
def test_s9_a_slow_giving_up_does_not_stop_the_heartbeat_or_other_work(database, killed, monkeypatch):
    began, go_on, ran = threading.Event(), threading.Event(), threading.Event()

    monkeypatch.setattr(ReadAgain, "policy", replace(ReadAgain.policy, tries=1))

    def gave_up(*_: object) -> None:
        began.set()
        assert go_on.wait(60)

    def run(job) -> None:
        if isinstance(job, ReadAgain):
            raise OSError("no")
        if isinstance(job, Remove):
            ran.set()

    put(database, ReadAgain(SightingId(1)))
    if killed:
        with database.transaction() as tx:
            assert store.fetch(tx, store.begin(tx), [Urgency.MATCHING], wire.KNOWN) is not None
            tx.execute("update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
    with working(database, run, gave_up=gave_up, heartbeat=0.2):
        assert began.wait(30)
        for _ in range(3):
            before = beats(database)
            until(lambda before=before: beats(database) > before, 30)
        put(database, Remove(TargetId(UUID(int=1))))
        assert ran.wait(30)
        go_on.set()
        until(lambda: jobs(database, "read_again") == [("read_again", "failed", 1)], 30)


def test_a_wait_of_days_is_stored_and_shown_and_one_of_a_year_is_a_week(database):
    seconds = {1: 3 * 86400, 2: 365 * 86400}

    def ask(job) -> None:
        if isinstance(job, ReadAgain):
            raise Unavailable("429", retry_after=seconds[job.sighting])

    for n in seconds:
        put(database, ReadAgain(SightingId(n)))
    with working(database, ask):
        until(lambda: jobs(database, "read_again") == [("read_again", "todo", 1)] * 2, 30)
    with database.transaction() as tx:
        [postponed] = queue.postponed(tx)
        asked = "select (args ->> 'sighting')::int, scheduled_at from procrastinate_jobs where attempts > 0"
        rows = dict(tx.execute(asked).fetchall())
    assert (postponed.name, postponed.count, postponed.until) == ("read_again", 2, rows[2])
    assert timedelta(days=2.9) < rows[1] - clock.now() <= timedelta(days=3)
    assert timedelta(days=6.9) < rows[2] - clock.now() <= timedelta(days=7)
