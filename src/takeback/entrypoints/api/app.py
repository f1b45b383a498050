"""The machine API: ask the bank with a key, health, metrics. Its contract is /openapi.json; `/` shows it.

It is bound to loopback by default. Behind a proxy, let through `/v1/` only: health and metrics need no key.
"""

import logging
from html import escape

import psycopg
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from takeback.app import App
from takeback.entrypoints.api import check, measures
from takeback.entrypoints.api.answers import Failed, Fault, Problem
from takeback.infra.http.checks import Checked, hosts_of
from takeback.infra.rate_limiter import RateLimiter

log = logging.getLogger(__name__)

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Takeback API</title>
<h1>Takeback API</h1>
<p>The full contract is <a href="/openapi.json">/openapi.json</a>.</p>
<dl>{items}</dl></html>
"""
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


def create_app(app: App) -> FastAPI:
    """Put the API together. Raises ConfigurationError if its addresses are none."""
    api = FastAPI(
        title="Takeback",
        version="1",
        summary="Ask whether a picture is known to have been shared without consent.",
        docs_url=None,
        redoc_url=None,
    )
    api.state.parts = app
    api.state.limiter = RateLimiter()
    api.include_router(check.router)
    api.include_router(measures.router)
    api.get("/", response_class=HTMLResponse, include_in_schema=False)(contents)
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(psycopg.OperationalError, _unavailable)
    api.add_exception_handler(ClientDisconnect, _gone)
    api.add_exception_handler(Exception, _failed)
    hosts = hosts_of(app.settings.api_origins, "TAKEBACK_API_ORIGINS")
    api.add_middleware(Checked, hosts=hosts, refuse=_refuse)
    return api


def contents(request: Request) -> HTMLResponse:
    """List what can be asked, as a plain page made from the contract."""
    paths: dict[str, dict[str, dict[str, str]]] = request.app.openapi()["paths"]
    items = [
        f"<dt><code>{escape(f'{method.upper()} {path}')}</code></dt><dd>{escape(answer['description'])}</dd>"
        for path, methods in paths.items()
        for method, answer in methods.items()
    ]
    return HTMLResponse(_PAGE.format(items="".join(items)), headers=_HEADERS)


def _answer(status: int, fault: Fault) -> Response:
    return JSONResponse(Failed(error=fault).model_dump(), status, headers=_HEADERS)


def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    response = _answer(error.status, error.fault)
    response.headers["connection"] = "close"  # the body may be unread, and nobody wants the rest of it
    if error.wait is not None:
        response.headers["retry-after"] = str(max(1, round(error.wait.total_seconds())))
    if error.status == 401:  # noqa: PLR2004 - the status that must say how to come in (RFC 9110, 15.5.2)
        response.headers["www-authenticate"] = "Bearer"
    return response


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(
        error.status_code, Fault(code="no_such_thing", message="There is no such address; see /openapi.json.")
    )


def _refuse(_: Scope, status: int, sentence: str) -> Response:
    """A request that is no text, or for another host."""
    return _answer(status, Fault(code="not_understood", message=sentence))


def _gone(_: Request, __: Exception) -> Response:
    """The caller stopped in the middle of a body; nobody reads this."""
    return _answer(400, Fault(code="not_understood", message="The body was not sent whole."))


def _unavailable(_: Request, error: Exception) -> Response:
    log.warning("the database cannot answer: %s", error)
    return _answer(503, Fault(code="unavailable", message="The database cannot be reached now. Try again."))


def _failed(_: Request, __: Exception) -> Response:
    """The server's error handler logs it; this is what the caller gets."""
    return _answer(500, Fault(code="failed", message="Something failed here and was written to the log."))
