"""The copies' pictures: blurred for everybody who is signed in; clear once, with a reason, recorded."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import JSONResponse, Response

from takeback.cases import service as cases
from takeback.cases.model import Copy, LookReason
from takeback.entrypoints.console.case import looks_today
from takeback.entrypoints.console.desk import AtDesk, Desk, Glancing, Posting
from takeback.entrypoints.console.previews import NoPicture
from takeback.errors import NotFound
from takeback.ids import CaseId, SightingId
from takeback.infra import clock
from takeback.signals.model import Cut
from takeback.signals.relation import Hit

router = APIRouter(prefix="/case/{case}/copy/{sighting}")


_UNSEEN = NoPicture("unseen", cases.NOBODY_LOOKS)


def _copy(desk: Desk, case: CaseId, sighting: SightingId) -> Copy:
    with desk.app.database.transaction() as tx:
        for copy in cases.copies(tx, case):
            if copy.sighting == sighting:
                return copy
    raise NotFound("This case has no such copy.")


def _at(desk: Desk, copy: Copy, moment: int | None) -> Copy:
    """A copy at one of the moments that its page shows. Raises NotFound for another one."""
    if moment is None:
        return copy
    with desk.app.database.transaction() as tx:
        if moment not in cases.moments(tx, copy):
            raise NotFound("This copy has no such moment.")
    hit = copy.hit or Hit(None, 0, negative=False, cut=Cut.FRAME)
    return replace(copy, hit=replace(hit, at_ms=moment, box=None, view=""))


def _nobody_looks(desk: Desk, case: CaseId) -> bool:
    with desk.app.database.transaction() as tx:
        return cases.nobody_looks(tx, case)


@router.get("/blurred.jpg")
def blurred(
    desk: AtDesk, visit: Glancing, case: CaseId, sighting: SightingId, moment: int | None = None
) -> Response:
    """A tile: the picture, blurred beyond recognition and grey, or a drawing that says why there is none."""
    del visit
    copy = _at(desk, _copy(desk, case, sighting), moment)
    made = _UNSEEN if _nobody_looks(desk, case) else desk.previews.blurred(copy, clock.now())
    if isinstance(made, NoPicture):
        drawing = desk.pages.get_template("tile.svg").render(word=made.word, sentence=made.sentence)
        return Response(drawing, media_type="image/svg+xml")
    return Response(made, media_type="image/jpeg")


@router.get("/outline.svg")
def outline(desk: AtDesk, visit: Glancing, case: CaseId, sighting: SightingId) -> Response:
    """Draw where in the picture the copy was found, to lie over the tile."""
    del visit
    copy = _copy(desk, case, sighting)
    size = None if _nobody_looks(desk, case) else desk.previews.size(copy)
    box = copy.hit.box if copy.hit is not None else None
    if box is None or size is None:
        raise NotFound("There is nothing to outline.")
    drawing = desk.pages.get_template("outline.svg").render(box=box, width=size[0], height=size[1])
    return Response(drawing, media_type="image/svg+xml")


@router.post("/reveal")
def reveal(
    desk: AtDesk,
    visit: Posting,
    case: CaseId,
    sighting: SightingId,
    reason: Annotated[LookReason, Form()],
    colour: Annotated[bool, Form()] = False,
    moment: int | None = None,
) -> Response:
    """Ask to see a picture clearly: the asking is recorded, then the picture can be fetched once."""
    now = clock.now()
    with desk.app.database.transaction() as tx:
        copy = cases.look(tx, case, sighting, staff=visit.member.id, reason=reason, now=now)
        looked = looks_today(tx, visit.member.id, now)
    copy = _at(desk, copy, moment)
    ticket = desk.tickets.give(visit.session.token_hash, case, copy, grey=not colour, now=now)
    return JSONResponse(
        {"picture": f"/case/{case}/copy/{sighting}/clear.jpg?ticket={ticket}", "looked": looked}
    )


@router.get("/clear.jpg")
def clear(desk: AtDesk, visit: Glancing, case: CaseId, sighting: SightingId, ticket: str = "") -> Response:
    """The clear picture of a ticket, once."""
    found = desk.tickets.take(ticket, visit.session.token_hash, case, sighting, clock.now())
    if found is None or _nobody_looks(desk, case):
        raise NotFound("A picture can be fetched once for each look.")
    made = desk.previews.clear(found.copy, grey=found.grey)
    if isinstance(made, NoPicture):
        return JSONResponse({"error": made.sentence}, 409)
    return Response(made, media_type="image/jpeg")
