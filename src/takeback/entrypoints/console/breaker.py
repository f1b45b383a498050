"""The answer to a paused automatic removal, and to a report that finds very much: one press each.

Nobody has to look at what waits. A few tiles of it are shown all the same, drawn by lot and always the same
ones, so that whoever wants to know what she lets go on can see it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from takeback.cases import breaker, seeds
from takeback.cases.breaker import Paused
from takeback.cases.breaker_rules import BreakerState
from takeback.cases.model import Copy
from takeback.entrypoints.console.desk import AdministratorPosting, AtDesk, Posting
from takeback.ids import CaseId, StaffId
from takeback.infra import clock
from takeback.infra.db.pool import Tx

router = APIRouter(prefix="/case/{case}/breaker")

SAMPLE = 8
"""Tiles of what waits."""


@dataclass(frozen=True, slots=True)
class Held:
    """Copies that nobody saw, for the case page."""

    state: BreakerState
    """Armed: there is nothing to say."""
    paused: Paused | None
    waiting: int
    """Copies that wait for an answer."""
    sample: tuple[Copy, ...]
    answered_by: StaffId | None
    more: int
    """Posts that match and have not joined the case."""
    at_least: bool
    """The look-back has not asked everything yet, so there may be more."""


def shown(tx: Tx, case: CaseId, copies: Sequence[Copy]) -> Held:
    """Return what a case's page shows of them."""
    states = {each.state: each for each in breaker.of_case(tx, case)}
    state = next(
        (
            each
            for each in (BreakerState.PAUSED, BreakerState.STOPPED, BreakerState.RELEASED)
            if each in states
        ),
        BreakerState.ARMED,
    )
    waits = set(breaker.held(tx, case, state))
    brought = seeds.of_case(tx, case)
    return Held(
        state,
        next((each for each in breaker.paused(tx) if each.case == case), None),
        len(waits),
        sample([copy for copy in copies if copy.sighting in waits]),
        states[state].staff if state in states else None,
        sum(each.waiting for each in brought),
        any(each.look_back_waits for each in brought),
    )


def sample(copies: Sequence[Copy]) -> tuple[Copy, ...]:
    """A few of the copies, by lot: the same ones for everybody, whatever order they came in."""

    def lot(copy: Copy) -> bytes:
        return hashlib.sha256(f"{copy.case} {copy.sighting}".encode()).digest()

    return tuple(sorted(copies, key=lot)[:SAMPLE])


@router.post("/go-on")
def go_on(desk: AtDesk, visit: Posting, case: CaseId, was: Annotated[BreakerState, Form()]) -> Response:
    """Automatic removal goes on, for good."""
    with desk.app.database.transaction() as tx:
        breaker.go_on(tx, case, was=was, staff=visit.member.id, now=clock.now())
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/stop")
def stop(desk: AtDesk, visit: Posting, case: CaseId) -> Response:
    """Nothing is removed unseen any more; what waits, waits for a decision."""
    with desk.app.database.transaction() as tx:
        breaker.stop(tx, case, staff=visit.member.id, now=clock.now())
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/arm-again")
def arm_again(desk: AtDesk, visit: AdministratorPosting, case: CaseId) -> Response:
    """Count again what is removed unseen."""
    with desk.app.database.transaction() as tx:
        breaker.arm_again(tx, case, staff=visit.member.id, now=clock.now())
    return RedirectResponse(f"/case/{case}", 303)


@router.post("/show-more")
def show_more(desk: AtDesk, visit: Posting, case: CaseId) -> Response:
    """More of the posts that match join the case."""
    with desk.app.database.transaction() as tx:
        seeds.ask_for_more(tx, case, desk.app.settings.seed_copies, staff=visit.member.id)
    return RedirectResponse(f"/case/{case}#copies", 303)
