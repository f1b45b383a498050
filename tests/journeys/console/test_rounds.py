"""The case page says of each check what it showed beside its control, and calls nothing gone without one."""

import pytest
from playwright.sync_api import Page, expect

from browser import snapshot
from console_house import House
from reviewing import REASON, REMOVE, decide, removal, remove, sit_down, take_effect
from takeback.errors import Unavailable
from takeback.takedown import service as takedown


def test_each_check_is_told_with_its_control(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_down(page, house)
    case = house.case(copies=1)
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    take_effect(house, case)
    remove(house, case)
    database, platform = house.app.database, house.platform
    with database.transaction() as tx:
        [target] = takedown.progress(tx, case)
    takedown.look(database, platform, removal(database, target.target), 1, ())
    monkeypatch.setattr(platform, "control", lambda: None)
    with pytest.raises(Unavailable, match="no control to look at"):
        takedown.look(database, platform, removal(database, target.target), 2, ())
    with database.transaction() as tx:
        takedown.give_up_look(tx, target.target, 2, "in vain", ())
    page.goto(f"{house.origin}/case/{case}")
    expect(
        page.get_by_text("picture not certain for an administrator, a stranger and a member")
    ).to_be_visible()
    expect(page.get_by_text("gone at the last certain check")).to_be_visible()
    page.get_by_text("3 checks: 2 gone, 1 not certain").click()
    seen = "check 2: gone; control seen by a stranger, a member and an administrator"
    expect(page.get_by_text(seen)).to_be_visible()
    expect(page.get_by_text("check 3: not certain; there was no control")).to_be_visible()
    snapshot(page, "console-case-rounds")
    page.locator(".history summary").click()
    history = page.locator(".history li").all_inner_texts()
    assert history[-1].endswith("Copy 1 was looked for (check 3): not certain, nothing is claimed.")
