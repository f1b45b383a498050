"""For all tests: what they may ask for, and how they are judged."""

import gc
import os
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest

import databases
import may_be_missing
import others
import soaking
from browser import browser, new_page, page, playwright  # noqa: F401 - fixtures, which pytest finds by name
from takeback.infra import asking
from takeback.infra.db.pool import Database

gc.disable()  # until all tests are collected: none of them is garbage, and looking for it takes half the time
soaking.register_profiles()
asking.be_strict()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait for browsers and servers a third of their time."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that workers who share the files end together."""
    longest = (
        "journeys/whole",
        "journeys",
        "integration/workflow",
        "contract",
        "integration",
        "properties",
        "unit/verify",
        "unit/signals",
    )

    @cache
    def rank(path: Path) -> int:
        where = path.relative_to(Path(__file__).parent).as_posix()
        return next((n for n, folder in enumerate(longest) if where.startswith(folder)), len(longest))

    items.sort(key=lambda item: rank(item.path))
    for item in items:
        item.user_properties.extend(("agrees", name) for name in others.asked_by(item))


def pytest_collection_finish() -> None:
    """What was collected stays to the end: no collection of garbage need look at it again."""
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that ask other people's programs are skipped, by name, where there are none."""
    others.skip_without(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A part that is missing fails a run in CI."""
    report = yield
    may_be_missing.fail_if_missing(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file."""
    report = yield
    may_be_missing.fail_if_missing(report)
    return report


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
