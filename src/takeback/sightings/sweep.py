"""A sweep of everything that ever passed: which sightings are near these hashes?

The flat cache is brought up to what is settled and swept; so are the days in the archive. Both only name
candidates. Rows of archived days are brought back first, and distances are those of the hashes that the rows
hold. So a cache that is a little ahead or behind changes the cost of an answer, never the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from takeback.errors import DamagedIndex
from takeback.ids import SightingId
from takeback.infra.db.pool import Database
from takeback.sightings import packed, store
from takeback.sightings.archive import Archive
from takeback.sightings.flat import PARTS, FlatSightings, Rows
from takeback.sightings.model import Sighting
from takeback.signals.index import compare
from takeback.signals.model import HASH_BYTES

PAGE = 50_000
"""Rows that are taken into the cache at a time."""
_CANDIDATES = 5_000
"""Rows that are looked at closely at a time."""
_WORTH_RENEWING = 0.5
"""A segment is written again when less than this share of its sightings is still kept."""


@dataclass(frozen=True, slots=True, order=True)
class Near:
    """A hash of a sighting near one of the asked."""

    sighting: SightingId
    number: int
    """Of the sighting's hashes: see `model.Sighting`."""
    query: int
    """Row of the asked hash."""
    distance: int


class Sweeper:
    """Everything that passed. Safe to use from several threads; several processes may share the folder.

    Args:
        database: has the rows.
        folder: for the flat cache; made when missing.
        archive: has the older days, where any were moved.
    """

    def __init__(self, database: Database, folder: Path, archive: Archive | None = None) -> None:
        self._database = database
        self._folder = folder
        self._archive = archive
        self._flat: FlatSightings | None = None

    def near(self, queries: NDArray[np.uint8], radius: int) -> list[Near]:
        """Return every hash within `radius` (0 to 64) of a query, of all that was committed before the call;
        in order.

        Opens transactions of its own, one of which waits for the bank's lock: the caller must hold none.
        Raises StorageUnavailable: an archived day cannot be read now; to be tried again.
        """
        while True:
            candidates, files = self._hot(queries, radius), list[str]()
            if self._archive is not None:
                files = self._archive.files(self._database)
                candidates |= self._archive.recall(self._database, files, queries, radius)
            ordered, found, missing = sorted(candidates), list[Near](), 0
            for start in range(0, len(ordered), _CANDIDATES):
                asked = ordered[start : start + _CANDIDATES]
                with self._database.transaction() as tx:
                    rows = store.many(tx, asked)
                missing += len(asked) - len(rows)
                found += _close(rows, queries, radius)
            # What is missing is kept no longer, unless days were moved since the files were listed.
            if not missing or self._archive is None or self._archive.files(self._database) == files:
                return found

    def extend(self) -> int:
        """Bring the cache up to what is settled. Returns how many hashes it has. The first time reads every
        row.
        """
        try:
            return len(self._extended())
        except DamagedIndex:
            self._opened().clear()
            return len(self._extended())

    def tidy(self) -> int:
        """Write segments again of which most sightings are no longer kept. Returns how many."""
        flat, renewed = self._opened(), 0
        for segment in flat.segments():
            with self._database.transaction() as tx:
                kept = store.count_between(tx, segment.after, segment.upto)
            if kept < segment.sightings * _WORTH_RENEWING:
                parts, after = list[Rows](), segment.after
                while after < segment.upto:
                    rows, _, after = self._read(after, segment.upto)
                    parts.append(rows)
                whole = Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))
                renewed += flat.renew(segment, whole, kept)
        return renewed

    # --- the flat cache ----------------------------------------------------------------------------------

    def _hot(self, queries: NDArray[np.uint8], radius: int) -> set[SightingId]:
        try:
            found = self._extended().search(queries, radius)
        except DamagedIndex:
            self._opened().clear()
            found = self._extended().search(queries, radius)
        return {SightingId(int(each)) for each in np.unique(found.id // PARTS)}

    def _opened(self) -> FlatSightings:
        if self._flat is None:
            with self._database.transaction() as tx:
                origin = store.origin(tx)
            self._flat = FlatSightings(self._folder, origin)
        return self._flat

    def _extended(self) -> FlatSightings:
        flat = self._opened()
        with self._database.transaction() as tx:
            upto = store.settled(tx)
        after = flat.mark()
        if after > upto:
            raise DamagedIndex("the cache is ahead of the database, which came out of a backup")
        while after < upto:
            rows, sightings, end = self._read(after, upto)
            after = end if flat.extend(rows, sightings, after, end) else flat.mark()
        return flat

    def _read(self, after: int, upto: int) -> tuple[Rows, int, int]:
        """Return the hashes of the next page, how many sightings they are of, and where the page ends."""
        with self._database.transaction() as tx:
            page = store.page(tx, after, upto, PAGE)
        wholes = [(sighting, whole) for _, sighting, whole, _ in page if whole is not None]
        ids = [np.array([sighting for sighting, _ in wholes], np.int64) * PARTS]
        hashes = [np.frombuffer(b"".join(whole for _, whole in wholes), np.uint8).reshape(-1, HASH_BYTES)]
        for _, sighting, _, parts in page:
            if parts:
                several = packed.hashes(parts)
                ids.append(sighting * PARTS + np.arange(1, len(several) + 1, dtype=np.int64))
                hashes.append(several)
        rows = Rows(np.concatenate(ids), np.concatenate(hashes))
        return rows, len(page), upto if len(page) < PAGE else page[-1][0]


def _close(rows: Mapping[SightingId, Sighting], queries: NDArray[np.uint8], radius: int) -> list[Near]:
    """Return the hashes of these rows that are near, by the rows."""
    named = list[tuple[SightingId, int]]()
    hashes = list[bytes]()
    for sighting, row in sorted(rows.items()):
        parts = [row.hash, *(each.pdq.hash for each in (*row.variants, *row.frames))]
        for number, value in enumerate(parts):
            if value is not None:
                named.append((sighting, number))
                hashes.append(value)
    if not hashes:
        return []
    found = compare.search(queries, compare.stack(hashes), radius)
    return sorted(
        Near(named[row][0], named[row][1], int(query), int(distance))
        for query, row, distance in zip(found.query, found.row, found.distance, strict=True)
    )
