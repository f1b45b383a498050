"""S3: whoever is held up has a way, by the onion address as by any other, and a link passes."""

import re
from typing import cast

import pytest
from fastapi.testclient import TestClient

from crowds import solve
from pages_of_portal import WHOLE, answered, press
from takeback.entrypoints.portal import work
from takeback.entrypoints.portal.app import create_app
from takeback.entrypoints.portal.limits import LIMITS
from takeback.infra.db.pool import Database
from takeback.submissions.draft import new_key, write_key
from takeback.submissions.submit import link_hash

ONION = "a" * 56 + ".onion"
TOKEN = "a-token"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Puzzles that a test can solve."""
    monkeypatch.setattr(work, "EASIEST", 2)
    monkeypatch.setattr(work, "ITERATIONS", 1)


def browser(settings, drafts, **changes: str) -> TestClient:
    changed = settings.model_copy(update=changes)
    return TestClient(
        create_app(changed, cast("Database", drafts)), base_url="http://testserver", follow_redirects=False
    )


def puzzle_on(page: str) -> str:
    [puzzle] = re.findall(r'data-puzzle="([^"]+)"', page)
    return puzzle


def test_s3_who_cannot_begin_is_let_in_after_her_device_worked_and_nothing_is_kept_before(client, drafts):
    """S3: a report is never refused without a way."""
    for _ in range(LIMITS["begin"][0].burst + 1):
        client.cookies.clear()
        client.cookies["session"] = write_key(new_key())
        answer = press(client, "age")
    assert answer.headers["location"] == "/busy"
    kept = len(drafts.rows)
    page = client.get("/busy")
    assert (page.status_code, page.headers["retry-after"]) == (429, "61")
    assert client.post("/busy", data={"work": "1.2.3.4:5"}).headers["location"] == "/busy"
    assert len(drafts.rows) == kept
    assert client.post("/busy", data={"work": solve(puzzle_on(page.text))}).headers["location"] == "/"
    assert press(client, "age").headers["location"] == "/steps/2"


def test_s3_who_cannot_send_keeps_what_she_wrote_and_is_let_in_after_her_device_worked(client):
    """S3: what a refused person reads tells when to try again and keeps her draft."""
    answered(client)
    for _ in range(LIMITS["send"][0].burst + 1):
        press(client, "check", "send")
    page = client.get("/steps/7")
    assert page.status_code == 429
    assert int(page.headers["retry-after"]) > 0
    assert WHOLE.account in page.text
    press(client, "check", "send", work=solve(puzzle_on(page.text)))
    assert client.get("/steps/7").status_code == 503  # let through: only the database of this test is lost


def test_s3_by_the_onion_address_many_send_before_anybody_is_held_up(settings, drafts):
    """S3: behind an onion address all visitors are one network."""
    client = browser(settings, drafts, portal_onion=ONION)
    client.headers["host"] = ONION
    answered(client)
    for _ in range(LIMITS["send"][1].burst):
        press(client, "check", "send")
    assert client.get("/steps/7").status_code == 503
    by_clearnet = browser(settings, drafts, portal_onion=ONION)
    answered(by_clearnet)
    for _ in range(LIMITS["send"][0].burst + 1):
        press(by_clearnet, "check", "send")
    assert by_clearnet.get("/steps/7").status_code == 429


def test_s3_a_link_leaves_no_trace_before_its_button_is_pressed(client, drafts):
    drafts.links.add(link_hash(TOKEN))
    page = client.get(f"/with/{TOKEN}")
    assert (page.status_code, "set-cookie" in page.headers, drafts.rows) == (200, False, {})
    pressed = client.post("/with", data={"token": TOKEN})
    assert (pressed.headers["location"], len(drafts.rows)) == ("/steps", 1)
    answered(client)
    for _ in range(LIMITS["send"][0].burst + 3):
        press(client, "check", "send")
    assert client.get("/steps/7").status_code == 503  # never held up
    assert TOKEN not in client.get("/steps/7").text


@pytest.mark.parametrize("token", ["other", "ended", "x" * 500, "\u00e9"])
def test_a_link_that_does_not_stand_leads_to_a_page_that_says_so(client, drafts, token):
    page = client.get(f"/with/{token}")
    assert page.status_code == 404
    assert "You can report without it" in page.text
    assert client.post("/with", data={"token": token}).headers["location"] == "/with/ended"
    assert drafts.rows == {}
