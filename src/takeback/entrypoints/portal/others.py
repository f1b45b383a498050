"""The pages that say the same to everyone, and the way out.

Leaving wipes the draft here, takes the cookie away, and tells the browser to drop what it kept of these
pages. The way out works without scripts: a link. With scripts the page is blank at once, and the wiping is
sent beside it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from takeback.entrypoints.portal import session
from takeback.entrypoints.portal.answering import see
from takeback.entrypoints.portal.pages import Pages
from takeback.infra.assets import Assets
from takeback.infra.db.pool import Database
from takeback.submissions import draft

CLEAR = '"cache", "storage"'
"""Not "cookies": browsers take that for the whole domain, so it would log her out of other sites on it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Others:
    """Every address that is neither a question nor a receipt's."""

    database: Database
    pages: Pages
    assets: Assets
    leave_url: str

    def plain(self, name: str, status: int = 200) -> Callable[[], Response]:
        """Return what answers with a page that says the same to everyone."""
        return lambda: self.pages.plain(name, status)

    def trouble(self, status: str) -> Response:
        """Show what is in the way of a form that was sent."""
        known = int(status) if status in {"400", "413", "500", "503"} else 404
        return self.pages.trouble(known)

    def leave(self, request: Request) -> Response:
        """Forget all, and lead to the neutral page."""
        return self._forget(request, see(self.leave_url))

    def leave_quietly(self, request: Request) -> Response:
        """Forget all; the page's script leads on by itself."""
        return self._forget(request, Response(status_code=204))

    def weather(self, request: Request) -> Response:
        """The neutral page. Whoever comes here has left, also if the script's message was lost."""
        page = self.pages.plain("weather")
        return page if session.key_of(request) is None else self._forget(request, page)

    def _forget(self, request: Request, response: Response) -> Response:
        key = session.key_of(request)
        if key is not None:
            try:
                draft.wipe(self.database, key)
            except Exception as error:  # noqa: BLE001 (she must get away; the draft ends by its time)
                _log.error("a draft could not be wiped: %s", type(error).__name__)
        session.take_key(request, response)
        response.headers["clear-site-data"] = CLEAR
        return response

    def static(self, version: str, name: str) -> Response:
        """A style or script, under an address that changes with its content."""
        return self.assets.answer(version, name) or self.pages.trouble(404)

    def known_trouble(self, _request: Request, error: Exception) -> Response:
        """The page for an address that is not there, or is asked in another way."""
        return self.pages.trouble(error.status_code if isinstance(error, HTTPException) else 400)
