"""Alembic, run on a connection of ours, in one transaction, under the database's migration lock."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool

from takeback.infra.db.locks import Lock


def run(url: str, migrations: Path) -> None:
    """Upgrade to the newest revision. Raises psycopg's errors, not SQLAlchemy's."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(migrations))
    try:
        with engine.connect() as connection:
            _hold(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except DBAPIError as error:
        raise error.orig if isinstance(error.orig, psycopg.Error) else error from error
    finally:
        engine.dispose()


_TABLE = f"""
    create table if not exists {Lock.MIGRATE}
    (version_num varchar(32) not null, constraint {Lock.MIGRATE}_pkc primary key (version_num))
"""


def _hold(connection: Connection) -> None:
    """Be the only one who migrates until the transaction ends. Makes Alembic's table if it is missing."""
    try:
        connection.execute(text(_TABLE))
    except (IntegrityError, ProgrammingError) as error:  # somebody made it at the same moment
        if not isinstance(error.orig, psycopg.errors.UniqueViolation | psycopg.errors.DuplicateTable):
            raise
        connection.rollback()
        connection.execute(text(_TABLE))
    connection.execute(text(f"lock table {Lock.MIGRATE} in exclusive mode"))
