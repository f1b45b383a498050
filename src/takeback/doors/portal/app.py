"""The public portal: questions one page at a time, a receipt, and how things stand.

It runs as a process of its own whose database role can add a sealed report, and for one receipt ask how it
stands and take its package of evidence out, so whoever breaks in here can neither read, decide nor act.
Nothing is kept between pages (see `answers`), so any number of these processes can stand behind one address.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Body, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from takeback.doors.portal import answers as form
from takeback.doors.portal import steps
from takeback.doors.portal.evidence import Press, takeable
from takeback.doors.portal.guard import Guard
from takeback.doors.portal.limits import Gate, Rate
from takeback.doors.portal.pages import Pages
from takeback.doors.portal.words import ENGLISH
from takeback.errors import TooManyAttempts
from takeback.ground import clock
from takeback.ground.assets import Assets
from takeback.ground.config import PortalSettings
from takeback.ground.db.pool import Database
from takeback.ground.vault import seal
from takeback.intake import package, receipt, submit
from takeback.intake.model import PackageStatus
from takeback_verify.package import FOLDER

STATIC = Path(__file__).parent / "static"
SEND_PER_NETWORK = Rate(burst=12, every=timedelta(minutes=1))
SEND_TOGETHER = Rate(burst=120, every=timedelta(seconds=1))
ASK_PER_NETWORK = Rate(burst=20, every=timedelta(seconds=10))
ASK_TOGETHER = Rate(burst=300, every=timedelta(seconds=0.1))
TAKE_PER_NETWORK = Rate(burst=6, every=timedelta(minutes=5))
TAKE_TOGETHER = Rate(burst=30, every=timedelta(seconds=2))
ANSWER_AFTER = timedelta(seconds=0.25)
"""Every answer about a receipt takes at least this long: its time must not tell whether there is one."""
_LONGEST_TYPED = 200

_log = logging.getLogger(__name__)


def create_app(settings: PortalSettings, database: Database) -> FastAPI:
    """The portal, ready to be served.

    Args:
        settings: what the portal's process knows.
        database: as the role takeback_portal.

    Raises:
        ConfigurationError: the portal's keys are missing or damaged.
    """
    assets = Assets(STATIC)
    portal = _Portal(
        database=database,
        recipient=seal.load_recipient(settings.portal_keys),
        pepper=receipt.load_pepper(settings.portal_keys),
        assets=assets,
        pages=Pages(settings, assets, ENGLISH),
        sending=Gate(SEND_PER_NETWORK, SEND_TOGETHER),
        asking=Gate(ASK_PER_NETWORK, ASK_TOGETHER),
        taking=Gate(TAKE_PER_NETWORK, TAKE_TOGETHER),
    )
    app = FastAPI(title=settings.service_name, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/", portal.start, methods=["GET"])
    app.add_api_route("/steps", portal.first_question, methods=["GET"])
    app.add_api_route("/steps", portal.answer, methods=["POST"])
    app.add_api_route("/status", portal.ask, methods=["GET"])
    app.add_api_route("/status", portal.look, methods=["POST"])
    app.add_api_route("/privacy", portal.privacy, methods=["GET"])
    app.add_api_route("/weather", portal.weather, methods=["GET"])
    app.add_api_route("/static/{version}/{name:path}", portal.static, methods=["GET"])
    app.add_exception_handler(HTTPException, portal.known_trouble)
    app.add_exception_handler(RequestValidationError, portal.known_trouble)
    app.add_middleware(Guard, limit=form.BODY_LIMIT, trouble=portal.pages.trouble)
    return app


@dataclass(frozen=True, slots=True)
class _Portal:
    """What the answers share; every method is one address, or a part of one."""

    database: Database
    recipient: seal.Recipient
    pepper: receipt.Pepper
    assets: Assets
    pages: Pages
    sending: Gate
    asking: Gate
    taking: Gate

    def start(self) -> HTMLResponse:
        return self.pages.plain("start")

    def first_question(self) -> HTMLResponse:
        return self.pages.question(steps.Sheet(steps.ORDER[0], form.Answers()))

    def answer(self, request: Request, body: Annotated[bytes, Body()] = b"") -> HTMLResponse:
        try:
            following = steps.turn(form.parse(body))
        except ValueError:
            return self.pages.trouble(400)
        match following:
            case steps.Sheet(step=steps.Step.CHECK, answers=given) if not given.attempt:
                named = replace(given, attempt=submit.new_attempt())
                return self.pages.question(replace(following, answers=named))
            case steps.Sheet():
                return self.pages.question(following)
            case steps.Leave(to=steps.End.SEND, answers=given):
                return self._send(given, _address(request))
            case steps.Leave(to=end):
                return self.pages.plain(end.value)

    def _send(self, given: form.Answers, address: str) -> HTMLResponse:
        try:
            self.sending.enter(address, clock.now())
            told = form.report(given, self.pages.words.code)
            code = submit.submit(self.database, self.recipient, self.pepper, told, given.attempt)
        except TooManyAttempts as error:
            return self.pages.not_sent(given, error.wait)
        except Exception as error:  # noqa: BLE001 (whatever it was, it is recorded, and she keeps what she wrote)
            # Its kind only: the message may quote her.
            _log.error("a report could not be stored: %s", type(error).__name__)
            return self.pages.not_sent(given, None)
        return self.pages.sent(code)

    def ask(self) -> HTMLResponse:
        return self.pages.ask_receipt()

    def look(self, request: Request, body: Annotated[bytes, Body()] = b"") -> Response:
        """How a report stands; also asks for evidence or hands it out: one address, which tells nothing."""
        try:
            typed, go = _typed(body)
        except ValueError:
            return self.pages.trouble(400)
        code = receipt.read(typed)
        if isinstance(code, receipt.Misread):
            return self.pages.ask_receipt(typed, f"status.{code.value}", 422)
        try:
            self.asking.enter(_address(request), clock.now())
            if go == Press.TAKE:
                self.taking.enter(_address(request), clock.now())
        except TooManyAttempts as error:
            return self.pages.ask_receipt(typed, "status.limited", 429, error.wait)
        return _no_sooner_than(ANSWER_AFTER, lambda: self._standing(code, typed, go))

    def _standing(self, code: receipt.ReceiptCode, typed: str, go: str) -> Response:
        try:
            if go == Press.ASK:
                package.ask(self.database, self.pepper, code)
            found = submit.status(self.database, self.pepper, code)
            if go == Press.TAKE and found is not None and (ready := takeable(found.evidence)) is not None:
                return self._package(code, ready)
        except Exception as error:  # noqa: BLE001 (recorded; she gets a page that says to try again)
            _log.error("a receipt could not be looked up: %s", type(error).__name__)
            return self.pages.ask_receipt(typed, "status.failed", 503)
        if found is None:
            return self.pages.ask_receipt(typed, "status.unknown", 404)
        return self.pages.status(code, found, clock.now())

    def _package(self, code: receipt.ReceiptCode, ready: PackageStatus) -> Response:
        """The package; one piece at a time is in memory. Raises NotFound before the first is sent."""
        assert ready.dossier is not None and ready.size is not None  # noqa: PT018 - it is ready
        pieces = package.pieces(self.database, self.pepper, code, ready.dossier, ready.size)
        first = next(pieces)
        headers = {
            "content-length": str(ready.size),
            "content-disposition": f'attachment; filename="{FOLDER}{ready.dossier}.zip"',
        }
        return StreamingResponse(chain((first,), pieces), media_type="application/zip", headers=headers)

    def privacy(self) -> HTMLResponse:
        return self.pages.plain("privacy")

    def weather(self) -> HTMLResponse:
        return self.pages.plain("weather")

    def static(self, version: str, name: str) -> Response:
        asset = self.assets.find(version, name)
        if asset is None:
            return self.pages.trouble(404)
        kept = {"cache-control": "private, max-age=31536000, immutable"}
        return Response(asset.content, media_type=asset.type, headers=kept)

    def known_trouble(self, _request: Request, error: Exception) -> HTMLResponse:
        return self.pages.trouble(error.status_code if isinstance(error, HTTPException) else 400)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _typed(body: bytes) -> tuple[str, str]:
    """What was typed as a receipt, and which button was pressed."""
    fields = dict(parse_qsl(body.decode("ascii"), encoding="utf-8", errors="strict", max_num_fields=4))
    return fields.get("receipt", "")[:_LONGEST_TYPED], fields.get("go", "")


def _no_sooner_than(floor: timedelta, make: Callable[[], Response]) -> Response:
    """What `make` returns, but never before `floor` has passed."""
    begun = clock.now()
    page = make()
    rest = floor - (clock.now() - begun)
    threading.Event().wait(max(0.0, min(rest, floor).total_seconds()))
    return page
