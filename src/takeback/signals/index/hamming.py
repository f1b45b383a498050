"""An exact index of hashes by Hamming distance, for tens of millions, while more come in.

New rows go to a delta that is swept. A full delta becomes a segment, and a background thread merges segments
so that they stay few (a log-structured merge: each is at least three times as long as all that came after
it). A search takes the tuple of segments as it is at that moment, so it waits for nobody. A row is therefore
written several times in its life, never while somebody waits for it.

native/ searches a segment, by multi-index hashing with sketches or by sweeping planes of bits. Nothing here
changes an answer, only when it comes.
"""

import logging
import threading
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from takeback.errors import DamagedIndex
from takeback.signals.index import compare, storage
from takeback.signals.index.engine import Hits, Native, Radii, engine, together
from takeback.signals.index.segment import Delta, Layout, Saved, Segment, build, merge
from takeback.signals.index.storage import Manifest
from takeback.signals.model import MATCH_RADIUS

MAX_RADIUS = 64
_DELTA_LEAST, _DELTA_MOST = 1 << 12, 1 << 16
_DELTA_SHARE = 8
"""The delta holds an eighth of all rows at most, where that is between the two."""
_STEP = 3
"""A segment at least so many times as long as all that came after it is left alone."""
_FLAT_MOST = 1 << 23
"""Rows of a swept segment: merging longer ones makes no sweep faster."""
_MULTI_MOST = 1 << 31
_DEAD_MOST = 4
"""A segment of which a quarter was removed is written again."""
_ALIKE = np.repeat(np.arange(MAX_RADIUS + 1, dtype=np.uint8)[:, None], 64, axis=1)
"""One radius for all of few queries; making the column anew takes as long as a narrow search."""

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """Pairs within the radius, ordered by query, then by id: three columns of one length."""

    query: NDArray[np.int64]
    id: NDArray[np.int64]
    distance: NDArray[np.uint8]


class HammingIndex:
    """Hashes of 256 bits with their ids; an id may have several. Safe to use from several threads.

    Args:
        radius: what `search` uses unless told, and what it should be fast at.
        layout: `multi` for many questions, `flat` for few questions to very many rows.

    Raises:
        ValueError: the radius is not 0 to 64, or there is no such layout.
        ConfigurationError: see `engine`.
    """

    def __init__(self, radius: int = MATCH_RADIUS, layout: str = "multi") -> None:
        self._radius = _checked(radius)
        self._layout = Layout(layout)
        self._engine = engine()
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._merging = False
        self._gone_meanwhile: list[NDArray[np.int64]] = []
        self._sealed: tuple[Segment, ...] = ()
        self._delta = Delta(self._engine, _DELTA_LEAST)
        self._all: tuple[Segment, ...] = ()
        """The sealed ones and the delta: all that a search needs to know."""
        self._alive = 0

    def __len__(self) -> int:
        return self._alive

    def add(self, ids: NDArray[np.int64], hashes: NDArray[np.uint8]) -> None:
        """Take rows in; the next search finds them. Raises ValueError: not int64 [n] and uint8 [n, 32]."""
        ids = np.asarray(ids)
        hashes = compare.table(hashes)
        if ids.dtype != np.int64 or ids.shape != (len(hashes),):
            raise ValueError(f"ids must be int64 [{len(hashes)}], not {ids.dtype} {list(ids.shape)}")
        if not len(ids):
            return
        many = len(ids) > max(_DELTA_LEAST, self._delta.room)
        whole = build(self._engine, self._layout, ids.copy(), hashes.copy()) if many else None
        with self._lock:
            self._alive += len(ids)
            sealed = self._sealed
            if whole is not None:
                self._seal_delta()
                self._sealed += (whole,)
            while whole is None and len(ids):
                some = min(len(ids), self._delta.room)
                self._delta.append(ids[:some], hashes[:some])
                ids, hashes = ids[some:], hashes[some:]
                if not self._delta.room:
                    self._seal_delta()
            self._publish()
            if self._sealed is not sealed:
                self._merge_if_due()

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Take out all rows with these ids; a later `add` may bring them back. Unknown ids change nothing."""
        gone = np.unique(np.asarray(ids, dtype=np.int64))
        with self._lock:
            if self._merging:
                self._gone_meanwhile.append(gone)
            for segment in self._all:
                self._alive -= segment.remove(gone)
            self._merge_if_due()

    def search(self, hashes: NDArray[np.uint8], radius: int | Radii | None = None) -> Found:
        """Return every pair of a query and a row at most `radius` bits apart.

        Args:
            hashes: uint8 [m, 32].
            radius: 0 to 64, one for all, or uint8 [m] with one for each query.

        Raises:
            ValueError: hashes of another form, or a radius out of range.
            DamagedIndex: a mapped segment proved to be damaged.
        """
        queries = compare.table(hashes)
        radii = _radii(self._radius if radius is None else radius, len(queries))
        parts: list[Hits] = []
        for segment in self._all if len(queries) else ():
            try:
                hits = segment.search(queries, radii)
            except ValueError as error:
                raise DamagedIndex(f"a segment of the index is damaged ({error}): build it again") from error
            if hits is not None:
                parts.append(hits)
        hits = together(parts)
        if hits is None:
            return Found(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))
        query, row_id, distance = hits
        order = np.lexsort((distance, row_id, query))
        return Found(query[order], row_id[order], distance[order])

    def settle(self) -> None:
        """Wait until no merge is under way."""
        with self._lock:
            self._idle.wait_for(lambda: not self._merging)

    # --- files -------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write what is in now into a folder, which is then that index and nothing else. Raises OSError.

        Segments that lie there already are not written again. After a crash it holds what it held before.
        """
        folder = Path(folder).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with self._saving:
            with self._lock:
                self._seal_delta()
                self._publish()
                segments = [(s, None if s.dead is None else s.dead.copy()) for s in self._sealed]
            pairs: list[tuple[Saved, Saved | None]] = []
            for segment, dead in segments:
                saved = segment.saved[1] if segment.saved is not None and segment.saved[0] == folder else None
                if saved is None or not (folder / saved.name).exists():
                    saved = storage.write_segment(folder, segment)
                    segment.saved = folder, saved
                removed = None if dead is None or not dead.any() else storage.write_removed(folder, dead)
                pairs.append((saved, removed))
            storage.write_manifest(folder, Manifest(self._layout, self._radius, tuple(pairs)))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a saved index, memory-mapped. Headers, lengths and offsets are checked; see `verify`.

        Raises:
            DamagedIndex: a file is missing, torn, foreign, of another version or changed.
        """
        folder = Path(folder).resolve()
        manifest = storage.read_manifest(folder)
        index = cls(_checked(manifest.radius), manifest.layout.value)
        try:
            for saved, removed in manifest.segments:
                index._sealed += (storage.open_segment(folder, index._engine, saved, removed),)
        except FileNotFoundError as error:
            raise storage.damaged(Path(str(error.filename)), "is missing") from error
        index._alive = sum(segment.alive for segment in index._sealed)
        with index._lock:
            index._renew_delta()
            index._publish()
        return index

    @staticmethod
    def verify(folder: Path) -> None:
        """Compare the checksums of all files of a saved index; a few seconds for ten million rows.

        Raises:
            DamagedIndex: a file is missing, torn or changed.
        """
        folder = Path(folder)
        for saved, removed in storage.read_manifest(folder).segments:
            try:
                storage.check_parts(folder, saved)
                storage.open_segment(folder, engine(), saved, removed)
            except FileNotFoundError as error:
                raise storage.damaged(Path(str(error.filename)), "is missing") from error

    # --- segments; the lock is held ----------------------------------------------------------------------

    def _publish(self) -> None:
        latest = self._delta.view()
        self._all = (*self._sealed, latest) if len(latest) else self._sealed

    def _seal_delta(self) -> None:
        latest = self._delta.view()
        if len(latest):
            self._sealed += (latest,)
        self._renew_delta()

    def _renew_delta(self) -> None:
        room = min(_DELTA_MOST, max(_DELTA_LEAST, self._alive // _DELTA_SHARE))
        self._delta = Delta(self._engine, room)

    def _due(self) -> tuple[int, int] | None:
        """Return which sealed segments should become one: [first, behind)."""
        sizes = [segment.alive for segment in self._sealed]
        most = _FLAT_MOST if self._layout is Layout.FLAT else _MULTI_MOST
        first = behind = len(sizes)
        total = 0
        for number in reversed(range(behind)):
            newest = first == behind
            if total + sizes[number] > most or not (newest or sizes[number] < _STEP * max(total, 1)):
                break
            first, total = number, total + sizes[number]
        if behind - first > 1:
            return first, behind
        for number, segment in enumerate(self._sealed):
            if segment.alive < len(segment) - len(segment) // _DEAD_MOST or self._unbuilt(segment):
                return number, number + 1
        return None

    def _unbuilt(self, segment: Segment) -> bool:
        needs_tables = self._layout is Layout.MULTI and segment.columns is None
        return isinstance(self._engine, Native) and needs_tables and len(segment) >= _DELTA_LEAST

    def _merge_if_due(self) -> None:
        if self._merging or self._due() is None:
            return
        self._merging = True
        threading.Thread(target=self._merge_all, name="takeback-merge", daemon=True).start()

    # --- the background thread ---------------------------------------------------------------------------

    def _merge_all(self) -> None:
        try:
            while self._merge_one():
                pass
        except Exception:
            # The segments stay as they are, and right; the next change tries again.
            log.exception("merging segments of an index failed")
            with self._lock:
                self._merging_ends()

    def _merge_one(self) -> bool:
        with self._lock:
            due = self._due()
            if due is None:
                self._merging_ends()
                return False
            self._gone_meanwhile.clear()
            first, behind = due
            old = self._sealed[first:behind]
        new = merge(self._engine, self._layout, old)
        with self._lock:
            for gone in self._gone_meanwhile:
                new.remove(gone)
            # Others only append to the sealed ones, so that places stay.
            self._sealed = (*self._sealed[:first], *((new,) if len(new) else ()), *self._sealed[behind:])
            self._publish()
        return True

    def _merging_ends(self) -> None:
        self._merging = False
        self._gone_meanwhile.clear()
        self._idle.notify_all()


def _checked(radius: int) -> int:
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"a radius is 0 to {MAX_RADIUS}, not {radius}")
    return radius


def _radii(radius: int | Radii, count: int) -> Radii:
    if isinstance(radius, int | np.integer):
        same = _ALIKE[_checked(int(radius)), :count]
        return same if len(same) == count else np.full(count, radius, np.uint8)
    if radius.dtype != np.uint8 or radius.shape != (count,):
        raise ValueError(f"radii must be uint8 [{count}], not {radius.dtype} {list(radius.shape)}")
    _checked(int(radius.max(initial=0)))
    return np.ascontiguousarray(radius)
