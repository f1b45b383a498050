"""The bank in columns: a change of it on its way from the database into an index.

A million entries are eight million rows. As Python objects they took minutes; as arrays they take seconds.
What comes from the database is read strictly: a row that is silently left out is a picture that is not found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from takeback.bank.model import EntryStatus, Version
from takeback.signals.model import FLIPS, HASH_BYTES, Kind
from takeback.signals.relation import Rows
from takeback.signals.rows import PLACES

STATUSES = tuple(EntryStatus)
KINDS = tuple(Kind)
WITHDRAWN = STATUSES.index(EntryStatus.WITHDRAWN)
UUID_BYTES = 16

Ids = NDArray[np.bytes_]
"""S16[n]: UUIDs. numpy compares these by their bytes, as all are of one length; `tolist` would cut zeros."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries without their hashes: columns of one length."""

    numbers: NDArray[np.int64]
    seqs: NDArray[np.int64]
    """Of their last changes."""
    ids: Ids
    statuses: NDArray[np.uint8]
    """Places in `STATUSES`."""
    kinds: NDArray[np.uint8]
    """Places in `KINDS`."""

    def __len__(self) -> int:
        return len(self.numbers)

    def only(self, chosen: NDArray[np.bool_]) -> "Entries":
        """Return those that are chosen."""
        return Entries(
            self.numbers[chosen],
            self.seqs[chosen],
            self.ids[chosen],
            self.statuses[chosen],
            self.kinds[chosen],
        )


@dataclass(frozen=True, slots=True)
class Signals:
    """Rows of the table `bank_signal`, in any order: columns of one length."""

    entries: Ids
    places: NDArray[np.int64]
    """frame * 8 + flip."""
    hashes: Rows


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows as the index takes them."""

    ids: NDArray[np.int64]
    hashes: Rows
    frames: NDArray[np.uint16]
    """How many frames each entry has that they were placed for."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Every entry whose last change lies in (since, upto], as it was then."""

    since: Version
    upto: Version
    entries: Entries
    lacking: Entries
    """Those of them whose rows the index did not have."""
    placed: Placed
    """The rows of these."""


def place(entries: Entries, pages: Iterable[Signals], room: int) -> Placed:
    """Return the rows of these entries as the index takes them.

    Args:
        entries: whose rows are wanted.
        pages: all of their rows, and perhaps others, which are left out.
        room: at least as many rows as there are; memory is used as far as it is filled.

    Raises:
        ValueError: an entry has no rows, or not eight for each of its frames from the first to the last.
    """
    order = np.argsort(entries.ids, kind="stable")
    known = entries.ids[order]
    ids = np.empty(room, np.int64)
    hashes = np.empty((room, HASH_BYTES), np.uint8)
    counts = np.zeros(len(entries), np.int64)
    last = np.full(len(entries), -1, np.int64)
    filled = 0
    for page in pages:
        if not len(known) or not len(page.entries):
            continue
        owners = _owners(known, page.entries)
        wanted = owners >= 0
        owner = order[owners[wanted]]
        places = page.places[wanted]
        end = filled + len(owner)
        if end > room:
            raise ValueError(f"there are more than {room} rows")
        ids[filled:end] = entries.numbers[owner] * PLACES + places
        hashes[filled:end] = page.hashes[wanted]
        counts += np.bincount(owner, minlength=len(entries))
        np.maximum.at(last, owner, places)
        filled = end
    # The table has each place of an entry once, so that as many as the last one says are all of them.
    wrong = (counts == 0) | (counts % FLIPS != 0) | (counts != last + 1) | (counts > PLACES)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"entry number {entries.numbers[first]} has not all of its rows: {counts[first]}")
    return Placed(ids[:filled], hashes[:filled], (counts // FLIPS).astype(np.uint16))


def _owners(known: Ids, asked: Ids) -> NDArray[np.int64]:
    """Return places in `known`, which rises; -1: not there. Rows of one entry mostly come one after the
    other.
    """
    words = asked.view(np.uint64).reshape(-1, 2)
    begins = np.concatenate([[True], (words[1:] != words[:-1]).any(axis=1)])
    heads = asked[begins]
    at = np.minimum(np.searchsorted(known, heads), len(known) - 1)
    at[known[at] != heads] = -1
    return at[np.cumsum(begins) - 1]


def parse_entries(numbers: bytes, seqs: bytes, ids: bytes, codes: bytes) -> Entries:
    """Parse columns as PostgreSQL sends them: big-endian, one value after the other.

    Args:
        numbers: int8[n].
        seqs: int8[n].
        ids: uuid[n].
        codes: int2[n], of each the place of its status, times 8, plus that of its kind.

    Raises:
        ValueError: they are not of one length, or a code is none.
    """
    count = len(numbers) // 8
    if {len(numbers), len(seqs)} != {8 * count} or len(ids) != UUID_BYTES * count or len(codes) != 2 * count:
        raise ValueError("the columns of the bank's entries are not of one length")
    code = np.frombuffer(codes, ">i2")
    status, kind = code >> 3, code & 7
    if len(code) and (code.min() < 0 or status.max() >= len(STATUSES) or kind.max() >= len(KINDS)):
        raise ValueError("an entry of the bank has a status or kind that nobody knows")
    return Entries(
        np.frombuffer(numbers, ">i8").astype(np.int64),
        np.frombuffer(seqs, ">i8").astype(np.int64),
        np.frombuffer(ids, "S16"),
        status.astype(np.uint8),
        kind.astype(np.uint8),
    )


def parse_signals(entries: bytes, places: bytes, hashes: bytes) -> Signals:
    """Parse the columns of rows: uuid[n], int4[n], n times 32 bytes.

    Raises:
        ValueError: they are not of one length, or a place is none.
    """
    count = len(places) // 4
    if len(places) != 4 * count or len(entries) != UUID_BYTES * count or len(hashes) != HASH_BYTES * count:
        raise ValueError("the columns of the bank's rows are not of one length")
    place = np.frombuffer(places, ">i4").astype(np.int64)
    if count and (place.min() < 0 or place.max() >= PLACES):
        raise ValueError("a row of the bank has a place that no entry has")
    table = np.frombuffer(hashes, np.uint8).reshape(-1, HASH_BYTES)
    return Signals(np.frombuffer(entries, "S16"), place, table)


def uuids(ids: Ids) -> list[UUID]:
    """Return ids for a statement's arguments."""
    packed = ids.tobytes()
    return [UUID(bytes=packed[at : at + UUID_BYTES]) for at in range(0, len(packed), UUID_BYTES)]
