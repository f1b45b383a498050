"""The machine API as a program meets it, over real HTTP, on a real database."""

import io
import re
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from PIL import Image

from banks import activate
from console_house import picture, served
from takeback.app import App, keys_folder, look_back_parts
from takeback.bank import service as bank
from takeback.bank.index import BankIndex
from takeback.connectors.api import Deletion, StreamId, Trouble, TroubleKind
from takeback.entrypoints.api.app import create_app
from takeback.events import EVENTS
from takeback.events.form import kind_of
from takeback.ids import ReportId, TargetId
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.db.pool import Database
from takeback.infra.jobs.queue import enqueue
from takeback.infra.vault import keys
from takeback.infra.vault.unseal import Unsealer
from takeback.jobs import Look
from takeback.sightings import health, leases, set_aside
from takeback.signals.sandbox import Decoder
from takeback.staff import service as staff


@dataclass
class Api:
    app: App
    http: httpx2.Client
    address: tuple[str, int]

    def bank(self, data: bytes, *, active: bool) -> None:
        signals = self.app.decoder.signals(data, flips=True)
        now = clock.now()
        with self.app.database.transaction() as tx:
            flips = tuple(flip.hash for flip in signals.flips)
            entry = bank.add_seed(tx, ReportId(uuid4()), "1", flips, signals.whole.quality, now)
            assert entry is not None
            if active:
                activate(tx, entry, now)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(processes=1) as opened:
        yield opened


@pytest.fixture
def api(database: Database, decoder: Decoder, tmp_path: Path) -> Iterator[Api]:
    bound = socket.create_server(("127.0.0.1", 0))
    settings = Settings(data=tmp_path)
    parts = look_back_parts(settings, database)
    app = App(
        settings, database, {}, decoder, Unsealer(keys.ensure(keys_folder(settings))), BankIndex(), *parts
    )
    with database.transaction() as tx:
        key = staff.make_api_key(tx, "our chat", by=None, now=clock.now())
    address = bound.getsockname()[:2]
    with (
        served(create_app(app), bound),
        httpx2.Client(
            base_url=f"http://127.0.0.1:{address[1]}", headers={"authorization": f"Bearer {key}"}
        ) as http,
    ):
        yield Api(app, http, address)


def test_a_reported_picture_is_known_also_re_encoded_and_mirrored(api: Api):
    data = picture(1)
    unknown = api.http.post("/v1/check/picture", content=data)
    assert unknown.json()["known"] is False
    api.bank(picture(2), active=True)
    changed = io.BytesIO()
    Image.open(io.BytesIO(picture(2))).transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((300, 225)).save(
        changed, "PNG"
    )
    answer = api.http.post("/v1/check/picture", content=changed.getvalue())
    assert answer.status_code == 200
    assert answer.json() == {"known": True, "status": "active", "quality": answer.json()["quality"]}
    assert answer.json()["quality"] >= 50


def test_a_hash_can_be_asked_instead_of_the_picture(api: Api):
    data = picture(3)
    api.bank(data, active=True)
    pdq = api.app.decoder.signals(data).whole.hash.hex()
    answer = api.http.post("/v1/check/hash", json={"pdq": pdq})
    assert answer.json() == {
        "known": True,
        "status": "active",
        "quality": None,
    }
    assert api.http.post("/v1/check/hash", json={"pdq": "0f" * 32}).json()["known"] is False


@pytest.mark.parametrize("seed", [11, 12])
def test_a_seed_is_answered_exactly_as_a_picture_that_nobody_reported(api: Api, seed: int):
    """H8: a platform, or who stole its key, learns nothing of reports that nobody reviewed."""
    data = picture(seed)
    pdq = api.app.decoder.signals(data, exact=True).whole.hash.hex()

    def answers() -> list[tuple[int, bytes, dict[str, str]]]:
        asked = (
            api.http.post("/v1/check/picture", content=data),
            api.http.post("/v1/check/hash", json={"pdq": pdq}),
        )
        return [
            (a.status_code, a.content, {k: v for k, v in a.headers.items() if k != "date"}) for a in asked
        ]

    before = answers()
    assert [b'"known":false' in body for _, body, _ in before] == [True, True]
    api.bank(data, active=False)
    assert answers() == before
    api.bank(data, active=True)
    assert [b'"known":true' in body for _, body, _ in answers()] == [True, True]


def test_the_contract_names_no_answer_for_a_seed(api: Api):
    """H8."""
    answer = api.http.get("/openapi.json").json()["components"]["schemas"]["Answer"]["properties"]
    assert "seed" not in str(answer["status"])
    assert "seed" not in str(answer["known"])


def test_no_number_for_prometheus_speaks_of_one_picture_or_report(api: Api):
    """H8: totals only; no label names an entry, a report, a hash or a case."""
    api.bank(picture(13), active=False)
    text = httpx2.get(f"{api.http.base_url}/metrics").text
    assert set(re.findall(r'[{,]([a-z_]+)="', text)) <= {
        "job", "connector", "stream", "kind", "role", "name", "reason", "status", "origin",
    }  # fmt: skip
    with api.app.database.transaction() as tx:
        [(entry, report)] = tx.execute("select id, report_id from bank_entry").fetchall()
    assert str(entry) not in text
    assert str(report) not in text


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"pdq": "ab"}', b'{"pdq": "' + b"zz" * 32 + b'"}', b'{"pdq": 3}', b"[]", b"\xff", b"null"],
)
def test_what_is_no_hash_is_refused_with_a_sentence(api: Api, body: bytes):
    answer = api.http.post("/v1/check/hash", content=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "not_a_hash"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "bearer x y", "Basic YTpi", "tbk_x"])
@pytest.mark.parametrize("path", ["/v1/check/hash", "/v1/check/picture"])
def test_without_a_working_key_nothing_is_answered(api: Api, path: str, header: str | None):
    headers = {} if header is None else {"authorization": header}
    answer = httpx2.post(f"{api.http.base_url}{path}", content=b"x", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "no_key"


def test_a_revoked_key_stops_at_once(api: Api):
    with api.app.database.transaction() as tx:
        staff.revoke_api_key(tx, "our chat", by=None, now=clock.now())
    assert api.http.post("/v1/check/hash", json={"pdq": "0f" * 32}).status_code == 401


def test_a_key_that_asks_too_often_is_told_when_to_come_back(api: Api, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)  # however slow this machine is
    answers = [api.http.post("/v1/check/picture", content=b"no picture") for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "fifty pictures are free, then ten a second"
    assert int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].json()["error"]["code"] == "too_many_requests"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"hello, I am no picture at all", "not_a_picture"),
        (picture(4)[:300], "damaged"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_reason(api: Api, data: bytes, code: str):
    answer = api.http.post("/v1/check/picture", content=data)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code


def test_a_picture_without_detail_is_never_known(api: Api):
    plain = io.BytesIO()
    Image.new("RGB", (300, 300), (40, 80, 120)).save(plain, "PNG")
    answer = api.http.post("/v1/check/picture", content=plain.getvalue()).json()
    assert answer["known"] is False
    assert answer["quality"] < 50


def _raw(api: Api, head: str, body: bytes = b"") -> bytes:
    with socket.create_connection(api.address, timeout=10) as connection:
        key = api.http.headers["authorization"]
        text = f"POST /v1/check/picture HTTP/1.1\r\nHost: localhost\r\nAuthorization: {key}\r\n{head}\r\n\r\n"
        connection.sendall(text.encode() + body)
        return connection.recv(4096)


def test_200_megabytes_are_refused_before_they_are_sent(api: Api):
    assert b" 413 " in _raw(api, "Content-Length: 209715200").splitlines()[0]


def test_a_body_without_a_length_is_cut_off_at_the_limit(api: Api):
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 20
            yield bytes(1 << 20)

    try:
        answer = api.http.post("/v1/check/picture", content=pieces())
    except httpx2.TransportError:
        answer = None  # the server closed while we were still sending: it answered, and did not read on
    assert answer is None or answer.status_code == 413
    assert sent < 200 << 20


def test_health_says_that_the_database_answers_and_how_far_the_watchers_are(api: Api):
    with api.app.database.transaction() as tx:
        leases.open_stream(tx, "matrix", StreamId("live"), None)
    answer = httpx2.get(f"{api.http.base_url}/healthz")
    assert answer.status_code == 200
    said = answer.json()
    assert said["status"] == "ok"
    assert said["watchers"]["matrix"]["streams"] == 1
    assert 0 <= said["watchers"]["matrix"]["oldest_move_seconds"] < 60


def test_s5_health_tells_ages_as_they_are_and_that_nobody_watches(api: Api):
    """S5: nobody watched for 55 minutes, and health said ok: ages below nothing were told as nothing."""
    with api.app.database.transaction() as tx:
        leases.open_stream(tx, "matrix", StreamId("live"), None)

    def said(age: str) -> dict[str, object]:
        with api.app.database.transaction() as tx:
            tx.execute("update sightings_stream set moved_at = now() - %s::interval", [age])
        return httpx2.get(f"{api.http.base_url}/healthz").json()

    assert said("3 seconds")["status"] == "ok"
    ahead = said("-55 minutes")
    assert ahead["status"] == "degraded"
    assert -3310 < ahead["watchers"]["matrix"]["oldest_move_seconds"] < -3290
    assert "55 minutes in the future" in ahead["troubles"][0]
    numbers = httpx2.get(f"{api.http.base_url}/metrics").text
    assert 'takeback_stream_age_seconds{connector="matrix",stream="live"} -3' in numbers
    behind = said("55 minutes")
    assert behind["status"] == "degraded"
    assert behind["troubles"] == ["matrix (live) was last watched 55 minutes ago. Does a watcher run?"]


def test_s6_health_says_in_words_what_a_platform_lacks_and_what_is_set_aside(api: Api):
    """S6, S14. A note alone leaves it ok; what is compared with nothing does not."""
    lacks = Trouble(TroubleKind.DIRECTORY_EMPTY, "The directory is empty.", serious=False)
    with api.app.database.transaction() as tx:
        leases.open_stream(tx, "matrix", StreamId("live"), None)
        health.examined(tx, "matrix", [lacks])
    said = httpx2.get(f"{api.http.base_url}/healthz").json()
    assert (said["status"], said["troubles"]) == ("ok", ["The directory is empty."])
    with api.app.database.transaction() as tx:
        gone = Deletion("!a", "$b")
        set_aside.put(tx, "matrix", "live", (None, "1"), [gone, gone], "KeyError")
    said = httpx2.get(f"{api.http.base_url}/healthz").json()
    assert said["status"] == "degraded"
    assert "2 posts of matrix could not be processed" in said["troubles"][0]
    assert 'takeback_set_aside{connector="matrix"} 2.0' in httpx2.get(f"{api.http.base_url}/metrics").text


def test_s6_health_says_of_a_connected_platform_that_it_was_never_watched(database: Database):
    """S6."""
    with database.transaction() as tx:
        [said] = health.troubles(tx, {"matrix"})
    assert said.serious
    assert "Nothing of matrix was ever watched" in said.words


def test_health_says_when_the_database_is_away(api: Api, monkeypatch: pytest.MonkeyPatch):
    def away(*_: object) -> None:
        raise psycopg.OperationalError

    monkeypatch.setattr(Database, "transaction", away)
    answer = httpx2.get(f"{api.http.base_url}/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert answer.json()["database"] is False
    assert httpx2.get(f"{api.http.base_url}/metrics").status_code == 503
    assert api.http.post("/v1/check/hash", json={"pdq": "0f" * 32}).json()["error"]["code"] == "unavailable"


def test_metrics_count_every_kind_of_event_and_what_waits(api: Api):
    api.bank(picture(5), active=True)
    text = httpx2.get(f"{api.http.base_url}/metrics").text
    assert 'takeback_events{kind="entry_activated"} 1.0' in text
    assert all(f'takeback_events{{kind="{kind_of(event)}"}}' in text for event in EVENTS)
    assert 'takeback_jobs_waiting{job="follow"} 2.0' in text
    assert 'takeback_cases{status="open"} 0.0' in text
    assert "takeback_breaker_paused 0.0" in text
    assert "takeback_seeds_capped 0.0" in text
    assert "takeback_sightings 0.0" in text


def test_s9_metrics_name_the_jobs_that_this_version_does_not_know(api: Api):
    with api.app.database.transaction() as tx:
        tx.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args)"
            " values ('default', 'of_tomorrow', '{}')"
        )
        enqueue(tx, Look(TargetId(UUID(int=1)), 1))
        tx.execute(
            "update procrastinate_jobs set attempts = 1, scheduled_at = now() + interval '1 day'"
            " where task_name = 'look'"
        )
    text = httpx2.get(f"{api.http.base_url}/metrics").text
    assert 'takeback_jobs_unknown{job="of_tomorrow"} 1.0' in text
    assert 'takeback_jobs_unknown{job="look"}' not in text
    assert 'takeback_jobs_postponed{job="look"} 1.0' in text


def test_the_contract_names_every_answer_and_its_page_loads_nothing(api: Api):
    contract = api.http.get("/openapi.json").json()
    assert set(contract["paths"]) == {"/v1/check/hash", "/v1/check/picture", "/healthz", "/metrics"}
    for path in ("/v1/check/hash", "/v1/check/picture"):
        assert set(contract["paths"][path]["post"]["responses"]) == {"200", "400", "401", "413", "422", "429"}
        assert contract["paths"][path]["post"]["security"] == [{"key": []}]
    page = api.http.get("/").text
    assert "POST /v1/check/picture" in page
    assert "src=" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_an_unknown_address_gets_a_json_answer(api: Api):
    assert api.http.get(f"/{secrets.token_hex(4)}").json()["error"]["code"] == "no_such_thing"
