"""SQL of the cases' tables."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from psycopg.rows import TupleRow

from takeback.cases.model import Case, CaseStatus, Copy, Decision, DecisionReason, QueueRow, Removes
from takeback.events import FoundBy, Verdict
from takeback.ids import CaseId, EntryId, ReportId, SightingId, StaffId
from takeback.infra.db.pool import Tx, column, first, scalar
from takeback.matching.store import box_column, box_of
from takeback.signals.model import Cut
from takeback.signals.relation import Hit

_CASE = "c.id, c.report_id, c.opened_at, c.due_at, c.due_clock, c.status, c.overdue, c.changed_at"
_WAITS = ("open", "second_look", "decided", "removing")


def _case(row: TupleRow) -> Case:
    return Case(row[0], row[1], row[2], row[3], row[4], CaseStatus(row[5]), row[6], row[7])


def insert(tx: Tx, case: Case) -> bool:
    """Open a case; False if its report has one."""
    added = tx.execute(
        "insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, overdue, changed_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [case.id, case.report, case.opened_at, case.due_at, case.due_clock, case.status, case.overdue,
         case.changed_at],
    )  # fmt: skip
    return added.rowcount == 1


def get(tx: Tx, case: CaseId, *, lock: bool = False) -> Case | None:
    """One case; with `lock`, nobody else may change it until the transaction ends.

    Not `for update`: whoever adds a copy shares the row's key, and two who do so and then lock would wait for
    each other.
    """
    row = tx.execute(
        f"select {_CASE} from cases_case c where id = %s" + (" for no key update" if lock else ""), [case]
    ).fetchone()
    return None if row is None else _case(row)


def of_report(tx: Tx, report: ReportId) -> CaseId | None:
    """The case that a report became."""
    return first(tx, "select id from cases_case where report_id = %s", [report])


def queue(tx: Tx, *, include_closed: bool) -> tuple[QueueRow, ...]:
    """Cases that wait for something, those with least time left first.

    Without those of reports that are held. Also removed ones with a copy that may be the same and of which
    nobody has said whether it is.
    """
    rows = tx.execute(
        f"""
        select {_CASE}, count(k.sighting_id) filter (where k.counts),
               count(distinct (p.connector, p.place)) filter (where k.counts),
               count(distinct p.sender) filter (where k.counts),
               count(k.sighting_id) filter (where not k.counts)
        from cases_case c
        left join (select *, confirmed or not review_only as counts from cases_copy where not excluded) k
            on k.case_id = c.id
        left join sightings_post p on p.id = k.sighting_id
        where not exists (select from cases_held h where h.report_id = c.report_id and h.let_in_at is null)
            and (%(all)s or c.status = any(%(waits)s)
            or c.status = 'removed' and exists (
                select from cases_copy m
                where m.case_id = c.id and m.review_only and not m.confirmed and not m.excluded))
        group by c.id order by c.due_at, c.id
        """,
        {"all": include_closed, "waits": list(_WAITS)},
    )
    return tuple(QueueRow(_case(row), *row[8:]) for row in rows)


def set_status(tx: Tx, case: CaseId, status: CaseStatus, now: datetime) -> None:
    """Move a case on."""
    tx.execute("update cases_case set status = %s, changed_at = %s where id = %s", [status, now, case])


def mark_overdue(tx: Tx, now: datetime) -> list[tuple[CaseId, str]]:
    """Mark the cases whose clock has passed while a copy was there, once: (case, clock)."""
    rows = tx.execute(
        "update cases_case c set overdue = true where not overdue and due_at < %s and status = any(%s)"
        " and exists (select from cases_copy k where k.case_id = c.id and k.gone_at is null"
        "             and not k.excluded and (k.confirmed or not k.review_only))"
        " returning id, due_clock",
        [now, list(_WAITS)],
    )
    return [(row[0], row[1]) for row in rows]


def insert_copy(
    tx: Tx,
    case: CaseId,
    sighting: SightingId,
    entry: EntryId | None,
    by: FoundBy,
    hit: Hit | None,
    now: datetime,
) -> bool:
    """Add a copy; False if the case has it.

    One that surely is the same takes the place of one that only may be, unless a person has said whether it
    is; so the order in which they were found changes nothing. One that is gone already, because another case
    removed it, is so here, too. How a copy agrees that the reporter named is written to it once it is known.
    """
    added = tx.execute(
        """
        insert into cases_copy as k (case_id, sighting_id, entry_id, found_by, added_at, distance, flip,
                                     negative, cut, box, at_ms, review_only, exact, stage, inliers, view,
                                     gone_at)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
                (select max(o.gone_at) from cases_copy o where o.sighting_id = %s))
        on conflict (case_id, sighting_id) do update set
            entry_id = excluded.entry_id, found_by = excluded.found_by, added_at = excluded.added_at,
            distance = excluded.distance, flip = excluded.flip, negative = excluded.negative,
            cut = excluded.cut, box = excluded.box, at_ms = excluded.at_ms,
            review_only = excluded.review_only, exact = excluded.exact, stage = excluded.stage,
            inliers = excluded.inliers, view = excluded.view
        where k.review_only and not k.confirmed and not k.excluded and not excluded.review_only
        """,
        [case, sighting, entry, by, now, *_columns(hit), sighting],
    )
    return added.rowcount == 1


def _columns(hit: Hit | None) -> tuple[object, ...]:
    if hit is None:
        return None, None, False, Cut.WHOLE, None, None, False, True, 1, None, ""
    box = box_column(hit.box)
    return (hit.distance, hit.flip, hit.negative, hit.cut, box, hit.at_ms, hit.review_only, hit.exact,
            hit.stage, hit.inliers, hit.view)  # fmt: skip


_COPY = """
        select k.case_id, k.sighting_id, p.connector, p.place, p.message, p.media, p.sender, p.posted_at,
               k.added_at, k.entry_id, k.found_by, k.excluded, k.confirmed, k.acts_at, k.gone_at,
               k.distance, k.flip, k.negative,
               k.cut, k.box, k.at_ms, k.review_only, k.exact, k.stage, k.inliers, k.view
        from cases_copy k join sightings_post p on p.id = k.sighting_id
        where k.case_id = %s
"""


def copies(tx: Tx, case: CaseId, only: SightingId | None = None) -> tuple[Copy, ...]:
    """The case's copies, in the order in which they were found; or this one."""
    if only is not None:
        return tuple(map(_copy, tx.execute(_COPY + " and k.sighting_id = %s", [case, only])))
    return tuple(map(_copy, tx.execute(_COPY + " order by k.added_at, k.sighting_id", [case])))


def unplanned(tx: Tx, case: CaseId, most: int) -> tuple[Copy, ...]:
    """The next copies that are to be removed, are not planned, and do not wait for the breaker's answer."""
    held = "exists (select from cases_unseen u where u.case_id = k.case_id"
    held += " and u.sighting_id = k.sighting_id and u.held)"
    order = " order by k.added_at, k.sighting_id limit %s"
    rows = tx.execute(f"{_COPY} and {_WANTED} and not {held} {order}", [case, most])
    return tuple(map(_copy, rows))


_WANTED = "k.removal = 'wanted' and not k.excluded and (k.confirmed or not k.review_only)"


def set_removal(tx: Tx, case: CaseId, removals: Mapping[SightingId, Removes]) -> None:
    """Note which copies a decision in effect removes."""
    tx.execute(
        "update cases_copy k set removal = s.removal"
        " from unnest(%s::bigint[], %s::text[]) s (sighting_id, removal)"
        " where k.case_id = %s and k.sighting_id = s.sighting_id and k.removal <> s.removal",
        [list(removals), [each.value for each in removals.values()], case],
    )


def forget_removal(tx: Tx, case: CaseId) -> None:
    """No decision removes any copy of a case any more."""
    tx.execute("update cases_copy set removal = 'none' where case_id = %s and removal <> 'none'", [case])


def any_unplanned(tx: Tx, case: CaseId, now: datetime) -> bool:
    """Return whether a copy that is to be removed waits for its plan, or for a person's answer."""
    return scalar(
        tx,
        f"select exists (select from cases_copy k where k.case_id = %s and {_WANTED})"
        " or exists (select from cases_copy k"
        f" where k.case_id = %s and {_UNDECIDED} and k.confirmed and coalesce(k.acts_at <= %s, true))",
        [case, case, now],
    )


_UNDECIDED = (
    "k.removal = 'none' and not k.excluded and k.gone_at is null and (k.confirmed or not k.review_only)"
)


def any_undecided(tx: Tx, case: CaseId) -> bool:
    """Return whether a copy that can be seen waits for a decision: none in effect speaks of it.

    What a reviewer confirmed does not: the decision will speak of it.
    """
    return scalar(
        tx,
        f"select exists (select from cases_copy k where k.case_id = %s and {_UNDECIDED} and not k.confirmed)",
        [case],
    )


def _copy(row: TupleRow) -> Copy:
    return Copy(
        case=row[0],
        sighting=row[1],
        connector=row[2],
        place=row[3],
        message=row[4],
        media=row[5],
        sender=row[6],
        posted_at=row[7],
        added_at=row[8],
        entry=row[9],
        found_by=FoundBy(row[10]),
        excluded=row[11],
        confirmed=row[12],
        acts_at=row[13],
        gone_at=row[14],
        hit=_hit(row[15:]),
    )


def _hit(row: TupleRow) -> Hit | None:
    distance, flip, negative, cut, box, *rest = row
    return None if flip is None else Hit(distance, flip, negative, Cut(cut), box_of(box), *rest)


def having(tx: Tx, sighting: SightingId) -> set[CaseId]:
    """The cases that a sighting is a copy in."""
    return set(column(tx, "select case_id from cases_copy where sighting_id = %s", [sighting]))


def describe(tx: Tx, case: CaseId, sighting: SightingId, entry: EntryId, hit: Hit) -> None:
    """Write down how a copy agrees that the reporter named: what part of it shows the picture."""
    tx.execute(
        "update cases_copy set (entry_id, distance, flip, negative, cut, box, at_ms, review_only, exact,"
        " stage, inliers, view) = (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " where case_id = %s and sighting_id = %s and flip is null and not excluded",
        [entry, *_columns(hit), case, sighting],
    )


def set_said(
    tx: Tx,
    case: CaseId,
    sighting: SightingId,
    *,
    excluded: bool,
    confirmed: bool,
    acts_at: datetime | None = None,
) -> None:
    """Say whether a copy is the same picture, and from when on that acts."""
    tx.execute(
        "update cases_copy set excluded = %s, confirmed = %s, acts_at = %s, removal = 'none'"
        " where case_id = %s and sighting_id = %s",
        [excluded, confirmed, acts_at, case, sighting],
    )


def set_gone(tx: Tx, sighting: SightingId, gone_at: datetime | None) -> None:
    """Say that a copy is gone, in every case that has it; None: that it can be seen again."""
    tx.execute("update cases_copy set gone_at = %s where sighting_id = %s", [gone_at, sighting])


def insert_look(tx: Tx, case: CaseId, sighting: SightingId, staff: StaffId, now: datetime) -> None:
    """Write down that somebody asked to see a copy clearly."""
    tx.execute(
        "insert into cases_look (case_id, sighting_id, staff_id, looked_at) values (%s, %s, %s, %s)"
        " on conflict (case_id, sighting_id, staff_id) do update set looked_at = excluded.looked_at",
        [case, sighting, staff, now],
    )


def looked_at(tx: Tx, case: CaseId, staff: StaffId) -> frozenset[SightingId]:
    """The copies of a case that a member of staff asked to see clearly."""
    return frozenset(
        column(tx, "select sighting_id from cases_look where case_id = %s and staff_id = %s", [case, staff])
    )


def declined_elsewhere(tx: Tx, case: CaseId) -> frozenset[StaffId]:
    """Return who declined another case that has one of this case's copies."""
    return frozenset(
        column(
            tx,
            """
        select distinct d.staff_id from cases_copy mine
        join cases_copy theirs on theirs.sighting_id = mine.sighting_id and theirs.case_id <> mine.case_id
        join cases_decision d on d.case_id = theirs.case_id
        where mine.case_id = %s and not mine.excluded and not theirs.excluded
            and d.state = 'effective' and d.verdict = 'not_shared_without_consent'
        """,
            [case],
        )
    )


def insert_decision(tx: Tx, decision: Decision) -> None:
    """Write a decision down, with the copies that it covers."""
    tx.execute(
        "insert into cases_decision"
        " (id, case_id, verdict, reason, note, staff_id, decided_at, effective_at, state, looked_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [decision.id, decision.case, decision.verdict, decision.reason, decision.note, decision.staff,
         decision.decided_at, decision.effective_at, decision.state, decision.looked_at],
    )  # fmt: skip
    tx.execute(
        "insert into cases_decision_copy (decision_id, sighting_id) select %s, unnest(%s::bigint[])",
        [decision.id, sorted(decision.shown)],
    )


def end_decision(tx: Tx, decision: UUID, state: str, *, was: str = "waiting") -> bool:
    """A decision moves on: it is undone, disputed, takes effect, or is reversed; False if it did before."""
    changed = tx.execute(
        "update cases_decision set state = %s where id = %s and state = %s", [state, decision, was]
    )
    return changed.rowcount == 1


_DECISION = """
    select id, case_id, verdict, reason, note, staff_id, decided_at, effective_at, state, looked_at,
           array(select sighting_id from cases_decision_copy c where c.decision_id = cases_decision.id
                 and (%s::bigint[] is null or c.sighting_id = any(%s)))
    from cases_decision
"""


def _decision(row: TupleRow) -> Decision:
    *plain, looked, shown = row[4:]
    return Decision(
        row[0],
        row[1],
        Verdict(row[2]),
        DecisionReason(row[3]),
        *plain,
        shown=frozenset(map(SightingId, shown)),
        looked_at=looked,
    )


def get_decision(tx: Tx, decision: UUID) -> Decision | None:
    """One decision."""
    row = tx.execute(_DECISION + "where id = %s", [None, None, decision]).fetchone()
    return None if row is None else _decision(row)


def decisions(tx: Tx, case: CaseId, among: Collection[SightingId] | None = None) -> tuple[Decision, ...]:
    """All decisions of a case, oldest first; with `among`, of what they cover only what is in it."""
    some = None if among is None else list(among)
    rows = tx.execute(_DECISION + "where case_id = %s order by decided_at, id", [some, some, case])
    return tuple(_decision(row) for row in rows)


def entries_reviewed(
    tx: Tx, case: CaseId, entries: Collection[EntryId], decisions: Collection[UUID], now: datetime
) -> set[EntryId]:
    """Those of the entries that a copy shows which these decisions cover, or that somebody confirmed."""
    acts = "k.confirmed and coalesce(k.acts_at <= %(now)s, true)"
    return set(
        column(
            tx,
            f"""
        select e from unnest(%(entries)s::uuid[]) e where exists (
            select from matching_match m
            join cases_copy k on k.case_id = %(case)s and k.sighting_id = m.sighting_id
            where m.entry_id = e and not m.review_only
                and not k.excluded and (k.confirmed or not k.review_only)
                and ({acts} or exists (
                    select from cases_decision_copy d
                    where d.decision_id = any(%(decisions)s) and d.sighting_id = k.sighting_id)))
        or exists (
            select from cases_copy k
            where k.entry_id = e and k.case_id = %(case)s and not k.excluded and {acts})
        """,
            {"entries": list(entries), "case": case, "decisions": list(decisions), "now": now},
        )
    )
