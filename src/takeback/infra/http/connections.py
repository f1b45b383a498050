"""Give each visitor's connection a time and a place, so that nobody keeps the others out by holding on.

uvicorn bounds how many connections there are, and answers 503 to everybody beyond. Here the connection that
has kept us waiting for longest makes room instead. What is waited for has a time: a head, a body at a least
speed, a reader who takes what was sent. While our own code works on a request, its connection stays.

A source is an IPv4 address or an IPv6 /64. A proxy that is believed is no source: its connections count for
the visitor whom it names, from the head on.
"""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import h11
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from takeback.infra.http.heads import StrictConnection

_SWEEP_SECONDS = 0.25
_FULL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process of an entry point grants."""

    connections: int = 512
    """Open at a time, in all."""
    per_source: int = 64
    """Open at a time, of one source."""
    head_bytes: int = 32 * 1024
    head_seconds: float = 10.0
    """From the connection, or from the answer before, to the end of the head."""
    body_seconds: float = 30.0
    """For a body, beside the time that its bytes have at the least speed."""
    bytes_per_second: int = 2048
    """The least speed of a body."""
    unread_seconds: float = 30.0
    """A visitor who takes nothing of an answer for so long has gone."""


def source_of(address: str) -> str:
    """Return the source that an address belongs to; what is no address is a source by itself."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((ip, 64), strict=False))
        ip = ip.ipv4_mapped
    return str(ip)


class Book:
    """All open connections of one entry point, oldest first.

    Args:
        limits: what is granted.
        proxy: knows which peers are proxies that are believed.
    """

    def __init__(self, limits: Limits, proxy: ProxyHeadersMiddleware) -> None:
        self.limits = limits
        self._proxy = proxy
        self._open: dict[Connection, str | None] = {}
        self._sources: Counter[str] = Counter()
        self._sweeping = False

    def enter(self, new: "Connection", peer: str) -> None:
        """Add a connection; where there are too many, close the one that has waited for longest."""
        self._open[new] = None
        if peer not in self._proxy.trusted_hosts:
            self.name(new, peer)
        if len(self._open) > self.limits.connections:
            self._make_room([each for each in self._open if each is not new], new)
        if not self._sweeping:
            self._sweeping = True
            new.loop.call_later(_SWEEP_SECONDS, self._sweep, new.loop)

    def name(self, connection: "Connection", address: str | None) -> None:
        """Say for whom a connection counts; None: for nobody."""
        if connection not in self._open:
            return
        self._forget(connection)
        source = self._open[connection] = None if address is None else source_of(address)
        if source is None:
            return
        self._sources[source] += 1
        if self._sources[source] > self.limits.per_source:
            own = [each for each, of in self._open.items() if of == source and each is not connection]
            self._make_room(own, connection)

    def name_forwarded(
        self, connection: "Connection", peer: str, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Count a believed proxy's connection for the visitor whom this head names."""
        if peer in self._proxy.trusted_hosts:
            said = b",".join(value for name, value in headers if name == b"x-forwarded-for")
            visitor, _ = self._proxy.trusted_hosts.get_trusted_client_address(said.decode("latin-1"))
            self.name(connection, visitor if visitor and visitor not in self._proxy.trusted_hosts else None)

    def leave(self, connection: "Connection") -> None:
        """Remove a connection that is closed."""
        if connection in self._open:
            self._forget(connection)
            del self._open[connection]

    def _forget(self, connection: "Connection") -> None:
        source = self._open[connection]
        if source is not None:
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]

    def _make_room(self, candidates: list["Connection"], new: "Connection") -> None:
        waiting = [each for each in candidates if each.waits_for_visitor]
        if waiting:
            min(waiting, key=lambda each: each.since).end()
        else:
            new.refuse()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [each for each in self._open if each.is_overdue(now)]:
            connection.end()
        self._sweeping = bool(self._open)
        if self._sweeping:
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)


class Connection(H11Protocol):
    """One visitor's connection, as uvicorn's, with a time and a place.

    Args:
        config, server_state, app_state, _loop: as uvicorn gives them.
        book: the open connections of the entry point.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        book: Book,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = StrictConnection(book.limits.head_bytes)
        self.since = 0.0
        """When it began to wait for what it waits for now."""
        self._book = book
        self._waits_for: object = None
        self._named: object = None
        self._received = 0
        self._unread = (0, 0.0)

    # --- what uvicorn and asyncio call ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Enter it into the book."""
        super().connection_made(transport)
        self._mark()
        self._book.enter(self, self._peer)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Remove it from the book."""
        self._book.leave(self)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Read on, and see for whom."""
        self._received += len(data)
        super().data_received(data)
        if self.scope is not self._named:  # a head is complete
            self._named = self.scope
            self._book.name_forwarded(self, self._peer, self.scope["headers"])
        if self.conn.their_state is h11.DONE and self.conn.trailing_data[0]:
            self.cycle.keep_alive = False  # what was sent ahead of its time is not looked at
        self._mark()

    @override
    def on_response_complete(self) -> None:
        """It is the visitor's turn again."""
        super().on_response_complete()
        self._book.name_forwarded(self, self._peer, [])
        self._mark()

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or not in one reading, if nothing was answered yet; and close."""
        answered = self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if answered:
            self.transport.close()
        else:
            super().send_400_response(msg)

    # --- what the book asks ---

    @property
    def waits_for_visitor(self) -> bool:
        """Whether it is the visitor's turn, and not ours."""
        return self.conn.their_state in {h11.IDLE, h11.SEND_BODY} or self._unread[0] > 0

    def is_overdue(self, now: float) -> bool:
        """Whether it is time to close this connection."""
        limits = self._book.limits
        unread = self.transport.get_write_buffer_size()
        if unread == 0 or unread != self._unread[0]:
            self._unread = (unread, now)
        if now - self._unread[1] > limits.unread_seconds:
            return True
        if self.conn.their_state is h11.IDLE:
            return now - self.since > limits.head_seconds
        if self.conn.their_state is not h11.SEND_BODY:
            return False
        if self.flow.read_paused:  # our own code is not ready for more
            self.since, self._received = now, 0
        return now - self.since > limits.body_seconds + self._received / limits.bytes_per_second

    def end(self) -> None:
        """Close it at once, whatever is unread."""
        self.transport.abort()
        self._book.leave(self)

    def refuse(self) -> None:
        """Close it with the one answer that there is no place."""
        if self.conn.our_state is h11.IDLE:
            self.transport.write(_FULL)
            self.transport.close()
        else:
            self.transport.abort()

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def _mark(self) -> None:
        """Note when the turn changes."""
        waits_for = self.conn.their_state
        if waits_for is not self._waits_for:
            self._waits_for, self._received, self.since = waits_for, 0, self.loop.time()
