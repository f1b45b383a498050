"""The shared HTTP part alone, as a process of its own, and visitors who behave as they like."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

import waiting
from takeback.infra.http.connections import Limits
from witnesses import free_port

_PROGRAM = """
import json, sys
from takeback.infra import process
from takeback.infra.http import serving
from takeback.infra.http.connections import Limits

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    said = b"x" * 50_000_000 if scope["path"] == "/long" else scope["client"][0].encode() + b" sent " + body
    length = [(b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": said})

process.begin()
serving.run(app, "127.0.0.1", int(sys.argv[1]), Limits(**json.loads(sys.argv[2])))
"""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Where it answers."""

    port: int

    def connect(self, sent: bytes = b"", *, source: str = "127.0.0.1") -> socket.socket:
        """Open a connection, send something, and keep it open."""
        connection = socket.create_connection(("127.0.0.1", self.port), 30, (source, 0))
        connection.sendall(sent)
        return connection

    def ask(self, sent: bytes, *, source: str = "127.0.0.1") -> bytes:
        """All that is answered until the entry point closes."""
        with self.connect(sent, source=source) as connection:
            return read_all(connection)

    def visit(self, path: str = "/", *, source: str = "127.0.0.1") -> float:
        """An honest visit; the seconds that it took."""
        begun = time.perf_counter()
        said = self.ask(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), source=source
        )
        assert said.startswith(b"HTTP/1.1 200 "), said[:200]
        return time.perf_counter() - begun


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side ends, in whatever way."""
    said = b""
    try:
        while piece := connection.recv(65536):
            said += piece
    except ConnectionError:
        pass
    return said


def is_closed(connection: socket.socket) -> bool:
    """Whether the entry point has closed a connection on which nothing was answered."""
    connection.settimeout(0)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@contextmanager
def serving(limits: Limits, environment: dict[str, str] | None = None) -> Iterator[EntryPoint]:
    """The server, until the block ends."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(port), json.dumps(asdict(limits))],
        env={**os.environ, **(environment or {})},
    )
    entry_point = EntryPoint(port)

    def answers() -> bool:
        try:
            return entry_point.visit() > 0
        except OSError:
            return False

    try:
        waiting.until(answers, timeout=60, what="the entry point to answer")
        yield entry_point
    finally:
        process.kill()
        process.wait()


@contextmanager
def crowd(
    entry_point: EntryPoint, number: int, sent: bytes, *, source: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """So many visitors who send something unfinished and stay."""
    with ExitStack() as stack:
        yield [stack.enter_context(entry_point.connect(sent, source=source)) for _ in range(number)]
