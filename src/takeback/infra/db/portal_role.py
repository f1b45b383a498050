"""Hold the portal's role to what it is granted, and say what PostgreSQL gives it besides.

The role's grants stand in the migrations. PostgreSQL gives every role more: temporary tables, large objects,
advisory locks, statistics of all tables, programs, any number of connections, any amount of time. `confine`
takes that away, at each start and every few seconds in a worker: much of it is kept outside the schema, the
role may change its own settings, and a restored dump does not bring all of it along. What only a superuser
can take away stays where the owner is none; `remains` says so. docs/portal-role.md is the list; ADR 27 says
why.
"""

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

import psycopg

from takeback.infra.db import locks
from takeback.infra.db.locks import Lock
from takeback.infra.db.pool import Tx

log = logging.getLogger(__name__)

ROLE = "takeback_portal"
CONNECTIONS = 18
"""Connections of all portal processes together: two processes of nine."""
LONGEST = timedelta(seconds=15)
"""A transaction of the role that is older is ended, together with its session."""
LOOK_EVERY = 1.0
"""Seconds between looks for such transactions."""
CONFINE_EVERY = 10
"""Looks between two times that what the role changed is put back."""
_TRIES = 3
"""Two databases of one server may change the role at the same moment; one of them then fails."""


@dataclass(frozen=True, slots=True)
class Surplus:
    """Something that the role has and must not have."""

    what: str
    """In words that follow "the portal's role ..."."""
    found: LiteralString
    """A query for the statements that take it away; it answers nothing when there is nothing to take away."""


_TO_OTHERS: LiteralString = """
    (select string_agg(distinct quote_ident(rolname), ', ') from pg_roles
     where rolname = 'pg_monitor' or rolname = current_user
        or oid = (select relowner from pg_class where oid = 'alembic_version'::regclass))
"""
"""Who keeps what everybody loses."""

SURPLUS = (
    Surplus(
        "may have another number of connections than TAKEBACK_PORTAL_CONNECTIONS",
        """
        select format('alter role takeback_portal connection limit %%s', %(connections)s) from pg_roles
        where rolname = 'takeback_portal' and rolconnlimit <> %(connections)s
        """,
    ),
    Surplus(
        "has settings of its own, which it can give itself",
        """
        select format('alter role takeback_portal %%s reset %%I',
                      'in database ' || quote_ident(datname), split_part(setting, '=', 1))
        from pg_db_role_setting left join pg_database on pg_database.oid = setdatabase,
            unnest(setconfig) setting
        where setrole = 'takeback_portal'::regrole
            and (setdatabase <> 0 or setting not in ('temp_file_limit=8MB', 'log_min_messages=panic'))
        """,
    ),
    Surplus(
        "may write temporary files without limit",
        """
        select 'alter role takeback_portal set temp_file_limit = ''8MB'''
        where not exists (select from pg_db_role_setting where setrole = 'takeback_portal'::regrole
            and setdatabase = 0 and 'temp_file_limit=8MB' = any(setconfig))
        """,
    ),
    Surplus(
        "may fill the server's log with its errors",
        """
        select 'alter role takeback_portal set log_min_messages = ''panic'''
        where not exists (select from pg_db_role_setting where setrole = 'takeback_portal'::regrole
            and setdatabase = 0 and 'log_min_messages=panic' = any(setconfig))
        """,
    ),
    Surplus(
        "cannot be stopped by this user when a transaction of it takes too long",
        """
        select format('grant takeback_portal to %%I', current_user)
        where not pg_has_role('takeback_portal', 'usage')
        """,
    ),
    Surplus(
        "may make temporary tables or schemas in this database",
        """
        select format('revoke temporary, create on database %%I from public, takeback_portal',
                      current_database())
        where has_database_privilege('takeback_portal', current_database(), 'temporary, create')
        """,
    ),
    Surplus(
        "may connect to the database template1",
        """
        select 'revoke connect on database template1 from public, takeback_portal'
        where has_database_privilege('takeback_portal', 'template1', 'connect')
        """,
    ),
    Surplus(
        "may write programs (DO, CREATE FUNCTION)",
        """
        select format('revoke usage on language %%I from public, takeback_portal', lanname) from pg_language
        where lanpltrusted and has_language_privilege('takeback_portal', oid, 'usage')
        """,
    ),
    Surplus(
        "may read the catalogue, the statistics of all tables and what other sessions do",
        """
        select format('grant select on %%1$s to %%2$s; revoke all on %%1$s from public, takeback_portal',
                      c.oid::regclass, """
        + _TO_OTHERS
        + """)
        from pg_class c
        where c.relnamespace = any(array['pg_catalog'::regnamespace, 'information_schema'::regnamespace])
            and c.relkind in ('r', 'v')
            and has_any_column_privilege('takeback_portal', c.oid, 'select, insert, update, references')
        """,
    ),
    Surplus(
        "may take advisory locks, make large objects, and ask the server how it is",
        # Every function that does more than compute, but the one that makes a report's id.
        """
        select format('grant execute on function %%1$s to %%2$s; '
                      'revoke all on function %%1$s from public, takeback_portal',
                      p.oid::regprocedure, """
        + _TO_OTHERS
        + """)
        from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind <> 'p'
            and (p.provolatile = 'v' and p.proname <> 'gen_random_uuid'
                 or p.provolatile = 's' and p.proname ~ '^(pg_|txid_|age$|mxid_age$)')
            and has_function_privilege('takeback_portal', p.oid, 'execute')
        """,
    ),
)
"""All of it, in the order in which it is taken away."""
CHANGEABLE = SURPLUS[:2]
"""What may change while the service runs."""

REMAINING = (
    Surplus(
        "is a member of other roles, or has attributes that it must not have",
        """
        select rolname::text from pg_roles where rolname = 'takeback_portal'
            and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
                 or exists (select from pg_auth_members where member = pg_roles.oid))
        """,
    ),
    Surplus(
        "may connect to other databases of this server; let pg_hba.conf refuse that",
        """
        select datname::text from pg_database where datallowconn
            and datname not in (current_database(), 'template1')
            and has_database_privilege('takeback_portal', oid, 'connect')
        """,
    ),
    Surplus(
        "may leave prepared transactions behind; set max_prepared_transactions to 0",
        "select 'x' where current_setting('max_prepared_transactions')::int > 0",
    ),
    Surplus(
        "may fill the disk with notifications; set max_notify_queue_pages to 1024 (PostgreSQL 17 and later)",
        """
        select 'x' where coalesce(current_setting('max_notify_queue_pages', true)::int, 1048576) > 1024
        """,
    ),
    Surplus(
        "may hold a transaction for ever, because track_activities is off",
        "select 'x' where not current_setting('track_activities')::boolean",
    ),
    Surplus(
        "may take so many connections that too few are left for the rest",
        """
        select 'x' where %(connections)s * 2 > current_setting('max_connections')::int
        """,
    ),
)
"""What no statement of the owner takes away, and an operator can mend."""


def confine(
    url: str, connections: int = CONNECTIONS, surplus: Sequence[Surplus] = SURPLUS
) -> tuple[str, ...]:
    """Take away what can be taken away; nothing is written where there is nothing.

    Args:
        url: the owner's libpq URL of a database whose schema is up to date.
        connections: what the role may have.
        surplus: what is looked for.

    Returns:
        what was taken away, in words that follow "the portal's role".

    Raises psycopg.OperationalError.
    """
    asked = {"connections": connections}
    with psycopg.connect(url) as connection:
        for tries_left in reversed(range(_TRIES)):
            if not any(_statements(connection, each, asked) for each in surplus):
                break
            try:
                locks.hold(connection, Lock.MIGRATE)
                gone = [each.what for each in surplus if _take_away(connection, each, asked)]
                connection.commit()
                return tuple(gone)
            except psycopg.errors.InternalError_:  # "tuple concurrently updated"
                connection.rollback()
                if not tries_left:
                    log.warning("somebody else changes the portal's role; it is tried again later")
    return ()


def remains(tx: Tx, connections: int = CONNECTIONS) -> tuple[str, ...]:
    """Say what the role has that it must not have, each in words that follow "the portal's role"."""
    asked = {"connections": connections}
    return tuple(each.what for each in (*SURPLUS, *REMAINING) if _statements(tx, each, asked))


def _statements(tx: Tx, surplus: Surplus, asked: dict[str, int]) -> list[str]:
    return [str(row[0]) for row in tx.execute(surplus.found, asked)]


def _take_away(tx: Tx, surplus: Surplus, asked: dict[str, int]) -> bool:
    """Return whether it was there and is gone."""
    statements = _statements(tx, surplus, asked)
    if not statements:
        return False
    try:
        with tx.transaction():
            tx.execute("; ".join(statements).encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return not _statements(tx, surplus, asked)


def end_long(connection: Tx, longest: timedelta = LONGEST) -> int:
    """End the role's sessions whose transaction is older than `longest`; how many there were.

    Raises psycopg.errors.InsufficientPrivilege: this user may not; `remains` says so, too.
    """
    return len(
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = %s and xact_start < clock_timestamp() - %s",
            [ROLE, longest],
        ).fetchall()
    )


def guard(
    url: str,
    stop: threading.Event,
    connections: int = CONNECTIONS,
    longest: timedelta = LONGEST,
    notice: Callable[[str], object] = lambda _: None,
) -> None:
    """Until `stop` is set, end transactions of the role that take too long, and put its settings back.

    The role can change each time-out of its own sessions, so this is done from outside. `notice` is told,
    in words that follow "the portal's role".
    """
    while not stop.is_set():
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                for what in _seen(url, connection, stop, connections, longest):
                    log.warning("the portal's role %s", what)
                    notice(what)
        except psycopg.OperationalError:
            stop.wait(LOOK_EVERY)  # the database is away, which `reach` says
        except psycopg.Error as error:
            log.warning("the portal's role is not watched: %s", error)
            stop.wait(LOOK_EVERY)


def _seen(
    url: str, connection: Tx, stop: threading.Event, connections: int, longest: timedelta
) -> Iterator[str]:
    looks = 0
    while not stop.wait(LOOK_EVERY):
        if end_long(connection, longest):
            yield "held a transaction for too long; its session was ended"
        looks += 1
        if looks % CONFINE_EVERY == 0:
            yield from (f"{what}; that was put back" for what in confine(url, connections, CHANGEABLE))


@contextmanager
def guarded(url: str) -> Generator[None]:
    """Guard the role while something waits for locks that its transactions hold."""
    stop = threading.Event()
    thread = threading.Thread(target=guard, args=[url, stop], name="portal_role", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
