"""The page of everything that the machinery could not finish, so that nothing fails unseen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from takeback.cases import breaker, seeds
from takeback.cases.model import Reviewer
from takeback.entrypoints.console import words
from takeback.entrypoints.console.case import StatusView, reviewer_of, status_view
from takeback.entrypoints.console.desk import AtDesk, Visiting
from takeback.entrypoints.console.words_work import named
from takeback.events import (
    BatchSetAside,
    BreakerOverdue,
    BreakerTripped,
    CaptureFailed,
    DecisionDisputed,
    DecisionObjected,
    EntryRefused,
    JobGaveUp,
    LocationUnusable,
    PictureUnreadable,
    RemovalFailed,
    ReportUnusable,
    SeedCapped,
    WatcherFailed,
)
from takeback.evidence import kept
from takeback.ids import CaseId, TargetId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs import queue
from takeback.infra.ledger import store as ledger
from takeback.sightings import health, set_aside, unseen
from takeback.takedown import service as takedown
from takeback.takedown.model import TargetState

router = APIRouter()

MOST = 200
NEW = timedelta(days=7)
"""For so long a room that shut us out is told here, too; later only on the page "Not compared"."""
_KINDS = (
    BreakerTripped,
    BreakerOverdue,
    SeedCapped,
    RemovalFailed,
    JobGaveUp,
    BatchSetAside,
    WatcherFailed,
    ReportUnusable,
    LocationUnusable,
    EntryRefused,
    CaptureFailed,
    DecisionDisputed,
    DecisionObjected,
)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs, or needed, a person."""

    at: datetime
    sentence: str
    case: CaseId | None
    settled: bool
    """It went on since, or was answered."""


def _items(tx: Tx, me: Reviewer) -> list[Item]:
    items: list[Item] = []
    cases: dict[CaseId, StatusView] = {}
    seen: set[TargetId] = set()
    waiting = breaker.unanswered(tx) | seeds.capped(tx)
    for each in ledger.recent(tx, _KINDS, MOST):
        case, settled, names = None, False, words.Names({}, {}, {})
        if isinstance(each.event, RemovalFailed):
            removal = takedown.get(tx, each.event.target)
            case = None if removal is None else removal.case
            if case is not None:
                view = cases.get(case) or cases.setdefault(case, status_view(tx, case, me))
                states = {target.target: target.state for target in view.targets}
                settled = states.get(each.event.target) is not TargetState.FAILED or each.event.target in seen
                names = view.names
            seen.add(each.event.target)
        elif isinstance(each.event, DecisionDisputed | DecisionObjected):
            case = each.event.case
            names = (cases.get(case) or cases.setdefault(case, status_view(tx, case, me))).names
        elif isinstance(each.event, BreakerTripped | BreakerOverdue | SeedCapped):
            case, settled = each.event.case, each.event.entry not in waiting
        items.append(Item(each.at, words.sentence(each.event, names), case, settled))
    return items


@router.get("/attention")
def attention(desk: AtDesk, visit: Visiting) -> Response:
    """The page "Needs a person"."""
    with desk.app.database.transaction() as tx:
        items = _items(tx, reviewer_of(visit))
        no_evidence = kept.trouble(tx, desk.app.sealer)
        shut_out = unseen.newly_shut_out(tx, clock.now() - NEW)
        unreadable = ledger.recent(tx, (PictureUnreadable,), MOST)
        unknown, postponed = queue.unknown(tx), queue.postponed(tx)
        troubles = health.troubles(tx, set(desk.app.connectors))
        aside = set_aside.listed(tx, MOST)
    reasons: dict[str, int] = {}
    for each in unreadable:
        if isinstance(each.event, PictureUnreadable):
            reasons[each.event.reason] = reasons.get(each.event.reason, 0) + 1
    return desk.page(
        "attention.html",
        visit,
        now=clock.now(),
        items=items,
        troubles=troubles,
        aside=aside,
        shut_out=shut_out,
        unknown=unknown,
        named=named,
        postponed=postponed,
        no_evidence=no_evidence,
        unreadable=len(unreadable),
        most=MOST,
        reasons=sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])),
    )
