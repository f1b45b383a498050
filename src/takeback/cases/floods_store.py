"""SQL of floods: which reports came with which group, which are held, and what people answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from takeback.cases.breaker_rules import BreakerState
from takeback.choices import FloodKind
from takeback.ground.db.pool import Tx
from takeback.ids import CaseId, FloodId, ReportId, StaffId


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


def arrival(tx: Tx, report: ReportId) -> tuple[datetime, tuple[bytes, ...], bool]:
    """(when it came, labels of its groups, whether it came by a link); an older portal tells no groups."""
    row = tx.execute(
        "select r.received_at, coalesce(a.groups, '{}'), coalesce(a.by_link, false)"
        " from intake_report r left join intake_arrival a on a.report_id = r.id where r.id = %s",
        [report],
    ).fetchone()
    assert row is not None
    return row[0], tuple(bytes(label) for label in row[1]), row[2]


def by_label(tx: Tx, labels: Sequence[bytes]) -> dict[bytes, tuple[FloodId, BreakerState]]:
    """The floods of these groups."""
    rows = tx.execute("select label, id, state from cases_flood where label = any(%s)", [list(labels)])
    return {bytes(row[0]): (row[1], BreakerState(row[2])) for row in rows}


def count(tx: Tx, label: bytes, since: datetime, until: datetime) -> int:
    """How many reports came with a group."""
    row = tx.execute(
        "select count(*) from intake_arrival where at > %s and at <= %s and %s = any(groups)",
        [since, until, label],
    ).fetchone()
    return 0 if row is None else row[0]


def count_all(tx: Tx, since: datetime, until: datetime) -> int:
    """How many reports came that are not held and did not come by a link."""
    row = tx.execute(
        """
        select count(*) from intake_report r
        where r.received_at > %s and r.received_at <= %s
            and not exists (select from intake_arrival a where a.report_id = r.id and a.by_link)
            and not exists (select from cases_held h where h.report_id = r.id)
        """,
        [since, until],
    ).fetchone()
    return 0 if row is None else row[0]


def let_in_before(tx: Tx, label: bytes, since: datetime) -> list[ReportId]:
    """Reports of a group that were opened and not held, and of which nobody decided."""
    rows = tx.execute(
        """
        select a.report_id from intake_arrival a join cases_case c on c.report_id = a.report_id
        where a.at > %s and %s = any(a.groups) and c.status = 'open'
            and not exists (select from cases_held h where h.report_id = a.report_id)
            and not exists (select from cases_decision d where d.case_id = c.id)
        order by a.at
        """,
        [since, label],
    )
    return [row[0] for row in rows]


def insert(tx: Tx, flood: FloodId, kind: FloodKind, label: bytes, began_at: datetime, now: datetime) -> None:
    """A group is over its bound."""
    tx.execute(
        "insert into cases_flood (id, kind, label, state, began_at, changed_at)"
        " values (%s, %s, %s, 'paused', %s, %s)",
        [flood, kind, label, began_at, now],
    )


def hold(tx: Tx, report: ReportId, flood: FloodId, pictures: int) -> None:
    """Hold a report."""
    tx.execute(
        "insert into cases_held (report_id, flood_id, pictures, came_at)"
        " select id, %s, %s, received_at from intake_report where id = %s",
        [flood, pictures, report],
    )


def absorb(tx: Tx, flood: FloodId, label: bytes) -> None:
    """Take in the unanswered floods of narrower networks in this one: it is one thing."""
    tx.execute(
        """
        with inside as (
            select distinct h.flood_id from cases_held h
            join intake_arrival a on a.report_id = h.report_id
            join cases_flood f on f.id = h.flood_id
            where %(label)s = any(a.groups) and f.kind = 'network' and f.state = 'paused')
        update cases_held set flood_id = %(flood)s where flood_id in (select flood_id from inside)
        """,
        {"flood": flood, "label": label},
    )
    tx.execute(
        "delete from cases_flood f where state = 'paused' and id <> %s"
        " and not exists (select from cases_held h where h.flood_id = f.id)",
        [flood],
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
    """Whether a report is held."""
    row = tx.execute("select from cases_held where report_id = %s and let_in_at is null", [report]).fetchone()
    return row is not None


def of_case(tx: Tx, case: CaseId) -> FloodId | None:
    """The flood that a case is held in; None if it is not."""
    row = tx.execute(
        "select h.flood_id from cases_held h join cases_case c on c.report_id = h.report_id"
        " where c.id = %s and h.let_in_at is null",
        [case],
    ).fetchone()
    return None if row is None else row[0]


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
    rows = tx.execute(
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
    return sorted(row[0] for row in rows)


def who_let_in(tx: Tx, flood: FloodId) -> StaffId:
    """Who let all of a flood in."""
    row = tx.execute("select staff_id from cases_flood where id = %s", [flood]).fetchone()
    assert row is not None
    return row[0]


def forget(tx: Tx, before: datetime) -> None:
    """Delete what tells which group a report came with."""
    tx.execute("delete from intake_arrival where at < %s", [before])
    tx.execute("update cases_flood set label = null where label is not null and began_at < %s", [before])
