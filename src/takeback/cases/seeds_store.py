"""SQL of what a seed brought into its case, and what waits until a person looked."""

from dataclasses import dataclass
from datetime import datetime

from takeback.events import FoundBy
from takeback.ids import CaseId, EntryId, SightingId
from takeback.infra.db.pool import Tx, column, first


@dataclass(frozen=True, slots=True)
class Seed:
    """What one entry brought while nobody had looked."""

    entry: EntryId
    case: CaseId
    brought: int
    allowed: int | None
    """None: a person looked, it may bring all that it matches."""
    waiting: int
    look_back_waits: bool


def open_seed(tx: Tx, entry: EntryId, case: CaseId, allowed: int) -> None:
    """Begin to count; nothing if it was begun."""
    tx.execute(
        "insert into cases_seed (entry_id, case_id, allowed) values (%s, %s, %s) on conflict do nothing",
        [entry, case, allowed],
    )


def known(tx: Tx, entry: EntryId, sighting: SightingId) -> bool | None:
    """Return whether a match waits; None: it was not seen before."""
    return first(
        tx, "select waits from cases_brought where entry_id = %s and sighting_id = %s", [entry, sighting]
    )


def take_room(tx: Tx, entry: EntryId) -> bool:
    """Take one of the places that a seed has; False: there is none.

    Until the transaction ends nobody else takes one, or says that the seed may bring more: so what is written
    down to wait is seen by whoever does.
    """
    row = tx.execute(
        "select allowed is null or brought < allowed from cases_seed where entry_id = %s for update", [entry]
    ).fetchone()
    if row is None or not row[0]:
        return False
    tx.execute("update cases_seed set brought = brought + 1 where entry_id = %s", [entry])
    return True


def keep(tx: Tx, entry: EntryId, sighting: SightingId, by: FoundBy, now: datetime, *, waits: bool) -> None:
    """Write down what becomes of a match."""
    tx.execute(
        "insert into cases_brought (entry_id, sighting_id, found_by, waits, came_at)"
        " values (%s, %s, %s, %s, %s)",
        [entry, sighting, by, waits, now],
    )


def cap(tx: Tx, entry: EntryId, now: datetime) -> int | None:
    """A seed wants to bring more than it may: how many it brought, once until it may bring more."""
    return first(
        tx,
        "update cases_seed set capped_at = %s where entry_id = %s and capped_at is null returning brought",
        [now, entry],
    )


def bring(tx: Tx, entry: EntryId, most: int) -> list[tuple[SightingId, FoundBy]]:
    """Take the oldest of the matches that wait, as many as there is room for, and no more than `most`."""
    row = tx.execute(
        "select least(coalesce(allowed - brought, %s), %s) from cases_seed where entry_id = %s for update",
        [most, most, entry],
    ).fetchone()
    if row is None or row[0] <= 0:
        return []
    rows = tx.execute(
        """
        update cases_brought b set waits = false
        from (select sighting_id, came_at from cases_brought where entry_id = %(entry)s and waits
              order by came_at, sighting_id limit %(most)s for update) next
        where b.entry_id = %(entry)s and b.sighting_id = next.sighting_id
        returning b.sighting_id, b.found_by
        """,
        {"entry": entry, "most": row[0]},
    ).fetchall()
    tx.execute("update cases_seed set brought = brought + %s where entry_id = %s", [len(rows), entry])
    return sorted((each[0], FoundBy(each[1])) for each in rows)


def lift(tx: Tx, entry: EntryId, case: CaseId) -> tuple[bool, int | None]:
    """A person looked: it may bring all. Whether that is new, and where its look-back waits.

    The second is told once.
    """
    row = tx.execute(
        """
        insert into cases_seed as s (entry_id, case_id, allowed) values (%(entry)s, %(case)s, null)
        on conflict (entry_id) do update set allowed = null where s.allowed is not null
        returning s.look_back_after
        """,
        {"entry": entry, "case": case},
    ).fetchone()
    if row is None:
        return False, None
    tx.execute("update cases_seed set look_back_after = null where entry_id = %s", [entry])
    return True, row[0]


def allow_more(tx: Tx, entry: EntryId, more: int) -> tuple[bool, int | None]:
    """A person asked for more: whether there was a cap, and where its look-back waits; that is told once."""
    row = tx.execute(
        "select look_back_after from cases_seed where entry_id = %s and allowed is not null for update",
        [entry],
    ).fetchone()
    if row is None:
        return False, None
    tx.execute(
        "update cases_seed set allowed = allowed + %s, capped_at = null, look_back_after = null"
        " where entry_id = %s",
        [more, entry],
    )
    return True, row[0]


def pause_look_back(tx: Tx, entry: EntryId, after: SightingId, matches: int) -> bool:
    """A look-back that found so many matches waits until a person looked; False: it may find more."""
    waits = tx.execute(
        "update cases_seed set look_back_after = %s where entry_id = %s and allowed is not null"
        " and %s >= allowed",
        [after, entry, matches],
    )
    return waits.rowcount == 1


def any_waits(tx: Tx, entry: EntryId) -> bool:
    """Return whether a match of a seed waits."""
    found = tx.execute("select from cases_brought where entry_id = %s and waits limit 1", [entry])
    return found.fetchone() is not None


def lifted(tx: Tx, case: CaseId) -> set[EntryId]:
    """The seeds of a case that may bring all."""
    return set(column(tx, "select entry_id from cases_seed where case_id = %s and allowed is null", [case]))


def capped(tx: Tx) -> list[EntryId]:
    """Those that want to bring more than they may."""
    return column(tx, "select entry_id from cases_seed where capped_at is not null and allowed is not null")


def of_case(tx: Tx, case: CaseId) -> tuple[Seed, ...]:
    """The seeds of a case that brought anything."""
    rows = tx.execute(
        """
        select s.entry_id, s.case_id, s.brought, s.allowed, count(b.sighting_id),
               s.look_back_after is not null
        from cases_seed s left join cases_brought b on b.entry_id = s.entry_id and b.waits
        where s.case_id = %s group by s.entry_id order by s.entry_id
        """,
        [case],
    )
    return tuple(Seed(*row) for row in rows)
