"""The page "Is it working?": what the doctor says, for staff."""

import pytest
from playwright.sync_api import ViewportSize, expect

from browser import Device, NewPage, Scheme
from console_house import House
from console_pictures import SIZES, check
from soaking import quick
from takeback.entrypoints.console.theme import COOKIE
from takeback.staff.model import Role


@pytest.mark.parametrize(
    ("size", "scheme"), quick(("narrow", "dark"), every=[("desktop", "light"), ("narrow", "dark")])
)
def test_it_says_what_is_wrong_and_what_to_do(house: House, new_page: NewPage, size: str, scheme: Scheme):
    device: Device
    viewport: ViewportSize
    device, viewport = SIZES[size]
    page = new_page(device, scheme)
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": COOKIE, "value": scheme, "url": house.origin}])
    page.goto(house.invite("Grace Hopper", Role.REVIEWER))
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")
    with house.app.database.transaction() as tx:
        tx.execute("grant select on submissions_draft to takeback_portal")
    page.goto(house.origin + "/working")
    expect(page.get_by_role("heading", name="Is it working?")).to_be_visible()
    expect(page.get_by_text("The role takeback_portal may read submissions_draft.")).to_be_visible()
    expect(page.get_by_text("Take that right from it.")).to_be_visible()
    check(page, f"working-{size}-{scheme}")
