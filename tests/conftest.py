"""For all tests: what they may ask for, and how they are judged."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

import databases
from browser import browser, new_page, page, playwright  # noqa: F401 - fixtures, which pytest finds by name
from takeback.ground.db.pool import Database

# Properties are judged by their truth, never by the clock of a busy machine.
settings.register_profile("takeback", deadline=None)
settings.load_profile("takeback")


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
