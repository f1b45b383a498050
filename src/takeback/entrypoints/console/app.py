"""The console: pages for staff, rendered here, that work without scripts for reading and deciding."""

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from takeback.app import App
from takeback.entrypoints.console import (
    account,
    attention,
    breaker,
    case,
    dossier,
    entry,
    floods,
    pictures,
    queue,
    team,
    unseen,
    working,
    working_copies,
)
from takeback.entrypoints.console.desk import (
    AtDesk,
    Desk,
    NotAdministrator,
    NotSignedIn,
    Visit,
    desk_of,
    login_address,
    make_desk,
    visit,
)
from takeback.entrypoints.console.guard import HEADERS, Guard
from takeback.errors import DatabaseAway, NotFound, Refused, TooManyAttempts
from takeback.infra.http.checks import Checked


def create_app(app: App) -> FastAPI:
    """Put the console together. Raises ConfigurationError if its origin is not safe."""
    web = FastAPI(title="Takeback console", openapi_url=None, docs_url=None, redoc_url=None)
    desk = make_desk(app)
    web.state.desk = desk
    rooms = (
        entry,
        account,
        queue,
        pictures,
        working_copies,
        case,
        breaker,
        dossier,
        attention,
        unseen,
        team,
        floods,
        working,
    )
    for room in rooms:
        web.include_router(room.router)
    web.get("/static/{version}/{name}")(static)
    web.add_exception_handler(NotSignedIn, _not_signed_in)
    web.add_exception_handler(
        NotAdministrator,
        _as(403, "For administrators", "Ask an administrator to do this, or to change your role."),
    )
    web.add_exception_handler(NotFound, _as(404, "Not here"))
    web.add_exception_handler(Refused, _refused)
    web.add_exception_handler(
        RequestValidationError,
        _as(422, "Not understood", "This address or form does not fit. Go back and try again."),
    )
    web.add_exception_handler(HTTPException, _http)
    away = "The database cannot be reached now. Nothing was half done; try again in a moment."
    web.add_exception_handler(DatabaseAway, _as(503, "Not now", away))
    web.add_exception_handler(Exception, _failed)
    web.add_middleware(Checked, hosts=None)  # the guard looks at the host
    web.add_middleware(Guard, site=desk.site)
    return web


def static(desk: AtDesk, version: str, name: str) -> Response:
    """Style and scripts."""
    found = desk.assets.answer(version, name)
    if found is None:
        raise NotFound("There is no such file.")
    return found


# --- what went wrong, as a page or, for scripts, as JSON ---------------------------------------------------


def _problem(request: Request, status: int, title: str, message: str) -> Response:
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"error": message}, status)
    desk = desk_of(request)
    return desk.page("problem.html", _visitor(request, desk), status=status, title=title, message=message)


def _visitor(request: Request, desk: Desk) -> Visit | None:
    try:
        return visit(request, desk)
    except (NotSignedIn, DatabaseAway):
        return None


def _not_signed_in(request: Request, _: Exception) -> Response:
    if request.method == "GET" and not request.headers.get("accept", "").startswith(
        ("application/json", "image/")
    ):
        return RedirectResponse(login_address(request.url.path), 303)
    return _problem(request, 401, "Your session has ended", "Log in again; nothing was done.")


def _as(status: int, title: str, message: str = "") -> Callable[[Request, Exception], Response]:
    """Return a handler that says this; without a message, what the error says."""
    return lambda request, error: _problem(request, status, title, message or str(error))


def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, TooManyAttempts):
        return _problem(request, 429, "Too many attempts", f"{str(error).capitalize()}.")
    return _problem(request, 409, "This was not done", str(error))


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _problem(request, status, "Not here", "There is no such page, or it cannot be used like this.")


def _failed(request: Request, _: Exception) -> Response:
    """The server's error handler logs it and raises it again; this is what the reader sees meanwhile."""
    text = "Something failed here and was written to the log. Nothing was half done; try again in a moment."
    response = _problem(request, 500, "This failed", text)
    response.headers.update({**HEADERS, "cache-control": "no-store"})  # made outside the guard
    return response
