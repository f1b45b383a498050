import logging
import re
from typing import cast

import pytest

from drafts import MemoryDrafts
from pages_of_portal import FORM, WHOLE, answered, press
from takeback.entrypoints.portal.answers import BODY_LIMIT
from takeback.entrypoints.portal.app import create_app
from takeback.entrypoints.portal.guard import HEADERS
from takeback.entrypoints.portal.limits import LIMITS
from takeback.errors import ConfigurationError
from takeback.infra.config import PortalSettings
from takeback.infra.db.pool import Database
from takeback.submissions.receipt import new_code

PAGES = ["/", "/steps", "/status", "/privacy", "/weather", "/help"]
COOKIES_AT = {"/steps", "/steps/1", "/status"}


def test_without_keys_there_is_no_portal(tmp_path):
    with pytest.raises(ConfigurationError):
        create_app(PortalSettings(portal_keys=tmp_path), cast("Database", MemoryDrafts()))


def test_a_setting_that_is_no_list_of_links_is_said_at_the_start(settings):
    with pytest.raises(ConfigurationError, match="takeback links"):
        create_app(settings.model_copy(update={"portal_links": "("}), cast("Database", MemoryDrafts()))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        *(("GET", page, None, 200) for page in PAGES),
        ("GET", "/steps/1", None, 422),
        ("GET", "/steps/4", None, 404),
        ("GET", "/steps/8", None, 404),
        ("GET", "/steps/done", None, 404),
        ("GET", "/steps/²", None, 404),
        ("GET", "/cookies", None, 400),
        ("GET", "/trouble/503", None, 503),
        ("GET", "/trouble/9", None, 404),
        ("GET", "/nothing", None, 404),
        ("PUT", "/steps", {}, 405),
        ("POST", "/privacy", {}, 405),
        ("GET", "/docs", None, 404),
        ("GET", "/openapi.json", None, 404),
        ("GET", "/static/0/portal.css", None, 404),
        ("GET", "/static/0/..%2Fapp.py", None, 404),
    ],
)
def test_every_answer_is_a_page_with_every_header(client, method, path, body, status):
    answer = client.request(method, path, data=body, headers=FORM if body is not None else None)
    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert ("set-cookie" in answer.headers) == (method == "GET" and path in COOKIES_AT)
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        {"at": "age", "go": "jump"},
        {"at": "age"},
        {"at": "age", "age": "no"},
        {"at": "where", "where": "https://elsewhere.example/1"},
        {"at": "nowhere"},
        {"receipt": "123"},
        {"receipt": new_code()},
        {"go": "ask"},
        {"a": "1", "b": "", "c": "", "d": "", "e": ""},
    ],
)
@pytest.mark.parametrize("address", ["/steps", "/status", "/leave"])
@pytest.mark.parametrize("known", [True, False], ids=["with a cookie", "without"])
def test_no_form_is_answered_by_a_page_that_a_history_would_keep_together_with_it(
    client, address, body, known
):
    """H7: post, redirect, get, whatever was sent; and no address tells anything of it."""
    if known:
        client.get("/steps")
    answer = client.post(address, data=body)
    assert answer.status_code in {303, 204}
    assert answer.text == ""
    where = answer.headers.get("location", "")
    assert re.fullmatch(r"(/|/(steps|steps/[1-7]|status|help|cookies|trouble/\d+))?", where), where


def test_a_fault_inside_is_a_page_and_says_nothing_of_it_in_the_log(client, caplog, monkeypatch):
    """H7: also then, what was sent is in no history."""
    client.get("/steps")
    press(client, "age")
    monkeypatch.setattr("takeback.entrypoints.portal.steps.turn", lambda *_: 1 / 0)
    with caplog.at_level(logging.DEBUG, logger="takeback"):
        answer = press(client, "account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/trouble/500")
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Something went wrong on our side" in client.get("/trouble/500").text
    assert "ZeroDivisionError" in caplog.text
    assert "Words" not in caplog.text


def test_style_and_scripts_are_kept_by_the_browser_under_a_name_of_their_own(client):
    page = client.get("/steps").text
    for url in set(re.findall(r'"(/static/[^"]+)"', page)):
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["cross-origin-embedder-policy"] == "require-corp"


def test_the_first_paint_needs_less_than_100_kilobytes(client):
    # Everything that the heaviest page loads, uncompressed.
    answered(client)
    page = client.get("/steps/2").text
    loaded = set(re.findall(r'"(/static/[^"]+)"', page))
    assert {url.rpartition("/")[2] for url in loaded} == {
        "portal.css",
        "page.js",
        "picture.js",
        "pdq.js",
        "icon.svg",
    }
    assert len(page) + sum(len(client.get(url).content) for url in loaded) < 100_000


def test_files_are_refused_before_they_are_read(client):
    answer = client.post("/steps", files={"file": ("beach.jpg", b"\xff\xd8\xff", "image/jpeg")})
    assert answer.status_code == 415
    assert "Files cannot be sent here" in answer.text
    for kind in ("multipart/form-data; boundary=x", "image/jpeg", "application/json", "text/plain", ""):
        assert client.post("/steps", content=b"at=age", headers={"content-type": kind}).status_code == 415


def test_a_body_that_is_too_large_is_refused_also_when_its_length_is_not_told(client):
    assert client.post("/steps", content=b"a" * (BODY_LIMIT + 1), headers=FORM).status_code == 413
    assert client.post("/steps", content=(b"a" * 9000 for _ in range(9)), headers=FORM).status_code == 413
    assert (
        client.post("/steps", content=b"at=age", headers={**FORM, "content-length": "x"}).status_code == 400
    )


def test_more_than_a_draft_holds_is_refused_and_the_draft_stays(client, drafts):
    answered(client)
    before = dict(drafts.rows)
    answer = press(client, "account", account="\x01" * 15_000)
    assert answer.headers["location"] == "/trouble/413"
    assert drafts.rows == before


def test_when_storing_fails_she_keeps_what_she_wrote_and_the_log_does_not(client, caplog):
    answered(client)
    with caplog.at_level(logging.DEBUG):
        assert press(client, "check", "send").headers["location"] == "/steps/7"
        answer = client.get("/steps/7")
    assert answer.status_code == 503
    assert "Nothing you wrote is lost" in answer.text
    for typed in (WHOLE.account, WHOLE.signature, "1 picture"):
        assert typed in answer.text
    assert "OSError" in caplog.text
    assert "Words" not in caplog.text


def test_sending_too_often_waits_and_loses_nothing(client):
    answered(client)
    for _ in range(LIMITS["send"][0].burst):
        press(client, "check", "send")
        assert client.get("/steps/7").status_code == 503
    press(client, "check", "send")
    answer = client.get("/steps/7")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert WHOLE.account in answer.text
    assert "press Send again in" in answer.text


def test_what_is_typed_cannot_become_part_of_the_page(client):
    evil = '"><script>alert(1)</script>'
    answered(client, where=evil, account=evil, signature=evil, contact=evil)
    for at in range(3, 8):
        page = client.get(f"/steps/{at}").text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    client.post("/status", data={"receipt": evil})
    assert "<script>alert" not in client.get("/status").text


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("", 422, "Please check"),
        ("123", 422, ""),
        pytest.param(new_code(), 503, "", id="a receipt"),
    ],
)
def test_a_receipt_is_typed_once_and_is_in_no_history(client, typed, status, said):
    """H7: the page that shows it is asked for by GET, at an address that tells nothing."""
    client.get("/status")
    answer = client.post("/status", data={"receipt": typed})
    assert (answer.status_code, answer.headers["location"]) == (303, "/status")
    page = client.get("/status")
    assert page.status_code == status
    assert f'value="{typed}"' in page.text
    assert said in page.text
    client.get("/leave")
    assert client.get("/status").status_code == 200
    assert 'value=""' in client.get("/status").text


def test_asking_for_too_many_receipts_is_held_up(client):
    client.get("/status")
    for _ in range(LIMITS["ask"][0].burst):
        client.post("/status", data={"receipt": new_code()})
    client.post("/status", data={"receipt": new_code()})
    page = client.get("/status")
    assert page.status_code == 429
    assert 0 < int(page.headers["retry-after"]) <= 11


def test_looking_up_a_receipt_costs_no_answers(client):
    answered(client)
    client.post("/status", data={"receipt": "123"})
    assert WHOLE.account in client.get("/steps/4").text
    client.post("/status", data={"go": "other"})
    assert client.get("/status").status_code == 200
    assert WHOLE.account in client.get("/steps/4").text


def test_somebody_who_writes_long_keeps_her_time(client, drafts):
    client.get("/steps")
    assert client.post("/steps/stay", content=b"", headers=FORM).status_code == 204
    assert drafts.rows == {}
    answered(client)
    [before] = drafts.rows.values()
    assert client.post("/steps/stay", content=b"", headers=FORM).status_code == 204
    assert drafts.rows != {}
    assert before not in drafts.rows.values()
