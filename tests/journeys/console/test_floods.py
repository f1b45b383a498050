"""Floods of reports are one thing in the queue; and links for many are made, shown once and revoked."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from browser import Device, NewPage, Scheme
from console_house import House
from console_pictures import SIZES, check
from soaking import quick
from takeback.cases import floods
from takeback.cases import service as cases
from takeback.entrypoints.console.theme import COOKIE
from takeback.events import FloodKind
from takeback.ids import FloodId
from takeback.infra import clock
from takeback.staff.model import Role


def a_flood(house: House, reports: int, pictures: int) -> FloodId:
    """Reports that came in two minutes from one network, and are held."""
    opened = [house.case(opened_ago=timedelta(seconds=130 - n * 120 / reports)) for n in range(reports)]
    with house.app.database.transaction() as tx:
        flood = floods._begin(tx, FloodKind.NETWORK, b"label", clock.now(), clock.now())
        for case in opened:
            found = cases.get(tx, case)
            floods._hold(tx, found.report, flood, pictures, found.opened_at)
    return flood


def come_in(page: Page, house: House) -> None:
    page.goto(house.invite("Grace Hopper", Role.REVIEWER))
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")


@pytest.mark.parametrize("scheme", quick("dark", every=["dark", "light"]))
@pytest.mark.parametrize("size", quick("narrow", every=["desktop", "narrow"]))
def test_they_look_as_they_should(house: House, new_page: NewPage, scheme: Scheme, size: str):
    device: Device
    viewport: ViewportSize
    device, viewport = SIZES[size]
    page = new_page(device, scheme)
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": COOKIE, "value": scheme, "url": house.origin}])
    come_in(page, house)
    page.goto(f"{house.origin}/links")
    check(page, f"links-none-{size}-{scheme}")
    page.get_by_label("For whom").fill("The women's shelter at the river, for Friday")
    page.get_by_role("button", name="Make a link").click()
    check(page, f"links-made-{size}-{scheme}")
    honest = house.case(copies=1, account="It was posted in a group.")
    flood = a_flood(house, 17, 9)
    page.goto(f"{house.origin}/")
    check(page, f"queue-flood-{size}-{scheme}")
    page.goto(f"{house.origin}/flood/{flood}")
    check(page, f"flood-{size}-{scheme}")
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_text("This report came in a flood and is held")).to_be_visible()
    check(page, f"case-held-{size}-{scheme}")
    assert honest


def test_s3_a_flood_is_one_line_of_the_queue_and_is_let_in_in_parts_or_whole(house: House, page: Page):
    """S3: floods of reports are held together and shown as one thing."""
    house.case(copies=1)
    a_flood(house, 12, 9)
    come_in(page, house)
    page.goto(f"{house.origin}/")
    rows = page.locator("table.queue tbody tr")
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="12 reports came in 2 minutes from one network; 108 pictures").click()
    page.get_by_role("checkbox").nth(3).check()
    page.get_by_role("button", name="Let the chosen ones in").click()
    expect(page.get_by_role("heading", name=re.compile("^11 reports"))).to_be_visible()
    page.get_by_role("button", name="Keep all held").click()
    expect(page.get_by_text("They stay held.")).to_be_visible()
    expect(rows).to_have_count(2)
    page.get_by_role("link", name=re.compile("^11 reports")).click()
    expect(page.get_by_text("Grace Hopper said so.")).to_be_visible()
    page.get_by_role("button", name="Let all 11 in").click()
    expect(page.get_by_text("let 11 held reports in")).to_have_count(0)
    with house.app.database.transaction() as tx:
        kinds = [row[0] for row in tx.execute("select kind from event where kind like 'flood%' order by id")]
    assert kinds == ["flood_began", "flood_kept", "flood_let_in"]


@pytest.mark.soak
def test_s3_a_link_is_shown_once_and_can_be_revoked(house: House, page: Page):
    """S3: a shelter (staff make links for many reports)."""
    come_in(page, house)
    page.goto(f"{house.origin}/links")
    page.get_by_label("For whom").fill("a shelter")
    page.get_by_role("button", name="Make a link").click()
    made = page.locator(".secret").inner_text()
    assert re.fullmatch(r"http://localhost:\d+/with/[A-Za-z0-9_-]{43}", made)
    expect(page.get_by_role("row", name=re.compile("a shelter 0 of 60"))).to_contain_text("Grace Hopper")
    page.goto(f"{house.origin}/links")
    assert made not in page.content()
    page.get_by_role("button", name="Revoke the link for a shelter").click()
    expect(page.get_by_role("row", name=re.compile("a shelter"))).to_contain_text("revoked")
