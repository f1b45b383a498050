"""SQL of the bank's tables.

Every change takes the bank's lock and moves its sequence number on; who commits sightings shares the lock. So
a change is either before such a commit, and seen by it, or after it, and sees it (docs/adr/0002).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple
from uuid import UUID

from psycopg.rows import TupleRow

from takeback.bank.changes import (
    KINDS,
    STATUSES,
    Entries,
    Ids,
    Signals,
    parse_entries,
    parse_signals,
    uuids,
)
from takeback.bank.model import FRAME_BYTES, Entry, EntryStatus, Refusal, Refused, Version
from takeback.ids import EntryId, ReportId, SightingId
from takeback.infra.db import locks
from takeback.infra.db.locks import Lock
from takeback.infra.db.pool import Tx
from takeback.signals.model import Kind

CHANGED: LiteralString = "select seq from bank_head"
"""Answers something else after each change."""
_ENTRIES = 5_000
"""Entries whose rows are asked for in one statement."""
_BLOCKS = 4096
"""Blocks of the table that are read in one statement: some 400,000 rows."""
_LEAST_ROW = 80
"""Bytes that a row of `bank_signal` takes at least: header 24, entry 16, frame and flip 4, hash 33, padding,
and the block's pointer to it."""


def share(tx: Tx) -> None:
    """Hold back changes of the bank until this transaction ends; others may share."""
    locks.share(tx, Lock.BANK)


def change(tx: Tx) -> int:
    """Take the bank's lock until this transaction ends. Returns the sequence number of the change that it
    makes.
    """
    locks.hold(tx, Lock.BANK)
    row = tx.execute("update bank_head set seq = seq + 1 returning seq").fetchone()
    assert row is not None
    return row[0]


def head(tx: Tx) -> int:
    """Return the sequence number of the last change."""
    row = tx.execute("select seq from bank_head").fetchone()
    assert row is not None
    return row[0]


class Stand(NamedTuple):
    """Where the bank stands, and whether it ever stood where an index does."""

    head: Version
    there: UUID | None
    """The token of the number that was asked about; None: the bank did not get there."""


def stand(tx: Tx, seq: int) -> Stand:
    """Where the bank stands now, and what its version `seq` was; both at one moment."""
    row = tx.execute(
        "select h.seq, v.token, (select t.token from bank_version t where t.seq = %s)"
        " from bank_head h join bank_version v on v.seq = h.seq",
        [seq],
    ).fetchone()
    assert row is not None
    return Stand(Version(row[0], row[1]), row[2])


def insert(
    tx: Tx,
    entry: EntryId,
    report: ReportId,
    kind: Kind,
    frames: Sequence[Sequence[bytes]],
    quality: int,
    seq: int,
    now: datetime,
    made_of: SightingId | None = None,
) -> None:
    """Add an entry that is not there; `frames` has eight hashes each, a picture has one frame.

    It is a seed, or active if it was made of a reviewed copy.
    """
    status = EntryStatus.SEED if made_of is None else EntryStatus.ACTIVE
    tx.execute(
        "insert into bank_entry (id, report_id, status, kind, quality, seq, banked_at, changed_at, made_of)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [entry, report, status, kind, quality, seq, now, now, made_of],
    )
    with tx.cursor() as cursor:
        cursor.executemany(
            "insert into bank_signal (entry_id, frame, flip, hash) values (%s, %s, %s, %s)",
            [
                (entry, number, flip, value)
                for number, flips in enumerate(frames)
                for flip, value in enumerate(flips)
            ],
        )


def set_status(tx: Tx, entry: EntryId, status: EntryStatus, seq: int, now: datetime) -> None:
    """Change what an entry may cause."""
    tx.execute(
        "update bank_entry set status = %s, seq = %s, changed_at = %s where id = %s",
        [status, seq, now, entry],
    )


def insert_refusal(tx: Tx, report: ReportId, refused: Refused, now: datetime) -> bool:
    """Record that a reported picture was not banked; False if that is recorded."""
    added = tx.execute(
        "insert into bank_refusal (report_id, name, why, refused_at) values (%s, %s, %s, %s)"
        " on conflict do nothing",
        [report, refused.name, refused.why, now],
    )
    return added.rowcount == 1


def refusals(tx: Tx, report: ReportId) -> tuple[Refused, ...]:
    """Return what of a report was not banked."""
    rows = tx.execute("select name, why from bank_refusal where report_id = %s order by name", [report])
    return tuple(Refused(name, Refusal(why)) for name, why in rows)


_SELECT = """
    select e.id, e.number, e.report_id, e.status, e.kind, e.quality, e.seq, e.made_of,
           (select string_agg(s.hash, ''::bytea order by s.frame, s.flip)
            from bank_signal s where s.entry_id = e.id)
    from bank_entry e
"""


def get(tx: Tx, entry: EntryId) -> Entry | None:
    """Return one entry."""
    row = tx.execute(_SELECT + "where e.id = %s", [entry]).fetchone()
    return None if row is None else _entry(row)


def of_report(tx: Tx, report: ReportId) -> tuple[Entry, ...]:
    """Return the entries that a report brought."""
    return tuple(
        _entry(row) for row in tx.execute(_SELECT + "where e.report_id = %s order by e.id", [report])
    )


def pictures_after(tx: Tx, number: int, most: int) -> tuple[Entry, ...]:
    """Return entries of pictures with a number above `number`, in their order, at most so many."""
    rows = tx.execute(
        _SELECT + "where e.number > %s and e.kind = 'picture' order by e.number limit %s", [number, most]
    )
    return tuple(_entry(row) for row in rows)


def upkeep_done(tx: Tx, name: str) -> bool:
    """Return whether work of this name on old rows was done."""
    return tx.execute("select from bank_upkeep where name = %s", [name]).fetchone() is not None


def insert_upkeep(tx: Tx, name: str, now: datetime) -> bool:
    """Record that work of this name was done; False if that is recorded."""
    added = tx.execute(
        "insert into bank_upkeep (name, done_at) values (%s, %s) on conflict do nothing", [name, now]
    )
    return added.rowcount == 1


def changes_since(tx: Tx, seq: int) -> list[Entry]:
    """Return entries changed after sequence number `seq`, oldest change first; for a few of them."""
    if head(tx) <= seq:
        return []
    return [_entry(row) for row in tx.execute(_SELECT + "where e.seq > %s order by e.seq", [seq])]


def entries_between(tx: Tx, since: int, upto: int) -> Entries:
    """Return entries whose last change lies in (since, upto], in any order, for any number of them.

    Each column comes as one value: PostgreSQL lays them all down in one order. Raises ValueError if they do
    not fit.
    """
    row = tx.execute(
        """
        select coalesce(string_agg(int8send(number), ''::bytea), ''),
               coalesce(string_agg(int8send(seq), ''::bytea), ''),
               coalesce(string_agg(uuid_send(id), ''::bytea), ''),
               coalesce(string_agg(int2send((8 * array_position(%s::text[], status)
                                             + array_position(%s::text[], kind) - 9)::int2), ''::bytea), '')
        from bank_entry where seq > %s and seq <= %s
        """,
        [[each.value for each in STATUSES], [each.value for each in KINDS], since, upto],
        binary=True,
    ).fetchone()
    assert row is not None
    return parse_entries(*row)


def signals_of(tx: Tx, entries: Ids) -> Iterator[Signals]:
    """Yield the rows of some entries, in pages. Raises ValueError if they do not fit together."""
    for start in range(0, len(entries), _ENTRIES):
        row = tx.execute(
            """
            select coalesce(string_agg(uuid_send(entry_id), ''::bytea), ''),
                   coalesce(string_agg(int4send(frame * 8 + flip), ''::bytea), ''),
                   coalesce(string_agg(hash, ''::bytea), '')
            from bank_signal where entry_id = any(%s)
            """,
            [uuids(entries[start : start + _ENTRIES])],
            binary=True,
        ).fetchone()
        assert row is not None
        yield parse_signals(*row)


def room_for_signals(tx: Tx) -> tuple[int, int]:
    """Return the blocks that `bank_signal` has now, and how many rows there can be in them at most.

    What it reads keeps the table's rows where they are until the transaction ends.
    """
    row = tx.execute(
        "select pg_relation_size('bank_signal'), current_setting('block_size')::bigint,"
        " (select count(*) from (select from bank_signal limit 1) one)"
    ).fetchone()
    assert row is not None
    return row[0] // row[1], row[0] // _LEAST_ROW


def all_signals(tx: Tx, blocks: int) -> Iterator[Signals]:
    """Yield the rows of all entries that were committed before the table had so many blocks, in pages.

    They come as they lie there: no index is used and nothing is sorted. Raises ValueError if they do not fit
    together.
    """
    for start in range(0, blocks, _BLOCKS):
        row = tx.execute(
            """
            select coalesce(string_agg(uuid_send(entry_id), ''::bytea), ''),
                   coalesce(string_agg(int4send(frame * 8 + flip), ''::bytea), ''),
                   coalesce(string_agg(hash, ''::bytea), '')
            from bank_signal where ctid >= %s::tid and ctid < %s::tid
            """,
            [f"({start},0)", f"({start + _BLOCKS},0)"],
            binary=True,
        ).fetchone()
        assert row is not None
        yield parse_signals(*row)


def _entry(row: TupleRow) -> Entry:
    hashes = bytes(row[8] or b"")
    assert len(hashes) % FRAME_BYTES == 0
    return Entry(row[0], row[1], row[2], EntryStatus(row[3]), Kind(row[4]), row[5], row[6], hashes, row[7])
