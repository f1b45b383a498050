"""A Chromium as people have it: with a profile on disk, closed, killed and started again; and all that is in
its files.

Playwright's own flags would switch off half of what a browser remembers, so Chromium is started as a
program, with as few flags as a container needs, and Playwright is connected to it.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright
from playwright.sync_api import TimeoutError as TookTooLong

import waiting
from browser import find_chromium

_PORT = "DevToolsActivePort"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--password-store=basic",
    "--remote-debugging-port=0",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--restore-last-session",
)
SNOOZE_MS = 4000
"""Longer than the 2.5 seconds after which Chromium writes its session down."""


@dataclass
class Opened:
    """A running Chromium."""

    context: BrowserContext
    process: subprocess.Popen[bytes]
    javascript: bool

    def page(self) -> Page:
        """Its first tab."""
        waiting.until(lambda: self.context.pages, what="a tab")
        self._prepare(self.context.pages[0])
        return self.context.pages[0]

    def _prepare(self, page: Page) -> None:
        if not self.javascript:
            session = self.context.new_cdp_session(page)
            session.send("Emulation.setScriptExecutionDisabled", {"value": True})
        page.set_default_timeout(20_000)

    def restored(self) -> Page:
        """The tab that it brought back from the last time."""

        def brought_back() -> list[Page]:
            self.context.cookies()  # a call, during which Playwright hears of new tabs
            return [page for page in self.context.pages if page.url.startswith("http")]

        waiting.until(brought_back, timeout=60, what="the tab of the last time")
        self._prepare(brought_back()[0])
        return brought_back()[0]

    def close(self) -> None:
        """As a person closes the last window."""
        browser = self.context.browser
        assert browser is not None
        browser.new_browser_cdp_session().send("Browser.close")
        self.process.wait(30)

    def kill(self) -> None:
        """As a dead battery does."""
        self.process.kill()
        self.process.wait(30)


@dataclass(frozen=True)
class Profile:
    """A folder that Chromium keeps what it remembers in."""

    folder: Path
    playwright: Playwright
    javascript: bool

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """Start it, with the tabs of the last time; whoever has not closed it when the block ends has killed
        it."""
        port, preferences = self.folder / _PORT, self.folder / "Default" / "Preferences"
        port.unlink(missing_ok=True)
        if preferences.exists():
            remembered = json.loads(preferences.read_text())
            # After a crash a person is asked whether she wants her tabs back: she does.
            remembered["profile"] = remembered.get("profile", {}) | {
                "exit_type": "Normal",
                "exited_cleanly": True,
            }
        else:
            preferences.parent.mkdir(parents=True)
            remembered = {"session": {"restore_on_startup": 1}}
        preferences.write_text(json.dumps(remembered))
        program = find_chromium(self.playwright.chromium.executable_path)
        with (self.folder.parent / "chromium.log").open("ab") as log:
            process = subprocess.Popen(
                [program, *_FLAGS, f"--user-data-dir={self.folder}"], stdout=log, stderr=log
            )
        try:
            waiting.until(
                lambda: port.is_file() and port.read_text().count("\n"), timeout=60, what="Chromium to start"
            )
            number = port.read_text().split("\n")[0]
            yield Opened(self._connect(f"http://127.0.0.1:{number}"), process, self.javascript)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(30)

    def _connect(self, address: str) -> BrowserContext:
        """A Chromium that is busy with its start may not answer at first."""
        for _ in range(3):
            try:
                return self.playwright.chromium.connect_over_cdp(address, timeout=20_000).contexts[0]
            except TookTooLong:
                continue
        pytest.fail("Chromium does not answer")

    def holds(self, texts: Iterable[str]) -> dict[str, set[str]]:
        """The texts that are anywhere in the profile, each with the files that have it.

        Every byte of every file is read: as UTF-8 and UTF-16, and as forms and addresses are encoded. The
        texts should be random: what compresses a file (Snappy in LevelDB) leaves the first of a random text
        as it is.
        """
        written = {text: set(_spellings(text)) for text in texts}
        found: dict[str, set[str]] = {}
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                for text, spellings in written.items():
                    if any(spelling in data for spelling in spellings):
                        found.setdefault(text, set()).add(str(path.relative_to(self.folder)))
        return found


def _spellings(text: str) -> Iterator[bytes]:
    for spelling in {text, quote(text), quote(text, safe=""), quote_plus(text)}:
        yield spelling.encode()
        yield spelling.encode("utf-16-le")
