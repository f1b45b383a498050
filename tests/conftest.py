"""For all tests: what they may ask for, and how they are judged."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

import databases
import others
import soaking
from browser import browser, new_page, page, playwright  # noqa: F401 - fixtures, which pytest finds by name
from may_be_missing import (  # noqa: F401 - hooks, which pytest finds by name
    pytest_make_collect_report,
    pytest_runtest_makereport,
)
from takeback.infra import asking
from takeback.infra.db.pool import Database

gc.disable()  # until all tests are collected: none of them is garbage, and looking for it takes half the time
soaking.register_profiles()
asking.be_strict()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that workers who share the files end together."""
    longest = (
        "journeys/whole",
        "journeys",
        "integration/workflow",
        "contract",
        "integration",
        "properties",
        "unit/signals",
    )

    def rank(item: pytest.Item) -> int:
        where = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((n for n, folder in enumerate(longest) if where.startswith(folder)), len(longest))

    items.sort(key=rank)
    for item in items:
        item.user_properties.extend(("agrees", name) for name in others.asked_by(item))


def pytest_collection_finish() -> None:
    """Look for garbage again, but not among the tests themselves."""
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that ask other people's programs are skipped, by name, where there are none."""
    others.skip_without(item)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Who agreed with us, and what was counted."""
    said = list(others.summary(terminalreporter))
    if said:
        terminalreporter.section("other people's programs, and counts")
    for line in said:
        terminalreporter.write_line(line)


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
