"""Floods of reports: one thing in the queue, with one answer; and links for many reports."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from takeback.cases import floods
from takeback.entrypoints.console import flood_words
from takeback.entrypoints.console.desk import AtDesk, Desk, Posting, Visit, Visiting
from takeback.entrypoints.console.words_staff import names_of
from takeback.errors import Refused
from takeback.ids import FloodId, LinkId, ReportId
from takeback.infra import clock
from takeback.staff import service as staff
from takeback.submissions import links

router = APIRouter()

SHOWN = 500
"""Reports of a flood that its page lists."""


@router.get("/flood/{flood}")
def flood(desk: AtDesk, visit: Visiting, flood: FloodId) -> Response:
    """The page of a flood."""
    with desk.app.database.transaction() as tx:
        found, held = floods.get(tx, flood)
        names = names_of(staff.team(tx))
    return desk.page(
        "flood.html", visit, flood=found, held=held[:SHOWN], names=names, flood_words=flood_words
    )


@router.post("/flood/{flood}/let-in")
def let_in(
    desk: AtDesk, visit: Posting, flood: FloodId, report: Annotated[list[ReportId] | None, Form()] = None
) -> Response:
    """Let some of a flood in."""
    with desk.app.database.transaction() as tx:
        floods.let_these_in(tx, flood, report or [], staff=visit.member.id, now=clock.now())
        left = any(each.id == flood for each in floods.waiting(tx))
    return RedirectResponse(f"/flood/{flood}" if left else "/", 303)


@router.post("/flood/{flood}/let-all-in")
def let_all_in(desk: AtDesk, visit: Posting, flood: FloodId) -> Response:
    """Let all of a flood in."""
    with desk.app.database.transaction() as tx:
        floods.let_all_in(tx, flood, staff=visit.member.id, now=clock.now())
    return RedirectResponse("/", 303)


@router.post("/flood/{flood}/keep")
def keep(desk: AtDesk, visit: Posting, flood: FloodId) -> Response:
    """All of a flood stays held."""
    with desk.app.database.transaction() as tx:
        floods.keep(tx, flood, staff=visit.member.id, now=clock.now())
    return RedirectResponse("/", 303)


def _links_page(
    desk: Desk, visit: Visit, *, status: int = 200, error: str = "", made: tuple[str, str] | None = None
) -> Response:
    now = clock.now()
    with desk.app.database.transaction() as tx:
        found, names = links.lately(tx, now), names_of(staff.team(tx))
    return desk.page(
        "links.html", visit, status=status, now=now, links=found, names=names, error=error, made=made,
        most=links.MOST, longest=links.LONGEST, longest_note=links.LONGEST_NOTE, flood_words=flood_words,
    )  # fmt: skip


@router.get("/links")
def all_links(desk: AtDesk, visit: Visiting) -> Response:
    """The page of links for many reports."""
    return _links_page(desk, visit)


@router.post("/links")
def make_link(
    desk: AtDesk,
    visit: Posting,
    note: Annotated[str, Form(max_length=1000)] = "",
    reports: Annotated[int, Form()] = 0,
    days: Annotated[int, Form(ge=-1, le=10_000)] = 0,
) -> Response:
    """Make a link; it is shown here and never again."""
    lasts = timedelta(days=days)
    try:
        with desk.app.database.transaction() as tx:
            _, token = links.make(tx, note, reports, lasts, by=visit.member.id, now=clock.now())
    except Refused as error:
        return _links_page(desk, visit, status=409, error=str(error))
    return _links_page(desk, visit, made=(note, f"{desk.app.settings.portal_url}/with/{token}"))


@router.post("/links/revoke")
def revoke_link(desk: AtDesk, visit: Posting, link: Annotated[LinkId, Form()]) -> Response:
    """End a link at once."""
    with desk.app.database.transaction() as tx:
        links.revoke(tx, link, by=visit.member.id, now=clock.now())
    return RedirectResponse("/links", 303)
