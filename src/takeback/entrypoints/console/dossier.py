"""A case's evidence packages: asked for with a reason, watched as they are put together, taken out."""

from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from takeback.cases import service as cases
from takeback.dossier import releasing, service
from takeback.dossier.model import DossierState
from takeback.entrypoints.console.desk import AtDesk, Glancing, Posting
from takeback.entrypoints.console.words import RELEASE_REASON
from takeback.errors import NotFound
from takeback.ids import CaseId, DossierId
from takeback.infra import clock
from takeback.infra.http.downloads import download
from takeback.infra.jobs.queue import enqueue
from takeback.jobs import WriteDossier
from takeback.staff import service as staff
from takeback_verify.core.package import FOLDER

router = APIRouter(prefix="/case/{case}/dossier")


class Reason(StrEnum):
    """Why a package is asked for or taken out; kept in the log for ever."""

    FOR_THE_PERSON = "for_the_person"
    FOR_A_COURT = "for_a_court"
    FOR_THE_POLICE = "for_the_police"
    TO_KEEP = "to_keep"


class ReleaseReason(StrEnum):
    """Why the person concerned may be told which accounts posted; kept in the log for ever."""

    FOR_A_COMPLAINT = "for_a_complaint"
    FOR_HER_LAWYER = "for_her_lawyer"
    FOR_A_COURT = "for_a_court"
    KNOWN_TO_HER = "known_to_her"


REASONS = {
    Reason.FOR_THE_PERSON: "for the person concerned, or her lawyer",
    Reason.FOR_A_COURT: "for a court",
    Reason.FOR_THE_POLICE: "for the police",
    Reason.TO_KEEP: "to be kept",
}
UNDER_WAY = frozenset({DossierState.ASKED, DossierState.COMMITTED})


@router.get("")
def show(desk: AtDesk, visit: Glancing, case: CaseId) -> Response:
    """The packages of a case, and how the one stands that is under way: the page asks again by itself."""
    with desk.app.database.transaction() as tx:
        found = cases.get(tx, case)
        packages = service.of_case(tx, found.id)
        names = {member.id: member.name for member in staff.team(tx)}
        released = releasing.is_released(tx, found.id)
    return desk.page(
        "dossier.html",
        visit,
        case=found,
        packages=packages,
        names=names,
        reasons=REASONS,
        release_reasons=RELEASE_REASON,
        released=released,
        can_release=releasing.can_release(found.status),
        under_way=any(each.state in UNDER_WAY for each in packages),
    )


@router.post("")
def ask(desk: AtDesk, visit: Posting, case: CaseId, reason: Annotated[Reason, Form()]) -> Response:
    """Have a package put together; the asking is recorded, the work is a job."""
    with desk.app.database.transaction() as tx:
        dossier = service.ask(tx, case, by=visit.member.id, reason=reason.value, now=clock.now())
        enqueue(tx, WriteDossier(dossier))
    return RedirectResponse(f"/case/{case}/dossier", 303)


@router.post("/posters")
def release(
    desk: AtDesk,
    visit: Posting,
    case: CaseId,
    reason: Annotated[ReleaseReason, Form()],
    confirmed: Annotated[Literal["yes"], Form()],  # noqa: ARG001 -- a form without it is refused
) -> Response:
    """Let packages by receipt name the accounts that posted; that is recorded, and cannot be taken back."""
    with desk.app.database.transaction() as tx:
        releasing.release(tx, case, by=visit.member.id, reason=reason.value, now=clock.now())
    return RedirectResponse(f"/case/{case}/dossier", 303)


@router.post("/{dossier}")
def take_out(
    desk: AtDesk, visit: Posting, case: CaseId, dossier: DossierId, reason: Annotated[Reason, Form()]
) -> Response:
    """Hand a package out; that is recorded first."""
    with desk.app.database.transaction() as tx:
        if dossier not in {each.id for each in service.of_case(tx, case)}:
            raise NotFound("This case has no such package.")
        written = service.take_out(tx, dossier, by=visit.member.id, reason=reason.value)
    return download(service.pieces(desk.app, written), f"{FOLDER}{written.dossier}.zip", written.size)
