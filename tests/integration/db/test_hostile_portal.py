"""S1: somebody who has the portal's role, and holds all that it can hold, stops nothing of the service."""

import random
import threading
import uuid
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Self

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import synthetic
from granted import CALLS, OURS
from takeback.bank import service as bank
from takeback.bank.index import BankIndex
from takeback.entrypoints.worker import work as work_room
from takeback.errors import DatabaseAway
from takeback.events import JobGaveUp
from takeback.ids import ReportId
from takeback.infra.db import locks, migrate, pool, portal_role
from takeback.infra.db.locks import Lock
from takeback.infra.db.pool import Database
from takeback.infra.jobs import worker
from takeback.infra.jobs.queue import enqueue
from takeback.infra.jobs.worker import Work
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.record import record
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.vault import keys
from takeback.jobs import KeepSightings
from takeback.matching import service as matching
from takeback.sightings import archive_store
from takeback.sightings import store as sightings
from takeback.submissions import service as submissions
from waiting import until

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PATIENT = "-c lock_timeout=20s"
"""Of the owner's sessions here: whoever waits for the portal's role fails."""


@pytest.fixture
def url(database_url):
    migrate.upgrade(database_url)
    return database_url


@pytest.fixture
def portal_url(postgres, url):
    return postgres.url_of(url.split("?")[0].rsplit("/", 1)[1], portal_role.ROLE)


@pytest.fixture
def owner(url):
    """As the service's processes are connected, but impatient."""
    with Database(make_conninfo(url, options=PATIENT)) as database:
        yield database


class Hostile:
    """All connections of the role; each has an open transaction in which it did all that it is granted."""

    def __init__(self, url: str) -> None:
        self._url, self._open = url, ExitStack()
        self.connections: list[psycopg.Connection] = []

    def __enter__(self) -> Self:
        listening = self._open.enter_context(psycopg.connect(self._url, autocommit=True))
        for channel in ("takeback_report", "takeback_ledger", "procrastinate_any_queue_v1"):
            listening.execute(f"listen {channel}")
        listening.execute("begin")
        listening.execute("select 1")  # and never reads what it is told
        self.connections.append(listening)
        with suppress(psycopg.OperationalError):
            while True:
                connection = psycopg.connect(self._url)
                self._open.callback(connection.close)
                self.connections.append(connection)
        self._flood()
        for number, connection in enumerate(self.connections[1:]):
            connection.rollback()
            connection.execute("set idle_in_transaction_session_timeout = 0")
            connection.execute("set statement_timeout = 0")
            for statement, value in CALLS:
                connection.execute(statement, [bytes([number]) + value[1:]])
            with suppress(psycopg.DatabaseError), connection.transaction():
                connection.execute("select pg_advisory_lock(2053767171)")  # the bank's, until migration 0020
        return self

    def _flood(self) -> None:
        """Notify until the server's queue is full."""
        full = None
        for number in range(30_000):
            try:
                self.connections[1].execute(f"notify takeback_report, '{number} {'x' * 7000}'")
                self.connections[1].commit()
            except psycopg.OperationalError as error:
                full = error
                break
        assert "NOTIFY queue" in str(full)

    def __exit__(self, *_: object) -> None:
        for connection in self.connections:
            connection.close()


def sequence(owner, tmp_path):
    keys.ensure(tmp_path / "keys")
    return Sequencer(owner, Signer(tmp_path / "keys", "takeback.example/ledger"))


def test_s1_posts_checkpoints_reports_and_jobs_go_on_whatever_the_role_holds(owner, portal_url, tmp_path):
    """S1: and the role has as many connections as it is granted, and no more."""
    dots, index = random.Random(1), BankIndex()
    flips = synthetic.an_image(dots)
    sequencer = sequence(owner, tmp_path)
    with owner.transaction() as tx:
        tx.execute("insert into submissions_report (locator, sealed) values (%s, 'x')", [bytes(32)])
        tx.execute(
            "insert into submissions_draft (locator, sealed, expires_at)"
            " select sha256(n::text::bytea), 'x', now()"
            " from generate_series(1, 3) n"
        )
    with Hostile(portal_url) as hostile:
        assert len(hostile.connections) == portal_role.CONNECTIONS
        # 1. Posts are committed, and matched with what is banked meanwhile.
        with owner.transaction() as tx:
            bank.add_seed(tx, ReportId(uuid.UUID(int=1)), "a", flips, 100, NOW)
        with owner.transaction() as tx:
            matching.commit(tx, index, "memory", [synthetic.seen("!place", 1, flips[0])], NOW)
        with owner.transaction() as tx:
            assert tx.execute("select count(*) from matching_match").fetchone() == (1,)
        # 2. The look-back's end, and the archive.
        with owner.transaction() as tx:
            assert sightings.settled(tx) >= 1
        with owner.transaction() as tx:
            assert archive_store.alone(tx)
        # 3. What is recorded is sequenced and signed.
        with owner.transaction() as tx:
            record(tx, JobGaveUp("a", "b", "c"))
        assert sequencer.sequence_once() is not None
        # 4. A report is taken in; drafts that are over are wiped.
        assert submissions.take_in(owner, Closed(), NOW) == 1
        submissions.wipe_drafts(owner)
        # 5. Jobs run.
        ran, stop = threading.Event(), threading.Event()
        work = Work(lambda job: ran.set() if isinstance(job, KeepSightings) else None, lambda *_: None)
        thread = threading.Thread(
            target=worker.run,
            args=[owner, work, stop],
            kwargs={"concurrency": 1, "heartbeat": 5.0},
            daemon=True,
        )
        thread.start()
        with owner.transaction() as tx:
            enqueue(tx, KeepSightings())
        assert ran.wait(30)
        stop.set()
        thread.join(60)
        assert not thread.is_alive()
        # 6. All of it while the role held what it holds.
        with owner.transaction() as tx:
            held = tx.execute(
                "select count(pid) from pg_stat_activity where usename = %s and xact_start is not null",
                [portal_role.ROLE],
            ).fetchone()
        assert held == (portal_role.CONNECTIONS,)


class Closed:
    """Opens no report."""

    def unseal(self, sealed: bytes) -> bytes:
        raise ValueError(f"{len(sealed)} bytes cannot be opened")


def test_s1_the_honest_portal_is_shut_out_until_a_worker_ends_the_transactions(
    owner, url, portal_url, monkeypatch
):
    """S1: they share the role, so its connections; what takes too long is ended from outside."""

    def puts(portal: Database) -> bool:
        with suppress(DatabaseAway), portal.transaction() as tx:
            tx.execute("insert into submissions_report (locator, sealed) values (%s, 'x')", [OURS])
            return True
        return False

    stop = threading.Event()
    with Hostile(portal_url), Database(portal_url, max_size=2) as honest:
        monkeypatch.setattr(pool, "PATIENCE", 1)
        with pytest.raises(DatabaseAway), honest.transaction():
            pass
        guard = threading.Thread(
            target=portal_role.guard,
            args=[url, stop, portal_role.CONNECTIONS, timedelta(seconds=1)],
            daemon=True,
        )
        guard.start()
        try:
            until(lambda: puts(honest), 30, "the honest portal to have a connection again")
        finally:
            stop.set()
            guard.join()
    with owner.transaction() as tx:
        assert tx.execute("select locator from submissions_report").fetchall() == [(OURS,)]


def test_s1_what_the_role_changed_of_itself_is_put_back_and_a_person_is_told(house, monkeypatch):
    """S1: by each worker, while it runs; one event an hour, whatever the role does."""
    monkeypatch.setattr(portal_role, "LOOK_EVERY", 0.01)
    told, stop = threading.Event(), threading.Event()
    report = work_room.role_reporter(house.app)

    def tell(what: str) -> None:
        report(what)
        report(what)
        told.set()

    url = house.app.database.url
    with house.app.database.transaction() as tx:
        tx.execute(f"alter role {portal_role.ROLE} set default_transaction_read_only = on")
    guard = threading.Thread(
        target=portal_role.guard,
        args=[url, stop, portal_role.CONNECTIONS, portal_role.LONGEST, tell],
        daemon=True,
    )
    guard.start()
    assert told.wait(30)
    stop.set()
    guard.join()
    [event] = house.events(JobGaveUp)
    assert (event.job, "settings of its own" in event.reason) == ("portal_role", True)
    with house.app.database.transaction() as tx:
        assert (
            tx.execute(
                "select 1 from pg_db_role_setting where 'default_transaction_read_only=on' = any(setconfig)"
            ).fetchone()
            is None
        )


def test_s1_a_migration_ends_what_stands_in_its_way(owner, url, portal_url):
    """S1: a table that the role read is altered, though the transaction that read it stays open."""
    with psycopg.connect(portal_url) as portal:
        portal.execute("select report_status(%s)", [OURS])
        stop = threading.Event()
        guard = threading.Thread(
            target=portal_role.guard,
            args=[url, stop, portal_role.CONNECTIONS, timedelta(seconds=1)],
            daemon=True,
        )
        guard.start()
        with owner.transaction() as tx:
            tx.execute("alter table submissions_report add column another int")
        stop.set()
        guard.join()
        with pytest.raises(psycopg.OperationalError):
            portal.execute("select 1")
        portal.close()


# --- the locks' modes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", [Lock.BANK, Lock.SEQUENCE, Lock.ARCHIVE])
def test_s1_a_lock_is_shared_by_many_and_held_by_one(owner, lock):
    """S1: ADR 2's lock, though another kind of it."""
    with owner.transaction() as one, owner.transaction() as other:
        locks.share(one, lock)
        locks.share(other, lock)
        assert not locks.try_hold(other, lock)
    with owner.transaction() as one, owner.transaction() as other:
        locks.hold(one, lock)
        assert not locks.try_hold(other, lock)
        other.execute("set local lock_timeout = '10ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            locks.share(other, lock)
        other.rollback()
    with owner.transaction() as one:
        assert locks.try_hold(one, lock)


@pytest.mark.parametrize("lock", [Lock.BANK, Lock.SEQUENCE, Lock.ARCHIVE])
def test_s1_a_dump_and_a_vacuum_stop_no_commit(owner, url, lock):
    """S1: what pg_dump holds all along conflicts with neither mode, and VACUUM passes those who share."""
    with owner.transaction() as dump, owner.transaction() as tx:
        dump.execute(f"lock table {lock} in access share mode")
        locks.share(tx, lock)
        assert locks.try_hold(tx, lock)
    with owner.transaction() as tx, psycopg.connect(url, autocommit=True) as vacuum:
        locks.share(tx, lock)
        vacuum.execute("set lock_timeout = '5s'")
        vacuum.execute(f"vacuum (analyze) {lock}")
