"""Parts that the answers to all addresses share: redirections, who asks, and how a fault is told apart.

A form is answered by a redirection, whatever happened: a page that answered it directly would stay in the
browser's history together with what was sent.
"""

from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from takeback.entrypoints.portal.networks import ONION, Visitor, of_address
from takeback.submissions.draft import Kept

FIRST, DONE, STATUS, HELP, COOKIES = "/steps", "/steps/done", "/status", "/help", "/cookies"
BUSY = "/busy"
ENDED = "ended"
"""Stands in the place of a link's token that counts no further report."""
Trouble = Literal[400, 413, 500, 503]


def see(address: str) -> Response:
    """Redirect to a page, which is then asked for by GET."""
    return RedirectResponse(address, status_code=303)


def trouble(status: Trouble) -> Response:
    """Redirect to the page that says what is in the way."""
    return see(f"/trouble/{status}")


def not_kept(kept: Kept, gone: str) -> Response | None:
    """Redirect where a session was not kept; None if it was. The page `gone` says that it is gone."""
    match kept:
        case Kept.KEPT:
            return None
        case Kept.GONE:
            return see(gone)
        case Kept.FULL:
            return trouble(503)


def visitor(request: Request, onion: str | None) -> Visitor:
    """Return whom a request counts for: the networks of the peer's address, as the server names it.

    All who come by the onion address are one crowd: behind Tor the server sees one address for all of them.
    """
    if onion and request.headers.get("host", "").partition(":")[0].lower() == onion:
        return ONION
    return of_address(request.client.host if request.client else "")


def from_elsewhere(request: Request) -> bool:
    """Return whether another site led here: then a browser keeps our cookie to itself."""
    return request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}


def is_ours(origin: str, host: str) -> bool:
    """Return whether an Origin header names this host, or says nothing ("null": pages send no referrer)."""
    return origin == "null" or urlsplit(origin).netloc.lower() == host.lower()


def retry(response: Response, wait: timedelta) -> None:
    """Say when to come back, if there is anything to wait for."""
    if wait:
        response.headers["retry-after"] = str(max(1, int(wait.total_seconds()) + 1))
