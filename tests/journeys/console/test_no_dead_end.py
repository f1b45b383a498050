"""What changed, who decided otherwise, and how a decision is taken back: as reviewers meet it."""

import pytest
from playwright.sync_api import Page, expect

from browser import NewPage, snapshot
from console_house import House
from reviewing import LEAVE, REASON, REMOVE, decide, sit_down, status, take_effect
from takeback.cases.model import CaseStatus
from takeback.events import Decided, DecisionDisputed, DecisionObjected
from takeback.infra import clock
from takeback.infra.ledger import store as ledger
from takeback.staff.model import Role


def events(house: House, kind: type) -> list:
    with house.app.database.transaction() as tx:
        return [each.event for each in ledger.recent(tx, (kind,), 100)]


@pytest.mark.soak
def test_h2_deciding_unlooked_is_pointed_out_first(house: House, page: Page):
    """H2: the second press, with the box ticked, is the one that decides; it is recorded."""
    sit_down(page, house)
    case = house.case(copies=2)
    page.goto(f"{house.origin}/case/{case}")
    page.get_by_role("radio", name=REMOVE).check()
    page.get_by_label(REASON).check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert")).to_have_text("You have looked at none of these copies.")
    assert status(house, case) is CaseStatus.OPEN
    expect(page.get_by_label(REASON)).to_be_checked()
    snapshot(page, "console-case-not-looked")
    page.get_by_role("checkbox", name="I decide without looking").check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.locator(".history summary").click()
    expect(page.locator(".history")).to_contain_text("for 2 copies, of which she looked at 0")


def test_h2_a_page_that_is_no_longer_true_is_answered_with_what_changed(house: House, page: Page):
    """H2: a copy that came while the page was open is shown, marked, and covered only after that."""
    sit_down(page, house)
    case = house.case(copies=2)
    page.goto(f"{house.origin}/case/{case}")
    sighting = house.add_copy(case, 7, clock.now())
    page.get_by_role("radio", name=REMOVE).check()
    page.get_by_label(REASON).check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert")).to_contain_text("1 copy was found (copy 3)")
    expect(page.locator(".tile.new")).to_have_count(1)
    snapshot(page, "console-case-changed")
    assert events(house, Decided) == []
    decide(page, REMOVE, REASON)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    [decided] = events(house, Decided)
    assert str(sighting) in decided.copies.split()


@pytest.mark.soak
def test_h10_two_reviewers_who_decide_differently_both_see_it(house: House, page: Page, new_page: NewPage):
    """H10: the second reviewer got a silent refusal, and a page in favour of the first."""
    sit_down(page, house)
    other = new_page()
    sit_down(other, house, "Grace Hopper")
    case = house.case(copies=2)
    for each in (page, other):
        each.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    decide(other, LEAVE, "Not intimate")
    page.reload()
    for each in (page, other):
        expect(each.get_by_role("heading", name="Decided differently")).to_be_visible()
        expect(each.locator(".disputed")).to_contain_text(f"Ada Byron: {REMOVE}")
        expect(each.locator(".disputed")).to_contain_text(f"Grace Hopper: {LEAVE}")
    snapshot(other, "console-case-disputed")
    assert len(events(house, DecisionDisputed)) == 1
    assert status(house, case) is CaseStatus.SECOND_LOOK
    page.goto(f"{house.origin}/attention")
    expect(page.get_by_text("decided otherwise")).to_be_visible()


def test_h10_who_comes_too_late_and_disagrees_is_told_and_heard(house: House, page: Page, new_page: NewPage):
    sit_down(page, house)
    other = new_page()
    sit_down(other, house, "Grace Hopper")
    case = house.case(copies=2)
    for each in (page, other):
        each.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    take_effect(house, case)
    decide(other, LEAVE, "Not intimate")
    expect(other.get_by_role("alert")).to_contain_text("A colleague decided otherwise")
    assert len(events(house, DecisionObjected)) == 1


def test_h10_a_decision_in_effect_can_be_reversed_and_a_closed_case_opened_again(house: House, page: Page):
    """H10: what cannot be undone on the platform is said before it is pressed."""
    sit_down(page, house, role=Role.ADMINISTRATOR)
    case = house.case(copies=2)
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    take_effect(house, case)
    page.reload()
    page.get_by_text("Reverse the decision").click()
    expect(page.locator(".reverse")).to_contain_text("2 removals not done yet are called off")
    snapshot(page, "console-case-reverse")
    for _ in range(2):  # what moves is shown again each second, and leaves open what she opened
        with page.expect_response("**/status"):
            pass
    expect(page.locator(".reverse")).to_have_attribute("open", "")
    page.get_by_role("button", name="Reverse it").click()
    expect(page.get_by_role("button", name="Decide")).to_be_visible()
    assert status(house, case) is CaseStatus.OPEN
    decide(page, LEAVE, "Not intimate")
    take_effect(house, case)
    page.reload()
    snapshot(page, "console-case-closed")
    page.get_by_label("Decide it again").select_option(label="Somebody objected")
    page.get_by_role("button", name="Open it again").click()
    expect(page.get_by_role("button", name="Decide")).to_be_visible()
    page.locator(".history summary").click()
    expect(page.locator(".history")).to_contain_text("Somebody objected. Ada Byron opened the case")


@pytest.mark.soak
def test_h4_a_case_out_of_reach_is_closed_as_such(house: House, page: Page):
    """H4: the console could close it only as "not an intimate image"."""
    sit_down(page, house)
    case = house.case(pictures=0, locations=("https://unconnected.example/group",))
    page.goto(f"{house.origin}/case/{case}")
    decide(page, "Nothing can be done here", "It is on a platform that we are not connected to")
    take_effect(house, case)
    page.reload()
    expect(page.locator(".case-head .chip")).to_have_text("closed")
    expect(page.locator(".case-status")).to_contain_text("Nothing can be done here.")
    assert status(house, case) is CaseStatus.OUT_OF_REACH
