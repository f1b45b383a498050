"""What is asked for an account: a second administrator agrees, and the person concerned is told (H9)."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from browser import NewPage, Scheme
from console_house import House
from console_pictures import SIZES, check
from soaking import quick
from takeback.entrypoints.console.theme import COOKIE
from takeback.infra import clock
from takeback.staff import request_rules, requests
from takeback.staff.model import Role


def seasoned(house: House) -> None:
    """Everybody has been here for long and has a way in."""
    with house.app.database.transaction() as tx:
        tx.execute(
            "update staff_account set made_at = made_at - %s, administrator_since = administrator_since - %s",
            [request_rules.MATURE, request_rules.MATURE],
        )
        tx.execute(
            "insert into staff_passkey (credential_id, staff_id, public_key, sign_count, made_at)"
            " select convert_to(name, 'UTF8'), id, 'x', 0, made_at from staff_account on conflict do nothing"
        )


def come_in(page: Page, house: House, name: str, role: Role = Role.ADMINISTRATOR) -> Page:
    page.goto(house.invite(name, role))
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")
    seasoned(house)
    return page


def staff_page(page: Page, house: House) -> Page:
    page.goto(house.origin + "/staff")
    return page


def test_a_new_way_in_takes_two_and_is_told_to_the_person_concerned(house: House, new_page: NewPage):
    """H9: an administrator could become any reviewer."""
    ada = come_in(new_page(), house, "Ada Byron")
    bea = come_in(new_page(), house, "Bea Wolf")
    ruth = come_in(new_page(), house, "Ruth Lark", Role.REVIEWER)
    staff_page(ada, house).get_by_role("button", name="New link for Ruth Lark").click()
    code = ada.locator(".once .secret").inner_text()
    assert re.fullmatch(r"[A-Z2-9]{5}-[A-Z2-9]{5}", code)
    expect(ada.get_by_text("Bea Wolf can agree.")).to_be_visible()
    expect(ada.get_by_role("button", name=re.compile("^Agree"))).to_have_count(0)

    ruth.goto(house.origin + "/")
    expect(ruth.get_by_text("Something was asked for your account.")).to_be_visible()
    ruth.get_by_role("link", name="See who asked").click()
    expect(
        ruth.get_by_text("Ada Byron asked for a new way into your account: waits for a second person.")
    ).to_be_visible()

    expect(staff_page(bea, house).get_by_role("link", name="Staff 1")).to_be_visible()
    bea.get_by_role("button", name=re.compile("^Agree")).click()
    link = bea.locator(".once .secret").inner_text()

    thief = new_page()
    thief.goto(link)
    thief.get_by_label("Code").fill("AAAAA-AAAAA")
    thief.get_by_role("button", name="Come in").click()
    expect(thief.get_by_role("alert")).to_contain_text("does not fit")
    ruth.reload()
    expect(ruth.get_by_text("Bea Wolf agreed; it is done")).to_be_visible()

    again = new_page()
    again.goto(link)
    expect(again.get_by_text("your password and all your other sessions end")).to_be_visible()
    again.get_by_label("Code").fill(code)
    again.get_by_role("button", name="Come in").click()
    again.wait_for_url(house.origin + "/")
    expect(again.get_by_text("Something was asked for your account, and is done.")).to_be_visible()
    ruth.reload()
    assert "/login" in ruth.url
    again.get_by_role("link", name="See who asked").click()
    again.get_by_role("button", name="I have read this").click()
    again.goto(house.origin + "/")
    expect(again.get_by_text("Something was asked for your account")).to_have_count(0)
    another = new_page()  # whoever came in as her on another browser cannot hide it from her
    another.goto(house.origin + "/login")
    another.context.add_cookies([c for c in again.context.cookies() if c["name"] != "takeback-told"])
    another.goto(house.origin + "/")
    expect(another.get_by_text("Something was asked for your account")).to_be_visible()


@pytest.mark.soak
def test_the_person_concerned_can_object_while_it_waits(house: House, new_page: NewPage):
    ada = come_in(new_page(), house, "Ada Byron")
    bea = come_in(new_page(), house, "Bea Wolf")
    staff_page(ada, house).get_by_role("button", name="Make Bea Wolf a reviewer").click()
    bea.goto(house.origin + "/account")
    bea.get_by_role("button", name="I object: stop it").click()
    expect(bea.get_by_text("Ada Byron asked that you become a reviewer: you stopped it.")).to_be_visible()
    expect(staff_page(ada, house).get_by_text("Bea Wolf stopped it")).to_be_visible()
    expect(ada.get_by_role("heading", name="Waits for a second person")).to_have_count(0)


@pytest.mark.soak
def test_where_nobody_else_can_agree_the_operator_is_named(house: House, page: Page):
    come_in(page, house, "Ada Byron")
    staff_page(page, house).get_by_label("Name").first.fill("Nina")
    page.get_by_label("Role").select_option("administrator")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("Hand this code to Nina yourself")).to_be_visible()
    expect(page.get_by_text("takeback staff approve")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Stop that Nina")).click()
    expect(page.get_by_text("you stopped it")).to_be_visible()


@pytest.mark.soak
@pytest.mark.parametrize("scheme", quick("dark", every=["dark", "light"]))
@pytest.mark.parametrize("size", quick("narrow", every=["desktop", "narrow"]))
def test_it_looks_as_it_should(house: House, new_page: NewPage, scheme: Scheme, size: str):
    device, viewport = SIZES[size]
    page = new_page(device, scheme)
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": COOKIE, "value": scheme, "url": house.origin}])
    come_in(page, house, "Ada Byron")
    for name, role in (("Bea Wolf", Role.ADMINISTRATOR), ("Ruth Lark", Role.REVIEWER)):
        house.invite(name, role)
    seasoned(house)
    now = clock.now() + timedelta(seconds=1)
    with house.app.database.transaction() as tx:
        ids = {row[1]: row[0] for row in tx.execute("select id, name from staff_account").fetchall()}
        ada, bea, ruth = (ids[name] for name in ("Ada Byron", "Bea Wolf", "Ruth Lark"))
        requests.change_role(tx, ruth, Role.ADMINISTRATOR, by=bea, now=now)
        requests.change_role(tx, ada, Role.REVIEWER, by=bea, now=now)
        requests.invite(tx, "Nina", Role.ADMINISTRATOR, by=ada, now=now)
        requests.disable(tx, ruth, by=ada, now=now)
    suffix = f"{size}-{scheme}"
    page.goto(house.origin + "/staff")
    check(page, f"requests-staff-{suffix}")
    page.goto(house.origin + "/account")
    check(page, f"requests-account-{suffix}")
    page.goto(house.origin + "/attention")
    check(page, f"requests-banner-{suffix}")
    with house.app.database.transaction() as tx:
        made = requests.invite(tx, "Bea Wolf", Role.ADMINISTRATOR, by=ada, now=now)
        _, token = requests.approve(tx, made.request.id, by=None, now=now)
    page.context.clear_cookies(name="takeback")
    page.goto(f"{house.origin}/welcome/{token}")
    check(page, f"requests-welcome-{suffix}")
