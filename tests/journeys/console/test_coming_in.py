"""Log in and out: the one-time link, a passkey, a password with a code."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pyotp
import pytest
from playwright.sync_api import Page, expect

import waiting
from browser import NewPage
from console_house import House
from takeback.staff.model import Role

PASSWORD = "violet anchor 93 soup"


def virtual_authenticator(page: Page) -> None:
    """A device that confirms that its owner is there."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def come_in(page: Page, house: House, name: str = "Ada Byron", role: Role = Role.ADMINISTRATOR) -> None:
    page.goto(house.invite(name, role))
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")


def set_password(page: Page) -> pyotp.TOTP:
    """Set a password and a code generator; the generator."""
    page.get_by_role("link", name="Set a password").click()
    page.get_by_text("I cannot scan it").click()
    secret = page.locator(".secret").inner_text().replace(" ", "")
    generator = pyotp.TOTP(secret)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("Code that the app shows now").fill(generator.now())
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/account")
    return generator


def test_a_link_leads_in_once_and_a_passkey_leads_back_in(house: House, page: Page):
    virtual_authenticator(page)
    link = house.invite()
    page.goto(link)
    page.goto(link)  # looking again, as link previews do, uses nothing up
    page.get_by_role("button", name="Come in").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/account")
    expect(page.get_by_text("Passkey 1")).to_be_visible()
    log_out(page)
    page.goto(link)
    expect(page.get_by_role("heading", name="This link does not work any more")).to_be_visible()
    page.goto(house.origin + "/staff")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/staff")
    expect(page.get_by_role("heading", name="Staff")).to_be_visible()


def test_a_password_needs_its_code_and_a_used_code_does_not_work_again(house: House, page: Page):
    come_in(page, house)
    generator = set_password(page)
    log_out(page)
    used = generator.now()
    for code, works in ((used, False), (None, True)):
        page.get_by_label("Name").fill("ada byron")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Code").fill(code or fresh_code(house, generator))
        page.get_by_role("button", name="Log in with password").click()
        if not works:
            expect(page.get_by_role("alert")).to_contain_text("do not fit together")
            expect(page.get_by_label("Name")).to_have_value("ada byron")
    page.wait_for_url(house.origin + "/")


def fresh_code(house: House, generator: pyotp.TOTP) -> str:
    """A code that was not used: the next one is accepted too, or the last use is made older."""
    with house.app.database.transaction() as tx:
        tx.execute("update staff_account set totp_used = totp_used - 10")
    return generator.now()


@pytest.mark.soak
def test_a_code_that_does_not_fit_is_said_and_the_same_qr_stays(house: House, page: Page):
    come_in(page, house)
    page.get_by_role("link", name="Set a password").click()
    page.get_by_text("I cannot scan it").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("Code that the app shows now").fill("000000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("code does not fit")
    page.get_by_text("I cannot scan it").click()
    assert page.locator(".secret").inner_text() == secret


@pytest.mark.soak
def test_later_lets_one_in_and_every_page_says_that_the_link_is_used(house: House, page: Page):
    come_in(page, house)
    page.get_by_role("link", name="Later").click()
    expect(page.get_by_text("the link that you used does not work twice")).to_be_visible()


@pytest.mark.soak
def test_the_log_in_works_without_scripts(house: House, new_page: NewPage):
    page = new_page(javascript=False)
    come_in(page, house)
    set_password(page)
    log_out(page)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()


def test_too_many_wrong_passwords_make_one_wait(house: House):
    with httpx2.Client(base_url=house.origin, headers={"origin": house.origin}) as http:
        form = {"name": "Nobody", "password": "wrong wrong wrong", "code": "000000"}
        answers = [http.post("/login", data=form) for _ in range(5)]
        more = (http.post("/login", data=form) for _ in range(9))  # on a slow machine the first wait is over
        last = next((answer for answer in more if answer.status_code != 403), answers[-1])
    assert [answer.status_code for answer in answers] == [403] * 5
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1
    assert "a passkey works at once" in last.text


def test_the_cookie_is_kept_from_scripts_and_other_sites(house: House, page: Page):
    come_in(page, house)
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert page.evaluate("document.cookie") == ""


def test_a_session_ends_when_its_owner_is_disabled(house: House, new_page: NewPage):
    boss, other = new_page(), new_page()
    come_in(boss, house)
    come_in(other, house, "Grace Hopper", Role.REVIEWER)
    boss.goto(house.origin + "/staff")
    boss.get_by_role("button", name="Disable Grace Hopper").click()
    expect(boss.get_by_role("button", name="Enable Grace Hopper")).to_be_visible()
    other.goto(house.origin + "/attention")
    assert urlsplit(other.url).path == "/login"
    assert parse_qs(urlsplit(other.url).query) == {"next": ["/attention"]}


@pytest.mark.soak
def test_a_reviewer_finds_the_staff_page_closed(house: House, page: Page):
    come_in(page, house, "Grace Hopper", Role.REVIEWER)
    answer = page.goto(house.origin + "/staff")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", name="For administrators")).to_be_visible()
    assert page.get_by_role("link", name="Staff").count() == 0


@pytest.mark.soak
def test_an_administrator_invites_and_makes_a_key_that_is_shown_once(house: House, page: Page):
    come_in(page, house)
    page.goto(house.origin + "/staff")
    page.get_by_label("Name").first.fill("Grace Hopper")
    page.get_by_role("button", name="Invite").click()
    assert re.match(rf"{house.origin}/welcome/[\w-]{{43}}$", page.locator(".once .secret").inner_text())
    page.get_by_label("Name").last.fill("our chat")
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator(".once .secret")).to_contain_text("tbk_")
    page.goto(house.origin + "/staff")
    assert page.locator(".once").count() == 0
    page.get_by_role("button", name="Revoke our chat").click()
    expect(page.get_by_text("revoked")).to_be_visible()


# --- what strangers and other sites may not ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 403),  # passes the fence, and then name and password are wrong
    ],
)
def test_a_form_from_elsewhere_does_nothing(house: House, headers: dict[str, str], status: int):
    answer = httpx2.post(f"{house.origin}/login", data={"name": "x"}, headers=headers)
    assert answer.status_code == status
    fenced = "came from another site" in answer.text
    assert fenced == (headers.get("sec-fetch-site") != "same-origin")


def test_a_form_without_this_sessions_token_does_nothing(house: House, page: Page):
    come_in(page, house)
    case = house.case(copies=1)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    answer = httpx2.post(
        f"{house.origin}/case/{case}/decide",
        data={"verdict": "shared_without_consent", "reason": "made_in_secret", "csrf": "0" * 64},
        cookies=cookies,
        headers={"origin": house.origin},
    )
    assert answer.status_code == 409
    with house.app.database.transaction() as tx:
        assert tx.execute("select count(*) from cases_decision").fetchone() == (0,)


def test_another_host_is_turned_away_and_loopback_is_led_to_the_right_one(house: House):
    port = urlsplit(house.origin).port
    elsewhere = httpx2.get(f"{house.origin}/login", headers={"host": "rebound.example"})
    assert elsewhere.status_code == 421
    led = httpx2.get(f"http://127.0.0.1:{port}/login?next=/staff")
    assert led.status_code == 307
    assert led.headers["location"] == f"{house.origin}/login?next=/staff"


def test_the_log_in_leads_nowhere_else(house: House, page: Page):
    come_in(page, house)
    for path in ("//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "x"):
        page.goto(f"{house.origin}/login?next={path}")
        assert page.url == house.origin + "/", path


def test_every_answer_forbids_what_pages_do_not_need(house: House):
    for path in ("/login", "/no/such/page", "/welcome/x", "/static/x/y"):
        answer = httpx2.get(house.origin + path)
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["x-content-type-options"] == "nosniff", path


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"a=" + b"b" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"x", "multipart/form-data; boundary=x", 415),
        (b"{}", "application/json", 415),
    ],
)
def test_only_small_plain_forms_are_read(house: House, content: bytes, kind: str, status: int):
    headers = {"origin": house.origin, "content-type": kind}
    assert httpx2.post(f"{house.origin}/login", content=content, headers=headers).status_code == status


def test_no_page_asks_anything_from_elsewhere(house: House, page: Page):
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    come_in(page, house)
    case = house.case(copies=2)
    for path in ("/", f"/case/{case}", "/attention", "/staff", "/account", "/account/password"):
        page.goto(house.origin + path)
        page.wait_for_load_state("networkidle")
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(house.origin).netloc}
    assert faults == []
    waiting.until(lambda: page.evaluate("document.readyState") == "complete")
