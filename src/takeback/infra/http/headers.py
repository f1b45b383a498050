"""Headers that every page of ours carries, whatever it is for."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

PAGES = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Return `send` so that each answer carries these, and is stored nowhere unless it says so itself."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = MutableHeaders(scope=message)
            given.setdefault("cache-control", "no-store")
            given.update(headers)
        await send(message)

    return sending
