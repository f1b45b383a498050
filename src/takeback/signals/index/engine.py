"""The engine that counts differing bits: the native module if it was built, else numpy; same answers.

An installation without a compiler has no native module. It works, some hundred times slower, and says so.
`TAKEBACK_NATIVE` forces a path in tests: `portable`, `avx2` or `avx512`, or `none` for numpy.
"""

import logging
import os
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from takeback.errors import ConfigurationError
from takeback.signals.index import compare
from takeback.signals.model import HASH_BITS, HASH_BYTES

if TYPE_CHECKING:
    from takeback._native import Tables

try:
    from takeback import _native
except ImportError:  # not built: numpy answers
    _native = None

BLOCK = 512
"""Rows that are laid down together, bit by bit."""
PLANE_BYTES = BLOCK // 8
CHUNKS = 16
OFFSETS = CHUNKS * ((1 << 16) + 1)
SKETCH_PADDING = 32
_BLOCKS_AT_ONCE = 64

Hashes = NDArray[np.uint8]
"""[n, 32]."""
Radii = NDArray[np.uint8]
"""[m], one for each query."""
Planes = NDArray[np.uint8]
"""[b, 256, 64]: bit r of plane j of a block is bit j of its row r, lowest bits first."""
Hits = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]
"""Columns of query, row and distance, in no order."""


class Columns(NamedTuple):
    """The sixteen tables of a segment, as the native module lays them down."""

    offsets: NDArray[np.uint32]
    sketches: NDArray[np.uint16]
    numbers: NDArray[np.uint32]


@lru_cache
def engine() -> "Native | Numpy":
    """Return the engine of this process.

    Raises:
        ConfigurationError: TAKEBACK_NATIVE names a path that this processor or this build does not have.
    """
    forced = os.environ.get("TAKEBACK_NATIVE", "")
    if _native is None or forced == "none":
        if forced not in {"", "none"}:
            raise ConfigurationError(f"TAKEBACK_NATIVE={forced}: the native module was not built")
        logging.getLogger(__name__).warning(
            "The native index is missing: comparing with numpy, some hundred times slower. "
            "Install a C++ compiler (Debian, Ubuntu: apt-get install g++) and install Takeback again."
        )
        return Numpy()
    has = _native.paths()
    if forced and forced not in has:
        raise ConfigurationError(f"TAKEBACK_NATIVE={forced}: there are only {', '.join(has)} and none here")
    return Native(forced or has[0])


class Native:
    """The module in C++, by one of its paths (`_native.paths()`)."""

    def __init__(self, path: str) -> None:
        assert _native is not None
        self._module = _native
        self._path = _native.Path(path)
        self.name = f"native {path}"
        self.scan_rows, self.scan_planes = self._path.scan_rows, self._path.scan_planes

    def to_planes(self, rows: Hashes) -> Planes:
        """Lay whole blocks of rows down bit by bit."""
        planes = np.empty((len(rows) // BLOCK, HASH_BITS, PLANE_BYTES), np.uint8)
        self._module.rows_to_planes(np.ascontiguousarray(rows), planes)
        return planes

    def to_rows(self, planes: Planes) -> Hashes:
        """Undo `to_planes`."""
        rows = np.empty((len(planes) * BLOCK, HASH_BYTES), np.uint8)
        self._module.planes_to_rows(planes, rows)
        return rows

    def build(self, rows: Hashes) -> Columns:
        """Build the tables of rows."""
        columns = Columns(
            np.empty(OFFSETS, np.uint32),
            np.empty(2 * CHUNKS * len(rows) + SKETCH_PADDING, np.uint16),
            np.empty(CHUNKS * len(rows), np.uint32),
        )
        self._module.build(rows, *columns)
        return columns

    def check(self, rows: Hashes, columns: Columns) -> "Tables":
        """Return the tables over these arrays, which are not copied.

        Raises:
            ValueError: they do not fit, or are damaged.
        """
        return self._module.Tables(rows, *columns)

    def search(self, tables: "Tables", queries: Hashes, radii: Radii) -> Hits | None:
        """Return the pairs within each query's radius.

        Raises:
            ValueError: the tables are damaged.
        """
        return tables.search(self._path, queries, radii)


class Numpy:
    """No compiler, no tables: every pair is compared. It still reads planes that the native module wrote."""

    name = "numpy (slow: the native index was not built)"

    def scan_rows(self, rows: Hashes, queries: Hashes, radii: Radii) -> Hits | None:
        """Return the pairs within each query's radius."""
        query, row, distance = compare.search(queries, rows, int(radii.max(initial=0)))
        kept = distance <= radii[query]
        if not kept.any():
            return None
        return query[kept].astype(np.int64), row[kept].astype(np.int64), distance[kept].astype(np.uint8)

    def scan_planes(self, planes: Planes, queries: Hashes, radii: Radii) -> Hits | None:
        """Return the same of rows laid down bit by bit."""
        parts: list[Hits] = []
        for start in range(0, len(planes), _BLOCKS_AT_ONCE):
            rows = self.to_rows(planes[start : start + _BLOCKS_AT_ONCE])
            if (hits := self.scan_rows(rows, queries, radii)) is not None:
                parts.append((hits[0], hits[1] + start * BLOCK, hits[2]))
        return together(parts)

    def to_rows(self, planes: Planes) -> Hashes:
        """Undo the native `to_planes`."""
        bits = np.unpackbits(planes, axis=2, bitorder="little").transpose(0, 2, 1)
        return np.packbits(bits, axis=2, bitorder="little").reshape(-1, HASH_BYTES)


Engine = Native | Numpy


def together(parts: list[Hits]) -> Hits | None:
    """Join hits of several places."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    query, row, distance = zip(*parts, strict=True)
    return np.concatenate(query), np.concatenate(row), np.concatenate(distance)
