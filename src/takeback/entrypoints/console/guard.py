"""Rules for every request and every answer of the console, in one place around all of it.

Only this origin is served and may post (a rebound or foreign host is turned away before any page sees it),
a body is a small form, nothing is kept by the browser and nothing is loaded from elsewhere. It is ASGI
because only there is a request seen before it is read; everything behind it is synchronous.
"""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from takeback.infra.http.headers import PAGES, with_headers
from takeback.staff.model import Site

MAX_BODY = 64 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_READS = ("GET", "HEAD")
HEADERS = PAGES | {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",  # with "no-referrer", browsers send "Origin: null" for forms
    "permissions-policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), payment=()",
}


class Guard:
    """ASGI middleware around the console; `site` is the one origin that is served."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        guarded = with_headers(send, HEADERS)
        refusal = self._refuse(scope)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, _bounded(receive), guarded)

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        reads = scope["method"] in _READS
        host = headers.get("host", "")
        if host != self._site.netloc:
            name, _, port = host.rpartition(":")
            if reads and name in _LOOPBACK and self._site.netloc == f"localhost:{port}":
                query = scope["query_string"].decode("latin-1")
                return RedirectResponse(self._site.origin + scope["path"] + (f"?{query}" if query else ""))
            return PlainTextResponse(
                f"The console is served at {self._site.origin} only (setting TAKEBACK_CONSOLE_ORIGIN).\n", 421
            )
        return None if reads else self._refuse_form(headers)

    def _refuse_form(self, headers: Headers) -> Response | None:
        origin = headers.get("origin")
        same = (
            headers.get("sec-fetch-site") == "same-origin" if origin is None else origin == self._site.origin
        )
        if not same:
            return PlainTextResponse("This came from another site, so nothing was done.\n", 403)
        if headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
            return PlainTextResponse("Only plain forms are read here.\n", 415)
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return PlainTextResponse("The length must be said first.\n", 411)
        if int(length) > MAX_BODY:
            return PlainTextResponse("This is too long.\n", 413)
        return None


def _bounded(receive: Receive) -> Receive:
    """No more than was declared and allowed; whoever sends more is gone."""
    left = MAX_BODY

    async def read() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return read
