"""The console is dark for everyone, until somebody chooses otherwise."""

import pytest
from playwright.sync_api import Page, expect

from browser import NewPage, Scheme
from console_house import House
from every import every
from soaking import quick
from takeback.entrypoints.console.theme import COOKIE, KEPT
from takeback.infra import clock

DARK, LIGHT = "rgb(19, 19, 21)", "rgb(242, 242, 244)"


def ground(page: Page) -> str:
    """The colour behind everything."""
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def sit_down(page: Page, house: House) -> None:
    page.goto(house.invite())
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")
    page.goto(house.origin + "/account")


def choose(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("scheme", quick("light", every=["light", "dark"]))
def test_it_is_dark_whatever_the_system_asks_for(house: House, new_page: NewPage, scheme: Scheme):
    page = new_page(scheme=scheme)
    page.goto(house.origin + "/login")
    assert ground(page) == DARK
    sit_down(page, house)
    assert ground(page) == DARK
    assert page.get_by_role("group", name="Colours").locator("[aria-pressed=true]").all_inner_texts() == [
        "Dark"
    ]


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_a_choice_holds_on_every_page_and_is_in_what_the_server_sends(
    house: House, new_page: NewPage, javascript: bool
):
    page = new_page(scheme="dark", javascript=javascript)
    sit_down(page, house)
    choose(page, "Light")
    for path in ("/account", "/", f"/case/{house.case()}", "/nothing/here", "/login"):
        sent = page.goto(house.origin + path)
        assert sent is not None
        assert 'data-theme="light"' in sent.text(), path
        assert '<meta name="color-scheme" content="light">' in sent.text(), path
        assert ground(page) == LIGHT, path


@pytest.mark.soak
def test_who_wants_it_as_the_system_gets_that_also_when_it_changes(house: House, new_page: NewPage):
    page = new_page(scheme="light")
    sit_down(page, house)
    choose(page, "As my system")
    assert ground(page) == LIGHT
    page.emulate_media(color_scheme="dark")
    assert ground(page) == DARK
    choose(page, "Light")
    assert ground(page) == LIGHT
    choose(page, "Dark")
    page.emulate_media(color_scheme="light")
    assert ground(page) == DARK


@pytest.mark.soak
def test_the_choice_is_kept_for_a_year_and_outlives_the_session(house: House, page: Page):
    sit_down(page, house)
    choose(page, "Light")
    (kept,) = [each for each in page.context.cookies() if each.get("name") == COOKIE]
    assert (kept.get("value"), kept.get("path"), kept.get("sameSite")) == ("light", "/", "Strict")
    assert abs(kept.get("expires", 0) - (clock.now() + KEPT).timestamp()) < 60
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    assert ground(page) == LIGHT


@every("value", ["", "pink", "light; x", "LIGHT", '"><script>'])
def test_a_cookie_that_says_nothing_known_means_dark(house: House, page: Page, value: str):
    answer = page.request.get(house.origin + "/login", headers={"cookie": f"{COOKIE}={value}"})
    assert answer.status == 200
    expected = "light" if value == "light; x" else "dark"  # the rest is another cookie
    assert f'data-theme="{expected}"' in answer.text()


def test_only_a_form_of_ones_own_session_can_choose(house: House, page: Page):
    sit_down(page, house)
    headers = {"origin": house.origin}
    forged = page.request.post(
        house.origin + "/account/theme", form={"theme": "light", "csrf": "x"}, headers=headers
    )
    assert forged.status == 409
    assert COOKIE not in forged.headers.get("set-cookie", "")
    csrf = page.locator("input[name=csrf]").first.get_attribute("value")
    odd = page.request.post(
        house.origin + "/account/theme", form={"theme": "pink", "csrf": str(csrf)}, headers=headers
    )
    assert odd.status == 422
