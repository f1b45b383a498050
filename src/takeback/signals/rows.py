"""What is known, as rows of an index: an entry's eight flips, or those of each moment of its clip.

A row's id says whose it is, which moment and which flip, so that nothing else need be kept of it. Entries are
called by small numbers. The bank of the service and the folder of `takeback match` are both this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from takeback.signals.index import HammingIndex
from takeback.signals.model import MATCH_RADIUS, Flip
from takeback.signals.relation import Rows, Shown, Touch

FLIPS = len(Flip)
_FLIP_BITS = 3
_FRAME_BITS = 13
MAX_FRAMES = 1 << _FRAME_BITS
"""Of one clip."""


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Rows of entries. Safe to use from several threads.

    Args:
        index: where they lie; empty, or as it was saved.
    """

    index: HammingIndex = field(default_factory=lambda: HammingIndex(radius=MATCH_RADIUS))

    def add(self, numbers: Sequence[int], frames: Sequence[int], rows: Rows) -> None:
        """Take entries in.

        Args:
            numbers: what they are called.
            frames: how many moments each has; 1 of a picture.
            rows: uint8 [8 * sum(frames), 32]: flips of the first moment, of the second ...
        """
        ids = [_ids(number, count) for number, count in zip(numbers, frames, strict=True)]
        if ids:
            self.index.add(np.concatenate(ids), rows)

    def remove(self, numbers: Sequence[int], frames: Sequence[int]) -> None:
        """Take entries out."""
        ids = [_ids(number, count) for number, count in zip(numbers, frames, strict=True)]
        if ids:
            self.index.remove(np.concatenate(ids))

    def search(self, asked: Rows, radius: int = MATCH_RADIUS) -> list[Touch]:
        """Every (hash, row) at most `radius` bits apart, and the same of the hashes' complements.

        Args:
            asked: uint8 [n, 32]; `Touch.part` numbers them.
            radius: 0 to 64.
        """
        if not len(asked) or not len(self.index):
            return []
        found = self.index.search(np.concatenate([asked, ~asked]), radius)
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

    def near(self, shown: Mapping[int, Shown]) -> dict[int, dict[int, list[Touch]]]:
        """For each post, by the number that it is called by here: what lies near it, by entry.

        Parts that are asked equally far are asked together.
        """
        groups: dict[int, list[tuple[int, int]]] = {}
        for number, post in shown.items():
            for part, each in enumerate(post.parts):
                groups.setdefault(each.radius, []).append((number, part))
        found: dict[int, dict[int, list[Touch]]] = {number: {} for number in shown}
        for radius, group in groups.items():
            asked = np.concatenate([shown[number].rows[part : part + 1] for number, part in group])
            for touch in self.search(asked, radius):
                number, part = group[touch.part]
                found[number].setdefault(touch.entry, []).append(touch._replace(part=part))
        return found


def _ids(number: int, frames: int) -> NDArray[np.int64]:
    first = number << _FRAME_BITS + _FLIP_BITS
    return np.arange(first, first + frames * FLIPS, dtype=np.int64)
