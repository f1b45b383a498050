"""The way in by a link for many reports, which staff made for a shelter or a helpline.

The link is opened without a trace: no cookie, no row. Pressing its button keeps the token, sealed like the
answers, until somebody leaves. What is sent meanwhile counts against the link and not against a network.
"""

from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Body, Request
from starlette.responses import Response

from takeback.entrypoints.portal import answering, session
from takeback.entrypoints.portal.answering import see
from takeback.entrypoints.portal.entrance import Entrance
from takeback.entrypoints.portal.pages import Pages
from takeback.entrypoints.portal.session import Session
from takeback.errors import TooManyAttempts
from takeback.infra.db.pool import Database
from takeback.submissions import draft as drafts
from takeback.submissions import submit
from takeback.submissions.draft import DraftKey

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class ByLink:
    """The addresses below /with, and /busy."""

    database: Database
    pages: Pages
    entrance: Entrance

    def shown(self, token: str) -> Response:
        """The page of a link."""
        return self.pages.by_link(token, works=submit.link_stands(self.database, token[:_LONGEST]))

    def taken(self, request: Request, body: Annotated[bytes, Body()] = b"") -> Response:
        """The button of that page: what is sent from now on counts against the link."""
        token = _field(body, "token")
        if not submit.link_stands(self.database, token):
            return see(f"/with/{answering.ENDED}")
        return self._begin(request, session.key_of(request) or drafts.new_key(), answering.FIRST, link=token)

    def busy(self, request: Request) -> Response:
        """Show the page for somebody who cannot begin now: she can wait, or let her device work."""
        key = session.key_of(request)
        return self.pages.busy("" if key is None else self.entrance.puzzle(key))

    def worked(self, request: Request, body: Annotated[bytes, Body()] = b"") -> Response:
        """Her device worked: an empty session is kept for her, so the first answer is not held up."""
        key = session.key_of(request)
        if key is None:
            return see(answering.COOKIES)
        return self._begin(request, key, "/", solved=_field(body, "work"))

    def _begin(
        self, request: Request, key: DraftKey, to: str, *, link: str = "", solved: str = ""
    ) -> Response:
        kept = session.load(self.database, key)
        if kept is None:
            try:
                self.entrance.enter(request, ["begin"], key, link=link, solved=solved)
            except TooManyAttempts:
                return see(answering.BUSY)
        here = replace(kept or Session(), link=link or (kept.link if kept else ""))
        done = session.save(self.database, key, here, fresh=kept is None)
        away = answering.not_kept(done, gone=to) or see(to)
        if session.key_of(request) is None:
            session.give_key(request, away, key)
        return away


def _field(body: bytes, name: str) -> str:
    """One field of a small form; empty if it is not there, or is not one."""
    try:
        sent = dict(parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=4))
    except ValueError:
        return ""
    return sent.get(name, "")[:1000]
