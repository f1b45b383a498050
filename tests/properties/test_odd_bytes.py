"""S4: what is no text is answered 400, wherever it stands, and nothing that is sent makes a fault of ours.

Every address of every entry point is asked, as the entry point itself lists them, on the real database.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes
from uuid import uuid4

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi import Address, Answered, Asgi, addresses, running
from console_house import House, Platform
from databases import Server
from soaking import fewer_examples
from takeback.app import App, keys_folder, look_back_parts
from takeback.bank.index import BankIndex
from takeback.entrypoints.api.app import create_app as create_api
from takeback.entrypoints.console.app import create_app as create_console
from takeback.entrypoints.console.desk import Desk
from takeback.entrypoints.portal.answers import FIELDS
from takeback.entrypoints.portal.app import create_app as create_portal
from takeback.entrypoints.witness.app import create_app as create_witness
from takeback.entrypoints.witness.folder import Folder, create
from takeback.infra import clock
from takeback.infra.config import PortalSettings, Settings
from takeback.infra.db.pool import Database
from takeback.infra.vault import keys
from takeback.infra.vault.unseal import Unsealer
from takeback.signals.sandbox import Decoder
from takeback.staff import service
from takeback.staff.model import How, Role
from takeback.submissions.draft import new_key, write_key

FORM = b"application/x-www-form-urlencoded"
ODD = [
    b"%00", b"a%00b", b"%ff", b"%C0%80", b"%ED%A0%80", b"%ed%b0%80%ed%a0%80", b"%F5%80%80%80", b"%e2%82",
    b"%", b"%z", b"%u0000", b"100%", b"a" * 5000, b"%41" * 1500,
]  # fmt: skip
STRANGE = [
    b"", b"+", b"%0d%0aset-cookie:%20a=b", b"%f0%9f%98%80", b"%EF%BF%BD", b"%7f", b"%E2%80%AE", b"-1", b"0",
    b"9" * 40, b"1e999", b"NaN", b"%C2%B2", b"%D9%A3", b"..%2f..%2f", b"//example.com", b"%5B" * 1000, b"{}",
    b"%22%5Cud800%22", b"%7B%22id%22:%22%5Cud800%22%7D", b"null", b"true", str(uuid4()).encode(),
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(ODD),
    st.sampled_from(STRANGE),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
        lambda text: quote(text, safe="").encode()
    ),
)
COOKIES = st.sampled_from(
    [b"", b"\xff\xfe", b"a=\xed\xa0\x80", b'theme="\\0', b"theme=%00;;=;==", b"\xc3\xa9=1", b"="]
)


@dataclass
class EntryPoint:
    """An entry point under test."""

    asgi: Asgi
    headers: Callable[[], list[tuple[bytes, bytes]]]
    """Those of somebody who may come in."""
    host: bytes
    """A name of the entry point."""
    known: tuple[str, ...] = ()
    """Values that are there, for a part of a path."""
    form: dict[str, str] = field(default_factory=dict)
    """Fields that every form has, or that the entry point reads by itself."""
    csrf: Callable[[], str] = lambda: ""


def is_odd(data: bytes) -> bool:
    """Whether it is no text, as the specification of forms and UTF-8 has it."""
    if re.search(rb"%(?![0-9a-fA-F]{2})", data):
        return True
    try:
        return "\0" in unquote_to_bytes(data.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        return True


def check_every_address(entry_point: EntryPoint) -> None:
    for address in addresses(entry_point.asgi.app):

        @fewer_examples
        @given(address=st.just(address), data=st.data())
        def each(address: Address, data: st.DataObject) -> None:
            _check(entry_point, address, data)

        each()


def _check(entry_point: EntryPoint, address: Address, data: st.DataObject) -> None:
    known = st.sampled_from([each.encode() for each in entry_point.known] or [b"1"])
    parts = re.split(r"\{[^}]*\}", address.path)
    path = parts[0].encode()
    for part in parts[1:]:
        path += data.draw(st.one_of(known, VALUES)) + part.encode()
    query = b"&".join(
        name.encode() + b"=" + data.draw(VALUES)
        for name in (*address.query, "unheard-of")[: data.draw(st.integers(0, 3))]
    )
    fields = {name: data.draw(VALUES) for name in (*address.form, *entry_point.form)}
    fields |= {name: value.encode() for name, value in entry_point.form.items() if value}
    if entry_point.csrf():
        fields["csrf"] = entry_point.csrf().encode()
    body = b"&".join(name.encode() + b"=" + value for name, value in fields.items())
    headers = [(b"host", entry_point.host), *entry_point.headers(), (b"cookie", data.draw(COOKIES))]
    posts = address.method == "POST"
    if posts:
        headers += [(b"content-type", FORM), (b"content-length", str(len(body)).encode())]
    target = path + (b"?" + query if query else b"")
    answer = entry_point.asgi.ask(address.method, target, headers, body if posts else b"")
    assert answer.status < 500, (answer, address, target, body)
    odd_header = any(is_no_utf8(value) for _, value in headers)
    if len(target) > 4100 or is_odd(path) or is_odd(query) or odd_header or (posts and is_odd(body)):
        assert _says_400(answer), (answer, target, body, headers)


def is_no_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return True
    return False


def _says_400(answer: Answered) -> bool:
    """By itself, or after a form on the portal by the page that it leads to; or it is too long as a whole."""
    return answer.status in {400, 413, 422} or answer.headers.get("location") in {
        "/trouble/400",
        "/trouble/413",
    }


@pytest.fixture(scope="module")
def parts(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    settings = Settings(data=tmp_path_factory.mktemp("data"), console_port=8181)
    with postgres.fresh() as url, Database(url) as database, Decoder(processes=1) as decoder:
        unsealer = Unsealer(keys.ensure(keys_folder(settings)))
        found = look_back_parts(settings, database)
        yield App(settings, database, {"chat": Platform()}, decoder, unsealer, BankIndex(), *found)


@contextmanager
def console_entry_point(parts: App) -> Iterator[EntryPoint]:
    """The console, for an administrator who is signed in, with a case."""
    web = create_console(parts)
    desk: Desk = web.state.desk
    case = House(parts, Platform(), desk.site.origin).case(copies=1)
    now = clock.now()
    with parts.database.transaction() as tx:
        name = uuid4().hex
        into = service.use_link(tx, service.invite(tx, name, Role.ADMINISTRATOR, now=now), now=now)
        assert into is not None

    def sign_in() -> list[tuple[bytes, bytes]]:
        with parts.database.transaction() as tx:
            opened = service.open_session(tx, into.member.id, How.LINK, now=clock.now())
        entry_point.csrf = lambda: csrf_of(opened.token)
        return [
            (b"origin", desk.site.origin.encode()),
            (b"cookie", f"{desk.cookie}={opened.token}".encode()),
        ]

    with running(web) as asgi:
        entry_point = EntryPoint(asgi, sign_in, desk.site.netloc.encode(), (str(case), "chat", "0"))
        yield entry_point


def csrf_of(token: str) -> str:
    return hmac.digest(token.encode(), b"takeback console form", hashlib.sha256).hex()


@contextmanager
def api_entry_point(parts: App) -> Iterator[EntryPoint]:
    """The machine API, for somebody with a key."""
    with parts.database.transaction() as tx:
        key = service.make_api_key(tx, uuid4().hex, by=None, now=clock.now())
    with running(create_api(parts)) as asgi:
        yield EntryPoint(asgi, lambda: [(b"authorization", f"Bearer {key}".encode())], b"localhost:8182")


@contextmanager
def portal_entry_point(server: Server, folder: Path) -> Iterator[EntryPoint]:
    """The portal, with its own role, for somebody with a cookie."""
    (folder / "intake.recipient").write_text(str(pyrage.x25519.Identity.generate().to_public()))
    (folder / "pepper").write_text(os.urandom(32).hex())
    settings = PortalSettings(portal_keys=folder, portal_origins="https://report.example, http://abc.onion")
    with server.fresh() as url:
        name = url.partition("?")[0].rpartition("/")[2]
        with Database(server.url_of(name, "takeback_portal")) as database:
            cookie = f"session={write_key(new_key())}".encode()
            headers = [(b"sec-fetch-site", b"same-origin"), (b"cookie", cookie)]
            form = dict.fromkeys((*FIELDS, "at", "go", "then", "website", "receipt"), "")
            with running(create_portal(settings, database)) as asgi:
                yield EntryPoint(asgi, lambda: headers, b"report.example", ("1", "7", "done"), form)


@contextmanager
def witness_entry_point(folder: Path) -> Iterator[EntryPoint]:
    """A witness, whose name is its address."""
    create(folder / "witness", "witness.example/w1", post_quantum=False)
    with running(create_witness(Folder(folder / "witness"))) as asgi:
        yield EntryPoint(asgi, list, b"witness.example")


def test_s4_the_console_answers_400_to_what_is_no_text_and_never_500(parts: App):
    """S4: NUL in a log-in name or a note, and everything like it, also by somebody who is signed in."""
    with console_entry_point(parts) as entry_point:
        check_every_address(entry_point)


def test_s4_the_api_answers_400_to_what_is_no_text_and_never_500(parts: App):
    """S4: bodies that are no JSON, too."""
    with api_entry_point(parts) as entry_point:
        check_every_address(entry_point)
        for body in (b"\xff", b'"\\ud800"', b'{"pdq": "\\ud800"}', b"[" * 1000, b"\0", b"NaN"):
            length = (b"content-length", str(len(body)).encode())
            asked = [(b"host", entry_point.host), *entry_point.headers(), length]
            for address in (b"/v1/check/hash", b"/v1/check/picture"):
                assert entry_point.asgi.ask("POST", address, asked, body).status == 422


def test_s4_the_portal_answers_400_to_what_is_no_text_and_never_500(postgres: Server, tmp_path: Path):
    """S4: after a form by the page that it leads to, so that nothing stays in a history (H7)."""
    with portal_entry_point(postgres, tmp_path) as entry_point:
        check_every_address(entry_point)


def test_s4_the_witness_answers_400_to_what_is_no_text_and_never_500(tmp_path: Path):
    """S4."""
    with witness_entry_point(tmp_path) as entry_point:
        check_every_address(entry_point)


FOREIGN = [
    b"evil.example", b"evil.example:8180", b"localhost.evil.example", b"localhost@evil.example", b"10.0.0.7",
    b"127.0.0.1.nip.io", b"[::1", b"", b"localhost, evil.example", b"xn--", b"\xff",
]  # fmt: skip


def test_s4_every_address_of_every_entry_point_asks_for_its_host(
    parts: App, postgres: Server, tmp_path: Path
):
    """S4: `/metrics` too. A health check may name the number at which it asks, and needs no name."""
    with (
        console_entry_point(parts) as console,
        api_entry_point(parts) as api,
        portal_entry_point(postgres, tmp_path) as portal,
        witness_entry_point(tmp_path) as witness,
    ):
        for entry_point in (console, api, portal, witness):
            for address in addresses(entry_point.asgi.app):
                for host in FOREIGN:
                    assert _status(entry_point, address, host) in {400, 421}, (address, host)
                assert _status(entry_point, address, entry_point.host) != 421, address
        health = Address("GET", "/healthz", (), ())
        for name in (b"127.0.0.1", b"127.0.0.1:8182", b"LOCALHOST", b"localhost.", b"[::1]:8182"):
            assert _status(api, health, name) in {200, 503}
        assert _status(portal, Address("GET", "/", (), ()), b"abc.onion") == 200
        assert api.asgi.ask("GET", b"/healthz", []).status == 421
        twice = [(b"host", b"localhost"), (b"host", b"localhost")]
        assert api.asgi.ask("GET", b"/healthz", twice).status == 421


def _status(entry_point: EntryPoint, address: Address, host: bytes) -> int:
    path = re.sub(r"\{[^}]*\}", "1", address.path).encode()
    posts = [(b"content-type", FORM), (b"content-length", b"0")] if address.method == "POST" else []
    return entry_point.asgi.ask(
        address.method, path, [(b"host", host), *entry_point.headers(), *posts]
    ).status
