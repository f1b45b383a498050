"""The bank in memory, as watchers ask it: which entries lie near these hashes?

A row is one flip of one frame of one entry, and its id says which, so that nothing else is kept of an entry
than 20 bytes beside its rows in the index. Entries are called by the number that the bank
gave them; numbers are dense, so columns need no map.

What "near" means for a picture or a clip as a whole is `signals.relation`; here are rows only, both ways:
asked for a picture (`BankIndex.search`) and for an entry (`questions_of`, `as_touch`), in the same words.
"""

import threading
from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from takeback.bank.model import FLIPS, Brief, Entry, EntryStatus
from takeback.ids import EntryId
from takeback.signals import compare
from takeback.signals.index import HammingIndex
from takeback.signals.model import HASH_BYTES, MATCH_RADIUS, Kind
from takeback.signals.relation import Rows, Touch

_FLIP_BITS = 3
_FRAME_BITS = 13
MAX_FRAMES = 1 << _FRAME_BITS
"""Of one clip."""
_STATUSES = tuple(EntryStatus)
_KINDS = tuple(Kind)
_ENTRY = np.dtype([("id", "V16"), ("status", "u1"), ("kind", "u1"), ("frames", "u2")])
"""One entry by its number; without frames: not in the index."""


def rows_of(entry: Entry) -> Rows:
    """An entry's flips, frame after frame, as uint8[frames * 8, 32]."""
    return np.frombuffer(entry.hashes, dtype=np.uint8).reshape(-1, HASH_BYTES)


def questions_of(entry: Entry) -> Rows:
    """What an entry asks of posts: its rows, then their complements; `as_touch` reads the answers."""
    rows = rows_of(entry)
    return np.concatenate([rows, ~rows])


def as_touch(entry: Entry, question: int, part: int, distance: int) -> Touch:
    """What it means that row number `question` of `questions_of` lies near a post's hash."""
    row = question % (entry.frames * FLIPS)
    negative = question >= entry.frames * FLIPS
    return Touch(part, entry.number, row // FLIPS, row % FLIPS, negative, distance)


def touches(asked: Rows, entries: Sequence[Entry], radius: int) -> list[Touch]:
    """The same by comparing everything: for the few entries that changed a moment ago."""
    found: list[Touch] = []
    for entry in entries:
        if entry.status is EntryStatus.WITHDRAWN:
            continue
        for question, part, distance in zip(*compare.search(questions_of(entry), asked, radius), strict=True):
            found.append(as_touch(entry, int(question), int(part), int(distance)))
    return found


class BankIndex:
    """All entries that are not withdrawn, up to one sequence number. Safe to use from several threads.

    Args:
        rows: an empty index of the rows; replaced in tests.
    """

    def __init__(self, rows: HammingIndex | None = None) -> None:
        self._lock = threading.Lock()
        self._rows = HammingIndex(radius=MATCH_RADIUS) if rows is None else rows
        self._entries = np.zeros(0, _ENTRY)
        self._count = 0
        self._seq = 0

    @property
    def seq(self) -> int:
        """The last change that is in."""
        return self._seq

    def __len__(self) -> int:
        return self._count

    def apply(self, changes: Iterable[Entry]) -> None:
        """Take in changes, oldest first; those taken in before change nothing."""
        with self._lock:
            latest = {entry.number: entry for entry in changes if entry.seq > self._seq}
            if not latest:
                return
            self._make_room(max(latest) + 1)
            gone = [n for n, e in latest.items() if self._has(n) and e.status is EntryStatus.WITHDRAWN]
            new = [e for n, e in latest.items() if not self._has(n) and e.status is not EntryStatus.WITHDRAWN]
            for entry in latest.values():
                self._entries["status"][entry.number] = _STATUSES.index(entry.status)
            for entry in new:
                self._entries[entry.number] = (
                    entry.id.bytes,
                    _STATUSES.index(entry.status),
                    _KINDS.index(entry.kind),
                    entry.frames,
                )
            if new:
                hashes = np.frombuffer(b"".join(e.hashes for e in new), np.uint8).reshape(-1, HASH_BYTES)
                self._rows.add(np.concatenate([_row_ids(e.number, e.frames) for e in new]), hashes)
            if gone:
                self._rows.remove(
                    np.concatenate([_row_ids(n, int(self._entries["frames"][n])) for n in gone])
                )
                self._entries["frames"][gone] = 0
            self._count += len(new) - len(gone)
            self._seq = max(entry.seq for entry in latest.values())

    def search(self, asked: Rows, radius: int = MATCH_RADIUS) -> list[Touch]:
        """Every (hash, row) at most `radius` bits apart, and the same of the hashes' complements."""
        if not len(asked) or not len(self):
            return []
        found = self._rows.search(np.concatenate([asked, ~asked]), radius)
        return [
            Touch(
                query % len(asked),
                row >> _FRAME_BITS + _FLIP_BITS,
                (row >> _FLIP_BITS) % MAX_FRAMES,
                row % FLIPS,
                query >= len(asked),
                distance,
            )
            for query, row, distance in zip(
                found.query.tolist(), found.id.tolist(), found.distance.tolist(), strict=True
            )
        ]

    def brief(self, number: int) -> Brief | None:
        """One entry by its number; None if it is not there or withdrawn."""
        with self._lock:
            if not self._has(number):
                return None
            value, status, kind, frames = self._entries[number].item()
            return Brief(EntryId(UUID(bytes=value)), _STATUSES[status], _KINDS[kind], frames)

    def _has(self, number: int) -> bool:
        return number < len(self._entries) and self._entries["frames"][number] > 0

    def _make_room(self, size: int) -> None:
        if size > len(self._entries):
            more = max(size, 2 * len(self._entries), 1024) - len(self._entries)
            self._entries = np.concatenate([self._entries, np.zeros(more, _ENTRY)])


def _row_ids(number: int, frames: int) -> NDArray[np.int64]:
    first = number << _FRAME_BITS + _FLIP_BITS
    return np.arange(first, first + frames * FLIPS, dtype=np.int64)
