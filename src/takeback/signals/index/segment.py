"""Layouts of rows: segments that never change but for removals, and the delta that takes new rows.

A segment holds its rows with sixteen tables (layout `multi`), or laid down bit by bit in blocks with the rest
as rows (layout `flat`). A search reads segments without a lock: who adds or merges makes new ones and leaves
the old to those who read them. Removing sets a flag beside the row, which a running search may see or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from takeback.signals.index.engine import (
    BLOCK,
    PLANE_BYTES,
    Columns,
    Engine,
    Hashes,
    Hits,
    Native,
    Numpy,
    Planes,
    Radii,
    together,
)
from takeback.signals.model import HASH_BITS, HASH_BYTES

if TYPE_CHECKING:
    from takeback._native import Tables

Ids = NDArray[np.int64]


class Layout(StrEnum):
    """Use of an index, and so how its rows lie."""

    MULTI = "multi"
    """Many questions: sixteen tables, about 180 bytes for a row."""
    FLAT = "flat"
    """Few questions to very many rows: all are swept, 40 bytes for a row, of which a sweep reads 12 to 32."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A file and its SHA-256; of a segment's header only."""

    name: str
    digest: str


@dataclass(slots=True, eq=False)
class Segment:
    """Rows with their ids. Raises ValueError: the tables are damaged."""

    engine: Engine
    ids: Ids
    planes: Planes
    """The first of the rows, in blocks."""
    rows: Hashes
    """The rest; with `columns`, all."""
    columns: Columns | None = None
    """The tables of `rows`."""
    ordered: bool = field(kw_only=True)
    """`ids` rise."""
    dead: NDArray[np.bool_] | None = None
    """True where a row was removed; None: nowhere."""
    lost: int = 0
    """Removed rows."""
    saved: tuple[Path, Saved] | None = None
    """Where it lies on disk, too."""
    _tables: "Tables | None" = field(init=False)

    def __post_init__(self) -> None:
        self._tables = None
        if isinstance(self.engine, Native) and self.columns is not None:
            self._tables = self.engine.check(self.rows, self.columns)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def alive(self) -> int:
        """Rows that were not removed."""
        return len(self) - self.lost

    def search(self, queries: Hashes, radii: Radii) -> Hits | None:
        """Return pairs within the query's radius, with ids in place of rows. Raises ValueError: damaged
        tables.
        """
        if isinstance(self.engine, Native) and self._tables is not None:
            hits = self.engine.search(self._tables, queries, radii)
        else:
            parts = []
            if len(self.planes):
                parts.append(self.engine.scan_planes(self.planes, queries, radii))
            if len(self.rows):
                rest = self.engine.scan_rows(self.rows, queries, radii)
                before = len(self.planes) * BLOCK
                parts.append(rest if rest is None else (rest[0], rest[1] + before, rest[2]))
            hits = together([part for part in parts if part is not None])
        if hits is None:
            return None
        query, row, distance = hits
        dead = self.dead
        if dead is None:
            return query, self.ids[row], distance
        kept = ~dead[row]
        return query[kept], self.ids[row[kept]], distance[kept]

    def remove(self, gone: Ids) -> int:
        """Flag all rows with these rising ids. Returns how many were not flagged before."""
        if not len(gone):
            return 0
        if self.ordered:
            first = np.searchsorted(self.ids, gone, "left")
            behind = np.searchsorted(self.ids, gone, "right")
            row = np.concatenate(
                [np.arange(a, b) for a, b in zip(first, behind, strict=True) if a < b] or [[]]
            )
            row = row.astype(np.int64)
        else:
            row = np.flatnonzero(np.isin(self.ids, gone))
        if not len(row):
            return 0
        dead = self.dead if self.dead is not None else np.zeros(len(self), np.bool_)
        fresh = len(row) - int(np.count_nonzero(dead[row]))
        dead[row] = True
        self.dead = dead
        self.lost += fresh
        return fresh

    def hashes(self) -> Hashes:
        """Return all rows as they came; a copy where they lie in blocks."""
        if not len(self.planes):
            return self.rows
        return np.concatenate([self.engine.to_rows(self.planes), self.rows])


def no_planes() -> Planes:
    """Return the planes of a segment that has none."""
    return np.empty((0, HASH_BITS, PLANE_BYTES), np.uint8)


def build(engine: Engine, layout: Layout, ids: Ids, rows: Hashes) -> Segment:
    """Build a segment of these rows, by rising ids."""
    if len(ids) and np.any(ids[1:] < ids[:-1]):
        order = np.argsort(ids, kind="stable")
        ids, rows = ids[order], rows[order]
    rows = np.ascontiguousarray(rows)
    if isinstance(engine, Numpy):
        return Segment(engine, ids, no_planes(), rows, ordered=True)
    if layout is Layout.MULTI:
        return Segment(engine, ids, no_planes(), rows, engine.build(rows), ordered=True)
    whole = len(rows) // BLOCK * BLOCK
    return Segment(engine, ids, engine.to_planes(rows[:whole]), rows[whole:].copy(), ordered=True)


def merge(engine: Engine, layout: Layout, segments: Sequence[Segment]) -> Segment:
    """Build one segment of what was not removed from several."""
    ids: list[Ids] = []
    rows: list[Hashes] = []
    for segment in segments:
        dead, hashes = segment.dead, segment.hashes()
        kept = slice(None) if dead is None else ~dead
        ids.append(segment.ids[kept])
        rows.append(hashes[kept])
    return build(engine, layout, np.concatenate(ids), np.concatenate(rows))


class Delta:
    """The latest rows: appended to arrays that never move, so that earlier views stay right.

    Args:
        engine: who searches.
        room: rows that fit.
    """

    def __init__(self, engine: Engine, room: int) -> None:
        self._engine = engine
        self._ids = np.empty(room, np.int64)
        self._rows = np.empty((room, HASH_BYTES), np.uint8)
        self._planes = np.empty(
            (room // BLOCK if isinstance(engine, Native) else 0, HASH_BITS, PLANE_BYTES), np.uint8
        )
        self._dead = np.zeros(room, np.bool_)
        self._count = 0
        self._blocks = 0

    @property
    def room(self) -> int:
        """Rows that still fit."""
        return len(self._ids) - self._count

    def append(self, ids: Ids, rows: Hashes) -> None:
        """Take rows in behind all others; a view made before does not see them."""
        end = self._count + len(ids)
        self._ids[self._count : end] = ids
        self._rows[self._count : end] = rows
        self._count = end
        full = min(end // BLOCK, len(self._planes))
        if isinstance(self._engine, Native) and full > self._blocks:
            new = slice(self._blocks * BLOCK, full * BLOCK)
            self._planes[self._blocks : full] = self._engine.to_planes(self._rows[new])
            self._blocks = full

    def view(self) -> Segment:
        """Return all that is in as a segment; later views see removals from it."""
        count, blocks = self._count, self._blocks
        segment = Segment(
            self._engine,
            self._ids[:count],
            self._planes[:blocks],
            self._rows[blocks * BLOCK : count],
            ordered=False,
        )
        segment.dead = self._dead[:count]
        segment.lost = int(np.count_nonzero(segment.dead))
        return segment
