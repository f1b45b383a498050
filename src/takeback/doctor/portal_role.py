"""The portal's role, as PostgreSQL has it: the promise that a broken portal reads nothing rests on it."""

from collections.abc import Iterator

import psycopg

from takeback.doctor.model import Finding, Level, Subject
from takeback.infra.db import portal_role
from takeback.infra.db.refusal import cannot_reach

ROLE = portal_role.ROLE
_MORE = ("is a superuser", "may make databases", "may make roles", "may replicate", "passes row security")
"""What is said of the attributes of `_RIGHTS`, in their order."""


_RIGHTS = """
select rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
       array(select granted.rolname::text from pg_auth_members member
             join pg_roles granted on granted.oid = member.roleid where member.member = pg_roles.oid),
       (select count(*) from pg_class where relowner = pg_roles.oid)
from pg_roles where rolname = %s
"""
_READABLE = """
select relname from pg_class where relnamespace = 'public'::regnamespace
and relkind in ('r', 'v', 'm', 'p') and has_any_column_privilege(%s, oid, 'select') order by 1
"""


def look_at_portal_role(subject: Subject) -> Iterator[Finding]:
    """Check the role's rights in the catalogue, and that the portal's URL is of that role."""
    with subject.database.transaction() as tx:
        row = tx.execute(_RIGHTS, (ROLE,)).fetchone()
        readable = tx.execute(_READABLE, (ROLE,)).fetchall() if row else []
        remains = portal_role.remains(tx, subject.settings.portal_connections) if row else ()
    if row is None:
        yield Finding(
            Level.FAILING, f"There is no role {ROLE}.", "Run `takeback migrate` as the database's owner."
        )
        return
    can_log_in, *flags, roles, owned = row
    more = [statement for statement, flag in zip(_MORE, flags, strict=True) if flag]
    more += [f"has the rights of {role}" for role in roles]
    more += [f"owns {owned} things"] if owned else []
    more += [f"may read {table}" for (table,) in readable]
    for statement in more:
        yield Finding(Level.FAILING, f"The role {ROLE} {statement}.", "Take that right from it.")
    for statement in remains:
        yield Finding(
            Level.WARNING,
            f"The role {ROLE} {statement}.",
            "Only a superuser of the database can take it away: see docs/portal-role.md.",
        )
    if not can_log_in:
        yield Finding(
            Level.WARNING,
            f"The role {ROLE} cannot log in.",
            f"Run `alter role {ROLE} login`, with a password.",
        )
    if subject.portal_url is not None:
        yield from _connected(subject.portal_url)
    if not more and not remains:
        yield Finding(Level.OK, f"The role {ROLE} has no right beyond its functions.")


def _connected(url: str) -> Iterator[Finding]:
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            (user,) = connection.execute("select current_user").fetchone() or ("",)
    except psycopg.OperationalError as error:
        yield Finding(Level.FAILING, f"TAKEBACK_PORTAL_DATABASE_URL: {cannot_reach(error, url)}.")
        return
    if user != ROLE:
        yield Finding(
            Level.FAILING,
            f"TAKEBACK_PORTAL_DATABASE_URL is of the role {user}, not of {ROLE}.",
            f"Give it a URL of the role {ROLE}.",
        )
