"""SQL of the breaker's tables: what was removed unseen, what waits, and what people answered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import TupleRow

from takeback.cases.breaker_rules import BreakerState, Tally
from takeback.ids import CaseId, EntryId, SightingId, StaffId
from takeback.infra.db.pool import Tx, scalar

_HELD = """
    select u.case_id, u.sighting_id, u.entry_id, b.state, u.came_at
    from cases_unseen u
    join cases_breaker b on b.entry_id = u.entry_id and b.state in ('paused', 'stopped')
    join cases_copy k on (k.case_id, k.sighting_id) = (u.case_id, u.sighting_id)
    where u.held and not k.excluded and (k.confirmed or not k.review_only)
"""
"""Copies that wait for an answer, without those that a reviewer said are none."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Where the automatic removal of one entry stands, if it ever was over a limit."""

    entry: EntryId
    case: CaseId
    state: BreakerState
    tripped_at: datetime | None
    answer_by: datetime | None
    overdue: bool
    removals: int
    posters: int
    places: int
    staff: StaffId | None
    """Who answered last."""
    changed_at: datetime


_BREAKER = """
    select entry_id, case_id, state, tripped_at, answer_by, overdue, removals, posters, places, staff_id,
           changed_at
    from cases_breaker
"""


def _breaker(row: TupleRow) -> Breaker:
    return Breaker(row[0], row[1], BreakerState(row[2]), *row[3:])


def of_case(tx: Tx, case: CaseId) -> tuple[Breaker, ...]:
    """Those of one case that ever were over a limit."""
    rows = tx.execute(_BREAKER + " where case_id = %s order by tripped_at, entry_id", [case])
    return tuple(_breaker(row) for row in rows)


def unanswered(tx: Tx) -> tuple[Breaker, ...]:
    """Those that wait for an answer, the one that must be answered first first."""
    rows = tx.execute(_BREAKER + " where state = 'paused' order by answer_by, entry_id")
    return tuple(_breaker(row) for row in rows)


def known(tx: Tx, case: CaseId, among: Collection[SightingId]) -> dict[SightingId, bool]:
    """Those of the copies `among` that were sorted out before; whether each is held."""
    rows = tx.execute(
        "select sighting_id, held from cases_unseen where case_id = %s and sighting_id = any(%s)",
        [case, list(among)],
    )
    return {row[0]: row[1] for row in rows}


def any_stopped(tx: Tx, case: CaseId) -> bool:
    """Return whether a copy that can be seen waits, of an entry that a person stopped."""
    return scalar(
        tx,
        f"select exists ({_HELD} and u.case_id = %s and b.case_id = %s and b.state = 'stopped'"
        " and k.gone_at is null)",
        [case, case],
    )


def lately(tx: Tx, case: CaseId, since: datetime) -> dict[EntryId, int]:
    """Return how many copies each armed entry of a case removed unseen after `since`; those that count."""
    rows = tx.execute(
        """
        select u.entry_id, count(*)
        from bank_entry e join cases_case c on c.report_id = e.report_id
        left join cases_breaker b on b.entry_id = e.id
        join cases_unseen u on u.entry_id = e.id and not u.held
            and u.came_at > greatest(%s, coalesce(b.counted_from, '-infinity'))
        where c.id = %s and coalesce(b.state, 'armed') = 'armed'
        group by u.entry_id
        """,
        [since, case],
    )
    return {row[0]: row[1] for row in rows}


def posters(tx: Tx, case: CaseId) -> list[tuple[EntryId, str, str]]:
    """Return whose copies a case's entries removed unseen, each once for an entry: (entry, platform,
    account).

    Of armed entries only.
    """
    rows = tx.execute(
        """
        select u.entry_id, p.connector, p.sender
        from cases_unseen u join sightings_post p on p.id = u.sighting_id
        left join cases_breaker b on b.entry_id = u.entry_id
        where u.case_id = %s and u.first_of_poster and coalesce(b.state, 'armed') = 'armed'
        """,
        [case],
    )
    return [(row[0], row[1], row[2]) for row in rows]


def counted(tx: Tx, case: CaseId, since: datetime) -> list[tuple[EntryId, SightingId, bool]]:
    """All that a case's entries removed unseen and that counts: for which entry, what, whether after `since`.

    Only of armed entries: of the others nothing is counted.
    """
    rows = tx.execute(
        """
        select u.entry_id, u.sighting_id, u.came_at > %s
        from cases_unseen u left join cases_breaker b on b.entry_id = u.entry_id
        where u.case_id = %s and not u.held and coalesce(b.state, 'armed') = 'armed'
            and (b.counted_from is null or u.came_at > b.counted_from)
        """,
        [since, case],
    )
    return [(row[0], row[1], row[2]) for row in rows]


def keep(
    tx: Tx,
    case: CaseId,
    sorted_out: Sequence[tuple[SightingId, EntryId]],
    now: datetime,
    *,
    held: bool,
    first: Collection[SightingId] = (),
) -> None:
    """Write down what becomes of copies; `first` are the first of their poster that count for their entry."""
    with tx.cursor() as cursor:
        cursor.executemany(
            "insert into cases_unseen (case_id, sighting_id, entry_id, held, came_at, first_of_poster)"
            " values (%s, %s, %s, %s, %s, %s)",
            [(case, sighting, entry, held, now, sighting in first) for sighting, entry in sorted_out],
        )


def let_go(tx: Tx, case: CaseId, sightings: Sequence[SightingId]) -> None:
    """A person saw these: they are held no longer."""
    tx.execute(
        "update cases_unseen set held = false where case_id = %s and held and sighting_id = any(%s)",
        [case, list(sightings)],
    )


def trip(tx: Tx, entry: EntryId, case: CaseId, tally: Tally, now: datetime, answer_by: datetime) -> None:
    """An entry pauses."""
    tx.execute(
        """
        insert into cases_breaker as b (entry_id, case_id, state, tripped_at, answer_by, removals, posters,
                                        places, changed_at)
        values (%s, %s, 'paused', %s, %s, %s, %s, %s, %s)
        on conflict (entry_id) do update set
            state = 'paused', tripped_at = excluded.tripped_at, answer_by = excluded.answer_by,
            overdue = false, staff_id = null, removals = excluded.removals, posters = excluded.posters,
            places = excluded.places, changed_at = excluded.changed_at
        """,
        [entry, case, now, answer_by, tally.removals, len(tally.posters), len(tally.places), now],
    )


def answer(tx: Tx, entries: Sequence[EntryId], state: BreakerState, staff: StaffId, now: datetime) -> None:
    """A person answered. What was held for a released entry is held no longer."""
    tx.execute(
        "update cases_breaker set state = %s, staff_id = %s, changed_at = %s where entry_id = any(%s)",
        [state, staff, now, list(entries)],
    )
    if state is BreakerState.RELEASED:
        tx.execute("update cases_unseen set held = false where held and entry_id = any(%s)", [list(entries)])


def arm(tx: Tx, entry: EntryId, staff: StaffId, now: datetime) -> None:
    """Count again from now on."""
    tx.execute(
        "update cases_breaker set state = 'armed', counted_from = %s, staff_id = %s, changed_at = %s"
        " where entry_id = %s",
        [now, staff, now, entry],
    )
    tx.execute(
        "update cases_unseen set first_of_poster = false where entry_id = %s and first_of_poster", [entry]
    )


def mark_overdue(tx: Tx, now: datetime) -> list[tuple[CaseId, EntryId]]:
    """Mark those that nobody answered in time and that were not marked."""
    rows = tx.execute(
        "update cases_breaker set overdue = true where state = 'paused' and not overdue and answer_by < %s"
        " returning case_id, entry_id",
        [now],
    )
    return sorted((row[0], row[1]) for row in rows)


def waiting(tx: Tx) -> dict[CaseId, int]:
    """Return how many copies wait for an answer, by case."""
    rows = tx.execute(f"select case_id, count(*) from ({_HELD}) held group by case_id")
    return {row[0]: row[1] for row in rows}


def held(tx: Tx, case: CaseId) -> list[tuple[SightingId, BreakerState]]:
    """The copies of one case that wait for an answer, and to which."""
    rows = tx.execute(
        f"select sighting_id, state from ({_HELD} and u.case_id = %s) held order by came_at, sighting_id",
        [case],
    )
    return [(row[0], BreakerState(row[1])) for row in rows]


def forget(tx: Tx, case: CaseId) -> None:
    """Nothing is removed for this case any more."""
    tx.execute("delete from cases_unseen where case_id = %s", [case])
    tx.execute("delete from cases_breaker where case_id = %s", [case])
