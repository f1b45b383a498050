"""Ask an application directly, byte by byte: no client puts anything right on the way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; 500 also stands for an exception that nobody caught."""

    status: int
    headers: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """One thing that an application can be asked."""

    method: str
    path: str
    query: tuple[str, ...]
    form: tuple[str, ...]


def addresses(app: FastAPI) -> list[Address]:
    """All of them, as the application itself lists them."""
    contract = app.openapi()
    schemas = contract.get("components", {}).get("schemas", {})
    found: dict[tuple[str, str], Address] = {}
    for path, methods in contract["paths"].items():
        for method, said in methods.items():
            query = tuple(each["name"] for each in said.get("parameters", []) if each["in"] == "query")
            form = said.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {})
            named = schemas.get(form.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
            fields = tuple(named.get("properties", {}))
            found[method.upper(), path] = Address(method.upper(), path, query, fields)
    for route in app.routes:
        if isinstance(route, Route):  # also what the contract does not tell
            for method in sorted(route.methods or ()):
                found.setdefault((method, route.path), Address(method, route.path, (), ()))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Asgi:
    """An application that can be asked."""

    app: FastAPI
    _portal: BlockingPortal

    def ask(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes = b""
    ) -> Answered:
        """One request, as uvicorn would hand it on."""
        return self._portal.call(self._ask, method, target, headers, body)

    async def _ask(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Answered:
        raw_path, _, query = target.partition(b"?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": method, "scheme": "http", "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path, "root_path": "", "query_string": query, "headers": headers,
            "client": ("192.0.2.1", 1), "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        left = [{"type": "http.request", "body": body, "more_body": False}]
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return left.pop() if left else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        try:
            await self.app(cast("Any", scope), cast("Any", receive), send)
        except Exception as error:  # noqa: BLE001 - the server would answer 500
            return Answered(500, {}, repr(error))
        start = said[0]
        return Answered(start["status"], {n.decode(): v.decode() for n, v in start["headers"]})


@contextmanager
def running(app: FastAPI) -> Iterator[Asgi]:
    """The application on a loop of its own."""
    with start_blocking_portal() as portal:
        yield Asgi(app, portal)
