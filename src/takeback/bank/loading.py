"""Bring an index up to the present: at a start all of the bank, afterwards a change or two.

Why no pair is lost. An index at version v promises: each entry whose last change is not after v is in, as it
is in the database. Who commits sightings reads, under the shared lock, every entry that changed after v
(`matching.service`), and replaces what the index said of it.

*Read from the database*: the head h is read first, then the entries whose last change lies in (v, h]. One
that changes again before it is read is after h and not promised. Rows of an entry are never changed or
removed, so all rows of an entry that was read are there for any later statement; `changes.place` counts them.
So no snapshot of the database is needed for all statements.

*Read from a snapshot*: it names its version, number and token. The database draws a token for each change
(`bank_version`). A token that it knows under that number was drawn after the same past: entries up to there
were the same, and changed since only with higher numbers. A database that was restored from a back-up has
drawn other tokens from there on; another database has others anyway. Then the snapshot is thrown away. Each
refresh asks the same of the version in memory, so an index that outlived a restored database is neither used
nor written.
"""

import logging
from pathlib import Path

from takeback.bank import snapshot, store
from takeback.bank.changes import Changes, place
from takeback.bank.index import BankIndex
from takeback.bank.model import NOTHING, Version
from takeback.errors import DamagedIndex
from takeback.infra.db.pool import Tx

_FEW = 1_000
"""Changes that a thread reads for itself; where there are more, one reads and the others wait."""
_SHARE = 8
"""Where the index would grow by more than this part of it, the whole table is read from end to end: that is
cheaper than looking for each entry's rows."""

log = logging.getLogger(__name__)


def refresh(tx: Tx, index: BankIndex) -> None:
    """Take in what changed since the index was last brought up to date.

    Raises ValueError if what the database holds cannot be an entry's rows.
    """
    at = index.version
    stand = store.stand(tx, at.seq)
    if _is_past(at, stand) and stand.head.seq - at.seq <= _FEW:
        _catch_up(tx, index, stand.head)
    else:
        with index.loading:
            _load(tx, index)
    _keep(tx, index)


def _is_past(version: Version, stand: store.Stand) -> bool:
    """Return whether the database went through this version."""
    return version == NOTHING or version.token == stand.there


def _catch_up(tx: Tx, index: BankIndex, head: Version) -> None:
    while index.seq < head.seq:
        index.apply(_changes(tx, index, head))


def _changes(tx: Tx, index: BankIndex, head: Version) -> Changes:
    since = index.version
    entries = store.entries_between(tx, since.seq, head.seq)
    lacking = entries.only(index.lacks(entries))
    if len(lacking) > max(_FEW, len(index) // _SHARE):
        blocks, room = store.room_for_signals(tx)
        placed = place(lacking, store.all_signals(tx, blocks), room)
    else:
        pages = list(store.signals_of(tx, lacking.ids))
        placed = place(lacking, pages, sum(len(page.entries) for page in pages))
    return Changes(since, head, entries, lacking, placed)


def _load(tx: Tx, index: BankIndex) -> None:
    stand = store.stand(tx, index.seq)  # again: another thread may have been here while we waited
    if not _is_past(index.version, stand):
        log.warning("the database is not the one that the bank in memory was read from: reading it anew")
        index.forget()
        index.kept = NOTHING
    if index.version == NOTHING and index.folder is not None:
        there = _open(tx, index.folder)
        if there is not None:
            index.kept, opened = there
            index.become(opened)
    _catch_up(tx, index, stand.head)


def _open(tx: Tx, folder: Path) -> tuple[Version, BankIndex] | None:
    """Return the bank as this machine's snapshot has it; None if there is none that this database went
    through.
    """
    try:
        if snapshot.read(folder) is None:
            return None
        found, opened = snapshot.open_latest(folder)
    except DamagedIndex as error:
        log.warning("the snapshot of the bank is damaged and not used: %s", error)
        snapshot.discard(folder, None)
        return None
    if not _is_past(found.version, store.stand(tx, found.version.seq)):
        log.warning("the snapshot of the bank is of another database, or of another past: it is not used")
        snapshot.discard(folder, found)
        return None
    return found.version, opened


def _keep(tx: Tx, index: BankIndex) -> None:
    """Keep a snapshot that is not far behind: another process's, or one that is written now."""
    if index.folder is None or not snapshot.is_due(index.version, index.kept, len(index)):
        return
    if not index.loading.acquire(blocking=False):
        return
    try:
        if not _share(tx, index, index.folder):
            snapshot.write_beside(index)
    finally:
        index.loading.release()


def _share(tx: Tx, index: BankIndex, folder: Path) -> bool:
    """Go over to a newer snapshot that another process wrote, if there is one: its memory is shared."""
    try:
        found = snapshot.read(folder)
    except DamagedIndex:
        return False
    if found is None or found.version.seq <= index.kept.seq:
        return False
    there = _open(tx, folder)
    if there is None or snapshot.is_due(index.version, there[0], len(index)):
        return False
    index.kept, opened = there
    _catch_up(tx, opened, index.version)
    index.become(opened)
    return True
