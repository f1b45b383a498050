"""SQL of floods: which reports came with which group, which are held, and what people answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from takeback.cases.breaker_rules import BreakerState
from takeback.events import FloodKind
from takeback.ids import CaseId, FloodId, ReportId, StaffId
from takeback.infra.db.pool import Tx, column, first, scalar


@dataclass(frozen=True, slots=True)
class Flood:
    """Reports that are held together, and wait for one answer."""

    id: FloodId
    kind: FloodKind
    state: BreakerState
    """Paused: nobody has answered. Stopped: they stay held."""
    staff: StaffId | None
    """Who answered last."""
    reports: int
    pictures: int
    first_at: datetime
    last_at: datetime
    due_at: datetime
    """Of the case that is due first: clocks run from receipt."""


@dataclass(frozen=True, slots=True)
class HeldReport:
    """One report of a flood."""

    report: ReportId
    case: CaseId
    pictures: int
    came_at: datetime
    due_at: datetime


def lock(tx: Tx) -> None:
    """One report at a time is counted, and no answer is given meanwhile; readers do not wait."""
    tx.execute("lock table cases_flood in share row exclusive mode")


def by_label(tx: Tx, labels: Sequence[bytes]) -> dict[bytes, tuple[FloodId, BreakerState]]:
    """The floods of these groups."""
    rows = tx.execute("select label, id, state from cases_flood where label = any(%s)", [list(labels)])
    return {bytes(row[0]): (row[1], BreakerState(row[2])) for row in rows}


def insert(tx: Tx, flood: FloodId, kind: FloodKind, label: bytes, began_at: datetime, now: datetime) -> None:
    """A group is over its bound."""
    tx.execute(
        "insert into cases_flood (id, kind, label, state, began_at, changed_at)"
        " values (%s, %s, %s, 'paused', %s, %s)",
        [flood, kind, label, began_at, now],
    )


def waiting(tx: Tx) -> tuple[Flood, ...]:
    """The floods of which reports are held, the unanswered ones first."""
    rows = tx.execute(
        """
        select f.id, f.kind, f.state, f.staff_id, count(*), sum(h.pictures), min(h.came_at), max(h.came_at),
               min(c.due_at)
        from cases_flood f join cases_held h on h.flood_id = f.id and h.let_in_at is null
        join cases_case c on c.report_id = h.report_id
        group by f.id order by f.state, min(c.due_at), f.id
        """
    )
    return tuple(Flood(row[0], FloodKind(row[1]), BreakerState(row[2]), *row[3:]) for row in rows)


def held(tx: Tx, flood: FloodId) -> tuple[HeldReport, ...]:
    """The reports of a flood that are held, in the order in which they came."""
    rows = tx.execute(
        """
        select h.report_id, c.id, h.pictures, h.came_at, c.due_at
        from cases_held h join cases_case c on c.report_id = h.report_id
        where h.flood_id = %s and h.let_in_at is null order by h.came_at, h.report_id
        """,
        [flood],
    )
    return tuple(HeldReport(*row) for row in rows)


def is_held(tx: Tx, report: ReportId) -> bool:
    """Return whether a report is held."""
    return scalar(
        tx, "select exists (select from cases_held where report_id = %s and let_in_at is null)", [report]
    )


def of_case(tx: Tx, case: CaseId) -> FloodId | None:
    """The flood that a case is held in; None if it is not."""
    return first(
        tx,
        "select h.flood_id from cases_held h join cases_case c on c.report_id = h.report_id"
        " where c.id = %s and h.let_in_at is null",
        [case],
    )


def answer(tx: Tx, flood: FloodId, state: BreakerState, staff: StaffId, now: datetime) -> bool:
    """Write down what a person answered; False if there is no such flood, or it was answered so before."""
    done = tx.execute(
        "update cases_flood set state = %s, staff_id = %s, changed_at = %s"
        " where id = %s and state <> %s and state <> 'released'",
        [state, staff, now, flood, state],
    )
    return done.rowcount == 1


def let_in(
    tx: Tx, flood: FloodId, now: datetime, most: int, only: Sequence[ReportId] | None = None
) -> list[ReportId]:
    """Let the oldest held reports of a flood in, or some of them; which they are."""
    return sorted(
        column(
            tx,
            """
        update cases_held set let_in_at = %(now)s where report_id in (
            select report_id from cases_held
            where flood_id = %(flood)s and let_in_at is null
                and (%(only)s::uuid[] is null or report_id = any(%(only)s))
            order by came_at, report_id limit %(most)s for update)
        returning report_id
        """,
            {"flood": flood, "now": now, "most": most, "only": None if only is None else list(only)},
        )
    )


def who_let_in(tx: Tx, flood: FloodId) -> StaffId:
    """Return who let all of a flood in."""
    return scalar(tx, "select staff_id from cases_flood where id = %s", [flood])


def released(tx: Tx) -> list[bytes]:
    """Labels of the groups that a person let in, as far as they are known."""
    rows = tx.execute("select label from cases_flood where state = 'released' and label is not null")
    return [bytes(row[0]) for row in rows]


def count_held(tx: Tx, since: datetime, until: datetime) -> int:
    """Return how many reports that came within this time were held, whatever became of them."""
    return scalar(tx, "select count(*) from cases_held where came_at > %s and came_at <= %s", [since, until])


def undecided(tx: Tx, reports: Sequence[ReportId]) -> list[ReportId]:
    """Those of the reports that were opened and not held, and of which nobody decided."""
    return column(
        tx,
        """
        select c.report_id from cases_case c
        where c.report_id = any(%s) and c.status = 'open'
            and not exists (select from cases_held h where h.report_id = c.report_id)
            and not exists (select from cases_decision d where d.case_id = c.id)
        order by c.opened_at, c.report_id
        """,
        [list(reports)],
    )


def hold(tx: Tx, report: ReportId, flood: FloodId, pictures: int, came_at: datetime) -> None:
    """Hold a report."""
    tx.execute(
        "insert into cases_held (report_id, flood_id, pictures, came_at) values (%s, %s, %s, %s)",
        [report, flood, pictures, came_at],
    )


def absorb(tx: Tx, flood: FloodId, reports: Sequence[ReportId]) -> None:
    """Take in the unanswered floods of networks that these reports are held in: it is one thing."""
    tx.execute(
        """
        with inside as (
            select distinct h.flood_id from cases_held h join cases_flood f on f.id = h.flood_id
            where h.report_id = any(%(reports)s) and f.kind = 'network' and f.state = 'paused')
        update cases_held set flood_id = %(flood)s where flood_id in (select flood_id from inside)
        """,
        {"flood": flood, "reports": list(reports)},
    )
    tx.execute(
        "delete from cases_flood f where state = 'paused' and id <> %s"
        " and not exists (select from cases_held h where h.flood_id = f.id)",
        [flood],
    )


def forget_labels(tx: Tx, before: datetime) -> None:
    """Delete the labels of floods that began before."""
    tx.execute("update cases_flood set label = null where label is not null and began_at < %s", [before])
