"""Every page of the console is photographed, and looked over by axe."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from browser import Device, snapshot

AXE = Axe()
SIZES: dict[str, tuple[Device, ViewportSize]] = {
    "desktop": ("desktop", {"width": 1440, "height": 900}),
    "narrow": ("phone", {"width": 390, "height": 844}),
}


def check(page: Page, name: str) -> None:
    """Photograph a page, and ask axe about it."""
    snapshot(page, f"console-{name}")
    results = AXE.run(page, options={"resultTypes": ["violations"]})
    serious = [
        (found["id"], found["nodes"][0]["html"])
        for found in results.response["violations"]
        if found["impact"] in {"serious", "critical"}
    ]
    assert serious == [], name
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wider, f"{name} scrolls sideways"
