"""S1: what the portal's role can do is what docs/portal-role.md lists, neither more nor less."""

import contextlib
import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

import databases
from granted import ALONE, CALLS
from repository import read, rows_of
from takeback.infra.db import locks, migrate, portal_role
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.locks import Lock

ROLE = portal_role.ROLE
REFUSED = psycopg.errors.InsufficientPrivilege
DOCUMENT = read("docs/portal-role.md")
MODES = (
    "access share",
    "row share",
    "row exclusive",
    "share update exclusive",
    "share",
    "share row exclusive",
    "exclusive",
    "access exclusive",
)
HARMLESS = {
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
}


@pytest.fixture
def url(database_url):
    """A database as every process of the service leaves it when it starts."""
    migrate.upgrade(database_url)
    return database_url


@pytest.fixture
def as_portal(postgres, url):
    """Log in as the portal does."""
    name = url.split("?")[0].rsplit("/", 1)[1]
    return lambda **more: psycopg.connect(postgres.url_of(name, ROLE), **more)


@pytest.fixture
def portal(as_portal):
    with as_portal(autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(url):
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def listed(kind):
    """What the document lists, without backticks."""
    rows = (row for row in rows_of(DOCUMENT) if row[0] == kind)
    return {row[1].replace("`", "") for row in rows}


def answers(connection, query, *values: str):
    return {row[0] for row in connection.execute(query, values)}


# --- the catalogue -----------------------------------------------------------------------------------------


def test_s1_the_list_is_all_that_the_catalogue_grants_it(owner):
    """S1: relations, functions, schemas, languages, sequences, attributes, settings and the rest."""
    assert listed("column") == answers(
        owner,
        """
        select format('%%s.%%s %%s', c.oid::regclass, a.attname, p) from pg_class c
        join pg_attribute a on a.attrelid = c.oid and not a.attisdropped,
        unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
        where c.relkind in ('r', 'v', 'm', 'f', 'p') and has_column_privilege(%s, c.oid, a.attnum, p)
        """,
        ROLE,
    )
    assert not answers(
        owner,
        """
        select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'v', 'm', 'f', 'p')
            and has_table_privilege(%s, c.oid,
                                    'select, insert, update, delete, truncate, references, trigger')
        """,
        ROLE,
    )
    assert listed("function") == answers(
        owner,
        """
        select p.oid::regprocedure::text from pg_proc p where has_function_privilege(%s, p.oid, 'execute')
            and (p.provolatile = 'v' or p.pronamespace = 'public'::regnamespace or p.prosecdef)
        """,
        ROLE,
    )
    assert listed("schema") == answers(
        owner,
        """
        select nspname || ' ' || p from pg_namespace, unnest(array['USAGE', 'CREATE']) p
        where has_schema_privilege(%s, oid, p)
        """,
        ROLE,
    )
    assert listed("database") == answers(
        owner,
        """
        select 'its own ' || p from unnest(array['CONNECT', 'CREATE', 'TEMPORARY']) p
        where has_database_privilege(%s, current_database(), p)
        """,
        ROLE,
    )
    assert not answers(
        owner,
        "select p from unnest(array['CONNECT', 'CREATE', 'TEMPORARY']) p where"
        " has_database_privilege(%s, 'template1', p)",
        ROLE,
    )
    for query in (
        "select lanname from pg_language where has_language_privilege(%s, oid, 'usage') and lanpltrusted",
        "select seqrelid from pg_sequence where has_sequence_privilege(%s, seqrelid, 'usage, select')",
        "select name from pg_settings where has_parameter_privilege(%s, name, 'set, alter system')",
        "select oid from pg_largeobject_metadata where lomowner = %s::regrole or lomacl is not null",
        "select srvname from pg_foreign_server where has_server_privilege(%s, oid, 'usage')",
        "select spcname from pg_tablespace where has_tablespace_privilege(%s, oid, 'create')",
        "select roleid::regrole from pg_auth_members where member = %s::regrole",
        "select oid::regclass from pg_class where relowner = %s::regrole",
        "select oid::regprocedure from pg_proc where proowner = %s::regrole",
    ):
        assert not answers(owner, query, ROLE), query
    assert listed("attribute") == answers(
        owner,
        """
        select unnest(array[case when rolcanlogin then 'login' end, 'connection limit ' || rolconnlimit,
            case when rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
                 then 'more' end])
        from pg_roles where rolname = %s
        """,
        ROLE,
    ) - {None}
    assert listed("setting") == answers(
        owner, "select unnest(setconfig) from pg_db_role_setting where setrole = %s::regrole", ROLE
    )


def test_s1_it_can_ask_nothing_that_tells_of_others(portal, owner):
    """S1: no row counts, sizes, statistics, locks or sessions: they would tell what was found."""
    asked = answers(
        owner,
        """
        select p.oid::regprocedure::text from pg_proc p where has_function_privilege(%s, p.oid, 'execute')
            and p.proname ~ '^(pg_stat|pg_lock|pg_.*_size|pg_.*advisory|lo_|pg_sleep|dblink)'
            and p.provolatile <> 'i'
        """,
        ROLE,
    )
    assert not asked
    for relation in ("pg_class", "pg_stat_all_tables", "pg_locks", "pg_stat_activity", "pg_sequences"):
        with pytest.raises(REFUSED):
            portal.execute(f"select * from {relation}")


# --- locks -------------------------------------------------------------------------------------------------


def test_s1_it_can_lock_no_relation_in_any_mode(as_portal, owner):
    """S1: not those that the service locks, and no other either."""
    relations = answers(
        owner,
        "select oid::regclass::text from pg_class where relkind in ('r', 'v', 'm', 'f', 'p')"
        " and relnamespace <> 'pg_toast'::regnamespace",
    )
    assert {lock.value for lock in Lock} < relations
    could = []
    with as_portal() as portal:
        for relation in relations:
            for mode in MODES:
                with contextlib.suppress(REFUSED), portal.transaction():
                    portal.execute(f"lock table {relation} in {mode} mode nowait")
                    could.append((relation, mode))
        portal.rollback()
    assert could == []


def test_s1_what_its_transactions_lock_is_listed_and_holds_nobody_up(as_portal, owner):
    """S1: the modes conflict with none that the service takes."""
    with as_portal() as portal:
        for statement, value in (*CALLS, *ALONE):
            portal.execute(statement, [value])
        held = owner.execute(
            """
            select l.relation::regclass::text, l.mode from pg_locks l join pg_class c on c.oid = l.relation
            where l.pid = %s and c.relkind = 'r'
            """,
            [portal.info.backend_pid],
        ).fetchall()
        portal.rollback()
    assert {mode for _, mode in held} <= HARMLESS.keys()
    named = {f"{relation} {HARMLESS[mode]}" for relation, mode in held if mode != "AccessShareLock"}
    assert listed("lock") - {"every other table that its functions read, ACCESS SHARE"} == named


def test_s1_no_lock_of_the_service_is_one_that_anybody_may_take():
    """S1: a lock that needs no privilege would be the portal's to hold."""
    sources = Path(locks.__file__).parents[2].rglob("*")
    texts = {path: path.read_text("utf-8") for path in sources if path.suffix in {".py", ".sql"}}
    asked = [path.name for path, text in texts.items() if re.search(r"pg_\w*advisory\w*\(", text)]
    told = [
        path.name
        for path, text in texts.items()
        if path.suffix == ".py" and re.search(r"pg_notify\(|[\"']\s*(notify|listen) ", text, re.IGNORECASE)
    ]
    assert (asked, told) == ([], [])


def test_s1_nothing_in_the_database_notifies(owner):
    """S1: a full queue of notifications must stop no commit."""
    assert not answers(
        owner,
        """
        select tgname from pg_trigger join pg_proc on pg_proc.oid = tgfoid
        where not tgisinternal and prosrc ~* 'notify'
        """,
    )


# --- statements --------------------------------------------------------------------------------------------

STATEMENTS = {
    "ALTER DEFAULT PRIVILEGES": "alter default privileges grant select on tables to public",
    "ALTER ROLE itself PASSWORD": f"alter role {ROLE} password 'another'",
    "ALTER ROLE itself SET": f"alter role {ROLE} set statement_timeout = 0",
    "ALTER ROLE itself SET temp_file_limit": f"alter role {ROLE} set temp_file_limit = -1",
    "ALTER ROLE itself RESET temp_file_limit": f"alter role {ROLE} reset temp_file_limit",
    "ALTER ROLE itself CONNECTION LIMIT": f"alter role {ROLE} connection limit 1000",
    "ALTER SYSTEM": "alter system set work_mem = '1GB'",
    "CHECKPOINT": "checkpoint",
    "COMMENT": f"comment on role {ROLE} is 'x'",
    "COPY FROM PROGRAM": "copy submissions_report (locator, sealed) from program 'true'",
    "CREATE DATABASE": "create database mine",
    "CREATE EXTENSION": "create extension pg_trgm",
    "CREATE FUNCTION": "create function mine() returns int language sql as 'select 1'",
    "CREATE ROLE": "create role mine",
    "CREATE SCHEMA": "create schema mine",
    "CREATE TABLE": "create table mine (x int)",
    "CREATE TEMPORARY TABLE": "create temporary table mine (x int)",
    "CREATE TEMPORARY VIEW": "create temporary view mine as select 1 as x",
    "CREATE TYPE": "create type mine as (x int)",
    "DECLARE CURSOR": "declare mine cursor for select 1",
    "DO": "do $$ begin end $$",
    "GRANT": "grant select on event to public",
    "LISTEN": "listen takeback_report",
    "LOAD": "load 'auto_explain'",
    "NOTIFY": "notify takeback_report, 'x'",
    "PREPARE": "prepare mine as select 1",
    "PREPARE TRANSACTION": "prepare transaction 'mine'",
    "REINDEX": "reindex table event",
    "SET": "set statement_timeout = 0",
    "SET log_min_messages": "set log_min_messages = 'debug1'",
    "SET ROLE": "set role postgres",
    "SET temp_file_limit": "set temp_file_limit = -1",
    "TRUNCATE": "truncate event",
    "a large object": "select lo_create(0)",
    "a large object from bytes": "select lo_from_bytea(0, 'x')",
    "an advisory lock": "select pg_advisory_lock(1)",
    "an advisory lock, shared": "select pg_try_advisory_xact_lock_shared(1)",
    "the end of another session": "select pg_terminate_backend(1)",
    "a copy of the snapshot": "select pg_export_snapshot()",
    "a temporary file of 100 MB": "declare mine cursor with hold for"
    " select repeat('x', 1000000) || n from generate_series(1, 100) n",
}


def test_s1_the_statements_that_it_can_run_are_those_listed(as_portal):
    """S1: tried one by one, each taken back."""
    can = set()
    for name, statement in STATEMENTS.items():
        with as_portal() as portal:
            with contextlib.suppress(psycopg.DatabaseError):
                portal.execute(statement)
                if "hold" in statement:
                    portal.commit()
                can.add(name)
            portal.rollback()
    assert can == listed("statement")


def test_s1_the_settings_that_it_can_change_are_those_of_its_own_sessions(portal, owner):
    """S1: none that belongs to the server or to a superuser."""
    settings = owner.execute("select name, setting, unit, context from pg_settings").fetchall()
    changed, own = set(), {name for name, _, _, context in settings if context == "user"}
    for name, setting, unit, _ in settings:
        with contextlib.suppress(psycopg.DatabaseError):
            value = f"{setting}{unit}" if unit and unit in {"B", "kB", "MB", "ms", "s", "min"} else setting
            portal.execute(sql.SQL("set {} = {}").format(sql.Identifier(name), sql.Literal(value)))
            changed.add(name)
    assert changed <= own
    assert {"statement_timeout", "work_mem", "idle_in_transaction_session_timeout"} <= changed


def test_s1_what_it_changed_of_its_role_is_put_back(portal, owner, url):
    """S1: at each start, and every few seconds by each worker."""
    portal.execute(f"alter role {ROLE} set default_transaction_read_only = on")
    name = owner.info.dbname
    portal.execute(f"alter role {ROLE} in database {name} set search_path = nowhere")
    owner.execute(f"alter role {ROLE} connection limit 3")
    assert len(portal_role.remains(owner)) > len(REMAINS_HERE)
    portal_role.confine(url)
    assert listed("setting") == answers(
        owner, "select unnest(setconfig) from pg_db_role_setting where setrole = %s::regrole", ROLE
    )
    assert set(portal_role.remains(owner)) == REMAINS_HERE
    assert portal_role.remains(owner, 1000)


REMAINS_HERE = {"may connect to other databases of this server; let pg_hba.conf refuse that"}
"""The tests have several databases in one server."""


# --- an operator's own database ----------------------------------------------------------------------------


def test_s1_where_the_owner_is_no_superuser_the_document_says_what_remains():
    """S1: what an owner can take away is gone; the rest is listed, and goes if a superuser migrates once."""
    with databases.temporary_folder() as folder:
        server = databases.Server(EmbeddedPostgres(folder / "pg").url)
        server.execute(
            sql.SQL("create role plain login createrole"), sql.SQL("create database takeback owner plain")
        )
        url = server.url_of("takeback", "plain")
        migrate.upgrade(url)
        with psycopg.connect(url, autocommit=True) as owner:
            told = set(re.findall(r"^\| ((?:may|is|has) .+) \|$", DOCUMENT, re.MULTILINE))
            assert set(portal_role.remains(owner)) == told
            portal = psycopg.connect(server.url_of("takeback", ROLE))
            portal.execute("select 1")
            assert portal_role.end_long(owner, timedelta(0)) == 1
            portal.close()
            with psycopg.connect(server.url_of("takeback", ROLE), autocommit=True) as portal:
                for name in ("CREATE TEMPORARY TABLE", "CREATE TABLE", "SET ROLE", "ALTER SYSTEM"):
                    with pytest.raises(REFUSED):
                        portal.execute(STATEMENTS[name])
            migrate.upgrade(server.url_of("takeback"))
            migrate.upgrade(url)  # the owner goes on as before
            assert set(portal_role.remains(owner)) == REMAINS_HERE
