"""Alembic, run on a connection of ours under the database's migration lock."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from takeback.ground.db import locks


def run(url: str, migrations: Path) -> None:
    """Upgrade to the newest revision. Raises psycopg's errors, not SQLAlchemy's."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(migrations))
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": locks.MIGRATE})
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except DBAPIError as error:
        raise error.orig if isinstance(error.orig, psycopg.Error) else error from error
    finally:
        engine.dispose()  # ends the session, and with it the lock
