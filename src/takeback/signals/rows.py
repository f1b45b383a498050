"""Entries as rows of an index: the eight flips of a picture, or of each moment of a clip.

A row's id says which entry, moment and flip it is, so nothing else is kept of it. The service's bank and the
folder of `takeback match` are laid out and asked in the same way.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from takeback.signals.index.hamming import HammingIndex
from takeback.signals.model import FLIPS
from takeback.signals.relation import Rows, Shown, Touch

MAX_FRAMES = 1 << 13
"""Of one clip."""
PLACES = MAX_FRAMES * FLIPS
"""Rows that one entry may have: a row's id is its entry's number times this, plus its place, which is its
frame times 8 plus its flip."""

Radii = int | NDArray[np.uint8]
"""One for all, or [n]: one for each of what is asked. 0 to 64."""
Search = Callable[[Rows, Radii], list[Touch]]
"""Asks rows as far as radii."""


def row_ids(numbers: NDArray[np.int64], frames: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Return the ids of all rows of entries, in order of place.

    Args:
        numbers: [n].
        frames: [n], how many each has.
    """
    sizes = frames.astype(np.int64) * FLIPS
    starts = np.repeat(numbers * PLACES - (np.cumsum(sizes) - sizes), sizes)
    return starts + np.arange(len(starts), dtype=np.int64)


def search(index: HammingIndex, asked: Rows, radius: Radii) -> list[Touch]:
    """Return every (hash, row) within the radius, and the same of the hashes' complements."""
    if not len(asked) or not len(index):
        return []
    twice = radius if isinstance(radius, int) else np.concatenate([radius, radius])
    found = index.search(np.concatenate([asked, ~asked]), twice)
    return [
        Touch(
            query % len(asked),
            row // PLACES,
            row % PLACES // FLIPS,
            row % FLIPS,
            query >= len(asked),
            distance,
        )
        for query, row, distance in zip(
            found.query.tolist(), found.id.tolist(), found.distance.tolist(), strict=True
        )
    ]


def near(ask: Search, posts: Mapping[int, Shown]) -> dict[int, list[Touch]]:
    """Return what lies near each of several posts, which are called by numbers.

    Posts are asked together, and each part only as far as its own doubt needs: a wide search costs many times
    a narrow one.
    """
    parts = [(number, part) for number, shown in posts.items() for part in range(len(shown.parts))]
    found: dict[int, list[Touch]] = {number: [] for number in posts}
    if not parts:
        return found
    asked = np.concatenate([shown.rows for shown in posts.values()])
    radii = np.array([each.radius for shown in posts.values() for each in shown.parts], np.uint8)
    for touch in ask(asked, radii):
        number, part = parts[touch.part]
        found[number].append(touch._replace(part=part))
    return found
