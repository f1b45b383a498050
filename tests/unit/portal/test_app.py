import logging
import os
import re
from contextlib import contextmanager
from dataclasses import asdict
from typing import cast

import pyrage
import pytest
from fastapi.testclient import TestClient

from made_flips import FIELD
from takeback.doors.portal.answers import BODY_LIMIT, Answers
from takeback.doors.portal.app import SEND_PER_NETWORK, create_app
from takeback.doors.portal.guard import HEADERS
from takeback.errors import ConfigurationError
from takeback.ground.config import PortalSettings
from takeback.ground.db.pool import Database
from takeback.intake.receipt import new_code

PICTURE = FIELD
WHOLE = Answers(
    age="yes",
    pictures=PICTURE,
    account="Words that only the people who work on it may read",
    nonconsent="yes",
    good_faith="yes",
    signature="River",
    attempt="a" * 32,
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


class BrokenDatabase:
    """Fails as a database does that went away, with a message that quotes what was sent."""

    @contextmanager
    def transaction(self):
        raise OSError("connection lost while sending 'Words that only the people ...'")
        yield


@pytest.fixture
def settings(tmp_path) -> PortalSettings:
    (tmp_path / "intake.recipient").write_text(str(pyrage.x25519.Identity.generate().to_public()))
    (tmp_path / "pepper").write_text(os.urandom(32).hex())
    return PortalSettings(portal_keys=tmp_path, service_name="Takeback", leave_url="/weather")


@pytest.fixture
def client(settings) -> TestClient:
    return TestClient(create_app(settings, cast("Database", BrokenDatabase())), raise_server_exceptions=False)


def pressed(go: str, at: str = "check", **more: str) -> dict[str, str]:
    return {**asdict(WHOLE), "at": at, "go": go, **more}


def test_without_keys_there_is_no_portal(tmp_path):
    with pytest.raises(ConfigurationError):
        create_app(PortalSettings(portal_keys=tmp_path), cast("Database", BrokenDatabase()))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, 200),
        ("GET", "/steps", None, 200),
        ("GET", "/status", None, 200),
        ("GET", "/privacy", None, 200),
        ("GET", "/weather", None, 200),
        ("GET", "/nothing", None, 404),
        ("PUT", "/steps", {}, 405),
        ("POST", "/privacy", {}, 405),
        ("POST", "/steps", {"at": "age", "go": "jump"}, 400),
        ("POST", "/steps", {"at": "age"}, 422),
        ("POST", "/status", {"receipt": "123"}, 422),
        ("POST", "/status", {"receipt": "123", "b": "", "c": "", "d": "", "e": ""}, 400),
        ("POST", "/status", {"receipt": new_code()}, 503),
        ("GET", "/docs", None, 404),
        ("GET", "/openapi.json", None, 404),
        ("GET", "/static/0/portal.css", None, 404),
        ("GET", "/static/0/../app.py", None, 404),
    ],
)
def test_every_answer_is_a_page_with_every_header(client, method, path, body, status):
    answer = client.request(method, path, data=body, headers=FORM if body is not None else None)
    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert "server" not in answer.headers


def test_style_and_scripts_are_kept_by_the_browser_under_a_name_of_their_own(client):
    page = client.get("/steps").text
    for url in set(re.findall(r'"(/static/[^"]+)"', page)):
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["cross-origin-embedder-policy"] == "require-corp"


def test_the_first_paint_needs_less_than_100_kilobytes(client):
    # Everything that the heaviest page loads, uncompressed.
    page = client.post("/steps", data=pressed("next", at="age")).text
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


def test_when_storing_fails_she_keeps_what_she_wrote_and_the_log_does_not(client, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/steps", data=pressed("send"))
    assert answer.status_code == 503
    assert "Nothing you wrote is lost" in answer.text
    for typed in (WHOLE.account, WHOLE.signature, WHOLE.pictures, WHOLE.attempt):
        assert typed in answer.text
    assert "OSError" in caplog.text
    assert "Words" not in caplog.text


def test_a_fault_inside_is_a_page_and_says_nothing_of_it_in_the_log(client, caplog, monkeypatch):
    monkeypatch.setattr("takeback.doors.portal.steps.turn", lambda _: 1 / 0)
    with caplog.at_level(logging.DEBUG, logger="takeback"):
        answer = client.post("/steps", data=pressed("next", at="account"))
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "ZeroDivisionError" in caplog.text
    assert "Words" not in caplog.text


def test_sending_too_often_waits_and_loses_nothing(client):
    for _ in range(SEND_PER_NETWORK.burst):
        assert client.post("/steps", data=pressed("send")).status_code == 503
    answer = client.post("/steps", data=pressed("send"))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert WHOLE.account in answer.text
    assert "press Send again in" in answer.text


def test_what_is_typed_cannot_become_part_of_the_page(client):
    evil = '"><script>alert(1)</script>'
    for step in ("where", "account", "statements", "contact", "check"):
        page = client.post(
            "/steps", data=pressed(f"change:{step}", where=evil, account=evil, signature=evil, contact=evil)
        ).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in client.post("/status", data={"receipt": evil}).text


def test_each_page_carries_all_answers_and_shows_its_own(client):
    for step in ("age", "picture", "where", "account", "statements", "contact", "check"):
        page = client.post(
            "/steps", data=pressed(f"change:{step}", where="https://chat.example/1", contact="me")
        ).text
        for name in asdict(WHOLE):
            assert page.count(f'name="{name}"') >= 1, (step, name)


def test_an_attempt_gets_its_name_on_the_last_page(client):
    fresh = {**pressed("next", at="contact"), "attempt": ""}
    one, other = (
        re.search(r'name="attempt" value="([0-9a-f]{32})"', client.post("/steps", data=fresh).text)
        for _ in "12"
    )
    assert one is not None
    assert other is not None
    assert one[1] != other[1]
