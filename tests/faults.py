"""A proxy on loopback that fails on purpose, to stand between a client and a real server.

Strict: it forwards exactly what it got, and never repairs an answer.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Fault(Enum):
    """What goes wrong."""

    TOO_MANY_REQUESTS = auto()
    """429 with Matrix's retry_after_ms of 1500."""
    SERVER_ERROR = auto()
    """500 with a JSON body that even claims M_NOT_FOUND."""
    GATEWAY_PAGE = auto()
    """502 and a page."""
    NOT_FOUND_PAGE = auto()
    """404 and a page: a proxy that lost its upstream, not the server."""
    LOGIN_PAGE = auto()
    """200 and a page, whatever was asked for."""
    REDIRECT = auto()
    """302 to somewhere else."""
    BROKEN_JSON = auto()
    """200 and half a document."""
    HANG = auto()
    """No answer while it lasts."""
    CUT = auto()
    """The connection ends in the middle of the answer."""
    LOST_ANSWER = auto()
    """The server does what was asked, but its answer never arrives."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A request that is kept waiting, so that a test can do something at exactly this moment."""

    method: str
    where: str
    after: bool
    """The server has done what was asked, and its answer waits; else the request waits."""
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)
    """What was kept waiting never arrives: set it before the release."""

    def keep(self, method: str, path: str, *, after: bool) -> None:
        if (method, after) == (self.method, self.after) and self.where in path and not self.released.is_set():
            self.reached.set()
            self.released.wait(60)
            if self.lost.is_set():
                raise ConnectionError


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came by."""

    method: str
    path: str


_PAGES = {
    Fault.TOO_MANY_REQUESTS: (
        429,
        "application/json",
        b'{"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 1500}',
    ),
    Fault.SERVER_ERROR: (500, "application/json", b'{"errcode": "M_NOT_FOUND", "error": "oops"}'),
    Fault.GATEWAY_PAGE: (502, "text/html", b"<html>bad gateway</html>"),
    Fault.NOT_FOUND_PAGE: (404, "text/html", b"<html>not found</html>"),
    Fault.LOGIN_PAGE: (200, "text/html", b"<html>please sign in to the network</html>"),
    Fault.BROKEN_JSON: (200, "application/json", b'{"chunk": ['),
}


class FaultProxy:
    """Forwards to one upstream, except where a fault is switched on."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self.asked: list[Asked] = []
        self._fault: tuple[Fault, str] | None = None
        self._hold: Hold | None = None
        self._over = threading.Event()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def failing(self, fault: Fault, where: str = "") -> Iterator[None]:
        """While the block runs, requests whose path contains `where` meet the fault."""
        self._over.clear()
        self._fault = (fault, where)
        try:
            yield
        finally:
            self._fault = None
            self._over.set()

    @contextmanager
    def holding(self, method: str, where: str, *, after: bool = False) -> Iterator[Hold]:
        """While the block runs, requests of this method whose path contains `where` wait."""
        hold = Hold(method, where, after)
        self._hold = hold
        try:
            yield hold
        finally:
            self._hold = None
            hold.released.set()

    def fault_for(self, path: str) -> Fault | None:
        fault = self._fault
        return fault[0] if fault is not None and fault[1] in path else None

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        hold = self._hold
        if hold is not None:
            hold.keep(method, path, after=False)
        upstream = http.client.HTTPConnection(*self._upstream, timeout=60)
        try:
            upstream.request(method, path, body, headers)
            answer = upstream.getresponse()
            got = answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            upstream.close()
        if hold is not None:
            hold.keep(method, path, after=True)
        return got

    def wait_until_over(self) -> None:
        self._over.wait(60)


class _Handler(BaseHTTPRequestHandler):
    """Not kept alive, so that a fault never meets a connection of the time before it."""

    proxy: FaultProxy
    protocol_version = "HTTP/1.0"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._do()

    def do_PUT(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Quiet."""

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.asked.append(Asked(self.command, self.path))
        fault = self.proxy.fault_for(self.path)
        if fault is Fault.HANG:
            self.proxy.wait_until_over()
            return
        if fault in _PAGES:
            self._answer(*_PAGES[fault])
            return
        if fault is Fault.REDIRECT:
            self._answer(302, "text/plain", b"", location=self.proxy.origin + "/elsewhere")
            return
        kept = {
            name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}
        }
        try:
            status, content_type, answer = self.proxy.forward(self.command, self.path, kept, body)
        except OSError:
            self._answer(*_PAGES[Fault.GATEWAY_PAGE])
            return
        if fault is Fault.LOST_ANSWER:
            return
        self._answer(status, content_type, answer, cut=fault is Fault.CUT)

    def _answer(
        self, status: int, content_type: str, body: bytes, *, location: str = "", cut: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
