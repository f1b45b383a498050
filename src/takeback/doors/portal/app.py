"""The public portal: questions one page at a time, a receipt, and how things stand.

It runs as a process of its own whose database role can add a sealed report and ask about one receipt, so whoever breaks
in here can neither read, decide nor act. Nothing is kept between pages (see `answers`), so any number of
these processes can stand behind one address.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Body, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from takeback.doors.portal import answers as form
from takeback.doors.portal import steps
from takeback.doors.portal.assets import Assets
from takeback.doors.portal.guard import Guard
from takeback.doors.portal.limits import Gate, Rate
from takeback.doors.portal.pages import Pages
from takeback.doors.portal.words import ENGLISH
from takeback.errors import TooManyAttempts
from takeback.ground import clock
from takeback.ground.config import PortalSettings
from takeback.ground.db.pool import Database
from takeback.ground.vault import seal
from takeback.intake import receipt, submit

SEND_PER_NETWORK = Rate(burst=12, every=timedelta(minutes=1))
SEND_TOGETHER = Rate(burst=120, every=timedelta(seconds=1))
ASK_PER_NETWORK = Rate(burst=20, every=timedelta(seconds=10))
ASK_TOGETHER = Rate(burst=300, every=timedelta(seconds=0.1))
ANSWER_AFTER = timedelta(seconds=0.25)
"""Every answer about a receipt takes at least this long, so that its time does not tell whether there is one."""
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
    recipient, pepper = seal.load_recipient(settings.portal_keys), receipt.load_pepper(settings.portal_keys)
    assets = Assets()
    pages = Pages(settings, assets, ENGLISH)
    send_gate, ask_gate = Gate(SEND_PER_NETWORK, SEND_TOGETHER), Gate(ASK_PER_NETWORK, ASK_TOGETHER)
    app = FastAPI(title=settings.service_name, openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/")
    def start() -> HTMLResponse:
        return pages.plain("start")

    @app.get("/steps")
    def first_question() -> HTMLResponse:
        return pages.question(steps.Sheet(steps.ORDER[0], form.Answers()))

    @app.post("/steps")
    def answer(request: Request, body: Annotated[bytes, Body()] = b"") -> HTMLResponse:
        try:
            next_ = steps.turn(form.parse(body))
        except ValueError:
            return pages.trouble(400)
        match next_:
            case steps.Sheet(step=steps.Step.CHECK, answers=given) if not given.attempt:
                return pages.question(replace(next_, answers=replace(given, attempt=submit.new_attempt())))
            case steps.Sheet():
                return pages.question(next_)
            case steps.Leave(to=steps.End.SEND, answers=given):
                return send(given, _address(request))
            case steps.Leave(to=end):
                return pages.plain(end.value)

    def send(given: form.Answers, address: str) -> HTMLResponse:
        try:
            send_gate.enter(address, clock.now())
            told = form.report(given, pages.words.code)
            return pages.sent(submit.submit(database, recipient, pepper, told, given.attempt))
        except TooManyAttempts as error:
            return pages.not_sent(given, error.wait)
        except Exception as error:  # noqa: BLE001 (whatever it was, it is recorded, and she keeps what she wrote)
            _log.error("a report could not be stored: %s", type(error).__name__)  # noqa: TRY400 (may quote her)
            return pages.not_sent(given, None)

    @app.get("/status")
    def ask() -> HTMLResponse:
        return pages.ask_receipt()

    @app.post("/status")
    def look(request: Request, body: Annotated[bytes, Body()] = b"") -> HTMLResponse:
        try:
            typed = _typed(body)
        except ValueError:
            return pages.trouble(400)
        code = receipt.read(typed)
        if isinstance(code, receipt.Misread):
            return pages.ask_receipt(typed, f"status.{code.value}", 422)
        try:
            ask_gate.enter(_address(request), clock.now())
        except TooManyAttempts as error:
            return pages.ask_receipt(typed, "status.limited", 429, error.wait)
        return _no_sooner_than(ANSWER_AFTER, lambda: standing(code, typed))

    def standing(code: receipt.ReceiptCode, typed: str) -> HTMLResponse:
        try:
            found = submit.status(database, pepper, code)
        except Exception as error:  # noqa: BLE001 (recorded; she gets a page that says to try again)
            _log.error("a receipt could not be looked up: %s", type(error).__name__)  # noqa: TRY400 (as above)
            return pages.ask_receipt(typed, "status.failed", 503)
        if found is None:
            return pages.ask_receipt(typed, "status.unknown", 404)
        return pages.status(code, found, clock.now())

    @app.get("/privacy")
    def privacy() -> HTMLResponse:
        return pages.plain("privacy")

    @app.get("/weather")
    def weather() -> HTMLResponse:
        return pages.plain("weather")

    @app.get("/static/{version}/{name:path}")
    def static(version: str, name: str) -> Response:
        asset = assets.find(version, name)
        if asset is None:
            raise HTTPException(404)
        kept = {"cache-control": "private, max-age=31536000, immutable"}
        return Response(asset.content, media_type=asset.type, headers=kept)

    @app.exception_handler(HTTPException)
    def known_trouble(_request: Request, error: Exception) -> HTMLResponse:
        return pages.trouble(error.status_code if isinstance(error, HTTPException) else 500)

    @app.exception_handler(RequestValidationError)
    def not_ours(_request: Request, _error: Exception) -> HTMLResponse:
        return pages.trouble(400)

    app.add_middleware(Guard, limit=form.BODY_LIMIT, trouble=pages.trouble)
    return app


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _typed(body: bytes) -> str:
    fields = dict(parse_qsl(body.decode("ascii"), encoding="utf-8", errors="strict", max_num_fields=4))
    return fields.get("receipt", "")[:_LONGEST_TYPED]


def _no_sooner_than(floor: timedelta, make: Callable[[], HTMLResponse]) -> HTMLResponse:
    """What `make` returns, but never before `floor` has passed."""
    begun = clock.now()
    page = make()
    rest = floor - (clock.now() - begun)
    threading.Event().wait(max(0.0, min(rest, floor).total_seconds()))
    return page
