"""The one HTTP client, against servers on loopback that misbehave in each way."""

import logging
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from faults import Fault, FaultProxy
from takeback.errors import ConfigurationError, Unavailable
from takeback.infra import outbound
from takeback.infra.outbound import MAX_WAIT, OutboundClient, Timeouts, checked_origin, path

SHORT = Timeouts(connect=2, silence=2, total=4)
TOKEN = "syt_a_secret_that_must_not_show"


class Wire:
    """A server that answers each connection with what it is told, byte by byte."""

    def __init__(self, answer: Callable[[bytes, Callable[[bytes], object]], object]) -> None:
        self.requests: list[bytes] = []
        wire = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                asked = b""
                while b"\r\n\r\n" not in asked and (more := self.request.recv(65536)):
                    asked += more
                wire.requests.append(asked)
                try:
                    answer(asked, self.request.sendall)
                except OSError:
                    return

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def wire(answer: Callable[[bytes, Callable[[bytes], object]], object]) -> Iterator[Wire]:
    made = Wire(answer)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()


@contextmanager
def answering(*lines: str, body: bytes = b"") -> Iterator[Wire]:
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]).encode()
    with wire(lambda _, send: send(head + body)) as made:
        yield made


def client(origin: str) -> OutboundClient:
    return OutboundClient(origin, token=TOKEN, timeouts=SHORT)


def test_a_good_answer_is_given_as_it_is():
    with (
        answering(
            "HTTP/1.1 200 OK", "Content-Type: Application/JSON; charset=utf-8", body=b'{"a": 1}'
        ) as made,
        client(made.origin) as asking,
    ):
        answer = asking.get("/x")
        assert (answer.status, answer.content_type, answer.json(), answer.whole) == (
            200,
            "application/json",
            {"a": 1},
            True,
        )
        assert f"Authorization: Bearer {TOKEN}".encode() in made.requests[0]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int):
    with answering("HTTP/1.1 200 OK") as elsewhere:
        moved = f"HTTP/1.1 {status} Moved"
        with answering(moved, f"Location: {elsewhere.origin}/x") as made, client(made.origin) as asking:
            assert asking.get("/x").status == status
        assert elsewhere.requests == []


@pytest.mark.parametrize("where", ["//evil.example/x", "http://evil.example/", "x", "", "@evil.example"])
def test_only_paths_of_the_origin_are_asked_for(where: str):
    with answering("HTTP/1.1 200 OK") as made, client(made.origin) as asking:
        with pytest.raises(ValueError, match="not a path"):
            asking.get(where)
        assert made.requests == []


def test_a_body_is_cut_at_the_bound():
    with answering("HTTP/1.1 200 OK", body=b"x" * 100_000) as made, client(made.origin) as asking:
        whole = asking.get("/", max_bytes=100_000)
        cut = asking.get("/", max_bytes=99_999)
        assert (whole.whole, len(whole.body)) == (True, 100_000)
        assert (cut.whole, len(cut.body)) == (False, 99_999)
        with pytest.raises(Unavailable):
            cut.json()


def test_an_endless_body_is_left():
    def endless(_: bytes, send: Callable[[bytes], object]) -> None:
        send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            send(b"x" * 65536)

    with wire(endless) as made, client(made.origin) as asking:
        assert not asking.get("/", max_bytes=1_000_000).whole


def test_a_body_that_drips_meets_the_deadline():
    over = threading.Event()

    def dripping(_: bytes, send: Callable[[bytes], object]) -> None:
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.wait(0.02):
            send(b"x")

    timeouts = Timeouts(connect=2, silence=2, total=0.2)
    with wire(dripping) as made, OutboundClient(made.origin, timeouts=timeouts) as asking:
        with pytest.raises(Unavailable, match="longer than"):
            asking.get("/")
        over.set()


def test_silence_meets_the_timeout():
    over = threading.Event()
    timeouts = Timeouts(connect=2, silence=0.1, total=5)
    with (
        wire(lambda _, __: over.wait(10)) as made,
        OutboundClient(made.origin, timeouts=timeouts) as asking,
    ):
        with pytest.raises(Unavailable, match="ReadTimeout"):
            asking.get("/")
        over.set()


def test_a_compressed_answer_that_nobody_asked_for_is_refused():
    body = b"\x1f\x8b" + b"0" * 100
    with (
        answering("HTTP/1.1 200 OK", "Content-Encoding: gzip", body=body) as made,
        client(made.origin) as asking,
    ):
        with pytest.raises(Unavailable, match="encoding"):
            asking.get("/")
        assert b"Accept-Encoding: identity" in made.requests[0]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_broken_answer_is_unavailable(broken: bytes):
    with wire(lambda _, send: send(broken)) as made, client(made.origin) as asking:
        with pytest.raises(Unavailable) as failed:
            asking.get("/")
        assert TOKEN not in repr(failed.value)


def test_nobody_there_is_unavailable():
    with answering("HTTP/1.1 200 OK") as made:
        origin = made.origin
    with client(origin) as asking, pytest.raises(Unavailable, match="ConnectError"):
        asking.get("/")


@pytest.mark.parametrize(
    ("lines", "body", "wait"),
    [
        (["HTTP/1.1 429 Slow", "Retry-After: 7"], b"", 7.0),
        (["HTTP/1.1 429 Slow"], b'{"retry_after_ms": 2500}', 2.5),
        (["HTTP/1.1 429 Slow"], b'{"retry_after_ms": "soon"}', None),
        (["HTTP/1.1 429 Slow"], b'{"retry_after_ms": -1}', None),
        (["HTTP/1.1 429 Slow"], b"<html>", None),
        (["HTTP/1.1 503 Down", "Retry-After: Wed, 21 Oct 2020 07:28:00 GMT"], b"", None),
        (
            [
                "HTTP/1.1 503 Down",
                "Date: Wed, 21 Oct 2020 06:28:00 GMT",
                "Retry-After: Wed, 21 Oct 2020 07:28:00 GMT",
            ],
            b"",
            3600.0,
        ),
        (["HTTP/1.1 503 Down", "Retry-After: Wed, 21 Oct 9999 07:28:00 GMT"], b"", MAX_WAIT),
        (["HTTP/1.1 503 Down", "Retry-After: Wed, 42 Oct 2020 07:28:00 GMT"], b"", None),
        (["HTTP/1.1 429 Slow", "Retry-After: " + "9" * 400], b"", MAX_WAIT),
        (["HTTP/1.1 429 Slow"], b'{"retry_after_ms": ' + b"9" * 400 + b"}", MAX_WAIT),
        (["HTTP/1.1 429 Slow"], b'{"retry_after_ms": Infinity}', MAX_WAIT),
        (["HTTP/1.1 429 Slow"], b'{"retry_after_ms": NaN}', None),
        (["HTTP/1.1 429 Slow", "Retry-After: 1"], b'{"retry_after_ms": 3600000}', 3600.0),
        (["HTTP/1.1 500 Oops"], b"[" * 100_000, None),
    ],
)
def test_busy_and_broken_servers_say_how_long_to_wait(lines: list[str], body: bytes, wait: float | None):
    with answering(*lines, body=body) as made, client(made.origin) as asking:
        with pytest.raises(Unavailable) as failed:
            asking.get("/")
        assert failed.value.retry_after == wait


def test_cookies_are_not_kept():
    with answering("HTTP/1.1 200 OK", "Set-Cookie: a=b; Path=/") as made, client(made.origin) as asking:
        asking.get("/")
        asking.get("/")
        assert b"cookie:" not in made.requests[1].lower()


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch):
    with answering("HTTP/1.1 200 OK") as proxy, answering("HTTP/1.1 204 No Content") as made:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        monkeypatch.delenv("no_proxy", raising=False)
        with client(made.origin) as asking:
            assert asking.get("/").status == 204
        assert proxy.requests == []


def test_the_token_shows_nowhere(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    with answering("HTTP/1.1 500 Oops") as made:
        asking = client(made.origin)
        with pytest.raises(Unavailable) as failed:
            asking.get("/some/where")
        asking.close()
    shown = f"{asking!r} {failed.value!r} {failed.getrepr(style='long', showlocals=False)} {caplog.text}"
    assert TOKEN not in shown


@pytest.mark.parametrize("token", ["a b", "a\nb", "ä", "\0"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token: str):
    with pytest.raises(ConfigurationError) as refused:
        OutboundClient("http://127.0.0.1:1", token=token)
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "chat.example",
        "ftp://chat.example",
        "https://",
        "https://user:pass@chat.example",
        "https://chat.example/path",
        "https://chat.example?x",
        "https://chat.example#x",
        "https://chat.example:0",
        "https://chat.example:99999",
        "https://[bad",
    ],
)
def test_what_is_not_an_origin_is_refused(origin: str):
    with pytest.raises(ConfigurationError):
        OutboundClient(origin)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("https://chat.example/", "https://chat.example"),
        ("HTTP://Chat.Example:8008", "http://chat.example:8008"),
        ("http://[::1]:8008", "http://[::1]:8008"),
    ],
)
def test_an_origin_has_one_form(given: str, plain: str):
    assert checked_origin(given) == plain
    assert checked_origin(plain) == plain


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_a_segment_never_becomes_two_nor_a_step_up(segments: list[str]):
    made = path("/root", *segments)
    assert made.count("/") == len(segments) + 1
    assert not {".", ".."} & set(made.split("/"))
    assert "?" not in made
    assert "#" not in made


@pytest.mark.parametrize("segment", ["..", ".", "a/b", "a?b#c", "%2e%2e", "$x:y"])
def test_a_segment_arrives_as_it_was_written(segment: str):
    from urllib.parse import unquote

    with answering("HTTP/1.1 200 OK") as made, client(made.origin) as asking:
        asking.get(path("/a", segment, "z", q="1 &2"))
        asked = made.requests[0].split()[1].decode()
    inside, _, query = asked.partition("?")
    _, first, middle, last = inside.split("/")
    assert (first, unquote(middle), last) == ("a", segment, "z")
    assert query == "q=1%20%262"


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in {Fault.REDIRECT, Fault.HANG}])
def test_the_fault_proxy_fails_as_it_says_and_passes_on_otherwise(fault: Fault):
    with (
        answering("HTTP/1.1 200 OK", "Content-Type: application/json", body=b'{"a": 1}') as made,
        FaultProxy(made.origin) as proxy,
        client(proxy.origin) as asking,
    ):
        assert asking.get("/x").json() == {"a": 1}
        with proxy.failing(fault, "/x"):
            assert asking.get("/y").json() == {"a": 1}
            with pytest.raises(Unavailable):
                asking.get("/x").json()
        assert asking.get("/x").json() == {"a": 1}


# --- for evidence ------------------------------------------------------------------------------------------


def test_an_exchange_keeps_what_was_said_and_not_the_token():
    with (
        answering("HTTP/1.1 404 Nothing Here", "X-Twice: a", "x-twice: b", body=b"gone") as made,
        client(made.origin) as asking,
    ):
        got = asking.exchange("/x?y=1")
    assert (got.method, got.url, got.reason) == ("GET", f"{made.origin}/x?y=1", "Nothing Here")
    assert (got.answer.status, got.answer.body) == (404, b"gone")
    assert [pair for pair in got.said if pair[0].lower() == "x-twice"] == [("X-Twice", "a"), ("x-twice", "b")]
    assert ("Authorization", "(redacted)") in got.asked
    assert TOKEN.encode() in made.requests[0]
    assert TOKEN not in repr(got)
    assert (got.chain, got.peer) == (None, made.origin.removeprefix("http://"))
    assert got.at.tzinfo is not None


def test_an_exchange_that_is_no_answer_raises_as_a_question_does():
    with answering("HTTP/1.1 503 Busy", "Retry-After: 7") as made, client(made.origin) as asking:
        with pytest.raises(Unavailable) as busy:
            asking.exchange("/x")
        assert busy.value.retry_after == 7
        with pytest.raises(ValueError, match="not a path"):
            asking.exchange("//elsewhere.example/x")


def test_an_exchange_over_tls_brings_the_certificates_leaf_first(tmp_path: Path, monkeypatch):
    leaf, authority = certificates(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    with wire(lambda _, send: send(head)) as made:
        made.server.socket = server.wrap_socket(made.server.socket, server_side=True)
        origin = made.origin.replace("http:", "https:")
        monkeypatch.setattr(outbound, "trusted", lambda: trusting)
        with client(origin) as asking:
            assert asking.exchange("/x").chain == (leaf, authority)
            assert asking.get("/x").json() == {}


def certificates(folder: Path) -> tuple[bytes, bytes]:
    """(leaf, authority) as DER, and as files beside the leaf's key."""
    now, day = datetime.now(UTC), timedelta(days=1)

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    at_home = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])

    def certificate(name: str, key, signer, *, ca: bool) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(at_home, critical=False)
            .sign(signer, hashes.SHA256())
        )

    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = certificate("authority", root, root, ca=True)
    leaf = certificate("leaf", own, root, ca=False)
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "chain.pem").write_bytes(leaf.public_bytes(pem) + authority.public_bytes(pem))
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(own.private_bytes(pem, *secret))
    return leaf.public_bytes(der), authority.public_bytes(der)
