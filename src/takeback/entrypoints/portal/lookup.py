"""The status of a report by its receipt: typed once, kept sealed like the answers, forgotten on leaving.

One address for everything, which tells nothing: neither the receipt nor that somebody asked for evidence is
in a history.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Body, Request
from starlette.responses import Response

from takeback.entrypoints.portal import answering, session
from takeback.entrypoints.portal.answering import see
from takeback.entrypoints.portal.entrance import Entrance
from takeback.entrypoints.portal.evidence import Press, takeable
from takeback.entrypoints.portal.pages import Pages
from takeback.entrypoints.portal.session import Lookup, Session
from takeback.errors import TooManyAttempts
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.http.downloads import download
from takeback.submissions import draft as drafts
from takeback.submissions import package, receipt, submit
from takeback.submissions.draft import DraftKey
from takeback.submissions.model import PackageStatus
from takeback.submissions.receipt import Pepper, ReceiptCode
from takeback_verify.core.package import FOLDER

ANSWER_AFTER = timedelta(seconds=0.25)
"""Every answer about a receipt takes at least this long: its time must not tell whether there is one."""
OTHER = "other"
"""The button that forgets the receipt, so that another one can be typed."""
_LONGEST_TYPED = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lookups:
    """The address /status."""

    database: Database
    pepper: Pepper
    pages: Pages
    entrance: Entrance

    def status(self, request: Request) -> Response:
        """Show the status of the report whose receipt was typed, or the page where one is typed."""
        key = session.key_of(request)
        if key is None and answering.from_elsewhere(request):
            return see("/")  # from there on the browser shows the cookie that it may have
        found = _lookup(session.load(self.database, key))
        if found is not None and found.code:
            return _no_sooner_than(ANSWER_AFTER, lambda: self._standing(key, found))
        page = self._ask(key, found or Lookup())
        if key is None:
            session.give_key(request, page, drafts.new_key())
        return page

    def press(self, request: Request, body: Annotated[bytes, Body()] = b"") -> Response:
        """Take a receipt that was typed, or a button of the page of a report."""
        key = session.key_of(request)
        if key is None:
            return see(answering.COOKIES)
        try:
            typed, go, solved = _typed(body)
        except ValueError:
            return answering.trouble(400)
        kept = session.load(self.database, key)
        if typed:
            return self._look(request, key, kept, typed, solved)
        found = _lookup(kept)
        if kept is None or found is None or not found.code or go == OTHER:
            return self._forget(key, kept)
        return self._press(
            request, key, replace(kept, lookup=replace(found, fresh=False, fault="")), go, solved
        )

    def _look(
        self, request: Request, key: DraftKey, kept: Session | None, typed: str, solved: str
    ) -> Response:
        code = receipt.read(typed)
        if kept is None:
            try:
                self.entrance.enter(request, ["begin"], key)
            except TooManyAttempts:
                return see(answering.BUSY)
        try:
            if isinstance(code, receipt.Misread):
                found = Lookup(typed=typed, fault=f"status.{code.value}")
            else:
                self.entrance.enter(request, ["ask"], key, link=_link(kept), solved=solved)
                found = Lookup(code, typed=typed)
        except TooManyAttempts as error:
            found = Lookup(typed=typed, fault="status.limited", wait=error.wait.total_seconds())
        return self._keep(key, replace(kept or Session(), lookup=found), fresh=kept is None)

    def _press(self, request: Request, key: DraftKey, here: Session, go: str, solved: str) -> Response:
        assert here.lookup is not None
        code = ReceiptCode(here.lookup.code)
        try:
            kinds = ["ask", "take"] if go == Press.TAKE else ["ask"]
            self.entrance.enter(request, kinds, key, link=here.link, solved=solved)
        except TooManyAttempts as error:
            limited = replace(here.lookup, fault="status.limited", wait=error.wait.total_seconds())
            return self._keep(key, replace(here, lookup=limited))
        return _no_sooner_than(ANSWER_AFTER, lambda: self._ask_or_take(key, here, code, go))

    def _ask_or_take(self, key: DraftKey, here: Session, code: ReceiptCode, go: str) -> Response:
        try:
            if go == Press.ASK:
                package.ask(self.database, self.pepper, code)
            if go == Press.TAKE:
                found = submit.status(self.database, self.pepper, code)
                if found is not None and (ready := takeable(found.evidence)) is not None:
                    return self._package(code, ready)
        except Exception as error:  # noqa: BLE001 (recorded; she gets a page that says to try again)
            _log.error("a receipt could not be looked up: %s", type(error).__name__)
            return answering.trouble(503)
        return self._keep(key, here)

    def _ask(self, key: DraftKey | None, asked: Lookup) -> Response:
        held_up = key is not None and asked.fault == "status.limited"
        return self.pages.ask_receipt(asked, self.entrance.puzzle(key) if held_up else "")

    def _standing(self, key: DraftKey | None, asked: Lookup) -> Response:
        if asked.fault:  # held up: what she asked for was not done
            return self._ask(key, asked)
        code = ReceiptCode(asked.code)
        try:
            found = submit.status(self.database, self.pepper, code)
        except Exception as error:  # noqa: BLE001 (recorded; she gets a page that says to try again)
            _log.error("a receipt could not be looked up: %s", type(error).__name__)
            return self.pages.ask_receipt(replace(asked, fault="status.failed"))
        if found is None:
            return self.pages.ask_receipt(replace(asked, fault="status.unknown"))
        return self.pages.status(code, found, clock.now())

    def _forget(self, key: DraftKey, kept: Session | None) -> Response:
        if kept is None:
            return see(answering.STATUS)
        return self._keep(key, replace(kept, lookup=None))

    def _keep(self, key: DraftKey, here: Session, *, fresh: bool = False) -> Response:
        done = session.save(self.database, key, here, fresh=fresh)
        return answering.not_kept(done, gone=answering.STATUS) or see(answering.STATUS)

    def _package(self, code: ReceiptCode, ready: PackageStatus) -> Response:
        """The package; one piece at a time is in memory. Raises NotFound before the first is sent."""
        assert ready.dossier is not None and ready.size is not None  # noqa: PT018 - it is ready
        pieces = package.pieces(self.database, self.pepper, code, ready.dossier, ready.size)
        first = next(pieces)
        return download(chain((first,), pieces), f"{FOLDER}{ready.dossier}.zip", ready.size)


def _lookup(kept: Session | None) -> Lookup | None:
    return None if kept is None else kept.lookup


def _link(kept: Session | None) -> str:
    return "" if kept is None else kept.link


def _typed(body: bytes) -> tuple[str, str, str]:
    """Return the typed receipt, the button that was pressed, and a solved puzzle."""
    fields = dict(
        parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=4
        )
    )
    # An empty field is an answer too: one blank stands for it, which is read as nothing typed.
    typed = fields.get("receipt")
    return (
        ("" if typed is None else typed[:_LONGEST_TYPED] or " "),
        fields.get("go", ""),
        fields.get("work", ""),
    )


def _no_sooner_than(floor: timedelta, make: Callable[[], Response]) -> Response:
    """Return what `make` returns, but never before `floor` has passed."""
    begun = clock.now()
    page = make()
    rest = floor - (clock.now() - begun)
    threading.Event().wait(max(0.0, min(rest, floor).total_seconds()))
    return page
