"""Matching: every pair of a post and a bank entry is compared, whichever came last.

Why none is lost. A transaction that commits sightings shares the bank's lock from before it reads the bank
until it has committed; one that changes the bank holds that lock alone. So either

1. the sightings commit before the change: then the look-back, which begins after the change has committed,
sees them; or
2. the change commits before the sightings' transaction gets its share: then that transaction reads the
change, and compares its sightings with it.

Most of the bank is compared before the lock is shared, from the index; under it only what changed since is.
The relation is the same both times (`signals.relation.relate`), and a match is keyed by (sighting, entry), so
meeting twice changes nothing.

A post that was hashed the fast way and comes near anything is never matched as it is: the same transaction
enqueues a job (`read_exactly`) that reads it again and commits what it then matches, under the same lock.
Such a pair is late by a job, and never lost or decided by a doubtful hash.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from takeback.bank import store as bank
from takeback.bank.index import BankIndex, questions_of
from takeback.bank.loading import refresh
from takeback.bank.model import Entry, EntryStatus
from takeback.errors import StorageUnavailable, asked_wait
from takeback.events import FoundBy, Matched
from takeback.ids import EntryId, SightingId
from takeback.infra.db.pool import Database, Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.jobs import LookClosely, ReadAgain, ReadExactly, slow
from takeback.matching import details_store, store
from takeback.matching.comparison import Nearby, ask_entries, ask_index, shown_in
from takeback.sightings import leases
from takeback.sightings import store as sightings
from takeback.sightings.model import Later, Lease, Seen
from takeback.sightings.sweep import Sweeper
from takeback.signals.model import REVIEW_RADIUS, ClipSignals, PictureSignals
from takeback.signals.pdq.hashing import MAX_DOUBT
from takeback.signals.relation import Shown, needs_exact, relate, shown_by

_AT_ONCE = 500
"""Posts that a look-back settles in one transaction."""


def commit_batch(
    tx: Tx, index: BankIndex, lease: Lease, seen: Sequence[Seen], cursor: str, *, done: bool, now: datetime
) -> list[SightingId | None]:
    """Commit what passed, what it matches, and how far the stream was read: all of it, or nothing.

    Returns the new rows' ids, None for pictures that were known. Raises LeaseLost.
    """
    ids = commit(tx, index, lease.connector, seen, now)
    leases.move(tx, lease, cursor, done=done)
    return ids


def commit(
    tx: Tx, index: BankIndex, connector: str, seen: Sequence[Seen], now: datetime
) -> list[SightingId | None]:
    """Commit what passed and what it matches. Returns ids as `commit_batch`."""
    posts = {
        number: shown_by(each.reading)
        for number, each in enumerate(seen)
        if isinstance(each.reading, PictureSignals | ClipSignals)
    }
    seq, near = _ask(tx, index, posts)
    bank.share(tx)
    ids = sightings.insert(tx, connector, seen, now)
    changed = bank.changes_since(tx, seq)
    unknown = list[tuple[SightingId, Shown]]()
    for number, (sighting, each) in enumerate(zip(ids, seen, strict=True)):
        if sighting is None:
            continue
        if number in posts:
            shown = posts[number]
            if not _settle(tx, sighting, shown, _with(changed, shown, near[number]), FoundBy.LIVE, now):
                unknown.append((sighting, shown))
        elif isinstance(each.reading, Later):
            read_later(tx, sighting, each.reading, now)
    _look_closely(tx, connector, unknown)
    return ids


def read_later(tx: Tx, sighting: SightingId, later: Later, now: datetime) -> None:
    """Enqueue another reading of a post: soon, or in the slow lane, where each poster in turn has one file
    read.
    """
    if later.slow:
        turn = slow(sightings.count_slow(tx, sighting))
        enqueue(tx, ReadAgain(sighting, slow=1), priority=turn)
    else:
        at = now + asked_wait(later.retry_after) if later.retry_after else None
        enqueue(tx, ReadAgain(sighting), at=at)


def _look_closely(tx: Tx, connector: str, posts: Sequence[tuple[SightingId, Shown]]) -> None:
    """Enqueue the comparison by details of pictures that match nothing, where there are any to compare
    with.
    """
    pictures = [sighting for sighting, shown in posts if not shown.is_clip]
    if pictures and details_store.any_on(tx, connector):
        for sighting in pictures:
            enqueue(tx, LookClosely(sighting, FoundBy.LIVE))


def commit_late(
    tx: Tx, index: BankIndex, sighting: SightingId, signals: PictureSignals | ClipSignals, now: datetime
) -> None:
    """Commit a picture that could not be read when it passed and can be now."""
    shown = shown_by(signals)
    seq, near = _ask(tx, index, {0: shown})
    bank.share(tx)
    if sightings.set_read(tx, sighting, signals):
        changed = bank.changes_since(tx, seq)
        _settle(tx, sighting, shown, _with(changed, shown, near[0]), FoundBy.LIVE, now)


def commit_exactly(
    tx: Tx,
    index: BankIndex,
    sighting: SightingId,
    signals: PictureSignals | ClipSignals | None,
    by: FoundBy,
    now: datetime,
) -> None:
    """Commit a post whose fast hash came near something, and which was read again since.

    Args:
        tx: the transaction.
        index: the bank.
        sighting: the post.
        signals: read exactly; None if it could not be read any more: then the fast hash counts as it is, and
            each match says so.
        by: which side came last when it was noticed.
        now: when.
    """
    stored = sightings.get(tx, sighting)
    shown = shown_by(signals) if signals is not None else None if stored is None else shown_in(stored)
    if stored is None or shown is None:
        return
    seq, near = _ask(tx, index, {0: shown})
    bank.share(tx)
    sightings.await_exact(tx, sighting, awaits=False)
    if signals is not None:
        sightings.set_exact(tx, sighting, signals)
    changed = bank.changes_since(tx, seq)
    _match(tx, sighting, shown, _with(changed, shown, near[0]), by, now, exact=signals is not None)


def _ask(tx: Tx, index: BankIndex, posts: Mapping[int, Shown]) -> tuple[int, dict[int, Nearby]]:
    """Return what the index says, and up to which change that holds; later ones are asked under the lock."""
    refresh(tx, index)
    seq = index.seq
    return seq, ask_index(index, posts)


def _with(changed: Sequence[Entry], shown: Shown, near: Nearby) -> Nearby:
    for entry in changed:
        near.replace(shown, entry)
    return near


def _settle(tx: Tx, sighting: SightingId, shown: Shown, near: Nearby, by: FoundBy, now: datetime) -> int:
    """Match a post, or have it read exactly first. Returns how many new matches there were."""
    if needs_exact(shown, (touch for each in near.touches.values() for touch in each)):
        sightings.await_exact(tx, sighting)
        enqueue(tx, ReadExactly(sighting, by))
        return 0
    return _match(tx, sighting, shown, near, by, now, exact=True)


def _match(
    tx: Tx, sighting: SightingId, shown: Shown, near: Nearby, by: FoundBy, now: datetime, *, exact: bool
) -> int:
    new = 0
    for entry, found in near.touches.items():
        brief = near.entries[entry]
        hit = relate(shown, brief.kind, brief.frames, found, exact=exact)
        if hit is not None and store.insert(tx, sighting, entry, hit, by, now):
            record(tx, Matched(entry, sighting, by))
            new += 1
    return new


def matched(tx: Tx, sightings: Sequence[SightingId]) -> int:
    """Return how many matches these posts have."""
    return store.count(tx, sightings)


LOOK_BACK_STEP = 2_000
"""Posts that one step of a look-back settles."""


def look_back_step(
    database: Database, entry_id: EntryId, now: datetime, sweeper: Sweeper, *, after: int = 0
) -> tuple[int, SightingId | None]:
    """Match an entry with what passed before it was banked: posts with ids above `after`, up to a number.

    Call it after the entry's transaction has committed; it may be called again.

    Returns:
        How many matches were new, and the id after which the next step begins; None: that was all.

    Raises:
        StorageUnavailable: archived days cannot be read, or were being moved; call it again.
    """
    with database.transaction() as tx:
        entry = bank.get(tx, entry_id)
    if entry is None or entry.status is EntryStatus.WITHDRAWN:
        return 0, None
    near = sweeper.near(questions_of(entry), REVIEW_RADIUS + MAX_DOUBT)
    left = sorted({each.sighting for each in near if each.sighting > after})
    step = left[:LOOK_BACK_STEP]
    found = 0
    for start in range(0, len(step), _AT_ONCE):
        with database.transaction() as tx:
            found += _look_back_at(tx, entry, step[start : start + _AT_ONCE], now)
    return found, step[-1] if len(left) > len(step) else None


def _look_back_at(tx: Tx, entry: Entry, asked: Sequence[SightingId], now: datetime) -> int:
    """Settle some posts. Returns how many new matches there were. Raises StorageUnavailable."""
    rows = sightings.many(tx, asked)
    if len(rows) < len(asked):  # moved to the archive, or forgotten, since they were found
        raise StorageUnavailable("sightings were moved meanwhile; the look-back begins again")
    found = 0
    for sighting in sorted(rows):
        shown = shown_in(rows[sighting])
        if shown is not None:
            near = ask_entries(shown, [entry])
            found += _settle(tx, sighting, shown, near, FoundBy.LOOK_BACK, now)
    return found
