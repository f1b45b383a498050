"""The index beside the best exact index of faiss, one thread, in one run.

Run: `python -m takeback_dev.bench.index [ROWS ...]` (default one million; ten million wants 16 GiB and five
minutes). Hashes are unrelated ones with families of near copies, and one query in a hundred lies near a row.
Processor time of the thread is compared and the best of several rounds kept, so that a busy machine hits all
alike; the answers are compared with brute force.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from takeback.signals.index import compare
from takeback.signals.index.hamming import HammingIndex
from takeback.signals.model import HASH_BITS, HASH_BYTES, MATCH_RADIUS, REVIEW_RADIUS
from takeback_dev.bench.rows import Row

Hashes = NDArray[np.uint8]
BATCH = 20_000
TOGETHER = 16
WIDE = (REVIEW_RADIUS, 56, 64)
"""Radii of candidates, without doubt and with some."""
ADDED = 20_000
_FAMILIES = 20
"""One row in so many is a near copy of another."""
_NEAR = 100
"""One query in so many lies near a row."""


@dataclass(frozen=True, slots=True)
class Bank:
    """What is asked, and what is asked of it."""

    ids: NDArray[np.int64]
    rows: Hashes
    queries: Hashes


def bank(rows: int, seed: int = 1) -> Bank:
    """Hashes as pictures have them: unrelated, but for copies that differ in up to thirty bits."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (rows, HASH_BYTES), dtype=np.uint8)
    copies = rows // _FAMILIES
    table[-copies:] = _bent(table[:copies], rng)
    queries = rng.integers(0, 256, (BATCH, HASH_BYTES), dtype=np.uint8)
    queries[::_NEAR] = _bent(table[rng.integers(0, rows, BATCH // _NEAR)], rng)
    return Bank(np.arange(rows, dtype=np.int64), table, queries)


def _bent(hashes: Hashes, rng: np.random.Generator) -> Hashes:
    bits = rng.integers(0, HASH_BITS, (len(hashes), 30))
    kept = np.arange(30) < rng.integers(0, 31, (len(hashes), 1))
    bent = hashes.copy()
    for at in range(bits.shape[1]):
        row = np.flatnonzero(kept[:, at])
        bent[row, bits[row, at] // 8] ^= (1 << (bits[row, at] % 8)).astype(np.uint8)
    return bent


def measure(rows: int, rounds: int = 3, *, say: Callable[[str], None] = print) -> list[Row]:
    """All numbers for a bank of so many rows.

    Raises:
        AssertionError: an answer differs from brute force.
    """
    faiss.omp_set_num_threads(1)
    say(f"Index: making {rows:,} hashes and building ...")
    asked = bank(rows)
    index = HammingIndex()
    build = _once(lambda: index.add(asked.ids, asked.rows))
    _check(index, asked)
    peers = _peers(asked)
    say("Index: asking one by one and all at once ...")
    few = asked.queries[: BATCH // 10]
    one_by_one = _best(rounds, lambda: [index.search(query[None]) for query in few]) / len(few)
    at_48 = _best(rounds, lambda: [index.search(query[None], REVIEW_RADIUS) for query in few[:500]]) / 500
    wide = {radius: _best(rounds, lambda r=radius: index.search(few[:TOGETHER], r)) for radius in WIDE}
    batch = _best(rounds, lambda: index.search(asked.queries)) / BATCH
    single_peer = min(_best(rounds, lambda p=p: [p(query[None]) for query in few[:50]]) / 50 for p in peers)
    batch_peer = min(_best(rounds, lambda p=p: p(few[:400])) / 400 for p in peers)
    waits = [_wall(lambda query=query: index.search(query[None])) for query in asked.queries[:10_000]]
    name = f"index, {rows / 1e6:g} million: "
    return [
        (name + "one query at a time", 1 / one_by_one, "queries/s"),
        (name + "the same beside the best of faiss", single_peer / one_by_one, "times"),
        (name + f"batch of {BATCH}", 1 / batch, "queries/s"),
        (name + "the same beside the best of faiss", batch_peer / batch, "times"),
        (name + f"one query at radius {REVIEW_RADIUS} beside {MATCH_RADIUS}", at_48 / one_by_one, "times"),
        *(
            (name + f"a query at radius {radius}, {TOGETHER} together", seconds / TOGETHER * 1e3, "ms")
            for radius, seconds in wide.items()
        ),
        (name + "one query, p99", float(np.percentile(waits, 99)) * 1e3, "ms"),
        (name + "build", build, "s"),
        (name + "memory for a hash", _size(index) / rows, "B"),
        *_disk(name, index, asked),
        *_growth(name, index),
        *_flat(name, asked, rounds),
    ]


def _peers(asked: Bank) -> list[Callable[[Hashes], object]]:
    flat = faiss.IndexBinaryFlat(HASH_BITS)
    flat.add(asked.rows)
    hashing = faiss.IndexBinaryMultiHash(HASH_BITS, 16, 16)
    hashing.nflip = 1
    hashing.add(asked.rows)
    # Their radius is exclusive.
    return [
        lambda queries, peer=peer: peer.range_search(queries, MATCH_RADIUS + 1) for peer in (flat, hashing)
    ]


def _check(index: HammingIndex, asked: Bank) -> None:
    for radius, some in ((MATCH_RADIUS, asked.queries[:200]), (REVIEW_RADIUS, asked.queries[:50])):
        found, expected = index.search(some, radius), compare.search(some, asked.rows, radius)
        assert np.array_equal(found.query, expected.query)
        assert np.array_equal(found.id, expected.row)
        assert np.array_equal(found.distance, expected.distance)


def _size(index: HammingIndex) -> int:
    folder = Path(tempfile.mkdtemp(prefix="takeback-bench-"))
    try:
        index.save(folder)
        return sum(path.stat().st_size for path in folder.iterdir())
    finally:
        shutil.rmtree(folder)


def _disk(name: str, index: HammingIndex, asked: Bank) -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="takeback-bench-"))
    try:
        save = _wall(lambda: index.save(folder))
        opened = _wall(lambda: HammingIndex.open(folder))
        assert len(HammingIndex.open(folder)) == len(asked.ids)
    finally:
        shutil.rmtree(folder)
    return [(name + "save", save, "s"), (name + "open", opened, "s")]


def _growth(name: str, index: HammingIndex) -> list[Row]:
    rng = np.random.default_rng(2)
    new = rng.integers(0, 256, (ADDED, HASH_BYTES), dtype=np.uint8)
    ids = np.arange(ADDED, dtype=np.int64) + (1 << 40)

    def add() -> None:
        for at in range(ADDED):
            index.add(ids[at : at + 1], new[at : at + 1])

    seconds = _wall(add)
    assert index.search(new[-1:]).id[-1] == ids[-1]
    return [(name + "adding a hash", seconds / ADDED * 1e6, "µs")]


def _flat(name: str, asked: Bank, rounds: int) -> list[Row]:
    index = HammingIndex(layout="flat")
    index.add(asked.ids, asked.rows)
    peer = faiss.IndexBinaryFlat(HASH_BITS)
    peer.add(asked.rows)
    words = asked.rows.view(np.uint64).reshape(-1)
    some = asked.queries[:TOGETHER]
    one, sixteen, theirs, read = _in_turn(
        rounds * 3,
        [
            lambda: index.search(some[:1]),
            lambda: index.search(some),
            lambda: peer.range_search(some, MATCH_RADIUS + 1),
            words.max,
        ],
    )
    return [
        (name + "sweep for one query beside a plain read", read / one * 100, "%"),
        (name + f"sweep for {TOGETHER} queries beside faiss's flat index", theirs / sixteen, "times"),
    ]


def _in_turn(rounds: int, ways: Sequence[Callable[[], object]]) -> list[float]:
    times = [[_once(way) for way in ways] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def _best(rounds: int, way: Callable[[], object]) -> float:
    return min(_once(way) for _ in range(rounds))


def _once(way: Callable[[], object]) -> float:
    start = time.thread_time()
    way()
    return time.thread_time() - start


def _wall(way: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=lambda text: int(float(text)), default=[1_000_000])
    for rows in parser.parse_args().rows:
        for name, value, unit in measure(rows):
            print(f"{name:<70}{value:>14,.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
