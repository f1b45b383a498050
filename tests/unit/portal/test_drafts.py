"""What is kept between two pages, for whom, and until when."""

import re
from typing import cast

import pytest
from fastapi.testclient import TestClient

from pages_of_portal import FORM, WHOLE, answered, press
from takeback.entrypoints.portal import session
from takeback.entrypoints.portal.app import create_app
from takeback.entrypoints.portal.limits import LIMITS
from takeback.entrypoints.portal.steps import ORDER, number
from takeback.infra.db.pool import Database
from takeback.submissions.draft import DraftKey, new_key, write_key
from takeback.submissions.receipt import new_code


def test_the_cookie_is_for_this_browser_session_alone(client, drafts):
    """H7: a browser keeps a key, forgets it at its end, and sends it from no other site."""
    [name, *attributes] = client.get("/steps").headers["set-cookie"].split("; ")
    assert re.fullmatch(r"session=[A-Za-z0-9_-]{43}", name)
    assert {attribute.lower() for attribute in attributes} == {"httponly", "path=/", "samesite=strict"}
    assert drafts.rows == {}


def test_by_https_the_cookie_is_bound_to_the_host_and_never_sent_in_the_clear(settings, drafts):
    """H7."""
    app = create_app(settings, cast("Database", drafts))
    client = TestClient(app, base_url="https://report.example", follow_redirects=False)
    [name, *attributes] = client.get("/steps").headers["set-cookie"].split("; ")
    assert name.startswith("__Host-session=")
    assert "Secure" in attributes
    assert press(client, "age").headers["location"] == "/steps/2"


def test_what_is_stored_is_opened_by_the_cookie_alone(client, drafts):
    """H7: the server has ciphertext, of one of two lengths, by a name that does not lead to the key."""
    answered(client)
    [(locator, sealed)] = drafts.rows.items()
    key = client.cookies["session"].encode()
    for secret in (WHOLE.account.encode(), b"River", b"abab", key):
        assert secret not in sealed
        assert secret not in locator
    assert len(sealed) == 16 * 1024 + 12 + 16
    client.cookies.clear()
    client.cookies["session"] = write_key(new_key())
    assert WHOLE.account not in client.get("/steps/4").text


def test_no_page_carries_an_answer_that_it_does_not_show(client):
    """H7: each page has its own answers only; the others are not in hidden fields any more."""
    answered(client, where="chat://1", contact="me@example.org")
    shown = {
        "where": "chat://1",
        "account": WHOLE.account,
        "statements": "River",
        "contact": "me@example.org",
    }
    for step in ORDER[:-1]:
        page = client.get(f"/steps/{number(step)}").text if number(step) > 1 else client.get("/steps").text
        for asked, text in shown.items():
            assert (text in page) == (asked == step), (step, asked)


def test_all_fields_tell_the_browser_to_keep_nothing(client):
    """H6: no field's own token switches on what its form switched off."""
    answered(client)
    for address in ("/steps", *(f"/steps/{n}" for n in range(2, 8)), "/status"):
        page = client.get(address).text
        assert set(re.findall(r'autocomplete="([^"]*)"', page)) == {"off"}, address
        for tag in re.findall(r"<(?:input|textarea)[^>]*>", page):
            fixed = 'type="hidden"' in tag and 'name="pictures"' not in tag  # no typed text, never restored
            assert fixed or 'autocomplete="off"' in tag, tag


def test_leaving_wipes_everything_and_takes_the_cookie(client, drafts):
    """H7."""
    answered(client)
    key = client.cookies["session"]
    answer = client.get("/leave")
    assert (answer.status_code, answer.headers["location"]) == (303, "/weather")
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert drafts.rows == {}
    client.cookies["session"] = key  # a browser that brought it back
    for address in ("/steps/4", "/steps/7", "/steps/done"):
        page = client.get(address)
        assert page.status_code == 404
        assert "There is nothing here any more" in page.text
    assert press(client, "account").headers["location"] == "/steps/4"
    assert drafts.rows == {}


@pytest.mark.parametrize(("method", "address"), [("POST", "/leave"), ("GET", "/weather")])
def test_each_way_out_wipes(client, drafts, method, address):
    """H7: the script's message, and the neutral page itself if that message was lost."""
    answered(client)
    answer = client.request(method, address, headers=FORM)
    assert drafts.rows == {}
    assert "max-age=0" in answer.headers["set-cookie"].lower()


def test_somebody_who_leaves_gets_away_also_when_the_database_does_not_answer(client, drafts, caplog):
    answered(client)
    drafts.broken = True
    answer = client.get("/leave")
    assert (answer.status_code, answer.headers["location"]) == (303, "/weather")
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert "Words" not in caplog.text


def test_an_answer_that_was_on_its_way_when_she_left_brings_nothing_back(client, drafts, monkeypatch):
    """H7."""
    answered(client)
    load = session.load

    def and_then_she_leaves(database: Database, key: DraftKey) -> session.Session | None:
        found = load(database, key)
        drafts.rows.clear()
        return found

    monkeypatch.setattr(session, "load", and_then_she_leaves)
    assert press(client, "account").status_code == 303
    assert drafts.rows == {}


def test_without_a_cookie_it_is_said_at_once_and_nothing_is_lost_in_silence(client, drafts):
    answer = press(client, "age")
    assert answer.headers["location"] == "/cookies"
    assert "Your browser did not keep our cookie" in client.get("/cookies").text
    assert client.post("/status", data={"receipt": new_code()}).headers["location"] == "/cookies"
    assert drafts.rows == {}


def test_a_full_store_is_said_before_anything_was_written(client, drafts):
    drafts.full = True
    client.get("/steps")
    answer = press(client, "age")
    assert answer.headers["location"] == "/trouble/503"
    page = client.get("/trouble/503")
    assert "We cannot keep your answers just now" in page.text
    assert page.headers["retry-after"] == "61"


@pytest.mark.parametrize(
    ("address", "fields"), [("/steps", {"at": "age", "age": "yes"}), ("/status", {"receipt": "1"})]
)
def test_one_network_cannot_fill_the_store(client, drafts, address, fields):
    """H7: a flood of new cookies is slowed, and whoever has a draft goes on."""
    answered(client)
    mine = client.cookies["session"]
    for _ in range(LIMITS["begin"][0].burst + 20):
        client.cookies.clear()
        client.cookies["session"] = write_key(new_key())
        answer = client.post(address, data=fields)
    assert answer.headers["location"] == "/busy"
    assert len(drafts.rows) <= LIMITS["begin"][0].burst + 5
    client.cookies.clear()
    client.cookies["session"] = mine
    assert press(client, "account").headers["location"] == "/steps/5"


def test_other_sites_cannot_press_our_buttons(client, drafts):
    """Also other hosts of the same domain, to which `SameSite` does not apply."""
    answered(client)
    before = dict(drafts.rows)
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://other.example"},
        {"origin": "http://testserver.other.example"},
    ):
        assert client.post("/steps", data={"at": "account"}, headers=headers).status_code == 400
        assert client.post("/leave", content=b"", headers={**FORM, **headers}).status_code == 400
    assert drafts.rows == before
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": "null"}, {"origin": "http://testserver"}):
        assert client.post("/steps", data={"at": "account"}, headers=headers).status_code == 303


def test_a_link_on_another_site_does_not_cost_a_draft(client):
    """A browser keeps a strict cookie to itself then; a new one in its place would lose what was typed."""
    for address in ("/steps", "/status"):
        answer = client.get(address, headers={"sec-fetch-site": "cross-site"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "set-cookie" not in answer.headers
