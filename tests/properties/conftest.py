"""What properties that need the real PostgreSQL may ask for."""

from collections.abc import Iterator

import pytest

import databases
from takeback.infra.db.pool import Database


@pytest.fixture(scope="module")
def database(postgres: databases.Server) -> Iterator[Database]:
    """A migrated database for all examples of a module."""
    with postgres.fresh() as url, Database(url) as opened:
        yield opened
