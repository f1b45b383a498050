"""A person tells what happened, and finds out how it stands."""

import base64
import re
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import FileChooser, Page
from playwright.sync_api import TimeoutError as TookTooLong

import waiting

SHORTEST_TRACE = 24
"""Bytes: no stretch of a picture file this long may be in anything that is sent."""


def chooser(page: Page) -> FileChooser:
    """What Space opens on the file input; a busy browser may swallow it, and a person would press again."""
    for _ in range(3):
        try:
            with page.expect_file_chooser(timeout=6000) as opened:
                page.keyboard.press("Space")
        except TookTooLong:
            continue
        return opened.value
    pytest.fail("Space opens no file chooser")


def test_a_report_with_a_picture_by_keyboard_alone(visitor, photograph, listen):  # noqa: PLR0915 (a way is as long as it is)
    page = visitor.page
    listen(page)
    keys = page.keyboard

    def focused(selector: str) -> None:
        """Press Tab until this is focused; a person would give up after a screenful."""
        page.locator(selector).first.wait_for(state="attached")
        page.wait_for_load_state()
        for _ in range(25):
            if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
                return
            keys.press("Tab")
        pytest.fail(f"{selector} is not reached by Tab")

    page.goto(visitor.portal.url)
    keys.press("Tab")
    assert page.evaluate("document.activeElement.id") == "leave"
    focused("a.main")
    keys.press("Enter")
    page.wait_for_url("**/steps")
    focused("#age")
    keys.press("Space")
    keys.press("Enter")
    page.get_by_role("heading", name="Do you have the picture?").wait_for()
    focused("#file")
    chooser(page).set_files(photograph)
    page.locator(".ready").wait_for()
    assert "Your picture stays on this device. Only this number leaves it:" in visitor.reads()
    focused("button.main")
    keys.press("Enter")
    focused("#where")
    keys.type("https://chat.example/room/1")
    focused("button.main")
    keys.press("Enter")
    focused("#account")
    keys.type("It was only for one person.")
    focused("button.main")
    keys.press("Enter")
    focused("#nonconsent")
    keys.press("Space")
    focused("#good_faith")
    keys.press("Space")
    focused("#signature")
    keys.type("River")
    keys.press("Enter")
    focused("#contact")
    keys.type("river@example.org")
    keys.press("Enter")
    page.get_by_role("heading", name="Is this right?").wait_for()
    focused("#send")
    keys.press("Enter")
    page.get_by_role("heading", name="Your report has arrived").wait_for()

    told = visitor.portal.reports()[-1]
    assert len(told.pictures) == 1
    assert told.locations == ("https://chat.example/room/1",)
    assert told.account == "It was only for one person."
    assert (told.signature, told.contact, told.language) == ("River", "river@example.org", "en")


def test_a_report_with_a_link_without_scripts(new_page, visiting, portal, listen):
    visitor = visiting(new_page("phone", javascript=False))
    listen(visitor.page)
    visitor.begins()
    visitor.is_adult()
    assert visitor.page.get_by_role("heading", name="This one page needs scripts").is_visible()
    assert not visitor.page.locator("#chooser").is_visible()
    visitor.presses("I do not have the picture")
    visitor.tells_where("https://chat.example/room/2\nhttps://chat.example/room/3")
    visitor.presses("Back")
    assert visitor.page.get_by_label("Links or message ids").input_value().split() == [
        "https://chat.example/room/2",
        "https://chat.example/room/3",
    ]
    visitor.presses("Continue")
    visitor.presses("I'd rather not say")
    visitor.signs("M.")
    visitor.presses("I'd rather not say")
    receipt = visitor.sends()
    told = portal.reports()[-1]
    assert (told.pictures, told.locations) == (
        (),
        ("https://chat.example/room/2", "https://chat.example/room/3"),
    )
    visitor.page.get_by_role("link", name="See how things stand").click()
    assert "Your report has arrived and is about to be opened." in visitor.reads()
    assert "UTC" in visitor.reads()
    visitor.looks_up(receipt)
    assert "is about to be opened" in visitor.reads()


def test_nothing_of_the_picture_leaves_but_its_numbers(visitor, photograph, listen):
    heard = listen(visitor.page)
    visitor.goes_to_the_last_page(photograph, where="https://chat.example/room/4")
    visitor.sends()
    bodies = heard.bodies()
    assert sum(b"pictures=" in body for body in bodies) == 1
    picture = photograph.read_bytes()
    sent = b"\n".join(
        part
        for body in bodies
        for part in (body, unquote_plus(body.decode("ascii")).encode("latin-1", "replace"))
    )
    encoded = base64.b64encode(picture)
    assert photograph.stem.encode() not in sent
    assert b"lake" not in sent
    assert b"JFIF" not in sent
    for trace in (picture, encoded, encoded[1:], picture.hex().encode()):
        for at in range(0, len(trace) - SHORTEST_TRACE, SHORTEST_TRACE):
            assert trace[at : at + SHORTEST_TRACE] not in sent
    # What is sent of it is exactly this.
    pictures = {match for body in bodies for match in re.findall(rb"[&?]?pictures=([^&]*)", body) if match}
    assert len(pictures) == 1
    assert re.fullmatch(rb"\d{1,3}(\.[0-9a-f]{64}){8}", pictures.pop())
    assert len(max(bodies, key=len)) < 4096
    assert all(request.method in {"GET", "POST"} for request in heard.requests)
    assert not any("multipart" in request.headers.get("content-type", "") for request in heard.requests)


@pytest.mark.soak
def test_the_page_itself_is_forbidden_to_send_elsewhere(visitor):
    visitor.page.goto(visitor.portal.url)
    blocked = visitor.page.evaluate(
        """async () => {
          const refused = new Promise((done) => {
            addEventListener("securitypolicyviolation", (violation) => done(violation.violatedDirective));
          });
          fetch("http://192.0.2.1/").catch(() => {});
          return refused;
        }"""
    )
    assert blocked == "connect-src"


@pytest.mark.parametrize("answer", ["No", "I am not sure"])
def test_under_18_finds_better_help_and_nothing_is_kept(visitor, listen, answer):
    listen(visitor.page)
    before = len(visitor.portal.reports())
    visitor.begins()
    visitor.page.get_by_label(answer, exact=True).check()
    visitor.presses("Continue")
    page = visitor.page
    assert (
        page.get_by_role("link", name="Take It Down").get_attribute("href") == "https://takeitdown.ncmec.org/"
    )
    assert page.get_by_role("link", name="INHOPE").get_attribute("href") == "https://www.inhope.org/"
    assert "police" in visitor.reads()
    assert page.locator("script, form, input").count() == 0
    assert len(visitor.portal.reports()) == before
    assert page.context.cookies() == []


def test_errors_say_what_to_do_and_keep_what_was_typed(visitor, listen):
    page = visitor.page
    listen(page)
    visitor.begins()
    visitor.presses("Continue")
    assert page.title().startswith("Please check")
    waiting.until(
        lambda: page.evaluate("document.activeElement.id") == "faults", what="the summary to be focused"
    )
    page.get_by_role("link", name="Choose the answer that fits best").click()
    assert page.evaluate("document.activeElement.id") == "age"
    visitor.is_adult()
    visitor.presses("Continue")
    visitor.presses("Continue")
    assert "we have nothing to look for" in visitor.reads()
    visitor.tells_where("https://chat.example/room/5")
    page.get_by_label("What happened").fill("Long ago.\nThen again.")
    visitor.presses("Continue")
    page.get_by_label("Sign with your name").fill("River")
    page.get_by_label("I am the person in the picture").check()
    visitor.presses("Continue")
    described = page.get_by_label("What I say here is true").get_attribute("aria-describedby")
    assert described is not None
    assert "good_faith-fault" in described.split()
    assert page.get_by_label("Sign with your name").input_value() == "River"
    assert page.get_by_label("I am the person in the picture").is_checked()
    visitor.signs()
    visitor.presses("Back")
    visitor.presses("Back")
    assert page.get_by_label("What happened").input_value() == "Long ago.\nThen again."


@pytest.mark.soak
def test_one_answer_is_changed_from_the_last_page(visitor, photograph):
    visitor.goes_to_the_last_page(photograph)
    visitor.presses("Change: Where it is")
    visitor.tells_where("https://chat.example/room/6")
    assert "https://chat.example/room/6" in visitor.reads()
    visitor.presses("Change: The picture")
    assert visitor.page.locator(".number").inner_text()
    visitor.page.get_by_role("button", name="Remove Picture 1").click()
    visitor.presses("Continue")
    assert "Not added" in visitor.reads()
    assert "https://chat.example/room/6" in visitor.reads()


@pytest.mark.soak
def test_sending_once_more_is_still_one_report_with_one_receipt(visitor):
    visitor.goes_to_the_last_page(where="https://chat.example/room/7")
    before = len(visitor.portal.reports())
    receipt = visitor.sends()
    visitor.page.reload()
    assert visitor.page.locator("#code").inner_text() == receipt
    visitor.page.go_back()  # the last question, which is not kept any more
    assert "There is nothing here any more" in visitor.reads()
    visitor.page.go_forward()
    assert visitor.page.locator("#code").inner_text() == receipt
    assert len(visitor.portal.reports()) == before + 1


@pytest.mark.soak
def test_the_receipt_can_be_copied(visitor):
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.goes_to_the_last_page(where="https://chat.example/room/8")
    receipt = visitor.sends()
    visitor.presses("Copy the number")
    visitor.page.get_by_text("Copied", exact=True).wait_for()
    assert re.fullmatch(r"\d{4}( \d{4}){4}", visitor.page.evaluate("navigator.clipboard.readText()"))
    assert visitor.page.evaluate("navigator.clipboard.readText()").split() == receipt.split()


def test_a_wrong_receipt_is_told_apart_from_a_slip_of_the_pen(visitor):
    visitor.looks_up("1234 5678 9012 3456 7890")
    slip = visitor.reads()
    visitor.looks_up("0000 0000 0000 0000 0001")
    other = visitor.reads()
    visitor.looks_up("0000-0000-0000-0000-0002 ")
    texts = {slip, other, visitor.reads()}
    assert any("One digit is off" in text for text in texts)
    right = next(n for n in range(10) if "One digit" not in _look(visitor, f"1234 5678 9012 3456 789{n}"))
    assert "There is no report for this number" in _look(visitor, f"1234 5678 9012 3456 789{right}")
    assert visitor.page.get_by_label("Receipt number").input_value() == f"1234 5678 9012 3456 789{right}"


def _look(visitor, receipt: str) -> str:
    visitor.looks_up(receipt)
    return visitor.reads()


@pytest.mark.soak
def test_an_expired_receipt_answers_like_one_that_never_was(visitor):
    visitor.goes_to_the_last_page(where="https://chat.example/room/9")
    receipt = visitor.sends()
    visitor.portal.execute(
        "update submissions_report set expires_at = now() "
        "where received_at = (select max(received_at) from submissions_report)"
    )
    assert "There is no report for this number" in _look(visitor, receipt)


def test_the_status_follows_the_case(visitor):
    visitor.goes_to_the_last_page(where="https://chat.example/room/10")
    receipt = visitor.sends()
    visitor.portal.removes_copies()
    text = _look(visitor, receipt)
    assert "The copies are being removed." in text
    assert "at most 23 hours left" in text
    assert text.index("Place 1") < text.index("Place 2")
    assert "Matrix, 2 copies" in text
    assert "Gone" in text
    assert "a person sees to it" in text
    assert "the-name-of-the-room" not in visitor.page.content()
    assert "UTC" not in text


def test_leaving_is_one_press_and_leads_to_the_weather(visitor, new_page, visiting):
    visitor.begins()
    visitor.page.locator("#leave").click()
    visitor.page.get_by_role("heading", name="Reading the sky").wait_for()
    assert "akeback" not in visitor.page.content()
    visitor.begins()
    visitor.page.wait_for_load_state()
    for _ in range(3):
        visitor.page.keyboard.press("Shift")
    visitor.page.get_by_role("heading", name="Reading the sky").wait_for()
    without_scripts = visiting(new_page(javascript=False))
    without_scripts.begins()
    without_scripts.page.locator("#leave").click()
    assert "Reading the sky" in without_scripts.page.title()


def test_nothing_about_anybody_is_logged(visitor):
    visitor.goes_to_the_last_page(where="https://chat.example/room/11")
    visitor.sends()
    assert visitor.portal.log.read_text() == ""
