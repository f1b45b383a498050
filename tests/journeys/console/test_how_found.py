"""Copies that are not simply the picture: where it lies in a larger one, when in a clip, and what only may be
the same until a reviewer says so.
"""

import io

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from browser import snapshot
from console_house import House, picture
from reviewing import REASON, REMOVE, decide, remove, sit_down, status, take_effect
from takeback.cases.model import CaseStatus
from takeback.events import ConfirmationUndone, CopyConfirmed
from takeback.ids import CaseId, SightingId
from takeback.infra import clock
from takeback.infra.ledger import store as ledger


def a_page() -> bytes:
    """A screenshot in which the picture is shown at (60, 90), 480 by 360."""
    page = Image.new("RGB", (900, 600), (236, 236, 232))
    page.paste((40, 60, 90), (0, 0, 900, 56))
    for top in (110, 150, 190, 230):
        page.paste((170, 170, 170), (590, top, 840, top + 14))
    page.paste(Image.open(io.BytesIO(picture(0))), (60, 90))
    data = io.BytesIO()
    page.save(data, "PNG")
    return data.getvalue()


def found(house: House, case: CaseId, number: int, how: str, data: bytes | None = None) -> SightingId:
    """A copy that was found in this way: columns of cases_copy."""
    sighting = house.add_copy(case, number, clock.now(), data)
    with house.app.database.transaction() as tx:
        tx.execute(
            f"update cases_copy set flip = 0, negative = false, {how} where sighting_id = %s", [sighting]
        )
    return sighting


PANEL = "distance = 8, cut = 'panel', box = '{60,90,480,360}'"
MAYBE = "distance = 41, review_only = true"


def test_each_copy_says_how_it_was_found_and_where_it_lies(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=1)
    boxed = found(house, case, 1, PANEL, a_page())
    found(house, case, 2, "distance = 3, cut = 'frame', at_ms = 12400")
    found(house, case, 3, "distance = 12, exact = false")
    found(house, case, 4, "distance = null, review_only = true, stage = 2, inliers = 37")
    found(house, case, 5, MAYBE)
    page.goto(f"{house.origin}/case/{case}")
    for said in (
        "a part of a larger picture (outlined), 8 of 256 bits differ",
        "moment 0:12 of a clip, 3 of 256 bits differ",
        "by a quick reading, for the post was gone before the exact one",
        "geometric agreement, 37 points",
        "the picture itself, 41 of 256 bits differ",
    ):
        expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_text("may be the same; needs your eye")).to_have_count(2)
    outline = page.locator(f"#copy-{boxed} img.outline")
    outline.scroll_into_view_if_needed()
    page.wait_for_function(
        "image => image.complete && image.naturalWidth === 900", arg=outline.element_handle()
    )
    snapshot(page, "console-how-found")


def test_what_may_be_the_same_counts_once_a_reviewer_says_so(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=1)
    candidate = found(house, case, 1, MAYBE)
    page.goto(f"{house.origin}/case/{case}")
    tile = page.locator(f"#copy-{candidate}")
    page.get_by_role("radio", name=REMOVE).check()
    expect(page.get_by_text("Removes 1 copy in 1 place")).to_be_visible()
    expect(page.get_by_text("1 copy that may be the same stays until somebody says.")).to_be_visible()
    tile.get_by_role("button", name="Same picture", exact=True).click()
    expect(tile.get_by_text("confirmed: the same picture")).to_be_visible()
    tile.get_by_role("button", name="Take that back").click()
    expect(tile.get_by_text("may be the same; needs your eye")).to_be_visible()
    with house.app.database.transaction() as tx:
        said = ledger.recent(tx, (CopyConfirmed, ConfirmationUndone), 9)
    assert [type(each.event) for each in said] == [ConfirmationUndone, CopyConfirmed]


@pytest.mark.soak
def test_what_is_found_after_the_decision_waits_in_the_queue_and_can_still_be_said(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=1)
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    take_effect(house, case)
    remove(house, case)
    candidate = found(house, case, 1, MAYBE)
    assert status(house, case) is CaseStatus.REMOVED
    page.goto(f"{house.origin}/?show=candidates")
    expect(page.get_by_text("1 may be the same")).to_be_visible()
    snapshot(page, "console-queue-candidates")
    page.get_by_role("link", name=str(case)[:8]).click()
    page.locator(f"#copy-{candidate}").get_by_role("button", name="Not the same picture").click()
    expect(page.locator(f"#copy-{candidate}").get_by_text("not the same picture", exact=True)).to_be_visible()
    page.goto(f"{house.origin}/?show=candidates")
    expect(page.get_by_text("Nothing needs your eye.")).to_be_visible()


@pytest.mark.soak
def test_with_candidates_alone_nothing_can_be_removed_yet(house: House, page: Page):
    sit_down(page, house)
    case = house.case()
    found(house, case, 1, MAYBE)
    page.goto(f"{house.origin}/case/{case}")
    expect(page.get_by_role("radio", name=REMOVE)).to_be_disabled()
    expect(page.get_by_text("possible once a copy is confirmed")).to_be_visible()


@pytest.mark.soak
def test_a_picture_that_is_not_looked_for_is_told_with_the_reason(house: House, page: Page):
    sit_down(page, house)
    case = house.case()
    with house.app.database.transaction() as tx:
        tx.execute(
            "insert into bank_refusal select report_id, 'picture 1', 'well_known', now() from cases_case"
        )
    page.goto(f"{house.origin}/case/{case}")
    expect(page.get_by_text("picture 1: it is a picture that everybody shares")).to_be_visible()
