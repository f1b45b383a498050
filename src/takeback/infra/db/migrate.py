"""Bring the schema up to date: at every start, under a lock, so that processes may start together.

Nearly every start finds it up to date. That is asked with one query; Alembic and SQLAlchemy, which cost each
process 40 MB and half a second, are loaded when there is something to do.
"""

import importlib
from pathlib import Path

import psycopg

from takeback.errors import ConfigurationError
from takeback.infra.db import portal_role
from takeback.infra.db.refusal import cannot_reach

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str, portal_connections: int = portal_role.CONNECTIONS) -> None:
    """Run the migrations that the database lacks, and hold the portal's role to what it is granted.

    Others who ask meanwhile wait.

    Raises:
        ConfigurationError: there is no such database or login, its user may not create tables and roles, or a
            newer version made it.
        NotReady: the database does not answer.
    """
    try:
        if not _is_current(url):
            with portal_role.guarded(url):  # a migration may need a lock that a transaction of it holds
                importlib.import_module("takeback.infra.db.alembic_run").run(url, MIGRATIONS)
        portal_role.confine(url, portal_connections)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            "the database user may not create tables or roles; let the database's owner run "
            "`takeback migrate` once, or grant CREATE on the schema and CREATEROLE"
        ) from error
    except psycopg.OperationalError as error:
        raise cannot_reach(error, url) from None  # the cause may quote the URL


def newest() -> str:
    """The revision that this code was written for: the last of the files, which are named by number."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def _is_current(url: str) -> bool:
    with psycopg.connect(url) as connection:
        (table,) = connection.execute("select to_regclass('alembic_version')").fetchone() or (None,)
        if table is None:
            return False
        found = [row[0] for row in connection.execute("select version_num from alembic_version")]
    if any(revision > newest() for revision in found):
        raise ConfigurationError(
            f"the database was made by a newer Takeback (revision {max(found)}, this one knows {newest()}): "
            "start that version"
        )
    return found == [newest()]
