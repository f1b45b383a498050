"""Look, decide, undo, and watch what follows."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

import waiting
from browser import NewPage, snapshot
from console_house import HOUR, House
from reviewing import CANNOT, LEAVE, REASON, REMOVE, decide, remove, sit_down, status, take_effect
from takeback.cases.model import CaseStatus
from takeback.events import MediaRevealed, RemovalFailed
from takeback.infra import clock
from takeback.infra.ledger import store as ledger


def looks(house: House) -> list[MediaRevealed]:
    with house.app.database.transaction() as tx:
        return [
            each.event
            for each in ledger.recent(tx, (MediaRevealed,), 100)
            if isinstance(each.event, MediaRevealed)
        ]


def history(page: Page) -> list[str]:
    """The lines of the open history, as many as it says there are."""
    lines = page.locator(".history li").all_inner_texts()
    expect(page.locator(".history summary")).to_contain_text(f"{len(lines)} entries")
    return lines


# --- decide ------------------------------------------------------------------------------------------------


def test_a_decision_says_what_it_does_can_be_undone_and_is_then_watched(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=5)
    page.goto(f"{house.origin}/case/{case}")
    page.get_by_role("radio", name=REMOVE).check()
    expect(page.get_by_text("Removes 5 copies in 4 places and blocks new ones.")).to_be_visible()

    decide(page, REMOVE, REASON)
    expect(page.get_by_role("timer")).to_contain_text("It takes effect in")
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Decide")).to_be_visible()
    assert status(house, case) is CaseStatus.OPEN

    decide(page, REMOVE, REASON)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    snapshot(page, "console-case-undo")
    page.locator(".history summary").click()
    assert len(history(page)) == 3, "decided, taken back, decided"
    take_effect(house, case)
    expect(page.get_by_text("0 of 5 copies removed and seen to be gone.")).to_be_visible()
    remove(house, case, check=False)
    expect(page.get_by_text("removed by the platform, now checked")).to_have_count(5)
    assert page.get_by_text("copies removed, and seen to be gone").count() == 0, "nobody has looked yet"
    remove(house, case)
    expect(page.get_by_text("5 copies removed, and seen to be gone.")).to_be_visible()
    in_queue = page.locator(".left [aria-current]")
    expect(in_queue.locator(".chip")).to_have_text("removed")
    assert in_queue.inner_text().count("removed") == 1, "the chip has said it"
    expect(page.get_by_text("picture gone for an administrator, a stranger and a member")).to_have_count(5)
    expect(page.locator(".tile.gone")).to_have_count(5)
    lived = history(page)
    assert lived[-1].endswith("Copy 5 was fetched again and is gone.")
    snapshot(page, "console-case-history")
    page.reload()
    expect(page.get_by_role("heading", name="Removed", exact=True)).to_be_visible()
    snapshot(page, "console-case-removed")
    page.locator(".history summary").click()
    assert history(page) == lived


def test_a_removal_that_failed_says_why_and_can_be_tried_again(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=1)
    house.platform.refuses = True
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    take_effect(house, case)
    remove(house, case, check=False)
    expect(page.get_by_text("403 M_FORBIDDEN: the account may not do this", exact=True)).to_be_visible()
    snapshot(page, "console-case-failed")
    with house.app.database.transaction() as tx:
        assert len(ledger.recent(tx, (RemovalFailed,), 10)) == 1
    page.goto(house.origin + "/attention")
    page.get_by_role("link", name="case").first.click()
    page.wait_for_url(f"**/case/{case}")
    house.platform.refuses = False
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    page.locator(".history summary").click()
    expect(page.get_by_text("Ada Byron asked to remove copy 1 once more.")).to_be_visible()
    remove(house, case)
    expect(page.get_by_text("1 copy removed, and seen to be gone.")).to_be_visible()


def test_who_cannot_tell_passes_the_case_on_to_somebody_else(house: House, new_page: NewPage):
    first, second = new_page(), new_page()
    sit_down(first, house)
    sit_down(second, house, "Grace Hopper")
    case = house.case(copies=2)
    first.goto(f"{house.origin}/case/{case}")
    first.get_by_label("Note").fill("too dark for me")
    decide(first, CANNOT, "The picture is unclear")
    take_effect(house, case)
    expect(first.get_by_role("heading", name="Passed on")).to_be_visible()
    first.reload()
    assert first.get_by_role("button", name="Decide").count() == 0
    second.goto(f"{house.origin}/?show=second_look")
    second.get_by_role("row").last.get_by_role("link").click()
    expect(second.get_by_text("too dark for me")).to_be_visible()
    snapshot(second, "console-case-second-look")
    decide(second, LEAVE, "Not intimate")
    expect(second.get_by_role("button", name="Undo")).to_be_visible()


@pytest.mark.soak
def test_a_decision_without_its_reason_is_said_and_keeps_what_was_typed(house: House, new_page: NewPage):
    page = new_page(javascript=False)
    sit_down(page, house)
    case = house.case(copies=1)
    page.goto(f"{house.origin}/case/{case}")
    page.get_by_role("radio", name=REMOVE).check()
    page.get_by_label("Note").fill("seen on the phone")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a reason for it.")
    expect(page.get_by_label("Note")).to_have_value("seen on the phone")
    expect(page.get_by_role("radio", name=REMOVE)).to_be_checked()


def test_without_scripts_one_can_read_decide_and_undo(house: House, new_page: NewPage):
    page = new_page(javascript=False)
    sit_down(page, house)
    case = house.case(copies=1, account="What happened, in words.", contact="by post")
    page.goto(house.origin)
    page.get_by_role("link", name=str(case)[:8]).click()
    expect(page.get_by_text("What happened, in words.")).to_be_visible()
    page.get_by_label("Contact").select_option("to_answer")
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_text("by post")).to_be_visible()
    assert [look.reason for look in looks(house)] == ["to_answer"]
    decide(page, REMOVE, REASON)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Decide")).to_be_visible()
    assert status(house, case) is CaseStatus.OPEN


@pytest.mark.soak
def test_what_is_not_the_same_picture_is_left_alone(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=3)
    page.goto(f"{house.origin}/case/{case}")
    page.get_by_role("button", name="Not the same picture").first.click()
    expect(page.get_by_role("button", name="It is the same after all")).to_have_count(1)
    page.locator(".history summary").click()
    expect(page.get_by_text("Ada Byron said: copy 1 is not the same picture.")).to_be_visible()
    page.get_by_role("radio", name=REMOVE).check()
    expect(page.get_by_text("Removes 2 copies in 2 places")).to_be_visible()


@pytest.mark.soak
def test_without_a_copy_there_is_nothing_to_remove(house: House, page: Page):
    sit_down(page, house)
    page.goto(f"{house.origin}/case/{house.case()}")
    expect(page.get_by_text("No copy has been found yet.")).to_be_visible()
    expect(page.get_by_role("radio", name=REMOVE)).to_be_disabled()
    expect(page.get_by_role("radio", name=LEAVE)).to_be_enabled()


# --- look --------------------------------------------------------------------------------------------------


def hold(page: Page, number: int = 0) -> None:
    box = page.locator("button.picture").nth(number).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()


def test_a_picture_is_seen_while_it_is_held_and_the_asking_is_recorded(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=2)
    page.goto(f"{house.origin}/case/{case}")
    page.wait_for_load_state("networkidle")
    hold(page)
    page.mouse.up()
    expect(page.get_by_text("Choose a reason first.")).to_be_visible()
    assert looks(house) == []

    page.get_by_label("Look closer").select_option("to_compare")
    hold(page)
    expect(page.locator("#lens")).to_be_visible()
    page.mouse.move(500, 400)
    snapshot(page, "console-look")
    page.mouse.up()
    expect(page.locator("#lens")).to_be_hidden()
    expect(page.get_by_text("You looked 1 time today.")).to_be_visible()
    expect(page.locator(".history summary")).to_contain_text("1 entry")
    assert page.locator("canvas").evaluate("canvas => canvas.width") == 0, "nothing of it stays in the page"
    (seen,) = looks(house)
    assert (seen.case, seen.reason, seen.what.value) == (case, "to_compare", "picture")


def test_keys_are_enough_to_look_and_to_see_all_of_it(house: House, page: Page):
    sit_down(page, house)
    page.goto(f"{house.origin}/case/{house.case(copies=2)}")
    page.get_by_label("Look closer").select_option("to_decide")
    page.get_by_role("heading", name="2 copies").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.down(" ")
    expect(page.locator("#lens")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("a")
    assert page.locator("[data-all]").is_checked()
    snapshot(page, "console-look-all")
    page.keyboard.up(" ")
    expect(page.locator("#lens")).to_be_hidden()


@pytest.mark.soak
def test_a_slip_of_the_finger_is_not_a_look(house: House, page: Page):
    sit_down(page, house)
    page.goto(f"{house.origin}/case/{house.case(copies=1)}")
    page.get_by_label("Look closer").select_option("to_decide")
    hold(page)
    page.mouse.up()
    page.wait_for_load_state("networkidle")
    assert looks(house) == []


def test_a_picture_is_fetched_once_for_a_look_and_only_by_who_asked(house: House, new_page: NewPage):
    page, other = new_page(), new_page()
    sit_down(page, house)
    sit_down(other, house, "Grace Hopper")
    case = house.case(copies=1)
    page.goto(f"{house.origin}/case/{case}")
    address = page.locator("[data-look]").get_attribute("data-look")
    form = {"csrf": page.locator("[data-csrf]").get_attribute("data-csrf"), "reason": "to_decide"}
    headers = {"origin": house.origin}

    def ask() -> str:
        given = page.request.post(house.origin + str(address), form=form, headers=headers)
        return house.origin + given.json()["picture"]

    picture = ask()
    first, again = page.request.get(picture), page.request.get(picture)
    assert first.headers["content-type"] == "image/jpeg"
    assert first.headers["cache-control"] == "no-store"
    assert again.status == 404
    assert other.request.get(ask()).status == 404
    without = page.request.post(house.origin + str(address), form={**form, "reason": ""}, headers=headers)
    assert without.status == 422
    assert len(looks(house)) == 2


@pytest.mark.soak
def test_what_is_gone_or_unreadable_is_drawn_and_not_said_to_be_removed(house: House, page: Page):
    sit_down(page, house)
    case = house.case()
    house.add_copy(case, 0, clock.now())
    house.platform.pictures.clear()
    house.add_copy(case, 1, clock.now(), b"this is not a picture")
    page.goto(f"{house.origin}/case/{case}")
    page.wait_for_load_state("networkidle")
    snapshot(page, "console-case-gone-unreadable")
    tiles = [
        page.request.get(house.origin + str(each.get_attribute("src"))).text()
        for each in page.locator(".tile img").all()
    ]
    assert "No longer there" in tiles[0]
    assert "Cannot be shown" in tiles[1]
    page.get_by_label("Look closer").select_option("to_decide")
    hold(page)
    expect(page.get_by_text("The platform no longer has this picture.")).to_be_visible()
    page.mouse.up()


def test_no_clear_picture_reaches_the_page_by_itself(house: House, page: Page):
    sit_down(page, house)
    sizes: list[int] = []
    page.on(
        "response", lambda answer: sizes.append(len(answer.body())) if "blurred.jpg" in answer.url else None
    )
    page.goto(f"{house.origin}/case/{house.case(copies=4)}")
    page.wait_for_load_state("networkidle")
    waiting.until(lambda: len(sizes) == 4)
    assert max(sizes) < min(map(len, house.platform.pictures.values())) / 3, (
        "twelve pixels a side weigh little"
    )


# --- queue -------------------------------------------------------------------------------------------------


def test_the_queue_is_moved_through_by_keys_and_its_views_are_links(house: House, page: Page):
    sit_down(page, house)
    later, sooner = house.case(copies=3, due_in=9 * HOUR), house.case(copies=1, due_in=timedelta(minutes=30))
    house.case(copies=2, due_in=-HOUR, status="removed")
    page.goto(house.origin)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(str(sooner)[:8])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/case/{later}")
    page.keyboard.press("q")
    page.wait_for_url(house.origin + "/")
    page.get_by_role("link", name="Copies").click()
    assert page.url.endswith("?sort=copies&down=1")
    expect(rows.first).to_contain_text(str(later)[:8])
    page.get_by_role("link", name="Closed").click()
    expect(rows).to_have_count(1)


@pytest.mark.parametrize(
    "path", ["/case/00000000-0000-0000-0000-000000000000", "/case/no-id", "/?sort=nothing"]
)
def test_what_is_not_there_has_a_page_of_its_own(house: House, page: Page, path: str):
    sit_down(page, house)
    answer = page.goto(house.origin + path)
    assert answer is not None
    assert answer.status in {404, 422}
    expect(page.get_by_role("link", name="Go to the queue")).to_be_visible()


@pytest.mark.soak
def test_a_page_that_asks_by_itself_keeps_no_session_awake(house: House, page: Page):
    sit_down(page, house)
    case = house.case(copies=1)
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    with house.app.database.transaction() as tx:
        tx.execute("update staff_session set seen_at = seen_at - interval '29 minutes'")
        before = tx.execute("select seen_at from staff_session").fetchone()
    with page.expect_response(lambda answer: answer.url.endswith("/status")):
        pass
    with house.app.database.transaction() as tx:
        assert tx.execute("select seen_at from staff_session").fetchone() == before
