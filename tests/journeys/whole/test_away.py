"""The database goes away and comes back: every part says so at once, and works again within seconds.

One PostgreSQL, one `takeback serve` with all its parts, and a platform on which nothing happens. The database
is stopped as an operator does it, and then it hangs (SIGSTOP): the two ways in which it can be away.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import psycopg
import pytest

from databases import temporary_folder
from ports import any_ports
from services import House, running_house
from soaking import quick
from takeback.errors import DatabaseAway
from takeback.infra import clock
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.db.reach import HUNG
from takeback.infra.vault import keys
from takeback.infra.vault.seal import load_recipient
from takeback.staff import service as staff
from takeback.submissions.model import Report
from takeback.submissions.receipt import load_pepper
from takeback.submissions.submit import submit
from waiting import until

PARTS = ("portal", "console", "api", "worker", "watcher")
PROMPT = HUNG + 5
"""Seconds in which a door says that the database is away: the limit for one that hangs, and some more."""
BAD, UNAVAILABLE = 500, 503
OUTAGE = float(os.environ.get("OUTAGE_SECONDS", "3"))
"""Seconds; minutes are tried by hand."""
SOON = 15
"""Seconds in which all parts work again: five, on a machine that nine others use as well."""


@dataclass
class Place:
    """The service beside a database that the test stops."""

    house: House
    postgres: EmbeddedPostgres
    folder: Path
    doors: dict[str, Callable[[], httpx2.Response]]

    def statuses(self) -> dict[str, int]:
        return {name: ask().status_code for name, ask in self.doors.items()}

    def one(self, statement: str) -> object:
        with psycopg.connect(self.postgres.url) as connection:
            (value,) = connection.execute(statement.encode()).fetchone() or (None,)
        return value

    def report(self) -> bool:
        """Send a report as the portal does; False if the database does not take it yet."""
        portal = self.folder / "data" / "keys" / keys.PORTAL_FOLDER
        report = Report(
            pictures=(),
            locations=("https://nowhere.example/1",),
            account="It was not me who posted it.",
            statement_nonconsent=True,
            statement_good_faith=True,
            signature="R.",
            contact="",
            language="en",
        )
        with Database(self.postgres.url) as database:
            try:
                submit(database, load_recipient(portal), load_pepper(portal), report)
            except DatabaseAway:
                return False
        return True

    def said(self, words: str) -> int:
        return len(re.findall(words, self.house.said()))

    def works(self, before: dict[str, object]) -> dict[str, float]:
        """Seconds until each part did something, from now."""
        began, took = time.monotonic(), dict[str, float]()
        watched = {
            **{name: lambda ask=ask: ask().status_code < BAD for name, ask in self.doors.items()},
            "worker": lambda: self.one(CASES) > before["cases"],
            "sequencer": lambda: self.one(SIGNED) > before["signed"],
            "watcher": lambda: self.one(CURSOR) != before["cursor"],
        }

        def all_do() -> bool:
            for name, does in watched.items():
                if name not in took and does():
                    took[name] = time.monotonic() - began
            return took.keys() == watched.keys()

        until(all_do, SOON, f"all parts to work again; these do: {took}")
        return took


CASES = "select count(*) from cases_case"
SIGNED = "select coalesce(max(size), 0) from ledger_checkpoint"
CURSOR = "select cursor from sightings_stream"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with temporary_folder() as folder:
        postgres = EmbeddedPostgres(folder / "pg")
        migrate.upgrade(postgres.url)
        ports = any_ports()
        wanted = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")},
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TAKEBACK_DATA": str(folder / "data"),
            "TAKEBACK_DATABASE_URL": postgres.url,
            "TAKEBACK_PORTAL_DATABASE_URL": postgres.role_url("takeback_portal"),
            "TAKEBACK_CONNECTORS": "ticking",
            **{f"TAKEBACK_{name.upper()}": port for name, port in ports.items()},
        }
        with running_house(folder, wanted) as house, visitors(postgres, ports) as doors:
            yield Place(house, postgres, folder, doors)
        postgres.stop()


@contextmanager
def visitors(
    postgres: EmbeddedPostgres, ports: dict[str, str]
) -> Iterator[dict[str, Callable[[], httpx2.Response]]]:
    """Whoever asks each door for what needs the database."""
    with Database(postgres.url) as database, database.transaction() as tx:
        key = staff.make_api_key(tx, "our chat", by=None, now=clock.now())
    with httpx2.Client(timeout=60) as browser:
        portal, console, api = (
            f"http://localhost:{ports[f'{name}_port']}" for name in ("portal", "console", "api")
        )
        browser.get(f"{portal}/steps")  # gives the cookie of a session
        yield {
            "portal": lambda: browser.get(f"{portal}/steps/2"),
            "console": lambda: browser.get(console, headers={"cookie": "takeback=x"}),
            "api": lambda: browser.post(
                f"{api}/v1/check/hash", json={"pdq": "0f" * 32}, headers={"authorization": f"Bearer {key}"}
            ),
            "health": lambda: browser.get(f"{api}/healthz"),
        }


def stop(place: Place) -> Callable[[], None]:
    place.postgres.stop()
    return place.postgres.start_again


def hang(place: Place) -> Callable[[], None]:
    number = int((place.folder / "pg" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(number)
    postmaster.suspend()  # first, so that nobody new comes
    stopped = [postmaster, *postmaster.children(recursive=True)]
    for process in stopped:
        with suppress(psutil.NoSuchProcess):  # it was about to end
            process.suspend()

    def go_on() -> None:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    return go_on


@pytest.mark.parametrize("go", quick(hang, every=[stop, hang]))
def test_s15_every_part_says_at_once_that_the_database_is_away_and_works_within_seconds_of_its_return(
    place: Place, go: Callable[[Place], Callable[[], None]]
) -> None:
    place.works({"cases": -1, "cursor": None, "signed": -1})
    before = {"cases": place.one(CASES), "cursor": place.one(CURSOR), "signed": place.one(SIGNED)}
    said = len(place.house.said())
    away, back = place.said("database is away"), place.said("database is back")
    come_back = go(place)
    try:
        for name, ask in place.doors.items():
            began = time.monotonic()
            assert ask().status_code == UNAVAILABLE, name
            assert time.monotonic() - began < PROMPT, name
        until(lambda: place.said("database is away") == away + len(PARTS), PROMPT * 2, "each part to say so")
        until(lambda: time.monotonic() > began + OUTAGE, OUTAGE + 1)
        assert set(place.statuses().values()) == {UNAVAILABLE}
    finally:
        come_back()
    until(place.report, SOON)
    sys.stderr.write(f"working again, in seconds: {place.works(before)}\n")
    until(lambda: place.said("database is back") >= back + len(PARTS), SOON, "each part to say so")
    lines = place.house.said()[said:].splitlines()
    assert [line for line in lines if "database is" not in line] == []
    assert len(lines) == 2 * len(PARTS)
