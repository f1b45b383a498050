"""A real Chromium for every browser test: found once, opened fresh for each page, photographed when asked.

An installed Chromium is preferred to Playwright's own download: it is what the distribution keeps safe, and
many machines that run tests may not download. The browser lives as long as a test module, no longer,
because Playwright's synchronous face keeps an event loop in the thread that other tests may need.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, sync_playwright

Device = Literal["phone", "desktop"]
Scheme = Literal["light", "dark"]

SCREENS = Path(__file__).parent / "output" / "screens"
FLAGS = (
    "--no-sandbox",  # tests run as root in containers; the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
VIEWPORTS: dict[Device, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "desktop": {"width": 1280, "height": 800},
}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
_MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_MISSING = (
    "no Chromium for the browser tests: `apt-get install chromium`, or `playwright install chromium`, "
    "or name one by the variable CHROMIUM"
)


def find_chromium(own: str) -> str:
    """The Chromium to use: the one that CHROMIUM names, an installed one, or Playwright's `own`.

    Raises:
        FileNotFoundError: there is none; the text says what to install.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"CHROMIUM names {named}, which is not a program")
        return found
    for candidate in (*_NAMES, *_MAC, own):
        found = shutil.which(candidate)
        if found is not None:
            return found
    raise FileNotFoundError(_MISSING)


class NewPage(Protocol):
    """Opens a page in a profile of its own: no cookie, cache or history is shared between two."""

    def __call__(
        self,
        device: Device = "desktop",
        scheme: Scheme = "light",
        *,
        javascript: bool = True,
        width: int | None = None,
        scale: float = 1,
    ) -> Page:
        """Open one.

        Args:
            device: a phone (390 x 844, touch) or a desk (1280 x 800).
            scheme: what the system asks for.
            javascript: whether scripts run.
            width: another width, in CSS pixels.
            scale: device pixels for one CSS pixel.
        """
        ...


def snapshot(page: Page, name: str) -> None:
    """Save what the whole page looks like as tests/output/screens/NAME.png, where PICTURES is set.

    A picture costs as much as ten steps of a test and nobody looks at it in each run.
    """
    if not os.environ.get("PICTURES"):
        return
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.evaluate("scrollTo(0, 0)")  # a header that sticks would be drawn where the page was scrolled to
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True, animations="disabled", caret="hide")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    try:
        program = find_chromium(playwright.chromium.executable_path)
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
    yield started
    started.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    contexts: list[BrowserContext] = []

    def open_one(
        device: Device = "desktop",
        scheme: Scheme = "light",
        *,
        javascript: bool = True,
        width: int | None = None,
        scale: float = 1,
    ) -> Page:
        viewport = VIEWPORTS[device]
        context = browser.new_context(
            viewport={"width": width or viewport["width"], "height": viewport["height"]},
            color_scheme=scheme,
            java_script_enabled=javascript,
            has_touch=device == "phone",
            device_scale_factor=scale,
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page at a desk, light, with scripts; `new_page` opens others."""
    return new_page()
