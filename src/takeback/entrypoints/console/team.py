"""The staff, for administrators: requests about accounts, who agrees to them, and the keys of programs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from takeback.entrypoints.console import words_staff
from takeback.entrypoints.console.desk import Administering, AdministratorPosting, AtDesk, Desk, Visit
from takeback.errors import Refused
from takeback.ids import StaffId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.staff import requests, service
from takeback.staff.model import Asked, Request, Role

router = APIRouter(prefix="/staff")


@dataclass(frozen=True, slots=True)
class Shown:
    """Secrets that are shown on one page and never again."""

    whom: str
    link: str = ""
    code: str = ""
    approved: bool = False
    """Somebody else holds the code that the link needs."""


def _page(
    desk: Desk, visit: Visit, *, status: int = 200, error: str = "", shown: Shown | None = None,
    key: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    now = clock.now()
    with desk.app.database.transaction() as tx:
        team, keys = service.team(tx), service.api_keys(tx)
        waiting = [_Waiting(each, *_answers(tx, each, visit, now)) for each in requests.waiting(tx, now=now)]
        recent = requests.recent(tx, now=now)
    return desk.page(
        "team.html", visit, status=status, team=team, keys=keys, error=error, shown=shown, key=key,
        waiting=waiting, recent=recent, names=words_staff.names_of(team),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: Request
    mine: bool
    """Whoever looks can approve it."""
    others: tuple[str, ...]
    """Who can, by name."""


def _answers(tx: Tx, request: Request, visit: Visit, now: datetime) -> tuple[bool, tuple[str, ...]]:
    able = requests.seconds(tx, request, now=now)
    mine = any(member.id == visit.member.id for member in able)
    return mine, tuple(member.name for member in able)


@router.get("")
def team(desk: AtDesk, visit: Administering) -> Response:
    """The staff page."""
    return _page(desk, visit)


@router.post("/invite")
def invite(
    desk: AtDesk,
    visit: AdministratorPosting,
    name: Annotated[str, Form(max_length=200)] = "",
    role: Annotated[Role, Form()] = Role.REVIEWER,
) -> Response:
    """Ask for a one-time link. What comes of it is shown here and never again."""

    def ask(tx: Tx) -> Asked:
        return requests.invite(tx, name, role, by=visit.member.id, now=clock.now())

    return _asked(desk, visit, ask)


@router.post("/role")
def role(
    desk: AtDesk, visit: AdministratorPosting, staff: Annotated[UUID, Form()], role: Annotated[Role, Form()]
) -> Response:
    """Ask that somebody may do more or less."""

    def ask(tx: Tx) -> Asked:
        return requests.change_role(tx, StaffId(staff), role, by=visit.member.id, now=clock.now())

    return _asked(desk, visit, ask)


@router.post("/disable")
def disable(
    desk: AtDesk,
    visit: AdministratorPosting,
    staff: Annotated[UUID, Form()],
    disabled: Annotated[bool, Form()],
) -> Response:
    """Close an account at once, or ask that it is opened again."""
    by, now = visit.member.id, clock.now()
    if not disabled:
        return _asked(desk, visit, lambda tx: requests.enable(tx, StaffId(staff), by=by, now=now))
    with desk.app.database.transaction() as tx:
        requests.disable(tx, StaffId(staff), by=by, now=now)
    return RedirectResponse("/staff", 303)


def _asked(desk: Desk, visit: Visit, ask: Callable[[Tx], Asked]) -> Response:
    try:
        with desk.app.database.transaction() as tx:
            made = ask(tx)
    except Refused as error:
        return _page(desk, visit, status=409, error=str(error))
    if made.link:
        return _page(desk, visit, shown=Shown(made.request.name, _address(desk, made.link)))
    if made.code:
        return _page(desk, visit, shown=Shown(made.request.name, code=made.code))
    return RedirectResponse("/staff", 303)


def _address(desk: Desk, token: str) -> str:
    return f"{desk.site.origin}/welcome/{token}"


@router.post("/approve")
def approve(desk: AtDesk, visit: AdministratorPosting, request: Annotated[UUID, Form()]) -> Response:
    """Agree to what somebody else asked; a link is shown here and never again."""
    try:
        with desk.app.database.transaction() as tx:
            done, token = requests.approve(tx, request, by=visit.member.id, now=clock.now())
    except Refused as error:
        return _page(desk, visit, status=409, error=str(error))
    if token:
        return _page(desk, visit, shown=Shown(done.name, _address(desk, token), approved=True))
    return RedirectResponse("/staff", 303)


@router.post("/refuse")
def refuse(desk: AtDesk, visit: AdministratorPosting, request: Annotated[UUID, Form()]) -> Response:
    """Take back or refuse what waits."""
    with desk.app.database.transaction() as tx:
        requests.refuse(tx, request, by=visit.member.id, now=clock.now())
    return RedirectResponse("/staff", 303)


@router.post("/key")
def make_key(
    desk: AtDesk, visit: AdministratorPosting, name: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Make an API key; it is shown here and never again."""
    try:
        with desk.app.database.transaction() as tx:
            text = service.make_api_key(tx, name, by=visit.member.id, now=clock.now())
    except Refused as error:
        return _page(desk, visit, status=409, error=str(error))
    return _page(desk, visit, key=(name.strip(), text))


@router.post("/key/revoke")
def revoke_key(
    desk: AtDesk, visit: AdministratorPosting, name: Annotated[str, Form(max_length=200)]
) -> Response:
    """Stop a key at once."""
    with desk.app.database.transaction() as tx:
        service.revoke_api_key(tx, name, by=visit.member.id, now=clock.now())
    return RedirectResponse("/staff", 303)
