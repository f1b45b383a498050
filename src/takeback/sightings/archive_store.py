"""SQL of moving days out of `sightings_post` and bringing rows back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from takeback.ids import SightingId
from takeback.infra.db import locks
from takeback.infra.db.locks import Lock
from takeback.infra.db.pool import Tx


class Kept(NamedTuple):
    """A row as it is archived: all that a sighting with signals has."""

    id: SightingId
    connector: str
    place: str
    message: str
    media: str
    sender: str
    posted_at: datetime
    seen_at: datetime
    kind: str
    sha256: bytes
    hash: bytes | None
    quality: int | None
    doubt: int
    variants: bytes
    duration_ms: int | None


_COLUMNS = """
    id, connector, place, message, media, sender, posted_at, seen_at, kind, sha256, hash, quality, doubt,
    variants, duration_ms
"""


def alone(tx: Tx) -> bool:
    """Return whether this transaction is the only one that moves days; until it ends, nobody else is."""
    return locks.try_hold(tx, Lock.ARCHIVE)


def oldest_day(tx: Tx, before: date) -> date | None:
    """Return the oldest day before `before` of which anything can be moved; days are those of UTC."""
    row = tx.execute(
        "select (seen_at at time zone 'UTC')::date from sightings_post"
        " where state = 'read' and not archived and seen_at < (%s::date)::timestamp at time zone 'UTC'"
        " and not sightings_is_needed(id) order by seen_at limit 1",
        [before],
    ).fetchone()
    return None if row is None else row[0]


def of_day(tx: Tx, day: date, most: int) -> tuple[list[Kept], list[int]]:
    """Return rows of one day that nothing refers to and no file has, in order; and the number of each's
    signals.
    """
    rows = tx.execute(
        f"select {_COLUMNS}, signals_seq from sightings_post where state = 'read' and not archived"
        " and seen_at >= (%s::date)::timestamp at time zone 'UTC'"
        " and seen_at < (%s::date + 1)::timestamp at time zone 'UTC'"
        " and not sightings_is_needed(id) order by id limit %s",
        [day, day, most],
        binary=True,
    ).fetchall()
    return [Kept(*row[:-1]) for row in rows], [row[-1] for row in rows]


def let_go(tx: Tx, rows: Sequence[Kept], signals: Sequence[int]) -> bool:
    """Delete rows that are safe elsewhere; False if one changed, is held, or came to be needed since.

    Raises psycopg.errors.ForeignKeyViolation if something came to refer to one just now; it is tried again.
    """
    held = tx.execute(
        "select p.id from sightings_post p join unnest(%s::bigint[], %s::bigint[]) safe (id, signals)"
        " on p.id = safe.id where p.signals_seq = safe.signals and not p.awaits_exact"
        " and not sightings_is_needed(p.id) for update of p skip locked",
        [[row.id for row in rows], list(signals)],
    )
    if held.rowcount < len(rows):
        return False
    tx.execute("delete from sightings_post where id = any(%s)", [[row.id for row in rows]])
    return True


def let_go_again(tx: Tx, before: date, most: int) -> int:
    """Delete rows that came back out of a file and are needed no longer. Returns how many."""
    deleted = tx.execute(
        "delete from sightings_post where id = any(array(select id from sightings_post"
        " where archived and seen_at < (%s::date)::timestamp at time zone 'UTC'"
        " and not awaits_exact and not sightings_is_needed(id) order by seen_at limit %s"
        " for update skip locked))",
        [before, most],
    )
    return deleted.rowcount


def name_file(tx: Tx, name: str, day: date, rows: int, size: int, now: datetime) -> None:
    """Name a file; from the commit on it counts."""
    tx.execute(
        "insert into sightings_archive (file, day, rows, bytes, archived_at) values (%s, %s, %s, %s, %s)",
        [name, day, rows, size, now],
    )


def files(tx: Tx) -> list[str]:
    """Return the names of all files that count, oldest day first."""
    return [row[0] for row in tx.execute("select file from sightings_archive order by day, file")]


def archived_count(tx: Tx) -> int:
    """Return how many rows were moved."""
    row = tx.execute("select coalesce(sum(rows), 0)::bigint from sightings_archive").fetchone()
    return 0 if row is None else row[0]


def present(tx: Tx, sightings: Sequence[SightingId]) -> set[SightingId]:
    """Return those that have a row."""
    rows = tx.execute("select id from sightings_post where id = any(%s)", [list(sightings)])
    return {row[0] for row in rows}


def bring_back(tx: Tx, rows: Sequence[Kept]) -> None:
    """Give archived sightings their rows again.

    One whose post passed once more has a row under another id, which finds what it would.
    """
    locks.share(tx, Lock.BANK)
    with tx.cursor() as cursor:
        cursor.executemany(
            f"insert into sightings_post ({_COLUMNS}, archived, state, signals_seq) overriding system value"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, true, 'read',"
            " nextval('sightings_signals')) on conflict do nothing",
            rows,
        )


def forget_files(tx: Tx, before: date) -> tuple[list[str], int]:
    """Forget files of the days before `before`. Returns their names, and how many rows they had."""
    rows = tx.execute(
        "delete from sightings_archive where day < %s returning file, rows", [before]
    ).fetchall()
    tx.execute(
        "update sightings_post set archived = false"
        " where archived and seen_at < (%s::date)::timestamp at time zone 'UTC'",
        [before],
    )
    return [name for name, _ in rows], sum(count for _, count in rows)


def forget_rows(tx: Tx, before: date, most: int) -> int:
    """Delete rows of the days before `before` that nothing refers to. Returns how many."""
    deleted = tx.execute(
        "delete from sightings_post where id = any(array(select id from sightings_post"
        " where seen_at < (%s::date)::timestamp at time zone 'UTC' and not awaits_exact"
        " and not sightings_is_needed(id) order by seen_at limit %s for update skip locked))",
        [before, most],
    )
    return deleted.rowcount
