"""How long a new entry takes to ask everything that passed, in the flat cache, with made hashes.

Run: `python -m takeback_dev.bench.lookback` (`--rows 100000000` for a year of a large place: 3.2 GB in the
folder that `--folder` names, 7 minutes to make). The entry's eight flips are asked, at the radius of matches
and at the one that look-backs use, which leaves room for doubt. What was planted must be found; so must
nothing else.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np

from takeback.sightings.flat import PARTS, FlatSightings, Rows
from takeback.signals.model import HASH_BYTES, MATCH_RADIUS, REVIEW_RADIUS

ORIGIN = UUID(int=1)
FLIPS = 8
WITH_DOUBT = REVIEW_RADIUS + 16
_AT_ONCE = 1 << 20


class Numbers(NamedTuple):
    """Of one size."""

    rows: int
    fill: float
    """Seconds to take all rows in."""
    open: float
    """Seconds until somebody who opens the folder anew can ask."""
    match: float
    """Seconds to ask eight flips at the radius of matches, the best of several."""
    look_back: float
    """The same at the radius of look-backs."""
    read: float
    """Seconds to read as many bytes once, from memory."""
    disk: int
    """Bytes."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m takeback_dev.bench.lookback", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where to make it; default: a temporary folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="takeback-bench-", dir=asked.folder) as name:
        found = measure(Path(name), asked.rows)
    print(f"{'sightings':<44}{found.rows:>12,}")
    print(f"{'bytes on disk for each':<44}{found.disk / found.rows:>12.1f}")
    print(f"{'taken in':<44}{found.rows / found.fill:>12,.0f} rows/s")
    print(f"{'opened anew':<44}{found.open:>12.3f} s")
    print(f"{f'eight flips, radius {MATCH_RADIUS}':<44}{found.match:>12.3f} s")
    print(f"{f'eight flips, radius {WITH_DOUBT}':<44}{found.look_back:>12.3f} s")
    print(f"{'reading as many bytes once':<44}{found.read:>12.3f} s")


def measure(folder: Path, rows: int, rounds: int = 3) -> Numbers:
    """Fill a cache with random hashes and some near the entry; ask it."""
    dots = np.random.default_rng(5)
    flips = dots.integers(0, 256, (FLIPS, HASH_BYTES), dtype=np.uint8)
    flat, begin, planted = FlatSightings(folder, ORIGIN), time.perf_counter(), set[int]()
    for start in range(0, rows, _AT_ONCE):
        count = min(_AT_ONCE, rows - start)
        hashes = np.frombuffer(dots.bytes(count * HASH_BYTES), np.uint8).reshape(count, HASH_BYTES).copy()
        where = int(dots.integers(count))
        hashes[where] = flips[len(planted) % FLIPS]
        hashes[where, :3] ^= 0xFF  # 24 bits
        planted.add(start + where)
        ids = np.arange(start, start + count, dtype=np.int64) * PARTS
        if not flat.extend(Rows(ids, hashes), count, start, start + count):
            raise AssertionError("somebody else writes to this folder")
    fill, begin = time.perf_counter() - begin, time.perf_counter()
    flat = FlatSightings(folder, ORIGIN)
    flat.search(flips[:0], 0)
    opened, times = time.perf_counter() - begin, dict[int, float]()
    for radius in (MATCH_RADIUS, WITH_DOUBT):
        seconds = list[float]()
        for _ in range(rounds):
            begin = time.perf_counter()
            found = flat.search(flips, radius)
            seconds.append(time.perf_counter() - begin)
            if not planted <= set((found.id // PARTS).tolist()):
                raise AssertionError("a planted sighting was not found")
        times[radius] = min(seconds)
    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Numbers(rows, fill, opened, times[MATCH_RADIUS], times[WITH_DOUBT], _read(rows), disk)


def _read(rows: int) -> float:
    """The bound: as many bytes once through the processor, in pieces of what fits anywhere."""
    piece = np.ones(min(rows, 8 << 20) * HASH_BYTES // 8, np.uint64)
    seconds = list[float]()
    for _ in range(3):
        begin = time.perf_counter()
        piece.max()
        seconds.append(time.perf_counter() - begin)
    return min(seconds) * rows * HASH_BYTES / piece.nbytes


if __name__ == "__main__":
    main()
