"""Bring the schema up to date: at every start, under a lock, so that processes may start together."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from takeback.errors import ConfigurationError
from takeback.ground.db import locks


def upgrade(url: str) -> None:
    """Run the migrations that the database lacks; others who ask meanwhile wait.

    Raises:
        ConfigurationError: the database cannot be reached, or its user may not create tables and roles.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": locks.MIGRATE})
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except Exception as error:
        cause = getattr(error, "orig", error)
        if isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise ConfigurationError(
                "the database user may not create tables or roles; let the database's owner run "
                "`takeback migrate` once, or grant CREATE on the schema and CREATEROLE"
            ) from error
        if isinstance(cause, psycopg.OperationalError):
            raise ConfigurationError(f"cannot reach the database: {cause}") from error
        raise
    finally:
        engine.dispose()  # ends the session, and with it the lock
