"""The bank in memory, as watchers ask it: which entries show the same picture as this hash?

The one relation between a picture and an entry is here, so that the answer cannot depend on which came last:
the distance from the picture's own hash, or from its complement (a photographic negative), to the nearest of
the entry's eight flips. The comparison is exact; a native index will take the place of `compare.search`.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from takeback.bank.model import Entry, EntryStatus
from takeback.ids import EntryId
from takeback.signals import compare
from takeback.signals.model import HASH_BYTES, MATCH_RADIUS

FLIPS = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """How a picture and an entry agree."""

    distance: int
    flip: int
    negative: bool


def as_rows(hashes: Sequence[bytes]) -> np.ndarray:
    """Hashes as uint8[n, 32]."""
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(len(hashes), HASH_BYTES)


def nearest(pictures: np.ndarray, flips: np.ndarray) -> list[tuple[int, int, Hit]]:
    """Every pair of a picture and an entry that show the same, with how.

    Args:
        pictures: uint8[m, 32], the pictures' own hashes.
        flips: uint8[n * 8, 32], eight rows for each entry.

    Returns:
        (picture's row, entry's number, hit); of equal distances the plain one and the lowest flip.
    """
    best: dict[tuple[int, int], Hit] = {}
    for negative in (False, True):
        asked = ~pictures if negative else pictures
        for picture, row, distance in zip(*compare.search(asked, flips, MATCH_RADIUS), strict=True):
            pair = (int(picture), int(row) // FLIPS)
            hit = Hit(int(distance), int(row) % FLIPS, negative)
            if pair not in best or _order(hit) < _order(best[pair]):
                best[pair] = hit
    return [(picture, entry, hit) for (picture, entry), hit in sorted(best.items())]


def _order(hit: Hit) -> tuple[int, bool, int]:
    return hit.distance, hit.negative, hit.flip


class BankIndex:
    """All entries that are not withdrawn, up to one sequence number. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[EntryId, Entry] = {}
        self._entries: tuple[Entry, ...] = ()
        self._rows = as_rows([])
        self._seq = 0

    @property
    def seq(self) -> int:
        """The last change that is in."""
        return self._seq

    def __len__(self) -> int:
        return len(self._entries)

    def apply(self, changes: Sequence[Entry]) -> None:
        """Take in changes, oldest first; those taken in before change nothing."""
        with self._lock:
            news = [entry for entry in changes if entry.seq > self._seq]
            if not news:
                return
            for entry in news:
                if entry.status is EntryStatus.WITHDRAWN:
                    self._by_id.pop(entry.id, None)
                else:
                    self._by_id[entry.id] = entry
            self._entries = tuple(self._by_id.values())
            self._rows = as_rows([flip for entry in self._entries for flip in entry.flips])
            self._seq = news[-1].seq

    def search(self, hashes: Sequence[bytes]) -> list[tuple[int, Entry, Hit]]:
        """(number of the hash, entry, hit) for all pairs that show the same picture."""
        with self._lock:
            entries, rows = self._entries, self._rows
        if not hashes or not entries:
            return []
        return [(picture, entries[number], hit) for picture, number, hit in nearest(as_rows(hashes), rows)]
