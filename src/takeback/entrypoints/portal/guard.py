"""Rules for every request and every answer, whatever page it is for.

The rules stand in one place around the whole application, so that no page can forget them: nothing may be
loaded from elsewhere, nothing is cached, nobody learns where a visitor came from; a body is small, is a
plain form, never a file, and comes from our own pages. A fault inside is logged by its kind and place alone,
because messages may quote what was typed.
"""

import logging
import traceback
from collections.abc import Callable

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from takeback.entrypoints.portal.answering import is_ours
from takeback.errors import DatabaseAway
from takeback.infra.http.checks import FORM, again
from takeback.infra.http.headers import PAGES, with_headers

_CSP = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OFF = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
    "publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock", "serial",
    "storage-access", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip
HEADERS = PAGES | {
    "content-security-policy": _CSP,
    "referrer-policy": "no-referrer",
    # Copying the receipt is the one thing that a page may do with the device.
    "permissions-policy": ", ".join((*(f"{feature}=()" for feature in _OFF), "clipboard-write=(self)")),
    "x-dns-prefetch-control": "off",
}
_ASKING = frozenset({"GET", "HEAD"})

_log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware around the portal; `limit` is in bytes of a body.

    `trouble` makes the page that says what is wrong, for 400, 413, 415, 500 and 503.
    """

    def __init__(self, app: ASGIApp, limit: int, trouble: Callable[[int], Response]) -> None:
        self._app = app
        self._limit = limit
        self._trouble = trouble

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        guarded = with_headers(send, HEADERS)

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await guarded(message)

        body = await self._body(scope, receive)
        if isinstance(body, int):
            await self._trouble(body)(scope, receive, guarded)
            return
        try:
            await self._app(scope, again(body, receive), noting)
        except DatabaseAway:  # said once, where it was noticed
            if not started:
                await self._apology(scope, 503)(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 (recorded, and she must still get a page)
            place = traceback.extract_tb(error.__traceback__)[-1]
            # Its kind and place only: the message may quote her.
            _log.error("%s in %s, line %s", type(error).__name__, place.filename, place.lineno)
            if not started:
                await self._apology(scope, 500)(scope, receive, guarded)

    def _apology(self, scope: Scope, status: int) -> Response:
        """A page; after a form, a redirection to it: what was sent must not stay in a history."""
        asked = scope["method"] in _ASKING
        return self._trouble(status) if asked else RedirectResponse(f"/trouble/{status}", 303)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | int:
        """The whole body; or the status that says why it is not read."""
        body = b""
        problem = self._refusal(scope)
        more = scope["method"] not in _ASKING
        while more and problem is None:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limit:
                problem = 413
            elif message["type"] == "http.disconnect":
                problem = 400
        return body if problem is None else problem

    def _refusal(self, scope: Scope) -> int | None:
        """The status that says what is wrong with a request before its body is read, if anything is."""
        if scope["method"] in _ASKING:
            return None
        headers = {name.lower(): value for name, value in scope["headers"]}
        length = headers.get(b"content-length", b"0")
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != FORM:
            return 415
        if not length.isdigit() or not _is_own_page(headers):
            return 400
        return 413 if int(length) > self._limit else None


def _is_own_page(headers: dict[bytes, bytes]) -> bool:
    """Return whether a form comes from our pages, as far as the browser says it; programs say nothing.

    The cookie is `SameSite=Strict` besides. That alone would let other hosts of the same domain press
    buttons.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in {b"same-origin", b"none"}
    return is_ours(
        headers.get(b"origin", b"null").decode("latin-1"), headers.get(b"host", b"").decode("latin-1")
    )
