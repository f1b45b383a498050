"""Many entries into the bank at once, by COPY: a million take minutes; one by one it would be hours.

Nothing is recorded and nothing follows, so this is for what no person reported: the bench's made entries, and
lists of signals that were agreed on elsewhere.
"""

from collections.abc import Sequence
from datetime import datetime

from takeback.bank import store
from takeback.bank.model import EntryStatus
from takeback.ids import EntryId, ReportId
from takeback.infra.db.pool import Tx

_BEST_QUALITY = 100


def add_active(
    tx: Tx, report: ReportId, entries: Sequence[tuple[EntryId, Sequence[bytes]]], now: datetime
) -> None:
    """Add pictures that are not there, as active entries with a sequence number each.

    Args:
        tx: the bank's lock is held until it ends.
        report: whose they are.
        entries: ids, each with its eight hashes in the order of `signals.model.Flip`.
        now: when they were banked.
    """
    first = store.change(tx)
    tx.execute("update bank_head set seq = seq + %s", [len(entries)])
    with (
        tx.cursor() as cursor,
        cursor.copy(
            "copy bank_entry (id, report_id, status, quality, seq, banked_at, changed_at) from stdin"
        ) as rows,
    ):
        for number, (entry, _) in enumerate(entries):
            rows.write_row((entry, report, EntryStatus.ACTIVE, _BEST_QUALITY, first + number, now, now))
    with (
        tx.cursor() as cursor,
        cursor.copy("copy bank_signal (entry_id, flip, hash) from stdin (format binary)") as rows,
    ):
        rows.set_types(["uuid", "int2", "bytea"])
        for entry, flips in entries:
            for flip, value in enumerate(flips):
                rows.write_row((entry, flip, value))
