"""Real databases for tests: one PostgreSQL server per test process, one fresh migrated database per test.

The server lives in memory where there is room. A new database is a copy of a migrated template, file by
file, which takes some tens of milliseconds. A reaper process stops the server and removes its folder, however
tests end.
"""

import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres

_TEMPLATE = "takeback_template"
_ENOUGH = 2**30


@contextmanager
def temporary_folder() -> Generator[Path]:
    """A folder, in memory if there is room, that is gone afterwards with any PostgreSQL inside it."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ENOUGH
    folder = Path(tempfile.mkdtemp(prefix="takeback-test-", dir=memory if roomy else None))
    reaper = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("reaper.py")), str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the tests, not for who cleans up after them
    )
    try:
        yield folder
    finally:
        reaper.communicate()


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL with a migrated template."""

    url: str
    """Of its owner, in the database `postgres`."""

    def url_of(self, database: str, role: str = "postgres") -> str:
        """The libpq URL of one database as one role."""
        return self.url.replace("://postgres:@", f"://{role}:@", 1).replace("/postgres?", f"/{database}?", 1)

    @contextmanager
    def fresh(self, template: str = _TEMPLATE) -> Generator[str]:
        """The URL of a new database, a copy of `template`; dropped afterwards, whoever is connected."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield self.url_of(name)
        finally:
            self.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def execute(self, *statements: sql.SQL | sql.Composed) -> None:
        """Run statements as the owner, each in a transaction of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def running_server() -> Generator[Server]:
    """A server for this test process."""
    with temporary_folder() as folder:
        server = Server(EmbeddedPostgres(folder / "pg").url)
        server.execute(
            sql.SQL("alter system set fsync = off"),  # only power loss would tell the difference
            sql.SQL("alter system set full_page_writes = off"),
            sql.SQL("select pg_reload_conf()"),
            sql.SQL("create database {}").format(sql.Identifier(_TEMPLATE)),
        )
        migrate.upgrade(server.url_of(_TEMPLATE))
        server.execute(
            sql.SQL("alter database {} with is_template true allow_connections false").format(
                sql.Identifier(_TEMPLATE)
            )
        )
        yield server
