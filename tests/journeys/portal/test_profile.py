"""What is left in a browser's profile, whose every file is read, and behind Back, Reload and a restored
session.

H6, H7: the person who looks for it shares the device. Each test plants a random text in every answer.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page

from profiles import SNOOZE_MS, Opened, Profile


def _random() -> str:
    """A word that is nowhere else, with no letters that a form would encode."""
    return "q" + "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(14))


@dataclass
class Planted:
    """What one person answers: no two of these are the same, and none is anywhere else."""

    link: str = field(default_factory=_random)
    elsewhere: str = field(default_factory=_random)
    account: str = field(default_factory=_random)
    signature: str = field(default_factory=_random)
    mail: str = field(default_factory=_random)
    file: str = field(default_factory=_random)
    half: str = field(default_factory=_random)
    secrets: set[str] = field(default_factory=set)
    """Whatever came to be on the way: numbers of a picture, receipts."""

    def texts(self) -> set[str]:
        return {
            self.link,
            self.elsewhere,
            self.account,
            self.signature,
            self.mail,
            self.file,
            self.half,
            *self.secrets,
        }

    def seen_on(self, page: Page) -> set[str]:
        """What of it a page shows, or carries in its source."""
        content = page.content()
        values = page.locator("input, textarea").evaluate_all("fields => fields.map(field => field.value)")
        return {text for text in self.texts() if text in content or any(text in value for value in values)}


@pytest.fixture(
    params=[True, pytest.param(False, marks=pytest.mark.soak)], ids=["with scripts", "without scripts"]
)
def profile(request, playwright, tmp_path) -> Profile:
    folder = tmp_path / "profile"
    folder.mkdir()
    return Profile(folder, playwright, request.param)


@pytest.fixture
def planted() -> Planted:
    return Planted()


def _answers(visitor, planted: Planted, photograph: Path | None) -> None:
    """Every question, up to the last page."""
    visitor.begins()
    visitor.is_adult()
    if photograph is None:
        visitor.presses("I do not have the picture")
    else:
        visitor.adds(photograph)
        planted.secrets.add(visitor.page.locator("#pictures").input_value()[-60:])
        visitor.presses("Continue")
    visitor.tells_where(f"https://chat.example/{planted.link}\nhttps://{planted.elsewhere}.example/")
    visitor.presses("Continue")  # one of the links leads nowhere that is connected
    visitor.page.get_by_label("What happened").fill(f"It was {planted.account}.")
    visitor.presses("Continue")
    visitor.signs(f"River {planted.signature}")
    visitor.page.get_by_label("An e-mail address").fill(f"{planted.mail}@example.org")
    visitor.presses("Continue")
    assert planted.seen_on(visitor.page) >= {planted.link, planted.account, planted.signature, planted.mail}


def _sends_and_looks_up(visitor, planted: Planted) -> None:
    """Send, see how it stands, and type the receipt again, in groups."""
    receipt = visitor.sends()
    visitor.page.get_by_role("link", name="See how things stand").click()
    digits = "".join(receipt.split())
    grouped = " ".join(digits[at : at + 4] for at in range(0, 20, 4))
    planted.secrets |= {digits, grouped, grouped[:14], grouped[5:]}
    visitor.looks_up(grouped)
    assert "is about to be opened" in visitor.reads()
    visitor.page.reload()
    assert "is about to be opened" in visitor.reads()


def _begins_another(visitor, planted: Planted) -> None:
    """A second report, left while an answer is being typed."""
    visitor.begins()
    visitor.is_adult()
    visitor.presses("I do not have the picture")
    visitor.tells_where(f"https://chat.example/{planted.link}")
    visitor.page.get_by_label("What happened").press_sequentially(planted.half)


def _everything_behind(page: Page, planted: Planted) -> Iterator[tuple[str, set[str]]]:
    """Every entry of a tab's history, asked for anew and reloaded, with what of the planted it shows.

    Ends at the newest, where it began.
    """
    page.wait_for_load_state()
    browser = page.context.new_cdp_session(page)
    history = browser.send("Page.getNavigationHistory")
    ours = [entry["id"] for entry in history["entries"] if entry["url"].startswith("http")]
    newest = history["entries"][history["currentIndex"]]["id"]
    assert newest in ours
    for entry in (*ours[:-1][::-1], newest):
        page.reload()
        yield page.url, planted.seen_on(page)
        with page.expect_navigation():
            browser.send("Page.navigateToHistoryEntry", {"entryId": entry})
        yield page.url, planted.seen_on(page)


def _drafts(database: str) -> int:
    with psycopg.connect(database) as connection:
        [row] = connection.execute("select count(*) from submissions_draft").fetchall()
    return row[0]


def _photograph(draw, folder: Path, planted: Planted) -> Path:
    path = folder / f"{planted.file}.jpg"
    draw(640, 480, secrets.randbelow(10_000)).save(path, quality=88)
    return path


def _control(visitor, planted: str) -> None:
    """An address is remembered: so that the search could find something."""
    visitor.page.goto(f"{visitor.portal.url}/privacy?{planted}")


def test_nothing_is_left_after_leaving(profile, planted, portal, visiting, draw, tmp_path):
    """H6, H7: the whole way, sent and looked up, then a second draft; she leaves, and the browser is
    closed."""
    photograph = _photograph(draw, tmp_path, planted) if profile.javascript else None
    control = _random()
    portal.execute("delete from submissions_draft")
    with profile.opened() as chromium:
        visitor = visiting(chromium.page())
        _control(visitor, control)
        _answers(visitor, planted, photograph)
        _sends_and_looks_up(visitor, planted)
        _begins_another(visitor, planted)
        visitor.page.wait_for_timeout(SNOOZE_MS)
        visitor.leaves()
        assert _drafts(portal.database) == 0
        assert [c for c in chromium.context.cookies() if "session" in c["name"]] == []
        for address, seen in _everything_behind(visitor.page, planted):
            assert seen == set(), address
        visitor.page.wait_for_timeout(SNOOZE_MS)
        chromium.close()
    assert control in profile.holds([control])
    assert profile.holds(planted.texts()) == {}
    with profile.opened() as chromium:
        _shows_nothing(chromium, planted)
        chromium.close()
    assert profile.holds(planted.texts()) == {}


def _shows_nothing(chromium: Opened, planted: Planted) -> None:
    walked = list(_everything_behind(chromium.restored(), planted))
    assert len({address for address, _ in walked}) >= 8  # the session was brought back with its history
    assert [found for found in walked if found[1]] == []


@pytest.mark.soak
def test_nothing_is_written_down_while_she_types(profile, planted, portal, visiting):
    """H6, H7: the browser is killed in the middle, without leaving; then every file of the profile is read.

    What she had sent page by page is reachable by the cookie that a browser may restore, for thirty minutes
    at
    most: SECURITY.md says so. Afterwards it is not.
    """
    portal.execute("delete from submissions_draft")
    with profile.opened() as chromium:
        visitor = visiting(chromium.page())
        _answers(visitor, planted, None)
        visitor.presses("Change: What happened")
        visitor.page.get_by_label("What happened").press_sequentially(planted.half)
        visitor.page.wait_for_timeout(SNOOZE_MS)
        chromium.kill()
    assert profile.holds(planted.texts()) == {}
    assert _drafts(portal.database) == 1
    portal.execute("update submissions_draft set expires_at = now()")
    with profile.opened() as chromium:
        _shows_nothing(chromium, planted)
        chromium.close()
    assert profile.holds(planted.texts()) == {}


@pytest.mark.soak
def test_nothing_is_written_down_when_the_browser_is_closed_without_leaving(
    profile, planted, portal, visiting
):
    """H6, H7: the profile has no answer; within thirty minutes a restored session may show them, and leaving
    from there wipes them.
    """
    portal.execute("delete from submissions_draft")
    with profile.opened() as chromium:
        visitor = visiting(chromium.page())
        _answers(visitor, planted, None)
        visitor.page.wait_for_timeout(SNOOZE_MS)
        chromium.close()
    assert profile.holds(planted.texts()) == {}
    with profile.opened() as chromium:
        page = chromium.restored()
        page.wait_for_load_state()
        assert planted.seen_on(page) >= {planted.account}, (
            "this browser keeps the cookie: say so where we say not"
        )
        visiting(page).leaves()
        for address, behind in _everything_behind(page, planted):
            assert behind == set(), address
        chromium.close()
    assert profile.holds(planted.texts()) == {}
