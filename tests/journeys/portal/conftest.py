"""A real portal in a process of its own, on a real PostgreSQL, with the rights that it has in earnest."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pyrage
import pytest
import waiting
from browser import browser, new_page, page, playwright  # noqa: F401 (pytest finds fixtures by name)
from databases import Server, running_server
from playwright.sync_api import Page, Request

from takeback.ground.vault.seal import unpad
from takeback.intake.model import Report, decode


@dataclass(frozen=True, slots=True)
class Portal:
    """A running portal, and what only the test may see behind it."""

    url: str
    database: str
    """The owner's URL: the portal itself has another."""
    identity: pyrage.x25519.Identity
    log: Path
    process: subprocess.Popen[bytes]

    def reports(self) -> list[Report]:
        """All reports, opened, in the order in which they arrived."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("select sealed from intake_report order by received_at").fetchall()
        return [decode(unpad(pyrage.decrypt(row[0], [self.identity]))) for row in rows]

    def execute(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute(statement, values)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@contextmanager
def running_portal(server: Server, folder: Path) -> Iterator[Portal]:
    keys = folder / "keys"
    keys.mkdir()
    identity = pyrage.x25519.Identity.generate()
    (keys / "intake.recipient").write_text(f"{identity.to_public()}\n")
    (keys / "pepper").write_text(os.urandom(32).hex())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "portal.log"
    with server.fresh() as database, log.open("wb") as written:
        name = database.partition("?")[0].rpartition("/")[2]
        environment = {
            "PATH": os.environ["PATH"],
            "TAKEBACK_PORTAL_DATABASE_URL": server.url_of(name, "takeback_portal"),
            "TAKEBACK_PORTAL_KEYS": str(keys),
            "TAKEBACK_PORTAL_PORT": str(port),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "takeback.doors.portal"],
            env=environment,
            cwd=folder,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        portal = Portal(f"http://127.0.0.1:{port}", database, identity, log, process)
        try:
            waiting.until(lambda: answers(portal), timeout=30, what="the portal to answer")
            yield portal
        finally:
            process.terminate()
            process.wait(20)


def answers(portal: Portal) -> bool:
    assert portal.process.poll() is None, portal.log.read_text()
    try:
        with urlopen(portal.url, timeout=5) as response:
            return response.status == 200
    except (URLError, ConnectionError):
        return False


@pytest.fixture(scope="module")
def portal(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running_portal(server, tmp_path_factory.mktemp("portal")) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Heard:
    """Every request that a page made."""

    requests: list[Request] = field(default_factory=list)

    def bodies(self) -> list[bytes]:
        return [request.post_data_buffer or b"" for request in self.requests]


@pytest.fixture
def listen(portal: Portal) -> Iterator[Callable[[Page], Heard]]:
    """Hear what a page asks for; at the end, that it asked only the portal, and nothing was in its console."""
    everything: list[Heard] = []
    said: list[str] = []

    def attach(page: Page) -> Heard:
        heard = Heard()
        everything.append(heard)
        page.on("request", lambda request: heard.requests.append(request))
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        return heard

    yield attach
    elsewhere = [r.url for heard in everything for r in heard.requests if not r.url.startswith(f"{portal.url}/")]
    assert elsewhere == []
    # A page with an answer of 4xx is announced in the console; everything else there is a fault.
    assert [line for line in said if "the server responded with a status of 4" not in line] == []


