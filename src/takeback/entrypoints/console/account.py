"""One's own account: passkeys, password with code generator, sessions; and how the console looks here."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import pyotp
from fastapi import APIRouter, Form
from fastapi.responses import JSONResponse, RedirectResponse, Response
from markupsafe import Markup

from takeback.entrypoints.console import words_staff
from takeback.entrypoints.console.desk import NEWS_COOKIE, AtDesk, Desk, Posting, Visit, Visiting
from takeback.entrypoints.console.theme import Theme, keep
from takeback.errors import NotFound, Refused
from takeback.infra import clock
from takeback.infra.http import cookies
from takeback.staff import requests, rules, service
from takeback.staff.model import Request
from takeback.staff.request_rules import NEWS_FOR, is_open
from takeback.when_used import when_used

if TYPE_CHECKING:
    import segno

    from takeback.staff import passkeys
else:
    segno = when_used("segno")
    passkeys = when_used("takeback.staff.passkeys")

router = APIRouter(prefix="/account")


@dataclass(frozen=True, slots=True)
class _Asked:
    request: Request
    waits: bool
    """It can still be stopped."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A code generator to set up."""

    qr: Markup
    typed: str
    """The secret, for who cannot scan."""
    sealed: str
    """The secret, for the form's way back."""


def _generator(desk: Desk, visit: Visit, sealed: str = "") -> Generator:
    """A new code generator, or the one that was shown already."""
    now = clock.now()
    secret = _open_generator(desk, visit, sealed) if sealed else pyotp.random_base32()
    address = pyotp.TOTP(secret, name=visit.member.name, issuer=desk.site.name).provisioning_uri()
    code = segno.make(address, error="m", micro=False)
    return Generator(
        # segno's SVG holds the module path alone, nothing of the text
        qr=Markup(code.svg_inline(scale=4, border=2, dark="#000", light="#fff", omitsize=True)),  # noqa: S704 - made by segno
        typed=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        sealed=sealed or desk.secret.seal(f"{visit.member.id} {secret}", now),
    )


def _open_generator(desk: Desk, visit: Visit, sealed: str) -> str:
    """The secret that this member was shown. Raises Refused if it is another's or too old."""
    opened = desk.secret.open(sealed, within=rules.SETUP_LIFETIME, now=clock.now())
    staff, _, secret = opened.partition(" ")
    if staff != str(visit.member.id):
        raise Refused("This code generator was shown to somebody else. Begin again.")
    return secret


@router.get("")
def account(desk: AtDesk, visit: Visiting) -> Response:
    """The account page."""
    now = clock.now()
    with desk.app.database.transaction() as tx:
        known = passkeys.of_member(tx, visit.member)
        sessions = service.sessions(tx, visit.member, now=now)
        asked = [_Asked(each, is_open(each, now)) for each in requests.about(tx, visit.member.id, now=now)]
        names = words_staff.names_of(service.team(tx))
    return desk.page(
        "account.html",
        visit,
        now=now,
        passkeys=known,
        sessions=sessions,
        asked=asked,
        names=names,
        fresh=rules.may_change_credentials(visit.session, now),
    )


@router.post("/object")
def object_to(desk: AtDesk, visit: Posting, request: Annotated[UUID, Form()]) -> Response:
    """Stop what somebody asked for one's own account, while it waits."""
    with desk.app.database.transaction() as tx:
        requests.refuse(tx, request, by=visit.member.id, now=clock.now())
    return RedirectResponse("/account#asked", 303)


@router.post("/read")
def mark_read(desk: AtDesk, visit: Posting) -> Response:
    """Note that this browser's reader has read what was asked so far."""
    response = RedirectResponse("/account#asked", 303)
    latest = max((each.ended_at or each.asked_at for each in visit.news), default=None)
    if latest is not None:
        lasts = NEWS_FOR + timedelta(seconds=1)
        cookies.keep(response, NEWS_COOKIE, latest.isoformat(), lasts, secure=desk.site.is_https)
    return response


@router.get("/setup")
def setup(desk: AtDesk, visit: Visiting) -> Response:
    """After the one-time link: choose a way back in."""
    return desk.page("setup.html", visit)


@router.get("/password")
def password(desk: AtDesk, visit: Visiting) -> Response:
    """Set password and code generator."""
    service.require_fresh(visit.session, clock.now())
    return desk.page("password.html", visit, error="", generator=_generator(desk, visit))


@router.post("/password")
def set_password(
    desk: AtDesk,
    visit: Posting,
    generator: Annotated[str, Form(max_length=1000)],
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Keep them, if password and code are good."""
    now = clock.now()
    secret = _open_generator(desk, visit, generator)
    try:
        with desk.app.database.transaction() as tx:
            service.set_password(tx, desk.secret, visit.session, password, secret, code, now=now)
    except Refused as error:
        shown = _generator(desk, visit, generator)
        return desk.page("password.html", visit, status=409, error=str(error), generator=shown)
    return desk.knows(RedirectResponse("/account", 303), visit.member.name)


@router.post("/passkey/ask")
def ask_passkey(desk: AtDesk, visit: Posting) -> Response:
    """Return the question for the browser's `navigator.credentials.create`."""
    try:
        with desk.app.database.transaction() as tx:
            options = passkeys.begin_registration(tx, desk.site, desk.secret, visit.session, now=clock.now())
    except Refused as error:
        return JSONResponse({"error": str(error)}, 409)
    return Response(options, media_type="application/json")


@router.post("/passkey")
def add_passkey(desk: AtDesk, visit: Posting, credential: Annotated[str, Form()]) -> Response:
    """Keep what the browser made."""
    try:
        with desk.app.database.transaction() as tx:
            passkeys.finish_registration(
                tx, desk.site, desk.secret, visit.session, credential, now=clock.now()
            )
    except Refused as error:
        return JSONResponse({"error": str(error)}, 409)
    return JSONResponse({"to": "/account"})


@router.post("/passkey/remove")
def remove_passkey(
    desk: AtDesk, visit: Posting, credential: Annotated[str, Form(max_length=4000)]
) -> Response:
    """Forget one of one's own passkeys."""
    try:
        known = bytes.fromhex(credential)
    except ValueError as error:
        raise NotFound("There is no such passkey.") from error
    with desk.app.database.transaction() as tx:
        passkeys.remove(tx, visit.session, known, now=clock.now())
    return RedirectResponse("/account", 303)


@router.post("/sessions/end")
def end_others(desk: AtDesk, visit: Posting) -> Response:
    """End the sessions on all other devices."""
    with desk.app.database.transaction() as tx:
        service.end_others(tx, visit.session)
    return RedirectResponse("/account", 303)


@router.post("/theme")
def choose_theme(desk: AtDesk, visit: Posting, theme: Annotated[Theme, Form()]) -> Response:
    """Keep how the console looks in this browser."""
    del visit
    response = RedirectResponse("/account#colours", 303)
    keep(response, theme, secure=desk.site.is_https)
    return response
