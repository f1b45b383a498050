"""SQL of the bank's tables.

Every change takes the bank's lock for itself and moves its sequence number on; whoever commits sightings
shares the lock. So a change is either before such a commit, and seen by it, or after it, and sees it.
`join` builds on that; docs/adr/0002 tells why nothing else is needed.
"""

from datetime import datetime

from psycopg.rows import TupleRow

from takeback.bank.model import Entry, EntryStatus
from takeback.ground.db import locks
from takeback.ground.db.pool import Tx
from takeback.ids import EntryId, ReportId

CHANNEL = "takeback_bank"
"""Notified at each change."""


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


def insert(tx: Tx, entry: Entry, now: datetime) -> None:
    """Add an entry that is not there."""
    tx.execute(
        "insert into bank_entry (id, report_id, status, quality, seq, banked_at, changed_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        [entry.id, entry.report, entry.status, entry.quality, entry.seq, now, now],
    )
    with tx.cursor() as cursor:
        cursor.executemany(
            "insert into bank_signal (entry_id, flip, hash) values (%s, %s, %s)",
            [(entry.id, flip, value) for flip, value in enumerate(entry.flips)],
        )


def set_status(tx: Tx, entry: EntryId, status: EntryStatus, seq: int, now: datetime) -> None:
    """Change what an entry may cause."""
    tx.execute(
        "update bank_entry set status = %s, seq = %s, changed_at = %s where id = %s",
        [status, seq, now, entry],
    )


_SELECT = """
    select e.id, e.report_id, e.status, e.quality, e.seq, array_agg(s.hash order by s.flip)
    from bank_entry e join bank_signal s on s.entry_id = e.id
"""


def get(tx: Tx, entry: EntryId) -> Entry | None:
    """One entry."""
    row = tx.execute(_SELECT + "where e.id = %s group by e.id", [entry]).fetchone()
    return None if row is None else _entry(row)


def of_report(tx: Tx, report: ReportId) -> tuple[Entry, ...]:
    """The entries that a report brought."""
    rows = tx.execute(_SELECT + "where e.report_id = %s group by e.id order by e.id", [report])
    return tuple(_entry(row) for row in rows)


def changes_since(tx: Tx, seq: int) -> tuple[Entry, ...]:
    """Entries changed after sequence number `seq`, oldest change first."""
    rows = tx.execute(_SELECT + "where e.seq > %s group by e.id order by e.seq", [seq])
    return tuple(_entry(row) for row in rows)


def _entry(row: TupleRow) -> Entry:
    return Entry(row[0], row[1], EntryStatus(row[2]), row[3], row[4], tuple(bytes(flip) for flip in row[5]))
