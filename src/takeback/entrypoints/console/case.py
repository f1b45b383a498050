"""One case: what was said, the copies and how each was found, and the decision with what follows from it."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from takeback.bank import service as bank
from takeback.cases import breaker, deciding, floods, rules
from takeback.cases import service as cases
from takeback.cases.model import (
    REASONS,
    Case,
    CaseStatus,
    Decision,
    DecisionReason,
    LookReason,
    QueueRow,
    Reviewer,
    Statement,
)
from takeback.cases.page import Changed, Shown, format_shown, parse_shown, shown
from takeback.entrypoints.console import breaker as breaker_page
from takeback.entrypoints.console import deciding_words, findings, words
from takeback.entrypoints.console.desk import AtDesk, Desk, Glancing, Posting, Visit, Visiting
from takeback.entrypoints.console.queue import paused_first
from takeback.entrypoints.console.working_copies import to_offer
from takeback.errors import NotFound, Refused
from takeback.events import MediaRevealed, Reopened, Verdict
from takeback.ids import CaseId, SightingId, StaffId, TargetId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import store as ledger
from takeback.staff import service as staff
from takeback.staff.model import Role
from takeback.takedown import service as takedown
from takeback.takedown.model import TargetProgress, TargetState

router = APIRouter(prefix="/case/{case}")

_DAY = timedelta(days=1)
_MOST_LOOKS = 1000
_CONTACT_REASONS = (LookReason.TO_ANSWER, LookReason.TO_DECIDE)
REOPENINGS = (Reopened.OBJECTION, Reopened.NEW_REPORT)
"""Why people open a closed case again."""
_PICTURE_REASONS = (LookReason.TO_DECIDE, LookReason.TO_COMPARE, LookReason.SECOND_OPINION)


@dataclass(frozen=True, slots=True)
class StatusView:
    """The status of a case: what the right column shows."""

    case: Case
    waiting: Decision | None
    """A decision that can still be undone."""
    last: Decision | None
    """The last that took effect."""
    targets: tuple[TargetProgress, ...]
    names: words.Names
    may_decide: frozenset[Verdict]
    """What this reviewer may decide now, as far as it depends on who she is."""
    passed_on: str
    """Why somebody else should decide, in words; empty if this reviewer may."""
    disputed: tuple[Decision, ...]
    """Decisions that reviewers made differently at the same time; neither takes effect."""
    reversible: bool
    """A decision to remove is in effect, and can be reversed."""
    page: str
    """What this page shows, as a decision carries it."""

    @property
    def moves(self) -> bool:
        """Return whether the page should ask again soon."""
        settled = {TargetState.GONE, TargetState.FAILED}
        removing = self.case.status is CaseStatus.REMOVING
        gone = all(target.state is TargetState.GONE for target in self.targets)  # or none is planned yet
        unsettled = gone or any(target.state not in settled for target in self.targets)
        return self.case.status is CaseStatus.DECIDED or (removing and unsettled)

    @property
    def failed(self) -> tuple[TargetProgress, ...]:
        """Removals that need a person."""
        return tuple(target for target in self.targets if target.state is TargetState.FAILED)


def reviewer_of(visit: Visit) -> Reviewer:
    """Return the visitor as somebody who decides."""
    return Reviewer(visit.member.id, visit.member.role is Role.ADMINISTRATOR)


def status_view(tx: Tx, case: CaseId, me: Reviewer) -> StatusView:
    """Read the status of a case. Raises NotFound."""
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
    open_ = found.status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}
    declined = cases.declined_elsewhere(tx, case)
    against = {verdict: rules.person_blocker(decisions, me, verdict, declined) for verdict in Verdict}
    mine = frozenset(verdict for verdict, why in against.items() if open_ and why is None)
    return StatusView(
        case=found,
        waiting=next((decision for decision in decisions if decision.state == "waiting"), None),
        last=effective[-1] if effective else None,
        targets=targets,
        names=names,
        may_decide=mine,
        passed_on=next((why for why in against.values() if why), "")
        if open_ and len(mine) < len(Verdict)
        else "",
        disputed=tuple(each for each in decisions if open_ and each.state == "disputed"),
        reversible=rules.reversal_blocker(found, decisions) is None,
        page=format_shown(shown(copies, decisions)),
    )


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was sent."""

    verdict: str = ""
    reason: str = ""
    note: str = ""
    warned: bool = False
    """She was warned that copies came while her page was open."""
    must_look: bool = False
    """She was warned that she looked at none."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """A way to reach the person who reported, for as long as one page is open."""

    signature: str
    contact: str


def _statement(tx: Tx, desk: Desk, case: CaseId) -> Statement | None:
    try:
        return cases.statement(tx, desk.app.unsealer, case)
    except (NotFound, ValueError):  # erased, or sealed to a key that is no longer here: the page says so
        return None


def looks_today(tx: Tx, me: StaffId, now: datetime) -> int:
    """Count this member's looks within the last day."""
    recent = ledger.recent(tx, (MediaRevealed,), _MOST_LOOKS)
    return sum(
        isinstance(each.event, MediaRevealed) and each.event.staff == me and now - each.at < _DAY
        for each in recent
    )


def _history(tx: Tx, view: StatusView) -> Sequence[ledger.RecordedEvent]:
    """Read after `view`, so that nothing which it shows is missing here."""
    return ledger.history(tx, view.case.id, [target.target for target in view.targets])


def _page(
    desk: Desk,
    visit: Visit,
    case: CaseId,
    *,
    status: int = 200,
    error: str = "",
    typed: Typed | None = None,
    changed: Changed | None = None,
    reporter: Reporter | None = None,
) -> Response:
    now = clock.now()
    with desk.app.database.transaction() as tx:
        view = status_view(tx, case, reviewer_of(visit))
        copies = cases.copies(tx, case)
        statement = _statement(tx, desk, case)
        refused = bank.refusals(tx, view.case.report)
        rows: Sequence[QueueRow] = cases.queue(tx)
        history = _history(tx, view)
        looked = looks_today(tx, visit.member.id, now)
        held = breaker_page.shown(tx, case, copies)
        moments = {copy.sighting: cases.moments(tx, copy) for copy in copies if not copy.gone_at}
        paused = breaker.paused(tx)
        flood = floods.of_case(tx, case)
        nobody_looks = cases.NOBODY_LOOKS if cases.nobody_looks(tx, case) else ""
    working = to_offer(desk, case, copies, now)
    possible = {
        verdict: verdict in view.may_decide and rules.copies_blocker(copies, verdict) is None
        for verdict in Verdict
    }
    return desk.page(
        "case.html",
        visit,
        status=status,
        now=now,
        view=view,
        findings=findings,
        case=view.case,
        copies=copies,
        states={target.sighting: target.state for target in view.targets},
        statement=statement,
        refused=refused,
        sayable={copy.sighting for copy in copies if rules.marking_blocker(view.case, copy, now) is None},
        new=frozenset(changed.found + changed.said) if changed else frozenset(),
        rows=paused_first(rows, paused),
        held=held,
        flood=flood,
        moments=moments,
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
            (verdict, reasons, deciding_words.what_it_does(verdict, copies), possible[verdict])
            for verdict, reasons in REASONS.items()
            if verdict is not Verdict.OUT_OF_REACH or possible[verdict]
        ],
        reopened=REOPENINGS,
        picture_reasons=_PICTURE_REASONS,
        contact_reasons=_CONTACT_REASONS,
    )


@router.get("")
def show(desk: AtDesk, visit: Visiting, case: CaseId) -> Response:
    """The case page."""
    return _page(desk, visit, case)


@router.get("/status")
def show_status(desk: AtDesk, visit: Glancing, case: CaseId) -> Response:
    """Show what moves of the case page: the right column and the history. The page asks by itself."""
    with desk.app.database.transaction() as tx:
        view = status_view(tx, case, reviewer_of(visit))
        history = _history(tx, view)
    return desk.page(
        "_live.html",
        visit,
        view=view,
        case=view.case,
        history=history,
        findings=findings,
        reopened=REOPENINGS,
    )


@router.post("/copy/{sighting}/exclude")
def exclude(
    desk: AtDesk, visit: Posting, case: CaseId, sighting: SightingId, excluded: Annotated[bool, Form()]
) -> Response:
    """Say that a copy is not the same picture, or is after all."""
    with desk.app.database.transaction() as tx:
        cases.exclude(
            tx,
            case,
            sighting,
            excluded=excluded,
            staff=visit.member.id,
            now=clock.now(),
        )
    return RedirectResponse(f"/case/{case}#copy-{sighting}", 303)


@router.post("/copy/{sighting}/confirm")
def confirm(
    desk: AtDesk, visit: Posting, case: CaseId, sighting: SightingId, confirmed: Annotated[bool, Form()]
) -> Response:
    """Say that a copy which only may be the same picture is, or take that back."""
    with desk.app.database.transaction() as tx:
        cases.confirm(
            tx,
            case,
            sighting,
            confirmed=confirmed,
            staff=visit.member.id,
            now=clock.now(),
            undo=timedelta(seconds=desk.app.settings.undo_seconds),
        )
    return RedirectResponse(f"/case/{case}#copy-{sighting}", 303)


@router.post("/contact")
def contact(desk: AtDesk, visit: Posting, case: CaseId, reason: Annotated[LookReason, Form()]) -> Response:
    """Show how to reach the person who reported; the asking is recorded first."""
    with desk.app.database.transaction() as tx:
        signature, address = cases.contact(tx, desk.app.unsealer, case, staff=visit.member.id, reason=reason)
    return _page(desk, visit, case, reporter=Reporter(signature, address))


def _choice(
    verdict: str, reason: str, note: str, page: str, *, warned: bool, unseen: bool
) -> deciding.Choice:
    """Return the choice in the form. Raises Refused with what is missing."""
    if verdict not in list(Verdict):
        raise Refused("Choose one of the decisions.")
    if reason not in list(DecisionReason):
        raise Refused("Choose a reason for it.")
    return deciding.Choice(Verdict(verdict), DecisionReason(reason), note, _shown(page), warned, unseen)


def _shown(page: str) -> Shown:
    try:
        return parse_shown(page)
    except ValueError:
        raise Refused(
            "This page does not say which copies it showed. Look at it again, then decide."
        ) from None


def _what_changed(changed: Changed, names: words.Names) -> str:
    """Return in words what changed since a page was made."""
    parts = []
    if changed.found:
        came = words.count(len(changed.found), "copy was", "copies were")
        parts.append(f"{came} found ({', '.join(map(names.of_copy, changed.found[:9]))})")
    if changed.said:
        parts.append(f"something was said of {', '.join(map(names.of_copy, changed.said[:9]))}")
    if changed.decided:
        parts.append("a colleague decided")
    return f"Since then {' and '.join(parts)}." if parts else ""


@router.post("/decide")
def decide(
    desk: AtDesk,
    visit: Posting,
    case: CaseId,
    verdict: Annotated[str, Form(max_length=100)] = "",
    reason: Annotated[str, Form(max_length=100)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
    page: Annotated[str, Form()] = "",
    warned: Annotated[bool, Form()] = False,
    unseen: Annotated[bool, Form()] = False,
) -> Response:
    """Decide what the page showed; it takes effect when the time to undo has passed."""
    undo_after = timedelta(seconds=desk.app.settings.undo_seconds)
    typed = Typed(verdict, reason, note, warned)
    try:
        choice = _choice(verdict, reason, note, page, warned=warned, unseen=unseen)
        with desk.app.database.transaction() as tx:
            deciding.decide(tx, case, choice, reviewer_of(visit), now=clock.now(), undo=undo_after)
    except deciding.PageIsOld as error:
        typed = replace(typed, warned=bool(error.changed.found) or warned)
        _disagree(desk, visit, case, Verdict(verdict))
        return _old_page(desk, visit, case, error, typed)
    except deciding.NotLooked as error:
        typed = replace(typed, must_look=True)
        return _page(desk, visit, case, status=409, error=str(error), typed=typed)
    except Refused as error:
        return _page(desk, visit, case, status=409, error=str(error), typed=typed)
    return RedirectResponse(f"/case/{case}", 303)


def _old_page(desk: Desk, visit: Visit, case: CaseId, error: deciding.PageIsOld, typed: Typed) -> Response:
    """The page as it is now, with what changed, and with what she typed."""
    with desk.app.database.transaction() as tx:
        names = status_view(tx, case, reviewer_of(visit)).names
    message = f"{error} {_what_changed(error.changed, names)}"
    return _page(desk, visit, case, status=409, error=message, typed=typed, changed=error.changed)


def _disagree(desk: Desk, visit: Visit, case: CaseId, verdict: Verdict) -> None:
    """If a colleague's decision took effect and says otherwise, hers is recorded as an objection."""
    with contextlib.suppress(Refused), desk.app.database.transaction() as tx:
        deciding.object_to(tx, case, verdict, reviewer_of(visit))


@router.post("/reverse")
def reverse(desk: AtDesk, visit: Posting, case: CaseId) -> Response:
    """Take back a decision that took effect: its signals are withdrawn, and the case is decided again."""
    with desk.app.database.transaction() as tx:
        deciding.reverse(tx, case, reviewer=reviewer_of(visit), now=clock.now())
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/reopen")
def reopen(desk: AtDesk, visit: Posting, case: CaseId, why: Annotated[Reopened, Form()]) -> Response:
    """Have a closed case decided again, by somebody else."""
    with desk.app.database.transaction() as tx:
        deciding.reopen(tx, case, why, reviewer=reviewer_of(visit), now=clock.now())
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/undo")
def undo(desk: AtDesk, visit: Posting, case: CaseId, decision: Annotated[UUID, Form()]) -> Response:
    """Take a decision back."""
    with desk.app.database.transaction() as tx:
        deciding.undo(tx, case, decision, staff=visit.member.id, now=clock.now())
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/retry")
def retry(desk: AtDesk, visit: Posting, case: CaseId, target: Annotated[UUID, Form()]) -> Response:
    """Try a failed removal again."""
    with desk.app.database.transaction() as tx:
        if target not in {each.target for each in takedown.progress(tx, case)}:
            raise NotFound("This case has no such removal.")
        takedown.retry(tx, TargetId(target), staff=visit.member.id)
    return RedirectResponse(f"/case/{case}", 303)
