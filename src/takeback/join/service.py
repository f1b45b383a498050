"""The join: every pair of a post and a bank entry is compared, whichever came last.

Why none is lost. A transaction that commits sightings shares the bank's lock from before it reads the bank
until it has committed; one that changes the bank holds that lock alone. So either

1. the sightings commit before the change: then the look-back, which begins after the change has committed,
   sees them; or
2. the change commits before the sightings' transaction gets its share: then that transaction reads the
   change, and compares its sightings with it.

The relation that is asked is the same both times (`bank.index.nearest`), and a match is keyed by (sighting,
entry): meeting twice changes nothing. No watcher needs to say where it is, and none can be behind.
"""

from collections.abc import Sequence
from datetime import datetime

from takeback.bank import store as bank
from takeback.bank.index import BankIndex, as_rows, nearest
from takeback.bank.model import EntryStatus
from takeback.facts import FoundBy, Matched
from takeback.ground.db.pool import Database, Tx
from takeback.ground.jobs.queue import enqueue
from takeback.ground.ledger.record import record
from takeback.ids import EntryId, SightingId
from takeback.join import store
from takeback.sightings import leases
from takeback.sightings import store as sightings
from takeback.sightings.model import Later, Lease, Seen
from takeback.signals.model import PictureSignals

LOOK_BACK_PAGE = 50_000


def commit_batch(
    tx: Tx, index: BankIndex, lease: Lease, seen: Sequence[Seen], cursor: str, *, done: bool, now: datetime
) -> list[SightingId | None]:
    """Write down what passed, what it matches, and how far the shard was read: all of it, or nothing.

    Returns:
        the new rows' ids, None for pictures that were known. Raises LeaseLost.
    """
    ids = commit(tx, index, lease.connector, seen, now)
    leases.move(tx, lease, cursor, done=done, now=now)
    return ids


def commit(
    tx: Tx, index: BankIndex, connector: str, seen: Sequence[Seen], now: datetime
) -> list[SightingId | None]:
    """Write down what passed and what it matches."""
    bank.share(tx)
    ids = sightings.insert(tx, connector, seen, now)
    read = [
        (sighting, each.reading)
        for sighting, each in zip(ids, seen, strict=True)
        if sighting is not None and isinstance(each.reading, PictureSignals)
    ]
    _match(tx, index, read, now)
    for sighting, each in zip(ids, seen, strict=True):
        if sighting is not None and isinstance(each.reading, Later):
            enqueue(tx, "read_again", sighting=sighting)
    return ids


def commit_late(
    tx: Tx, index: BankIndex, sighting: SightingId, signals: PictureSignals, now: datetime
) -> None:
    """The same for a picture that could not be read when it passed and can be now."""
    bank.share(tx)
    if sightings.set_read(tx, sighting, signals):
        _match(tx, index, [(sighting, signals)], now)


def _match(
    tx: Tx, index: BankIndex, read: Sequence[tuple[SightingId, PictureSignals]], now: datetime
) -> None:
    index.apply(bank.changes_since(tx, index.seq))
    for number, entry, hit in index.search([signals.whole.hash for _, signals in read]):
        sighting = read[number][0]
        if store.insert(tx, sighting, entry.id, hit, FoundBy.LIVE, now):
            record(tx, Matched(entry.id, sighting, FoundBy.LIVE))


def look_back(database: Database, entry_id: EntryId, now: datetime) -> int:
    """Ask everything that passed before the entry was banked; how many new matches there were.

    Must be called after the entry's transaction has committed, and may be called again.
    """
    with database.transaction() as tx:
        entry = bank.get(tx, entry_id)
        if entry is None or entry.status is EntryStatus.WITHDRAWN:
            return 0
        flips, found = as_rows(entry.flips), 0
        for page in sightings.pages(tx, LOOK_BACK_PAGE):
            for number, _, hit in nearest(as_rows([value for _, value in page]), flips):
                if store.insert(tx, page[number][0], entry.id, hit, FoundBy.LOOK_BACK, now):
                    record(tx, Matched(entry.id, page[number][0], FoundBy.LOOK_BACK))
                    found += 1
        return found
