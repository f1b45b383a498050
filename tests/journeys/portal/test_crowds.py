"""S3: people who come the same way as many others get in: by a link that staff made, or by work."""

import re

import pytest
from playwright.sync_api import expect

from browser import snapshot
from crowds import new_token, use_up
from soaking import quick

SHELTER = "192.0.2.77"


@pytest.mark.parametrize(
    ("device", "scheme"), quick(("phone", "light"), every=[("phone", "light"), ("desktop", "dark")])
)
def test_s3_a_shelter_reports_by_its_link_and_whoever_is_held_up_by_work(
    device, scheme, portal, new_page, visiting
):
    """S3: a shelter's 13th report in a burst is refused.

    Its network has sent all that it may. The link's one report goes in all the same. The next is held up,
    keeps what was written, and goes in after this device has worked.
    """
    address = SHELTER if device == "phone" else "198.51.100.7"
    by_link, other = visiting(new_page(device, scheme)), visiting(new_page(device, scheme))
    for visitor in (by_link, other):
        visitor.comes_from(address)
    by_link.page.goto(f"{portal.url}/with/{new_token(portal, reports=1)}")
    by_link.presses("Start")
    other.begins()
    for visitor in (by_link, other):
        visitor.is_adult()
        visitor.presses("I do not have the picture")
        visitor.tells_where("$Zq1:chat.example")
        visitor.presses("I'd rather not say")
        visitor.signs()
        visitor.presses("I'd rather not say")
    use_up(portal.url, address)
    before = len(portal.reports())
    other.presses("Send")
    by_link.sends()
    assert len(portal.reports()) == before + 1
    expect(other.page.get_by_text("Nothing you wrote is lost").first).to_be_visible()
    snapshot(other.page, f"portal-held-up-{device}-{scheme}")
    assert re.search(r"usually takes \d+ seconds to \d+ seconds", other.reads())
    other.page.get_by_role("button", name="Let this device work").click()
    expect(other.page.locator("#code")).to_be_visible(timeout=120_000)
    assert len(portal.reports()) == before + 2
