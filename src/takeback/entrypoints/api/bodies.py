"""Read a body piece by piece, and stop as soon as it is too long: what is refused is never held.

FastAPI would read a declared body whole before any other check; here the key is looked at first, and the
body afterwards, from a synchronous endpoint.
"""

import anyio.from_thread
from starlette.requests import Request

from takeback.entrypoints.api.answers import Problem


def read(request: Request, limit: int) -> bytes:
    """The whole body. Raises Problem: 400 if the length is no number, 413 if it is longer than `limit`."""
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit():
        raise Problem(400, "bad_length", "Content-Length is not a number.")
    if int(declared) > limit:
        raise _too_long(limit)
    return anyio.from_thread.run(_read, request, limit)


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise _too_long(limit)
    return bytes(body)


def _too_long(limit: int) -> Problem:
    return Problem(
        413, "too_many_bytes", f"The body is longer than {limit:,} bytes, which is the most that is read."
    )
