"""Coming in and going out: log-in by passkey or password, the one-time link, log-out."""

import asyncio
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from takeback.entrypoints.console.desk import AtDesk, Desk, NotSignedIn, Posting, own_path, visit
from takeback.errors import TooManyAttempts
from takeback.infra import clock
from takeback.infra.http.connections import source_of
from takeback.staff import service
from takeback.staff.model import Whence
from takeback.when_used import when_used

if TYPE_CHECKING:
    from takeback.staff import passkeys
else:
    passkeys = when_used("takeback.staff.passkeys")

router = APIRouter()

_WRONG = "Name, password and code do not fit together. A code works once; wait for the next one."
_WRONG_CODE = "The code does not fit. After five that do not, the link ends."
_LINK_ENDED = "This link has been used, or is older than an hour. Ask an administrator for a new one."


@router.get("/login")
def login(request: Request, desk: AtDesk, next: str = "/") -> Response:  # noqa: A002 - the word in the address
    """The log-in page; whoever is in already goes on."""
    try:
        visit(request, desk)
    except NotSignedIn:
        return desk.page("login.html", to=own_path(next), name="", error="")
    return RedirectResponse(own_path(next), 303)


@router.post("/login")
async def log_in(
    request: Request,
    desk: AtDesk,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:
    """Name, password and code. A wrong one is answered after the same time, whoever's name it is."""
    begun, now = time.monotonic(), clock.now()
    whence = Whence(source_of(request.client.host if request.client else ""), _kept(request, desk))
    is_known = service.known_browser(desk.secret, name, whence.browser, now=now) is not None
    typed = (name, password, code)
    work = partial(service.sign_in, desk.app.database, desk.secret, *typed, whence=whence, now=now)
    try:
        into = await (desk.known if is_known else desk.strangers).run(work)
    except TooManyAttempts as error:
        seconds = max(1, round(error.wait.total_seconds()))
        page = desk.page(
            "login.html",
            status=429,
            to=own_path(to),
            name=name,
            error=f"Too many attempts. Wait {seconds} seconds, then try again; a passkey works at once.",
        )
        page.headers["retry-after"] = str(seconds)
        return page
    if into is None:
        await asyncio.sleep(service.FLOOR.total_seconds() - (time.monotonic() - begun))
        return desk.page("login.html", status=403, to=own_path(to), name=name, error=_WRONG)
    return desk.knows(desk.enter(into, own_path(to)), name)


def _kept(request: Request, desk: Desk) -> str:
    return request.cookies.get(desk.known_cookie, "")


@router.post("/login/passkey/ask")
def ask_passkey(request: Request, desk: AtDesk) -> Response:
    """Return the question for the browser's `navigator.credentials.get`. Nothing is stored."""
    browser = request.cookies.get(desk.ceremony_cookie) or secrets.token_urlsafe()
    options = passkeys.begin_sign_in(desk.site, desk.secret, browser, now=clock.now())
    return desk.asks(Response(options, media_type="application/json"), browser)


@router.post("/login/passkey")
def log_in_by_passkey(
    request: Request, desk: AtDesk, credential: Annotated[str, Form()], to: Annotated[str, Form()] = "/"
) -> Response:
    """Log in by the browser's answer."""
    browser = request.cookies.get(desk.ceremony_cookie, "")
    with desk.app.database.transaction() as tx:
        into = passkeys.finish_sign_in(tx, desk.site, desk.secret, browser, credential, now=clock.now())
    if into is None:
        return JSONResponse({"error": "This passkey is not known here, or it took too long."}, 403)
    response = JSONResponse({"to": own_path(to)})
    response.headers["set-cookie"] = desk.enter(into, "/").headers["set-cookie"]
    return response


@router.get("/welcome/{token}")
def welcome(desk: AtDesk, token: str) -> Response:
    """Show a one-time link's page. Looking does not use it up: programs look at links before people do."""
    with desk.app.database.transaction() as tx:
        needs_code = service.link_needs_code(tx, token, now=clock.now())
    if needs_code is None:
        return _link_ended(desk)
    return desk.page("welcome.html", token=token, needs_code=needs_code, error="")


@router.post("/welcome/{token}")
def come_in(desk: AtDesk, token: str, code: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Use the link up."""
    with desk.app.database.transaction() as tx:
        into = service.use_link(tx, token, code=code, now=clock.now())
        again = into is None and service.link_needs_code(tx, token, now=clock.now())
    if again:
        return desk.page("welcome.html", status=403, token=token, needs_code=True, error=_WRONG_CODE)
    if into is None:
        return _link_ended(desk)
    return desk.enter(into, "/" if into.member.can_return else "/account/setup")


def _link_ended(desk: Desk) -> Response:
    return desk.page(
        "problem.html", status=410, title="This link does not work any more", message=_LINK_ENDED
    )


@router.post("/logout")
def log_out(desk: AtDesk, visit: Posting) -> Response:
    """End this session."""
    with desk.app.database.transaction() as tx:
        service.sign_out(tx, visit.session)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(desk.cookie, path="/", secure=desk.site.is_https, httponly=True, samesite="strict")
    return response
