"""One case: what was said, the copies and how each was found, and the decision with what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from takeback.bank import service as bank
from takeback.cases import breaker
from takeback.cases import service as cases
from takeback.cases.model import (
    REASONS,
    Case,
    CaseStatus,
    Decision,
    DecisionReason,
    LookReason,
    QueueRow,
    Told,
)
from takeback.cases.rules import why_not_say
from takeback.doors.console import breaker as breaker_page
from takeback.doors.console import findings, words
from takeback.doors.console.desk import AtDesk, Desk, Glancing, Posting, Visit, Visiting
from takeback.doors.console.queue import paused_first
from takeback.doors.console.working_copies import to_offer
from takeback.errors import NotFound, Refused
from takeback.facts import Looked, Verdict
from takeback.ground import clock
from takeback.ground.db.pool import Tx
from takeback.ground.ledger import store as ledger
from takeback.ids import CaseId, SightingId, StaffId, TargetId
from takeback.staff import service as staff
from takeback.takedown import service as takedown
from takeback.takedown.model import TargetProgress, TargetState

router = APIRouter(prefix="/case/{case}")

_DAY = timedelta(days=1)
_MOST_LOOKS = 1000
_CONTACT_REASONS = (LookReason.TO_ANSWER, LookReason.TO_DECIDE)
_PICTURE_REASONS = (LookReason.TO_DECIDE, LookReason.TO_COMPARE, LookReason.SECOND_OPINION)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands: what the right column shows."""

    case: Case
    waiting: Decision | None
    """A decision that can still be undone."""
    last: Decision | None
    """The last that took effect."""
    targets: tuple[TargetProgress, ...]
    names: words.Names
    may_decide: bool
    passed_on: bool
    """This reviewer could not tell; somebody else looks now."""

    @property
    def moves(self) -> bool:
        """Whether the page should ask again soon."""
        settled = {TargetState.GONE, TargetState.FAILED}
        removing = self.case.status is CaseStatus.REMOVING
        gone = all(target.state is TargetState.GONE for target in self.targets)  # or none is planned yet
        unsettled = gone or any(target.state not in settled for target in self.targets)
        return self.case.status is CaseStatus.DECIDED or (removing and unsettled)

    @property
    def failed(self) -> tuple[TargetProgress, ...]:
        """Removals that need a person."""
        return tuple(target for target in self.targets if target.state is TargetState.FAILED)


def standing(tx: Tx, case: CaseId, me: StaffId) -> Standing:
    """Read where a case stands. Raises NotFound."""
    found = cases.get(tx, case)
    decisions = cases.decisions(tx, case)
    copies = cases.copies(tx, case)
    targets = takedown.progress(tx, case)
    numbers: Mapping[int, int] = {copy.sighting: number for number, copy in enumerate(copies, 1)}
    names = words.Names(
        staff={member.id: member.name for member in staff.team(tx)},
        copies=numbers,
        targets={target.target: numbers.get(target.sighting, 0) for target in targets},
    )
    effective = [decision for decision in decisions if decision.state == "effective"]
    unsure = {decision.staff for decision in effective if decision.verdict is Verdict.CANNOT_TELL}
    open_ = found.status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}
    return Standing(
        case=found,
        waiting=next((decision for decision in decisions if decision.state == "waiting"), None),
        last=effective[-1] if effective else None,
        targets=targets,
        names=names,
        may_decide=open_ and me not in unsure,
        passed_on=open_ and me in unsure,
    )


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    verdict: str = ""
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reporter:
    """How to reach the person who reported, for as long as one page is open."""

    signature: str
    contact: str


def _told(tx: Tx, desk: Desk, case: CaseId) -> Told | None:
    try:
        return cases.told(tx, desk.app.unsealer, case)
    except (NotFound, ValueError):  # erased, or sealed to a key that is no longer here: the page says so
        return None


def looks_today(tx: Tx, me: StaffId, now: datetime) -> int:
    """How often this member of staff looked within the last day."""
    recent = ledger.recent(tx, (Looked,), _MOST_LOOKS)
    return sum(
        isinstance(each.fact, Looked) and each.fact.staff == me and now - each.at < _DAY for each in recent
    )


def _history(tx: Tx, stands: Standing) -> Sequence[ledger.RecordedFact]:
    """Read after `stands`, so that nothing which it shows is missing here."""
    return ledger.history(tx, stands.case.id, [target.target for target in stands.targets])


def _page(
    desk: Desk,
    visit: Visit,
    case: CaseId,
    *,
    status: int = 200,
    error: str = "",
    typed: Typed | None = None,
    reporter: Reporter | None = None,
) -> Response:
    now = clock.now()
    with desk.app.database.transaction() as tx:
        stands = standing(tx, case, visit.member.id)
        copies = cases.copies(tx, case)
        told = _told(tx, desk, case)
        refused = bank.refusals(tx, stands.case.report)
        rows: Sequence[QueueRow] = cases.queue(tx)
        history = _history(tx, stands)
        looked = looks_today(tx, visit.member.id, now)
        held = breaker_page.shown(tx, case, copies)
        paused = breaker.paused(tx)
        nobody_looks = cases.NOBODY_LOOKS if cases.may_show_a_minor(tx, case) else ""
    working = to_offer(desk, case, copies, now)
    kept = any(not copy.excluded for copy in copies)
    possible = {Verdict.NOT_SHARED_WITHOUT_CONSENT: True, Verdict.CANNOT_TELL: kept}
    possible[Verdict.SHARED_WITHOUT_CONSENT] = any(copy.counts for copy in copies)
    return desk.page(
        "case.html",
        visit,
        status=status,
        now=now,
        stands=stands,
        findings=findings,
        case=stands.case,
        copies=copies,
        states={target.sighting: target.state for target in stands.targets},
        told=told,
        refused=refused,
        sayable={copy.sighting for copy in copies if why_not_say(stands.case, copy) is None},
        rows=paused_first(rows, paused),
        held=held,
        paused={each.case: each for each in paused},
        working=working,
        nobody_looks=nobody_looks,
        history=history,
        looked=looked,
        undo_seconds=round(desk.app.settings.undo_seconds),
        error=error,
        typed=typed or Typed(),
        reporter=reporter,
        verdicts=[
            (verdict, reasons, words.what_it_does(verdict, copies), possible[verdict])
            for verdict, reasons in REASONS.items()
        ],
        picture_reasons=_PICTURE_REASONS,
        contact_reasons=_CONTACT_REASONS,
    )


@router.get("")
def show(desk: AtDesk, visit: Visiting, case: UUID) -> Response:
    """The case page."""
    return _page(desk, visit, CaseId(case))


@router.get("/standing")
def show_standing(desk: AtDesk, visit: Glancing, case: UUID) -> Response:
    """What moves of the case page, the right column and the history, for the page that asks by itself."""
    with desk.app.database.transaction() as tx:
        stands = standing(tx, CaseId(case), visit.member.id)
        history = _history(tx, stands)
    return desk.page("_live.html", visit, stands=stands, case=stands.case, history=history, findings=findings)


@router.post("/copy/{sighting}/exclude")
def exclude(
    desk: AtDesk, visit: Posting, case: UUID, sighting: int, excluded: Annotated[bool, Form()]
) -> Response:
    """Say that a copy is not the same picture, or is after all."""
    with desk.app.database.transaction() as tx:
        cases.exclude(tx, CaseId(case), SightingId(sighting), excluded=excluded, staff=visit.member.id)
    return RedirectResponse(f"/case/{case}#copy-{sighting}", 303)


@router.post("/copy/{sighting}/confirm")
def confirm(
    desk: AtDesk, visit: Posting, case: UUID, sighting: int, confirmed: Annotated[bool, Form()]
) -> Response:
    """Say that a copy which only may be the same picture is, or take that back."""
    with desk.app.database.transaction() as tx:
        cases.confirm(tx, CaseId(case), SightingId(sighting), confirmed=confirmed, staff=visit.member.id)
    return RedirectResponse(f"/case/{case}#copy-{sighting}", 303)


@router.post("/contact")
def contact(desk: AtDesk, visit: Posting, case: UUID, reason: Annotated[LookReason, Form()]) -> Response:
    """Show how to reach the person who reported; the asking is recorded first."""
    with desk.app.database.transaction() as tx:
        signature, address = cases.contact(
            tx, desk.app.unsealer, CaseId(case), staff=visit.member.id, reason=reason
        )
    return _page(desk, visit, CaseId(case), reporter=Reporter(signature, address))


def _choice(verdict: str, reason: str) -> tuple[Verdict, DecisionReason]:
    """What was chosen in the form. Raises Refused with what is missing."""
    if verdict not in list(Verdict):
        raise Refused("Choose one of the three.")
    if reason not in list(DecisionReason):
        raise Refused("Choose a reason for it.")
    return Verdict(verdict), DecisionReason(reason)


@router.post("/decide")
def decide(
    desk: AtDesk,
    visit: Posting,
    case: UUID,
    verdict: Annotated[str, Form(max_length=100)] = "",
    reason: Annotated[str, Form(max_length=100)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Decide; it takes effect when the time to undo has passed."""
    settings = desk.app.settings
    try:
        chosen, because = _choice(verdict, reason)
        with desk.app.database.transaction() as tx:
            cases.decide(
                tx,
                CaseId(case),
                chosen,
                because,
                note,
                staff=visit.member.id,
                now=clock.now(),
                undo=timedelta(seconds=settings.undo_seconds),
            )
    except Refused as error:
        typed = Typed(verdict, reason, note)
        return _page(desk, visit, CaseId(case), status=409, error=str(error), typed=typed)
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/undo")
def undo(desk: AtDesk, visit: Posting, case: UUID, decision: Annotated[UUID, Form()]) -> Response:
    """Take a decision back."""
    with desk.app.database.transaction() as tx:
        cases.undo(tx, CaseId(case), decision, staff=visit.member.id, now=clock.now())
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/retry")
def retry(desk: AtDesk, visit: Posting, case: UUID, target: Annotated[UUID, Form()]) -> Response:
    """Try a failed removal again."""
    with desk.app.database.transaction() as tx:
        if target not in {each.target for each in takedown.progress(tx, CaseId(case))}:
            raise NotFound("This case has no such removal.")
        takedown.retry(tx, TargetId(target), staff=visit.member.id)
    return RedirectResponse(f"/case/{case}", 303)
