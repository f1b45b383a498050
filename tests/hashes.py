"""Hashes for tests of the index: unrelated ones, and families that differ in a few bits."""

import numpy as np
from numpy.typing import NDArray

from takeback.signals.index import compare
from takeback.signals.index.hamming import Found

Hashes = NDArray[np.uint8]


def bent(hashes: Hashes, bits: NDArray[np.integer], rng: np.random.Generator) -> Hashes:
    """The same with so many bits of each changed, a number for each."""
    order = np.argsort(rng.random((len(hashes), 256)), axis=1)
    flips = np.zeros((len(hashes), 256), np.uint8)
    np.put_along_axis(flips, order, (np.arange(256) < np.asarray(bits)[:, None]).astype(np.uint8), axis=1)
    return hashes ^ np.packbits(flips, axis=1)


def clustered(rows: int, rng: np.random.Generator, family: int = 8, spread: int = 70) -> Hashes:
    """Families of that many around seeds that are unrelated."""
    seeds = rng.integers(0, 256, (-(-rows // family), 32), dtype=np.uint8)
    return bent(np.repeat(seeds, family, axis=0)[:rows], rng.integers(0, spread, rows), rng)


def brute_force(ids: NDArray[np.int64], hashes: Hashes, queries: Hashes, radius: int) -> Found:
    """What an index should find."""
    found = compare.search(queries, hashes, radius)
    row_ids, distance = ids[found.row], found.distance.astype(np.uint8)
    order = np.lexsort((distance, row_ids, found.query))
    return Found(found.query[order].astype(np.int64), row_ids[order], distance[order])


def same(one: Found, other: Found) -> bool:
    """Whether two answers are equal to the last pair."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
