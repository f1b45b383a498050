"""What every test against the real PostgreSQL may ask for."""

from collections.abc import Iterator

import pytest

import databases
from takeback.ground.db.pool import Database


@pytest.fixture(scope="session")
def postgres() -> Iterator[databases.Server]:
    """A running server, shared by the tests of this process."""
    with databases.running_server() as server:
        yield server


@pytest.fixture
def database_url(postgres: databases.Server) -> Iterator[str]:
    """A fresh, migrated database."""
    with postgres.fresh() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, as the rooms take it."""
    with Database(database_url) as opened:
        yield opened
