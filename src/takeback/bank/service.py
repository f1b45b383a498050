"""Change the bank, and say of one hash whether it is known."""

from datetime import datetime
from uuid import uuid5

from takeback.bank import store
from takeback.bank.index import BankIndex
from takeback.bank.model import Entry, EntryStatus, Known
from takeback.facts import EntryActivated, EntryBanked, EntryRefused, EntryWithdrawn
from takeback.ground.db.pool import Tx
from takeback.ground.ledger.record import record, record_once
from takeback.ids import EntryId, ReportId
from takeback.signals.model import MIN_QUALITY

CHANNEL = store.CHANNEL
"""Notified at each change of the bank."""


def add_seed(
    tx: Tx, report: ReportId, name: str, flips: tuple[bytes, ...], quality: int, now: datetime
) -> EntryId | None:
    """Bank what a report brought, once for each `name` within it; None if it must not be banked."""
    entry = EntryId(uuid5(report, name))
    if store.get(tx, entry) is not None:
        return entry
    seq = store.change(tx)
    if store.get(tx, entry) is not None:  # another worker was first, while we waited for the lock
        return entry
    if quality < MIN_QUALITY:
        why = f"{name}: too little detail (quality {quality}, at least {MIN_QUALITY})"
        record_once(tx, EntryRefused(report, why))
        return None
    store.insert(tx, Entry(entry, report, EntryStatus.SEED, quality, seq, flips), now)
    record(tx, EntryBanked(entry, report))
    return entry


def activate(tx: Tx, entry: EntryId, now: datetime) -> None:
    """A reviewed match: from now on copies are removed when they appear."""
    if _move(tx, entry, EntryStatus.ACTIVE, now):
        record(tx, EntryActivated(entry))


def withdraw(tx: Tx, entry: EntryId, now: datetime) -> None:
    """From now on the entry finds nothing."""
    if _move(tx, entry, EntryStatus.WITHDRAWN, now):
        record(tx, EntryWithdrawn(entry))


def _move(tx: Tx, entry: EntryId, to: EntryStatus, now: datetime) -> bool:
    if _is_beyond(tx, entry, to):  # a status never goes back, so this needs no lock
        return False
    seq = store.change(tx)
    if _is_beyond(tx, entry, to):
        return False
    store.set_status(tx, entry, to, seq, now)
    return True


def _is_beyond(tx: Tx, entry: EntryId, to: EntryStatus) -> bool:
    found = store.get(tx, entry)
    return found is None or found.status in (to, EntryStatus.WITHDRAWN)


def refresh(tx: Tx, index: BankIndex) -> None:
    """Bring an index up to the present."""
    index.apply(store.changes_since(tx, index.seq))


def check(index: BankIndex, pdq: bytes) -> Known:
    """Is a picture with this hash known? The strongest status of the entries that it matches."""
    statuses = {entry.status for _, entry, _ in index.search([pdq])}
    for status in (EntryStatus.ACTIVE, EntryStatus.SEED):
        if status in statuses:
            return Known(known=True, status=status)
    return Known(known=False, status=None)
