"""All hashes of all sightings in flat files: a cache that can be made again from the database at any time.

A new bank entry asks everything that ever passed. PostgreSQL would read a hundred bytes of row for each hash
of 32; here they lie side by side, memory-mapped, and are swept at the speed of memory. It costs 32 bytes a
hash on this machine's disk and, when it is lost, one pass over the table.

The folder holds sealed segments (each a saved `HammingIndex`), a tail to which rows are appended, and a
manifest that is replaced last: it says up to which number of signals (`mark`) everything is in, and how long
the tail is. What a crash leaves behind that is overwritten. Several processes may share the folder: each
change is made under a file lock, and only if the folder still stands where its author believes it does; no
lock is held while the database is asked.
"""

import fcntl
import json
import os
import secrets
import shutil
import threading
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from takeback.errors import DamagedIndex
from takeback.signals.index.hamming import Found, HammingIndex
from takeback.signals.index.storage import write_file
from takeback.signals.model import HASH_BYTES, REVIEW_RADIUS

PARTS = 4096
"""Room for the numbers of one sighting's hashes: a row's id is sighting * PARTS + number."""
SEAL_AT = 1 << 20
"""Rows of the tail at which it becomes a segment."""
_MANIFEST, _LOCK = "manifest.json", "lock"
_VERSION = 1
_ROW = np.dtype([("id", "<i8"), ("hash", "u1", HASH_BYTES)])


class Rows(NamedTuple):
    """Hashes with their ids: int64[n], uint8[n, 32]."""

    ids: NDArray[np.int64]
    hashes: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Segment:
    """A sealed part: the signals numbered in (after, upto] as they were."""

    name: str
    after: int
    upto: int
    sightings: int
    """How many rows of the table it came from."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of the folder."""

    origin: str
    """Of the database that it is a cache of."""
    mark: int = 0
    """Signals up to this number are in."""
    segments: tuple[Segment, ...] = ()
    tail: str = ""
    """Name of the tail's file."""
    tail_after: int = 0
    """Where the tail begins: the last segment's end."""
    tail_rows: int = 0
    tail_sightings: int = 0
    tail_crc: int = 0
    version: int = _VERSION


@dataclass(slots=True)
class _Opened:
    """What of the folder is in this process."""

    manifest: Manifest
    segments: dict[str, HammingIndex] = field(default_factory=dict)
    tail: HammingIndex = field(default_factory=lambda: HammingIndex(REVIEW_RADIUS, layout="flat"))


class FlatSightings:
    """The cache in one folder. Safe to use from several threads and processes.

    Args:
        folder: made when missing. Anything in it may be deleted.
        origin: see `store.origin`; a cache of another database is thrown away.
        seal_at: rows of the tail at which it becomes a segment.
    """

    def __init__(self, folder: Path, origin: UUID, *, seal_at: int = SEAL_AT) -> None:
        self._folder = folder
        self._origin = str(origin)
        self._seal_at = seal_at
        self._guard = threading.Lock()
        self._opened: _Opened | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def mark(self) -> int:
        """Return the number of signals up to which everything is in."""
        with self._guard:
            return self._current().manifest.mark

    def segments(self) -> tuple[Segment, ...]:
        """Return the sealed segments."""
        with self._guard:
            return self._current().manifest.segments

    def __len__(self) -> int:
        """Return how many hashes there are."""
        with self._guard:
            opened = self._current()
            return len(opened.tail) + sum(len(index) for index in opened.segments.values())

    def search(self, queries: NDArray[np.uint8], radius: int) -> Found:
        """Search all of it, as `HammingIndex.search`; in no particular order, and perhaps with doubles."""
        with self._guard:
            opened = self._current()
            parts = [*opened.segments.values(), opened.tail]
        found = [part.search(queries, radius) for part in parts]
        return Found(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def extend(self, rows: Rows, sightings: int, after: int, upto: int) -> bool:
        """Take in what is numbered in (after, upto]: hashes of so many sightings. False: the folder is not at
        `after`.
        """
        with self._guard, self._locked():
            opened = self._current()
            if opened.manifest.mark != after:
                return False
            self._append(opened, rows, sightings, upto)
            manifest = self._current().manifest
            if manifest.tail_rows >= self._seal_at:
                self._seal(manifest)
            return True

    def renew(self, old: Segment, rows: Rows, sightings: int) -> bool:
        """Replace a segment by what is left of it; False if somebody replaced it before."""
        with self._guard, self._locked():
            opened = self._current()
            if old not in opened.manifest.segments:
                return False
            news = () if sightings == 0 else (self._write_segment(rows, old.after, old.upto, sightings),)
            kept = [new for each in opened.manifest.segments for new in (news if each == old else (each,))]
            self._publish(replace(opened.manifest, segments=tuple(kept)))
            return True

    def clear(self) -> None:
        """Forget all of it: it is made again from the database."""
        with self._guard, self._locked():
            self._opened = None
            for path in self._folder.iterdir():
                if path.name != _LOCK:
                    _remove(path)

    # --- reading the folder ------------------------------------------------------------------------------

    def _current(self) -> _Opened:
        """Return what the folder holds now. Raises DamagedIndex, with nothing opened."""
        while True:
            manifest = self._manifest()
            opened = self._opened
            if opened is not None and opened.manifest == manifest:
                return opened
            self._opened = None
            try:
                self._opened = self._take_up(opened or _Opened(Manifest(self._origin)), manifest)
            except (OSError, ValueError, DamagedIndex) as error:
                if self._manifest() == manifest:  # else another process replaced what was being read
                    raise DamagedIndex(f"{self._folder}: {error}") from error
            else:
                return self._opened

    def _manifest(self) -> Manifest:
        try:
            read = json.loads((self._folder / _MANIFEST).read_bytes())
            manifest = Manifest(**read | {"segments": tuple(Segment(**each) for each in read["segments"])})
        except FileNotFoundError:
            return Manifest(self._origin)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DamagedIndex(f"{self._folder / _MANIFEST} cannot be read: {error}") from error
        if manifest.version != _VERSION or manifest.origin != self._origin:
            raise DamagedIndex(f"{self._folder} is a cache of another database or version")
        return manifest

    def _take_up(self, before: _Opened, manifest: Manifest) -> _Opened:
        segments = {
            each.name: before.segments.get(each.name) or HammingIndex.open(self._folder / each.name)
            for each in manifest.segments
        }
        opened = _Opened(manifest, segments)
        if before.manifest.tail == manifest.tail and before.manifest.tail_rows <= manifest.tail_rows:
            opened.tail = before.tail
        else:
            before = _Opened(Manifest(self._origin))
        at = before.manifest
        missing = manifest.tail_rows - at.tail_rows
        if missing:
            with (self._folder / manifest.tail).open("rb") as file:
                file.seek(at.tail_rows * _ROW.itemsize)
                data = file.read(missing * _ROW.itemsize)
            if len(data) != missing * _ROW.itemsize or zlib.crc32(data, at.tail_crc) != manifest.tail_crc:
                raise DamagedIndex(f"{self._folder / manifest.tail} is torn")
            rows = np.frombuffer(data, _ROW)
            opened.tail.add(rows["id"].astype(np.int64), np.ascontiguousarray(rows["hash"]))
        return opened

    # --- changing it, under the file lock ----------------------------------------------------------------

    def _append(self, opened: _Opened, rows: Rows, sightings: int, upto: int) -> None:
        manifest = opened.manifest
        name = manifest.tail or f"tail-{secrets.token_hex(4)}"
        table = np.empty(len(rows.ids), _ROW)
        table["id"], table["hash"] = rows.ids, rows.hashes
        data, end = table.tobytes(), manifest.tail_rows * _ROW.itemsize
        with os.fdopen(os.open(self._folder / name, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(end)  # what somebody wrote who was killed before the manifest said so
            file.seek(end)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._publish(
            replace(
                manifest,
                mark=upto,
                tail=name,
                tail_rows=manifest.tail_rows + len(rows.ids),
                tail_sightings=manifest.tail_sightings + sightings,
                tail_crc=zlib.crc32(data, manifest.tail_crc),
            )
        )

    def _seal(self, manifest: Manifest) -> None:
        rows = np.fromfile(self._folder / manifest.tail, _ROW, manifest.tail_rows)
        segment = self._write_segment(
            Rows(rows["id"].astype(np.int64), np.ascontiguousarray(rows["hash"])),
            manifest.tail_after,
            manifest.mark,
            manifest.tail_sightings,
        )
        self._publish(
            replace(
                manifest,
                segments=(*manifest.segments, segment),
                tail="",
                tail_after=manifest.mark,
                tail_rows=0,
                tail_sightings=0,
                tail_crc=0,
            )
        )

    def _write_segment(self, rows: Rows, after: int, upto: int, sightings: int) -> Segment:
        name = f"segment-{after}-{upto}-{secrets.token_hex(4)}"
        index = HammingIndex(REVIEW_RADIUS, layout="flat")
        index.add(rows.ids, rows.hashes)
        index.save(self._folder / name)
        return Segment(name, after, upto, sightings)

    def _publish(self, manifest: Manifest) -> None:
        """Replace the manifest, then delete what it does not name."""
        write_file(self._folder / _MANIFEST, [json.dumps(asdict(manifest)).encode()])
        self._current()
        keep = {each.name for each in manifest.segments} | {manifest.tail, _MANIFEST, _LOCK}
        for path in self._folder.iterdir():
            if path.name not in keep:
                _remove(path)

    @contextmanager
    def _locked(self) -> Generator[None]:
        with (self._folder / _LOCK).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # let go when the file is closed, also by kill -9
            yield


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)  # another process may remove it, too
    else:
        path.unlink(missing_ok=True)
