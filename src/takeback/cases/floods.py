"""Floods: reports that come in a burst are held together, until a person looks at one thing.

It is the breaker's shape, for what comes in: what a group brings is counted (`flood_rules`), over a bound the
rest waits, and one answer of a person lets it go or keeps it (`breaker_rules.BreakerState`). A held report is
a case with its clock like any other, and is not in the queue. Its pictures are no seeds and its links are not
followed. What the same group brought in the ten minutes before is held, too, unless somebody decided about
it: its seeds are withdrawn. Reports of other groups, and reports by a link that staff made, go on.

Race-free: reports are counted one at a time, in the transaction that holds them or begins the search.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from takeback.bank import service as bank
from takeback.bank import store as bank_store
from takeback.bank.model import EntryStatus
from takeback.cases import flood_rules as rules
from takeback.cases import floods_store as store
from takeback.cases import store as cases
from takeback.cases.breaker import ANSWERED
from takeback.cases.breaker_rules import BreakerState
from takeback.cases.flood_rules import Counted
from takeback.cases.floods_store import Flood, HeldReport
from takeback.cases.model import CaseStatus
from takeback.errors import NotFound, Refused
from takeback.events import FloodBegan, FloodKept, FloodKind, FloodLetIn, ReportHeld, ReportLetIn
from takeback.ids import CaseId, FloodId, ReportId, StaffId
from takeback.infra.db.pool import Database, Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.jobs import LetIn
from takeback.submissions import store as submissions

AT_ONCE = 200
"""Reports that are let in in one transaction."""
LET_IN = ", let in"
"""How what a held report shows is named once it is let in: a seed of its own."""
KEPT = timedelta(days=1)
"""So long it is known which group a report came with."""


def holds(tx: Tx, report: ReportId, pictures: int, most: int, now: datetime) -> bool:
    """Return whether a report that was just opened is held; if so, that is an event.

    Args:
        tx: the transaction that opened its case.
        report: the report.
        pictures: how many it brought.
        most: reports that one network may send within ten minutes, from the settings.
        now: when.
    """
    store.lock(tx)
    at, labels, by_link = submissions.arrival(tx, report)
    if by_link:
        return False
    known = store.by_label(tx, labels)
    found = next((known[label] for label in labels if label in known), None)
    if found is None:
        found = _count(tx, report, at, labels, most, now)
    if found is None or found[1] is BreakerState.RELEASED:
        return False
    _hold(tx, report, found[0], pictures, at)
    return True


def _count(
    tx: Tx, report: ReportId, at: datetime, labels: Sequence[bytes], most: int, now: datetime
) -> tuple[FloodId, BreakerState] | None:
    """The flood that a report belongs to of whose groups none is known as one; None: to none."""
    since, good = at - rules.WINDOW, store.released(tx)
    counted = Counted(
        {label: submissions.count_with(tx, label, good, since, at) for label in labels},
        submissions.count_without_link(tx, since, at) - store.count_held(tx, since, at),
    )
    label = rules.over(counted, most)
    if label is not None:
        flood = _begin(tx, rules.kind_of_flood(label), label, since, now)
        arrived = dict(submissions.came_with(tx, label, good))
        lately = [other for other, came_at in arrived.items() if came_at > since and other != report]
        for other in store.undecided(tx, lately):
            _stop_searching(tx, other, flood, arrived[other], now)
        store.absorb(tx, flood, list(arrived))
        return flood, BreakerState.PAUSED
    if rules.too_many(counted, most):
        today = f"all {at.date()}".encode()
        known = store.by_label(tx, [today]).get(today)
        return known or (_begin(tx, FloodKind.ALL, today, since, now), BreakerState.PAUSED)
    return None


def _begin(tx: Tx, kind: FloodKind, label: bytes, since: datetime, now: datetime) -> FloodId:
    flood = FloodId(uuid4())
    store.insert(tx, flood, kind, label, since, now)
    record(tx, FloodBegan(flood, kind))
    return flood


def _hold(tx: Tx, report: ReportId, flood: FloodId, pictures: int, came_at: datetime) -> None:
    store.hold(tx, report, flood, pictures, came_at)
    record(tx, ReportHeld(report, flood))


def _stop_searching(tx: Tx, report: ReportId, flood: FloodId, came_at: datetime, now: datetime) -> None:
    """A report that was let in before its group was known as a flood is held; its seeds find nothing more."""
    seeds = [each for each in bank_store.of_report(tx, report) if each.status is EntryStatus.SEED]
    for seed in seeds:
        bank.withdraw(tx, seed.id, now)
    _hold(tx, report, flood, len(seeds), came_at)


def waiting(tx: Tx) -> tuple[Flood, ...]:
    """The floods of which reports are held, the unanswered ones first."""
    return store.waiting(tx)


def get(tx: Tx, flood: FloodId) -> tuple[Flood, tuple[HeldReport, ...]]:
    """One flood and its held reports. Raises NotFound."""
    found = next((each for each in store.waiting(tx) if each.id == flood), None)
    if found is None:
        raise NotFound("Nothing of this is held any more.")
    return found, store.held(tx, flood)


def of_case(tx: Tx, case: CaseId) -> FloodId | None:
    """The flood that a case is held in; None if it is not."""
    return store.of_case(tx, case)


def is_held(tx: Tx, report: ReportId) -> bool:
    """Return whether a report is held."""
    return store.is_held(tx, report)


def is_declined(tx: Tx, report: ReportId) -> bool:
    """Return whether people decided against a report while it was held."""
    case = cases.of_report(tx, report)
    found = None if case is None else cases.get(tx, case)
    return found is not None and found.status is CaseStatus.DECLINED


def let_all_in(tx: Tx, flood: FloodId, *, staff: StaffId, now: datetime) -> None:
    """A member of staff lets all in, and what the group sends later that day. Raises NotFound, Refused."""
    waits = _answer(tx, flood, BreakerState.RELEASED, staff, now)
    record(tx, FloodLetIn(flood, staff, waits))


def keep(tx: Tx, flood: FloodId, *, staff: StaffId, now: datetime) -> None:
    """A member of staff says that all stays held; it can be let in later. Raises NotFound, Refused."""
    waits = _answer(tx, flood, BreakerState.STOPPED, staff, now)
    record(tx, FloodKept(flood, staff, waits))


def _answer(tx: Tx, flood: FloodId, state: BreakerState, staff: StaffId, now: datetime) -> int:
    found, _ = get(tx, flood)
    if not store.answer(tx, flood, state, staff, now):
        raise Refused(ANSWERED)
    return found.reports


def let_these_in(
    tx: Tx, flood: FloodId, reports: Sequence[ReportId], *, staff: StaffId, now: datetime
) -> None:
    """A member of staff lets some in; the others stay held. Raises Refused."""
    done = store.let_in(tx, flood, now, AT_ONCE, reports)
    if not done:
        raise Refused("None was chosen, or a colleague let them in meanwhile.")
    for report in done:
        record(tx, ReportLetIn(report, flood, staff))


def go_on(tx: Tx, flood: FloodId, now: datetime) -> None:
    """Let the next reports in of a flood that was let in; the others by a job."""
    done = store.let_in(tx, flood, now, AT_ONCE)
    for report in done:
        record(tx, ReportLetIn(report, flood, store.who_let_in(tx, flood)))
    if len(done) == AT_ONCE:
        enqueue(tx, LetIn(flood))


def forget_arrivals(database: Database, now: datetime) -> None:
    """Delete what tells which group a report came with, a day after it came."""
    with database.transaction() as tx:
        submissions.forget_arrivals(tx, now - KEPT)
        store.forget_labels(tx, now - KEPT)
