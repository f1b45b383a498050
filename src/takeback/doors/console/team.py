"""Who works here, for administrators: invite, change role, disable; and the keys of programs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from takeback.doors.console.desk import Administering, AdministratorPosting, AtDesk, Desk, Visit
from takeback.errors import Refused
from takeback.ground import clock
from takeback.ids import StaffId
from takeback.staff import service
from takeback.staff.model import Role

router = APIRouter(prefix="/staff")


def _page(
    desk: Desk, visit: Visit, *, status: int = 200, error: str = "", link: tuple[str, str] | None = None,
    key: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    with desk.app.database.transaction() as tx:
        team, keys = service.team(tx), service.api_keys(tx)
    return desk.page("team.html", visit, status=status, team=team, keys=keys, error=error, link=link, key=key)


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
    """Make a one-time link; it is shown here and never again."""
    try:
        with desk.app.database.transaction() as tx:
            token = service.invite(tx, name, role, now=clock.now())
    except Refused as error:
        return _page(desk, visit, status=409, error=str(error))
    return _page(desk, visit, link=(name.strip(), f"{desk.site.origin}/welcome/{token}"))


@router.post("/role")
def role(
    desk: AtDesk, visit: AdministratorPosting, staff: Annotated[UUID, Form()], role: Annotated[Role, Form()]
) -> Response:
    """Change what somebody may do."""
    with desk.app.database.transaction() as tx:
        service.change_role(tx, StaffId(staff), role, by=visit.member.id)
    return RedirectResponse("/staff", 303)


@router.post("/disable")
def disable(
    desk: AtDesk,
    visit: AdministratorPosting,
    staff: Annotated[UUID, Form()],
    disabled: Annotated[bool, Form()],
) -> Response:
    """Close an account, or open it again."""
    with desk.app.database.transaction() as tx:
        service.set_disabled(tx, StaffId(staff), disabled=disabled, by=visit.member.id)
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
