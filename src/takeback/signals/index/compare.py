"""Exact comparison of hashes by counting bits: all queries against all rows, in pieces that fit the cache."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import HASH_BITS, HASH_BYTES, MATCH_RADIUS

_WORDS = HASH_BYTES // 8
_ROWS_AT_ONCE = 1 << 13
_PAIRS_AT_ONCE = 1 << 18


class Found(NamedTuple):
    """Pairs within the radius, ordered by query, then by row: three columns of one length."""

    query: NDArray[np.intp]
    row: NDArray[np.intp]
    distance: NDArray[np.uint16]


def stack(hashes: list[bytes]) -> NDArray[np.uint8]:
    """Return hashes as an array [n, 32]. Raises ValueError: one of them is not 32 bytes long."""
    if any(len(hash_) != HASH_BYTES for hash_ in hashes):
        raise ValueError(f"a hash has {HASH_BYTES} bytes")
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, HASH_BYTES)


def distances(queries: NDArray[np.uint8], rows: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the differing bits of every pair, [m, n]; the caller bounds the size. Raises ValueError, as
    `table`.
    """
    return _distances(table(queries).view(np.uint64), table(rows).view(np.uint64))


def search(queries: NDArray[np.uint8], rows: NDArray[np.uint8], radius: int = MATCH_RADIUS) -> Found:
    """Return every pair at most `radius` bits apart. Memory is bounded by a few megabytes and the result.

    Raises:
        ValueError: a table has another form, or the radius is not 0 to 256.
    """
    if not 0 <= radius <= HASH_BITS:
        raise ValueError(f"a radius is 0 to {HASH_BITS}, not {radius}")
    left, right = table(queries).view(np.uint64), table(rows).view(np.uint64)
    parts: list[Found] = []
    queries_at_once = max(1, _PAIRS_AT_ONCE // max(1, min(len(right), _ROWS_AT_ONCE)))
    for top in range(0, len(left), queries_at_once):
        for start in range(0, len(right), _ROWS_AT_ONCE):
            apart = _distances(left[top : top + queries_at_once], right[start : start + _ROWS_AT_ONCE])
            query, row = np.nonzero(apart <= radius)
            if query.size:
                parts.append(Found(query + top, row + start, apart[query, row]))
    if not parts:
        return Found(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.uint16))
    found = Found(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    order = np.lexsort((found.row, found.query))
    return Found(found.query[order], found.row[order], found.distance[order])


def table(hashes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return hashes as a contiguous table. Raises ValueError: they are not uint8 [n, 32]."""
    if hashes.dtype != np.uint8 or hashes.ndim != 2 or hashes.shape[1] != HASH_BYTES:  # noqa: PLR2004 (a table)
        raise ValueError(f"hashes must be uint8 [n, {HASH_BYTES}], not {hashes.dtype} {list(hashes.shape)}")
    return np.ascontiguousarray(hashes)


def _distances(queries: NDArray[np.uint64], rows: NDArray[np.uint64]) -> NDArray[np.uint16]:
    # One word after the other keeps the intermediate at the size of the result.
    apart = np.zeros((len(queries), len(rows)), dtype=np.uint16)
    for word in range(_WORDS):
        apart += np.bitwise_count(queries[:, None, word] ^ rows[None, :, word])
    return apart
