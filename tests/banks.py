"""Banks made of entries, without a database: what an index is given, and what it then shows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import numpy as np

from takeback.bank import store
from takeback.bank.changes import KINDS, STATUSES, Changes, Entries, Signals, place
from takeback.bank.index import BankIndex
from takeback.bank.model import Brief, Entry, EntryStatus, Version
from takeback.events import EntryActivated
from takeback.ids import EntryId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record
from takeback.signals.model import FLIPS, HASH_BYTES


def token(seq: int, past: int = 0) -> UUID:
    """What the database would draw for a change, in one of its pasts."""
    return UUID(int=(past << 64) + seq)


def columns_of(entries: Iterable[Entry]) -> Entries:
    """Entries as the database gives them; of several of one number, the last."""
    last = list({entry.number: entry for entry in entries}.values())
    return Entries(
        np.array([each.number for each in last], np.int64),
        np.array([each.seq for each in last], np.int64),
        np.frombuffer(b"".join(each.id.bytes for each in last), "S16"),
        np.array([STATUSES.index(each.status) for each in last], np.uint8),
        np.array([KINDS.index(each.kind) for each in last], np.uint8),
    )


def signals_of(entries: Iterable[Entry]) -> Signals:
    """Their rows."""
    every = list(entries)
    return Signals(
        np.frombuffer(b"".join(each.id.bytes * (each.frames * FLIPS) for each in every), "S16"),
        np.concatenate([np.arange(each.frames * FLIPS, dtype=np.int64) for each in every] or [[]]).astype(
            np.int64
        ),
        np.frombuffer(b"".join(each.hashes for each in every), np.uint8).reshape(-1, HASH_BYTES),
    )


def changes_for(index: BankIndex, entries: Iterable[Entry], upto: Version | None = None) -> Changes:
    """What a thread reads from the database for this index."""
    last = {entry.number: entry for entry in entries}
    columns = columns_of(last.values())
    lacking = columns.only(index.lacks(columns))
    chosen = [last[number] for number in lacking.numbers.tolist()]
    signals = signals_of(chosen)
    seq = max((entry.seq for entry in last.values()), default=0)
    placed = place(lacking, [signals], len(signals.entries))
    return Changes(index.version, upto or Version(seq, token(seq)), columns, lacking, placed)


def take_in(index: BankIndex, entries: Iterable[Entry]) -> None:
    """Have the index show these changes."""
    every = list(entries)
    if every:
        assert index.apply(changes_for(index, every))


def shown(index: BankIndex, numbers: Iterable[int]) -> Mapping[int, Brief]:
    """What an index has of these entries."""
    return {n: brief for n in numbers if (brief := index.brief(n)) is not None}


def expected(last: Mapping[int, Entry]) -> Mapping[int, Brief]:
    """The same by the definition."""
    return {
        n: Brief(e.id, e.status, e.kind, e.frames)
        for n, e in last.items()
        if e.status is not EntryStatus.WITHDRAWN
    }


def activate(tx: Tx, entry: EntryId, now: datetime) -> None:
    """Make an entry active, as the first version did with what a report brought."""
    store.set_status(tx, entry, EntryStatus.ACTIVE, store.change(tx), now)
    record(tx, EntryActivated(entry))
