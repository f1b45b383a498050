"""The schema comes up to date once, however many processes ask at the same time, on any PostgreSQL."""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from takeback.cases import service as cases
from takeback.errors import ConfigurationError, NotReady
from takeback.ids import CaseId
from takeback.infra.db import alembic_run, migrate
from takeback.infra.db.pool import Database

PROGRAM = Path(__file__).with_name("program.py")


@pytest.fixture
def empty_url(postgres):
    """A database without any table."""
    with postgres.fresh(template="template1") as url:
        yield url


def schema(url):
    """All columns, constraints, functions and triggers, as text."""
    with psycopg.connect(url) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                """
                select table_name, column_name, data_type, column_default from information_schema.columns
                where table_schema = 'public' order by 1, 2
                """,
                """
                select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
                where connamespace = 'public'::regnamespace order by 1, 2
                """,
                "select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal order by 1, 2",
                "select version_num from alembic_version",
            )
        ]


def test_several_processes_that_start_together_migrate_once(empty_url, database_url):
    processes = [
        subprocess.Popen([sys.executable, str(PROGRAM), "migrate", empty_url], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert schema(empty_url) == schema(database_url)


def test_databases_of_one_server_are_migrated_together(postgres):
    """The portal's role belongs to the server: both migrations want to make it."""
    with postgres.fresh(template="template1") as one, postgres.fresh(template="template1") as two:
        processes = [subprocess.Popen([sys.executable, str(PROGRAM), "migrate", url]) for url in (one, two)]
        assert [process.wait(timeout=60) for process in processes] == [0, 0]
        assert schema(one) == schema(two)


def test_a_second_migration_changes_nothing(database_url):
    before = schema(database_url)
    migrate.upgrade(database_url)
    assert schema(database_url) == before


def test_a_migration_that_fails_half_way_leaves_the_database_as_it_was(empty_url):
    with psycopg.connect(empty_url) as watcher:
        # The portal's function is the last thing but one that the migration makes: it fails half done.
        watcher.execute("create function report_status(bytea) returns int language sql as 'select 1'")
        watcher.commit()
        with pytest.raises(psycopg.Error):
            migrate.upgrade(empty_url)
        tables = watcher.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
        assert tables == (0,)
        watcher.execute("drop function report_status(bytea)")
        watcher.commit()
    migrate.upgrade(empty_url)
    assert len(schema(empty_url)[0]) > 100


def test_a_user_who_may_not_create_is_told_what_to_do(postgres, empty_url):
    name = empty_url.split("?")[0].rsplit("/", 1)[1]
    role = sql.Identifier(f"{name}_poor")
    postgres.execute(sql.SQL("create role {} login").format(role))
    try:
        with pytest.raises(ConfigurationError, match="takeback migrate"):
            migrate.upgrade(postgres.url_of(name, f"{name}_poor"))
    finally:
        postgres.execute(sql.SQL("drop role {}").format(role))


def test_an_unreachable_database_is_a_clear_error():
    with pytest.raises(NotReady, match="cannot reach the database"):
        migrate.upgrade("postgresql://nobody@127.0.0.1:9/none")


def test_the_portal_role_exists_once_for_all_databases(database):
    with database.transaction() as tx:
        assert tx.execute("select count(*) from pg_roles where rolname = 'takeback_portal'").fetchone() == (
            1,
        )


def test_another_postgres_is_used_by_its_url(database_url):
    """The URL is all that is needed: this one belongs to a server that somebody else started."""
    with Database(database_url) as database, database.transaction() as tx:
        assert tx.execute("select count(*) from event").fetchone() == (0,)


def test_the_clock_that_stopped_is_taken_from_open_cases_and_stays_in_closed_ones(database_url):
    """H11: no case that waits shows a clock that nobody runs."""
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    statements = (versions / "0015_receipts.sql").read_text().split(";")
    [stopped] = [each for each in statements if "update cases_case" in each]
    waits = ("open", "second_look", "decided", "removing")
    with psycopg.connect(database_url) as connection:
        for status in (*waits, "removed", "declined"):
            connection.execute(
                "insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, changed_at) "
                "values (gen_random_uuid(), gen_random_uuid(), now(), now() + interval '48 hours', "
                "'uk-osa-20a', %s, now())",
                (status,),
            )
        for _ in range(2):
            connection.execute(stopped)
        rows = connection.execute("select status, due_clock, due_at - opened_at from cases_case").fetchall()
    assert {status: clock for status, clock, _ in rows} == {
        **dict.fromkeys(waits, "us-tida-s3"),
        "removed": "uk-osa-20a",
        "declined": "uk-osa-20a",
    }
    assert {span for *_, span in rows} == {timedelta(hours=48)}


def _as_of(url, revision: str, folder: Path) -> None:
    """Bring a database to an earlier revision."""
    shutil.copytree(migrate.MIGRATIONS, folder)
    for path in (folder / "versions").glob("[0-9]*_*"):
        if path.name.partition("_")[0] > revision:
            path.unlink()
    alembic_run.run(url, folder)


ROWS = """
insert into sightings_post (id, connector, place, message, media, sender, posted_at, seen_at, state, hash,
                            sha256, quality, signals_seq)
    overriding system value
    select n, 'chat', '!p', '$' || n, 'm' || n, '@s', now(), now(), 'read', decode(repeat('ab', 32), 'hex'),
           decode(repeat('00', 32), 'hex'), 90, n from generate_series(1, 4) n;
insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, changed_at)
    values ('00000000-0000-0000-0000-00000000000c', gen_random_uuid(), now(), now(), 'house', 'removing',
            now());
insert into cases_copy (case_id, sighting_id, found_by, added_at, excluded)
    select '00000000-0000-0000-0000-00000000000c', n, 'live',
           timestamptz '2026-01-01' + n * interval '1 hour', n = 2 from generate_series(1, 4) n;
insert into cases_decision (id, case_id, verdict, reason, staff_id, decided_at, effective_at, state)
    values (gen_random_uuid(), '00000000-0000-0000-0000-00000000000c', 'shared_without_consent',
            'made_in_secret', gen_random_uuid(), '2026-01-01 03:30Z', '2026-01-01 03:31Z', 'effective');
insert into takedown_target (id, case_id, sighting_id, connector, place, message, media, state, planned_at,
                             changed_at, gone_at)
    values ('00000000-0000-0000-0000-000000000007', '00000000-0000-0000-0000-00000000000c', 1, 'chat', '!p',
            '$1', 'm1', 'gone', now(), now(), '2026-01-02Z');
insert into takedown_step (target_id, action, receipt, done_at) values
    ('00000000-0000-0000-0000-000000000007', 'quarantine_media', 'was quarantined already, by @m', now()),
    ('00000000-0000-0000-0000-000000000007', 'redact_message', 'redacted by $r', now());
"""


def test_what_was_decided_before_keeps_the_copies_that_it_covered(empty_url, tmp_path):
    """H2, H3: an older decision kept no list, so it covers what lay in the case then, and no more."""
    _as_of(empty_url, "0011", tmp_path / "migrations")
    with psycopg.connect(empty_url, options="-c timezone=UTC") as connection:
        connection.execute(ROWS)
    migrate.upgrade(empty_url)
    with Database(empty_url) as database, database.transaction() as tx:
        case = CaseId(UUID(int=12))
        [decision] = cases.decisions(tx, case)
        assert (decision.shown, decision.looked_at) == ({1, 3}, None)
        assert [copy.gone_at is not None for copy in cases.copies(tx, case)] == [True, False, False, False]
        ends = tx.execute("select action, how from takedown_step order by action").fetchall()
        assert ends == [("quarantine_media", "already"), ("redact_message", "done")]


def test_a_database_of_a_newer_version_is_left_alone_and_named(empty_url):
    migrate.upgrade(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("update alembic_version set version_num = '9000'")
    with pytest.raises(ConfigurationError, match=r"newer Takeback.*9000"):
        migrate.upgrade(empty_url)
