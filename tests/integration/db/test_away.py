"""What holds of connections and transactions when PostgreSQL goes away, hangs, or restarts in the middle."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from databases import temporary_folder
from takeback.errors import DatabaseAway
from takeback.infra import process
from takeback.infra.db import reach
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from waiting import until


@dataclass
class Server:
    postgres: EmbeddedPostgres
    database: Database

    def number(self) -> int:
        with self.database.transaction() as tx:
            return tx.execute("select 1").fetchone()[0]

    def answers(self) -> bool:
        try:
            return self.number() == 1
        except DatabaseAway:
            return False

    def processes(self) -> list[psutil.Process]:
        with self.database.transaction() as tx:
            (folder,) = tx.execute("show data_directory").fetchone()
        postmaster = psutil.Process(int(Path(folder, "postmaster.pid").read_text().split()[0]))
        return [postmaster, *postmaster.children(recursive=True)]

    @contextmanager
    def hanging(self) -> Iterator[None]:
        processes = self.processes()
        for each in processes:
            with suppress(psutil.NoSuchProcess):  # it was about to end
                each.suspend()
        try:
            yield
        finally:
            for each in processes:
                with suppress(psutil.NoSuchProcess):
                    each.resume()


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    with temporary_folder() as folder:
        yield EmbeddedPostgres(folder / "pg")


@pytest.fixture
def server(postgres: EmbeddedPostgres) -> Iterator[Server]:
    with Database(postgres.url, max_size=3) as database:
        server = Server(postgres, database)
        until(server.answers)
        yield server


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(":")[0].partition(" after")[0] for record in caplog.records]


def test_s15_a_restart_in_the_middle_of_a_transaction_ends_it_and_nothing_of_it_is_left(server: Server):
    with server.database.transaction() as tx:
        tx.execute("create table kept (n int)")

    def restart_in_the_middle() -> None:
        with server.database.transaction() as tx:
            tx.execute("insert into kept values (1)")
            server.postgres.stop()
            server.postgres.start_again()
            tx.execute("insert into kept values (2)")

    with pytest.raises(DatabaseAway):
        restart_in_the_middle()
    until(server.answers)
    with server.database.transaction() as tx:
        assert tx.execute("select count(*) from kept").fetchone() == (0,)
        tx.execute("drop table kept")


def test_s15_after_a_quick_restart_every_connection_works(server: Server):
    """Also those that lay in the pool: an entry point does not find them dead one after the other."""
    barrier = threading.Barrier(3)

    def hold() -> None:
        with server.database.transaction() as tx:
            tx.execute("select 1")
            barrier.wait(20)

    holding = [threading.Thread(target=hold) for _ in range(3)]
    for thread in holding:
        thread.start()
    for thread in holding:
        thread.join()
    server.postgres.stop()
    server.postgres.start_again()
    until(server.answers)
    began = time.monotonic()
    for _ in range(20):
        until(server.answers)
    assert time.monotonic() - began < 5


def test_s15_while_it_is_away_each_transaction_is_refused_at_once(server: Server, monkeypatch, caplog):
    """However long it was away, the pause before the next attempt stays the same."""
    tries = []
    connect = psycopg.connect

    def counted(*args: object, **more: object) -> psycopg.Connection:
        tries.append(time.monotonic())
        return connect(*args, **more)

    server.postgres.stop()
    try:
        until(lambda: not server.answers())
        monkeypatch.setattr(psycopg, "connect", counted)
        began = time.monotonic()
        for _ in range(100):
            assert not server.answers()
        assert time.monotonic() - began < 2
        until(lambda: len(tries) > 12, 30)
    finally:
        server.postgres.start_again()
    until(server.answers, 15)
    assert said(caplog) == ["the database is away", "the database is back"]
    assert reach.TRY_EVERY <= 1


def test_s15_a_database_that_hangs_lets_go_of_whoever_waits_for_it(server: Server, monkeypatch, caplog):
    monkeypatch.setattr(reach, "HUNG", 2)
    ends = []

    def wait_long() -> None:
        try:
            with server.database.transaction() as tx:
                tx.execute("select pg_sleep(60)")
        except DatabaseAway as error:
            ends.append(error)

    waiting = threading.Thread(target=wait_long)
    waiting.start()
    until(lambda: _sleepers(server) == 1)
    with server.hanging():
        began = time.monotonic()
        until(lambda: not server.answers(), 20)
        waiting.join(20)
        assert time.monotonic() - began < 15
        assert len(ends) == 1
        assert not server.answers()
    until(server.answers, 15)
    assert said(caplog) == ["the database is away", "the database is back"]


def _sleepers(server: Server) -> int:
    with server.database.transaction() as tx:
        asked = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'"
        return tx.execute(asked).fetchone()[0]


def test_who_looks_sees_again_after_an_outage(server: Server):
    seen, stop = [], threading.Event()
    with server.database.transaction() as tx:
        tx.execute("create table news (number int)")

    def look() -> None:
        asked = ["select max(number) from news"]
        seen.extend(time.monotonic() for _ in server.database.look(asked, stop, every=60))

    looking = threading.Thread(target=look)
    looking.start()
    until(lambda: len(seen) == 1)
    server.postgres.stop()
    server.postgres.start_again()
    until(lambda: len(seen) == 2, 20)
    with server.database.transaction() as tx:
        tx.execute("insert into news values (1)")
    until(lambda: len(seen) == 3, 20)
    stop.set()
    looking.join(10)
    assert not looking.is_alive()


def test_what_failed_for_another_reason_is_not_taken_for_an_outage(server: Server, caplog):
    def take_too_long() -> None:
        with server.database.transaction() as tx:
            tx.execute("set local statement_timeout = 50")
            tx.execute("select pg_sleep(10)")

    with pytest.raises(psycopg.errors.QueryCanceled) as error:
        take_too_long()
    assert not isinstance(error.value, DatabaseAway)
    assert server.answers()
    assert caplog.records == []


def test_a_connection_that_somebody_ended_is_replaced(server: Server, caplog):
    with server.database.transaction() as tx:
        tx.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
    for _ in range(10):
        until(server.answers)
    assert caplog.records == []


def test_s15_code_that_repeats_that_the_database_is_away_adds_no_line(capfd):
    """One line when it goes, one when it is back: whatever rooms say of it meanwhile is dropped."""
    handler = logging.StreamHandler()
    handler.addFilter(process._is_news)  # as `process.begin` does
    log = logging.getLogger("some room")
    log.addHandler(handler)
    away = DatabaseAway("the database cannot be reached now")
    log.warning("cannot renew leases now: %s", away)
    try:
        raise away
    except DatabaseAway:
        log.exception("could not take reports in")
    log.warning("something else: %s", ValueError("x"))
    log.removeHandler(handler)
    assert capfd.readouterr().err == "something else: x\n"
