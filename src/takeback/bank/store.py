"""SQL of the bank's tables.

Every change takes the bank's lock for itself and moves its sequence number on; whoever commits sightings
shares the lock. So a change is either before such a commit, and seen by it, or after it, and sees it.
`join` builds on that; docs/adr/0002 tells why nothing else is needed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from psycopg.rows import TupleRow

from takeback.bank.model import FRAME_BYTES, Entry, EntryStatus, Refusal, Refused
from takeback.ground.db import locks
from takeback.ground.db.pool import Tx
from takeback.ids import EntryId, ReportId
from takeback.signals.model import Kind

CHANNEL = "takeback_bank"
"""Notified at each change."""
_PAGE = 20_000
"""Entries in memory at a time while an index is loaded."""


def share(tx: Tx) -> None:
    """Until this transaction ends, no change of the bank can commit; others who share may."""
    tx.execute("select pg_advisory_xact_lock_shared(%s)", [locks.BANK])


def change(tx: Tx) -> int:
    """Take the bank's lock until this transaction ends; the sequence number of the change that it makes."""
    tx.execute("select pg_advisory_xact_lock(%s)", [locks.BANK])
    tx.execute(f"notify {CHANNEL}")
    row = tx.execute("update bank_head set seq = seq + 1 returning seq").fetchone()
    assert row is not None
    return row[0]


def head(tx: Tx) -> int:
    """The sequence number of the last change."""
    row = tx.execute("select seq from bank_head").fetchone()
    assert row is not None
    return row[0]


def insert(
    tx: Tx,
    entry: EntryId,
    report: ReportId,
    kind: Kind,
    frames: Sequence[Sequence[bytes]],
    quality: int,
    seq: int,
    now: datetime,
) -> None:
    """Add a seed that is not there; `frames` has eight hashes each, a picture has one frame."""
    tx.execute(
        "insert into bank_entry (id, report_id, status, kind, quality, seq, banked_at, changed_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [entry, report, EntryStatus.SEED, kind, quality, seq, now, now],
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
    """Write down that a reported picture was not banked; False if that is written."""
    added = tx.execute(
        "insert into bank_refusal (report_id, name, why, refused_at) values (%s, %s, %s, %s)"
        " on conflict do nothing",
        [report, refused.name, refused.why, now],
    )
    return added.rowcount == 1


def refusals(tx: Tx, report: ReportId) -> tuple[Refused, ...]:
    """What of a report was not banked."""
    rows = tx.execute("select name, why from bank_refusal where report_id = %s order by name", [report])
    return tuple(Refused(name, Refusal(why)) for name, why in rows)


_SELECT = """
    select e.id, e.number, e.report_id, e.status, e.kind, e.quality, e.seq,
           (select string_agg(s.hash, ''::bytea order by s.frame, s.flip)
            from bank_signal s where s.entry_id = e.id)
    from bank_entry e
"""


def get(tx: Tx, entry: EntryId) -> Entry | None:
    """One entry."""
    row = tx.execute(_SELECT + "where e.id = %s", [entry]).fetchone()
    return None if row is None else _entry(row)


def of_report(tx: Tx, report: ReportId) -> tuple[Entry, ...]:
    """The entries that a report brought."""
    return tuple(
        _entry(row) for row in tx.execute(_SELECT + "where e.report_id = %s order by e.id", [report])
    )


def changes_since(tx: Tx, seq: int) -> list[Entry]:
    """Entries changed after sequence number `seq`, oldest change first; for a few of them."""
    if head(tx) <= seq:
        return []
    return [_entry(row) for row in tx.execute(_SELECT + "where e.seq > %s order by e.seq", [seq])]


def pages_since(tx: Tx, seq: int) -> Iterator[list[Entry]]:
    """The same in pages, for any number of them: memory stays bounded."""
    with tx.cursor(name="bank_pages", binary=True) as cursor:
        cursor.itersize = _PAGE
        cursor.execute(_SELECT + "where e.seq > %s order by e.seq", [seq])
        while page := cursor.fetchmany(_PAGE):
            yield [_entry(row) for row in page]


def _entry(row: TupleRow) -> Entry:
    hashes = bytes(row[7] or b"")
    assert len(hashes) % FRAME_BYTES == 0
    return Entry(row[0], row[1], row[2], EntryStatus(row[3]), Kind(row[4]), row[5], row[6], hashes)
