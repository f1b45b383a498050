"""Refuse what is no text, and names that are not ours, before any page sees a request.

PostgreSQL takes no NUL, Python's codecs no half of a pair, and each page would have to remember it. So it is
said once: whatever a request says in its address, its headers and its plain forms is UTF-8 without NUL,
written with right percent signs. Bodies of other kinds are parsed where they are read.

A host that nobody configured is refused: a page of another site must not reach an entry point by a name that
points to this machine (DNS rebinding). An address is no such name, so a request may always name the one on
which it arrived, and health checks need no name.
"""

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from takeback.errors import ConfigurationError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
FORM = b"application/x-www-form-urlencoded"
MOST_TARGET_BYTES = 4096
"""Of an address."""
MOST_FORM_BYTES = 64 * 1024
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(:[0-9]{1,5})?", re.IGNORECASE)
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Refusal = Callable[[Scope, int, str], Response]
"""Makes the answers of one entry point: to what, status, a sentence."""


def plain_refusal(_: Scope, status: int, sentence: str) -> Response:
    """Say it as plain text."""
    return PlainTextResponse(f"{sentence}\n", status)


def hosts_of(origins: str | None, setting: str) -> frozenset[str]:
    """Return the host names in a setting.

    Args:
        origins: as https://report.example, or a name alone, with commas between them; None: none.
        setting: its name, for the error.

    Raises:
        ConfigurationError: one of them is no name.
    """
    names = set()
    for each in filter(None, map(str.strip, (origins or "").split(","))):
        name = urlsplit(each if "//" in each else f"//{each}").netloc
        if host_of(name) is None:
            raise ConfigurationError(f"{setting}: {each!r} is no address such as https://report.example")
        names.add(host_of(name) or "")
    return frozenset(names)


def host_of(header: str) -> str | None:
    """Return the name in a Host header, in small letters and without port; None if it is not well-formed."""
    found = _HOST.fullmatch(header)
    return found[1].lower() if found else None


def is_odd(quoted: bytes) -> bool:
    """Whether percent-encoded bytes are no text: not UTF-8, with a NUL, or with a broken percent sign."""
    if _BROKEN.search(quoted):
        return True
    return _is_no_text(unquote_to_bytes(quoted))


def _is_no_text(data: bytes) -> bool:
    try:
        return "\0" in data.decode()
    except UnicodeDecodeError:
        return True


class Checked:
    """ASGI middleware around an entry point.

    Args:
        app: the entry point.
        hosts: names by which it is reached, beside loopback; None: the entry point checks that itself.
        refuse: makes the answers.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None, refuse: Refusal = plain_refusal) -> None:
        self._app = app
        self._hosts = None if hosts is None else LOOPBACK | frozenset(hosts)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = self._wrong_host(scope) or _oddity(scope)
        if fault is None and _is_form(scope):
            body = await _read(receive)
            if body is None or is_odd(body):
                fault = 400, "This form is no text, or too long."
            else:
                receive = again(body, receive)
        answer = self._app if fault is None else self._refuse(scope, *fault)
        await answer(scope, receive, send)

    def _wrong_host(self, scope: Scope) -> tuple[int, str] | None:
        if self._hosts is None:
            return None
        said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = host_of(said[0]) if len(said) == 1 else None
        here = scope.get("server") or ("", 0)
        if host is not None and (host in self._hosts or host.strip("[]") == here[0]):
            return None
        return 421, "This is served under other names."


def _oddity(scope: Scope) -> tuple[int, str] | None:
    """What is no text in an address or a header."""
    path, query = scope.get("raw_path") or b"", scope.get("query_string", b"")
    if len(path) + len(query) > MOST_TARGET_BYTES:
        return 400, "This address is too long."
    if is_odd(path) or is_odd(query):
        return 400, "This address is no text."
    if any(_is_no_text(value) for _, value in scope["headers"]):
        return 400, "A header is no text."
    return None


def _is_form(scope: Scope) -> bool:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return any(kind.split(b";")[0].strip().lower() == FORM for kind in kinds)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None if it is too long, or the visitor has gone."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_FORM_BYTES:
            return None
    return bytes(body)


def again(body: bytes, receive: Receive) -> Receive:
    """Return what gives out a body that was read already."""
    left = [body]

    async def read() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return read
