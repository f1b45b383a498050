"""The bank in memory, as watchers ask it: which entries lie near these hashes?

A row is one flip of one frame of one entry, and its id says which, so an entry takes 28 bytes beside its
rows. Entries are called by the number that the bank gave them; numbers are dense, so columns need no map.

The index is at one `Version` of the bank: each entry whose last change is not after it is in, as that change
left it. Entries that changed since may be in as they were at any time, or missing: who needs them reads the
changes since (`matching.service`, under the bank's lock; `loading.refresh`). Each entry keeps the number of
the change that it shows, so changes may be taken in twice, in pieces and by several threads in any order.

`signals.relation` says what "near" means for a picture or a clip; here are rows only, asked for a picture
(`BankIndex.search`) and for an entry (`questions_of`, `as_touch`) in the same words.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from takeback.bank.changes import KINDS, STATUSES, WITHDRAWN, Changes, Entries
from takeback.bank.model import NOTHING, Brief, Entry, EntryStatus, Version
from takeback.ids import EntryId
from takeback.signals import rows
from takeback.signals.index import compare
from takeback.signals.index.hamming import HammingIndex
from takeback.signals.model import FLIPS, HASH_BYTES, MATCH_RADIUS
from takeback.signals.relation import Rows, Touch
from takeback.signals.rows import PLACES, Radii, row_ids

ENTRY = np.dtype([("id", "S16"), ("seq", "<i8"), ("status", "u1"), ("kind", "u1"), ("frames", "<u2")])
"""One entry by its number, as it lies in a snapshot, too; without frames: not in the index."""
Column = NDArray[np.void]
"""ENTRY[n]."""


def rows_of(entry: Entry) -> Rows:
    """Return an entry's flips, frame after frame, as uint8[frames * 8, 32]."""
    return np.frombuffer(entry.hashes, dtype=np.uint8).reshape(-1, HASH_BYTES)


def questions_of(entry: Entry) -> Rows:
    """Return what an entry asks of posts: its rows, then their complements; `as_touch` reads the answers."""
    rows = rows_of(entry)
    return np.concatenate([rows, ~rows])


def as_touch(entry: Entry, question: int, part: int, distance: int) -> Touch:
    """Return what it means that row number `question` of `questions_of` lies near a post's hash."""
    row = question % (entry.frames * FLIPS)
    negative = question >= entry.frames * FLIPS
    return Touch(part, entry.number, row // FLIPS, row % FLIPS, negative, distance)


def touches(asked: Rows, entries: Sequence[Entry], radius: int) -> list[Touch]:
    """Compare everything with a few entries, as `BankIndex.search` does with all."""
    found: list[Touch] = []
    for entry in entries:
        if entry.status is EntryStatus.WITHDRAWN:
            continue
        for question, part, distance in zip(*compare.search(questions_of(entry), asked, radius), strict=True):
            found.append(as_touch(entry, int(question), int(part), int(distance)))
    return found


class BankIndex:
    """All entries that are not withdrawn, at one version. Safe to use from several threads.

    Args:
        folder: where this machine keeps its snapshot; None: nowhere. See `snapshot`.
        rows: an empty index of the rows.
    """

    def __init__(self, folder: Path | None = None, rows: HammingIndex | None = None) -> None:
        self.folder = folder
        self.loading = threading.Lock()
        """Held by who reads very much from the database, so that no other thread reads the same."""
        self.kept: Version = NOTHING
        """Of the snapshot that this process opened or wrote last."""
        self._lock = threading.Lock()
        self._rows = HammingIndex(radius=MATCH_RADIUS) if rows is None else rows
        self._entries: Column = np.zeros(0, ENTRY)
        self._count = 0
        self._version = NOTHING

    @property
    def version(self) -> Version:
        """The version that the index is at."""
        return self._version

    @property
    def seq(self) -> int:
        """The last change that is in."""
        return self._version.seq

    def __len__(self) -> int:
        return self._count

    def lacks(self, entries: Entries) -> NDArray[np.bool_]:
        """Return which entries need rows to be taken in: those that are neither in nor withdrawn."""
        with self._lock:
            return ~self._has(entries.numbers) & (entries.statuses != WITHDRAWN)

    def apply(self, changes: Changes) -> bool:
        """Take in changes; what is in already changes nothing.

        Returns:
            False, and nothing was done, if they do not begin where the index is, or rows are missing: another
            thread was here since they were read. Read them again.
        """
        with self._lock:
            entries = changes.entries
            if changes.since.seq > self._version.seq:
                return False
            self._make_room(int(entries.numbers.max(initial=-1)) + 1)
            fresh = entries.seqs > self._entries["seq"][entries.numbers]
            here, withdrawn = self._has(entries.numbers), entries.statuses == WITHDRAWN
            coming = entries.numbers[fresh & ~here & ~withdrawn]
            brought = np.isin(changes.lacking.numbers, coming)
            if np.count_nonzero(brought) != len(coming):
                return False
            self._remove(entries.numbers[fresh & here & withdrawn])
            self._show(entries.only(fresh))
            self._add(changes, brought)
            if changes.upto.seq > self._version.seq:
                self._version = changes.upto
            return True

    def search(self, asked: Rows, radius: Radii = MATCH_RADIUS) -> list[Touch]:
        """Return every (hash, row) within the radius, and the same of the hashes' complements."""
        return rows.search(self._rows, asked, radius)

    def brief(self, number: int) -> Brief | None:
        """Return one entry by its number; None if it is not there or withdrawn."""
        with self._lock:
            if number >= len(self._entries) or not self._entries["frames"][number]:
                return None
            entry = self._entries[number : number + 1]
            value = entry["id"].tobytes()
            _, _, status, kind, frames = entry[0].item()
            return Brief(EntryId(UUID(bytes=value)), STATUSES[status], KINDS[kind], frames)

    # --- files; see `snapshot` ---------------------------------------------------------------------------

    def save(self, rows: Path) -> tuple[Version, Column]:
        """Write the rows into an empty folder, and from now on use them there, memory-mapped.

        Changes go on meanwhile: they wait only while what came during the first, long part is added.

        Returns:
            what the index is at, and its entries, at the moment that the files show.

        Raises:
            OSError: they cannot be written.
            DamagedIndex: they cannot be read again.
        """
        self._rows.settle()
        self._rows.save(rows)
        with self._lock:
            self._rows.save(rows)
            self._rows = HammingIndex.open(rows)
            return self._version, self._entries.copy()

    @classmethod
    def restored(cls, version: Version, entries: Column, rows: HammingIndex) -> "BankIndex":
        """Return the index of what a snapshot holds."""
        index = cls(rows=rows)
        index._set(version, entries, rows)
        return index

    def parts(self) -> tuple[Version, Column, HammingIndex]:
        """Return what it consists of; not a copy."""
        with self._lock:
            return self._version, self._entries, self._rows

    def become(self, other: "BankIndex") -> bool:
        """Show what another one shows, which nobody else uses; False, and nothing is done, if it is older."""
        parts = other.parts()
        with self._lock:
            if parts[0].seq < self._version.seq:
                return False
            self._set(*parts)
            return True

    def forget(self) -> None:
        """Show nothing: what was read came from a database that is not there any more."""
        with self._lock:
            self._set(NOTHING, np.zeros(0, ENTRY), HammingIndex(radius=MATCH_RADIUS))

    # --- the lock is held --------------------------------------------------------------------------------

    def _set(self, version: Version, entries: Column, rows: HammingIndex) -> None:
        self._version, self._entries, self._rows = version, entries, rows
        self._count = int(np.count_nonzero(entries["frames"]))

    def _has(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        known = numbers < len(self._entries)
        frames = self._entries["frames"]
        if not len(frames):
            return known
        return known & (frames[np.where(known, numbers, 0)] > 0)

    def _remove(self, numbers: NDArray[np.int64]) -> None:
        if len(numbers):
            self._rows.remove(row_ids(numbers, self._entries["frames"][numbers]))
            self._entries["frames"][numbers] = 0
            self._count -= len(numbers)

    def _show(self, entries: Entries) -> None:
        for name, values in (
            ("id", entries.ids),
            ("seq", entries.seqs),
            ("status", entries.statuses),
            ("kind", entries.kinds),
        ):
            self._entries[name][entries.numbers] = values

    def _add(self, changes: Changes, brought: NDArray[np.bool_]) -> None:
        numbers, placed = changes.lacking.numbers, changes.placed
        if not brought.any():
            return
        ids, hashes = placed.ids, placed.hashes
        if not brought.all():  # some were taken in since they were read
            wanted = np.isin(ids // PLACES, numbers[brought])
            ids, hashes = ids[wanted], hashes[wanted]
        self._rows.add(ids, hashes)
        self._entries["frames"][numbers[brought]] = placed.frames[brought]
        self._count += int(np.count_nonzero(brought))

    def _make_room(self, size: int) -> None:
        if size > len(self._entries):
            more = max(size, 2 * len(self._entries), 1024) - len(self._entries)
            self._entries = np.concatenate([self._entries, np.zeros(more, ENTRY)])
