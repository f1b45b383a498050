"""A real portal in a process of its own, on a real PostgreSQL, with the rights that it has in earnest."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import psycopg
import pyrage
import pytest
from PIL import Image
from playwright.sync_api import Page, Request

import waiting
from databases import Server
from takeback.infra.vault.seal import unpad
from takeback.submissions.model import Report, decode

FOLLOWED = r"https://chat\.example/.*|\$Zq1:chat\.example"
"""The links that this portal is told somebody can follow."""
COPIES_ARE_REMOVED = """
with report as (select id from submissions_report order by received_at desc limit 1),
opened as (
    insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, changed_at)
    select gen_random_uuid(), id, now(), now() + interval '22 hours 30 minutes', 'house', 'removing', now()
    from report
    returning id),
decided as (
    insert into cases_decision (id, case_id, verdict, reason, staff_id, decided_at, effective_at, state)
    select gen_random_uuid(), id, 'shared_without_consent', 'made_in_secret', gen_random_uuid(), now(), now(),
           'effective'
    from opened),
post as (
    insert into sightings_post (connector, place, message, media, sender, posted_at, seen_at, state)
    select 'matrix', 'the-name-of-the-room-' || mod(n, 2) || opened.id, 'm' || n, '', '@x',
           now(), now(), 'unread'
    from opened, generate_series(1, 4) n returning id, message),
copy as (
    insert into cases_copy (case_id, sighting_id, found_by, added_at)
    select opened.id, post.id, 'report', now() - interval '50 minutes' from opened, post)
insert into takedown_target
    (id, case_id, sighting_id, connector, place, message, media, state, planned_at, changed_at, gone_at)
select gen_random_uuid(), opened.id, post.id, 'matrix', 'p', message, '',
       case message when 'm1' then 'gone' when 'm2' then 'acting' when 'm3' then 'failed' else 'checking' end,
       now(), now(), case message when 'm1' then now() end
from opened, post
"""


@dataclass(frozen=True, slots=True)
class Portal:
    """A running portal, and what only the test may see behind it."""

    url: str
    database: str
    """The owner's URL: the portal itself has another."""
    identity: pyrage.x25519.Identity
    log: Path
    process: subprocess.Popen[bytes]

    def newest(self) -> str:
        """The newest report's id."""
        with psycopg.connect(self.database) as connection:
            [row] = connection.execute(
                "select id::text from submissions_report order by received_at desc limit 1"
            ).fetchall()
        return row[0]

    def reports(self) -> list[Report]:
        """All reports, opened, in the order in which they arrived."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("select sealed from submissions_report order by received_at").fetchall()
        return [decode(unpad(pyrage.decrypt(row[0], [self.identity]))) for row in rows]

    def removes_copies(self) -> None:
        """Four copies of the newest report in two places, each at another point of its way."""
        self.execute(COPIES_ARE_REMOVED)

    def execute(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute(statement, values)


@contextmanager
def running_portal(server: Server, folder: Path) -> Iterator[Portal]:
    keys = folder / "keys"
    keys.mkdir()
    identity = pyrage.x25519.Identity.generate()
    (keys / "intake.recipient").write_text(f"{identity.to_public()}\n")
    (keys / "pepper").write_text(os.urandom(32).hex())
    with server.fresh() as database, serving(server, database, keys, identity) as portal:
        yield portal


@contextmanager
def serving(server: Server, database: str, keys: Path, identity: pyrage.x25519.Identity) -> Iterator[Portal]:
    """A portal on this database, with this folder of keys."""
    folder = keys.parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "portal.log"
    name = database.partition("?")[0].rpartition("/")[2]
    environment = {
        "PATH": os.environ["PATH"],
        "TAKEBACK_PORTAL_DATABASE_URL": server.url_of(name, "takeback_portal"),
        "TAKEBACK_PORTAL_KEYS": str(keys),
        "TAKEBACK_PORTAL_PORT": str(port),
        "TAKEBACK_PORTAL_LINKS": FOLLOWED,
    }
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "takeback.entrypoints.portal"],
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
def portal(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running_portal(postgres, tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture
def portal_of(postgres: Server) -> Iterator[Callable[[str, Path], "Visiting"]]:
    """A portal on a database, with a folder of keys, that the test brings; how somebody visits it."""
    with ExitStack() as stack:

        def serve(database: str, keys: Path) -> Visiting:
            identity = pyrage.x25519.Identity.generate()  # of nobody: what is reported is not looked at
            portal = stack.enter_context(serving(postgres, database, keys, identity))
            return lambda opened: Visitor(opened, portal)

        yield serve


@dataclass(frozen=True, slots=True)
class Heard:
    """Every request that a page made."""

    requests: list[Request] = field(default_factory=list)

    def bodies(self) -> list[bytes]:
        return [request.post_data_buffer or b"" for request in self.requests]


@pytest.fixture
def listen(portal: Portal) -> Iterator[Callable[[Page], Heard]]:
    """Hear what a page asks for; at the end: it asked only the portal, and its console is empty."""
    everything: list[Heard] = []
    said: list[str] = []

    def attach(opened: Page) -> Heard:
        heard = Heard()
        everything.append(heard)

        def keep(request: Request) -> None:
            heard.requests.append(request)

        opened.on("request", keep)
        opened.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        opened.on("pageerror", lambda error: said.append(str(error)))
        return heard

    yield attach
    elsewhere = [
        r.url for heard in everything for r in heard.requests if not r.url.startswith(f"{portal.url}/")
    ]
    assert elsewhere == []
    # A page with an answer of 4xx or 503 is announced in the console, and that leaving cleared what was kept;
    # everything else there is a fault.
    expected = (
        "the server responded with a status of 4",
        "the server responded with a status of 503",
        "info: Clear-Site-Data header on",
    )
    assert [line for line in said if not any(words in line for words in expected)] == []


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on the pages, who presses what she sees."""

    page: Page
    portal: Portal

    def comes_from(self, address: str) -> None:
        """Of a network of her own: the portal slows one network down."""
        self.page.set_extra_http_headers({"x-forwarded-for": address})

    def begins(self) -> None:
        self.page.goto(self.portal.url)
        self.page.get_by_role("link", name="Start").first.click()

    def presses(self, name: str) -> None:
        """Press a button; one of a form leads to a page, which is waited for."""
        button = self.page.get_by_role("button", name=name, exact=True)
        if not button.evaluate("button => button.form !== null && button.type === 'submit'"):
            button.click()
            return
        with self.page.expect_navigation():
            button.click()

    def is_adult(self) -> None:
        self.page.get_by_label("Yes", exact=True).check()
        self.presses("Continue")

    def adds(self, *files: Path) -> None:
        self.page.wait_for_load_state()
        before = self.page.locator(".ready:visible").count()
        self.page.set_input_files("#file", list(files))
        waiting.until(
            lambda: not self.page.locator(".working:visible").count(),
            timeout=60,
            what="the pictures to be done",
        )
        assert self.page.locator(".ready:visible").count() == before + len(files), self.reads()

    def tells_where(self, text: str) -> None:
        self.page.get_by_label("Links or message ids").fill(text)
        self.presses("Continue")

    def signs(self, name: str = "River") -> None:
        self.page.get_by_label("I am the person in the picture").check()
        self.page.get_by_label("What I say here is true").check()
        self.page.get_by_label("Sign with your name").fill(name)
        self.presses("Continue")

    def leaves(self) -> None:
        self.page.locator("#leave").click()
        self.page.get_by_role("heading", name="Reading the sky").wait_for()

    def goes_to_the_last_page(self, *files: Path, where: str = "") -> None:
        self.begins()
        self.is_adult()
        if files:
            self.adds(*files)
            self.presses("Continue")
        else:
            self.presses("I do not have the picture")
        self.tells_where(where)
        self.presses("I'd rather not say")
        self.signs()
        self.presses("I'd rather not say")

    def sends(self) -> str:
        """Send, and keep the receipt."""
        self.presses("Send")
        return self.page.locator("#code").inner_text()

    def looks_up(self, receipt: str) -> None:
        self.page.goto(f"{self.portal.url}/status")
        if not self.page.get_by_label("Receipt number").is_visible():
            self.presses("Another receipt")
        self.page.get_by_label("Receipt number").fill(receipt)
        self.presses("Look")

    def reads(self) -> str:
        return self.page.get_by_role("main").inner_text()


Visiting = Callable[[Page], Visitor]


@pytest.fixture
def visitor(page: Page, portal: Portal) -> Visitor:
    return Visitor(page, portal)


@pytest.fixture
def visiting(portal: Portal) -> Visiting:
    """Somebody on a page that the test opened itself."""
    return lambda opened: Visitor(opened, portal)


@pytest.fixture(scope="session")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benign picture with detail, as JPEG."""
    path = tmp_path_factory.mktemp("pictures") / "summer at the lake.jpg"
    drawn(1200, 900, 7).save(path, quality=88)
    return path


def drawn(width: int, height: int, seed: int) -> Image.Image:
    """Coloured discs over a slope of light: detail at every scale, nothing in it."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], -1).astype(
        np.uint8
    )
    for _ in range(40):
        radius = chance.integers(height // 30 + 2, height // 5 + 3)
        across, down = chance.integers(width), chance.integers(height)
        top, bottom = max(0, down - radius), min(height, down + radius)
        left, right = max(0, across - radius), min(width, across + radius)
        inside = (y[top:bottom, left:right] - down) ** 2 + (
            x[top:bottom, left:right] - across
        ) ** 2 < radius**2
        picture[top:bottom, left:right][inside] = chance.integers(0, 256, 3)
    return Image.fromarray(picture)


@pytest.fixture
def draw() -> Callable[[int, int, int], Image.Image]:
    return drawn
