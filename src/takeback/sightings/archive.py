"""Older days as Parquet in the blob store: kept and swept, but no longer in the database.

A day is moved a file at a time. Its rows are written to a new file, with no transaction open. When the file
is safe, one transaction deletes the rows and names the file in `sightings_archive`, unless a row changed or
came to be needed meanwhile. A crash in between leaves a file that nobody names; `tidy` deletes it. A row that
a match, a case or a removal refers to, or that is to be read exactly, stays.

A row of an archived day that a look-back finds is brought back under its old id, so that cases can refer to
it. The file keeps its copy and counts it; when nothing needs the row any more, it is deleted again.

Reading and sweeping Parquet needs the extra `sweep`, which is loaded when the first day is moved or asked.
"""

import importlib
import importlib.util
import os
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from takeback.errors import ConfigurationError
from takeback.ids import SightingId
from takeback.infra.blobs import Blobs
from takeback.infra.db.pool import Database
from takeback.sightings import archive_store as store

if TYPE_CHECKING:
    from takeback.sightings.archive_sweep import Daft

PREFIX = "sightings"
ROWS_IN_A_FILE = 500_000
_ORPHAN_AFTER = timedelta(days=1)
_FORGET_AT_ONCE = 10_000
_QUIET = {
    "DAFT_ANALYTICS_ENABLED": "0",
    "DO_NOT_TRACK": "true",
    "SCARF_NO_ANALYTICS": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "DAFT_PROGRESS_BAR": "0",
}
"""Neither Daft nor Ray tells anybody that it runs."""


class _ChangedMeanwhile(Exception):
    """A row that was written to a file is another now, or is needed."""


def require_engine(*, ray: str | None) -> None:
    """Check, without loading it, that the extra is installed. Raises ConfigurationError."""
    needed = ("daft", "pyarrow") if ray is None else ("daft", "pyarrow", "ray")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"older days are swept with {' and '.join(missing)}, not installed here: pip install "
            "takeback[sweep], or unset TAKEBACK_SIGHTINGS_HOT_DAYS to keep all sightings in the database"
        )


def engine(*, ray: str | None) -> "Daft":
    """Load the part that reads and writes Parquet. Raises ConfigurationError if it is not installed."""
    require_engine(ray=ray)
    os.environ.update(_QUIET)
    return importlib.import_module("takeback.sightings.archive_sweep").Daft()


class Archive:
    """The older days, in `blobs`; the Ray cluster at `ray` sweeps them, or this machine."""

    def __init__(self, blobs: Blobs, *, ray: str | None = None) -> None:
        self._blobs = blobs
        self._ray = ray

    def files(self, database: Database) -> list[str]:
        """Return the names of all files that count now."""
        with database.transaction() as tx:
            return store.files(tx)

    def recall(
        self, database: Database, files: Sequence[str], queries: NDArray[np.uint8], radius: int
    ) -> set[SightingId]:
        """Return the sightings in these files near these hashes; they have rows again when this returns.

        Raises StorageUnavailable: a file cannot be read now.
        """
        if not files:
            return set()
        with_daft = engine(ray=self._ray)
        found = with_daft.near(self._blobs, files, queries, radius, self._ray)
        if found:
            with database.transaction() as tx:
                missing = sorted(set(found) - store.present(tx, found))
            if missing:
                rows = with_daft.read(self._blobs, files, missing)
                with database.transaction() as tx:
                    store.bring_back(tx, rows)
        return set(found)

    def move(self, database: Database, before: date, now: datetime, *, most: int = ROWS_IN_A_FILE) -> int:
        """Move the days before `before` that nothing refers to. Returns how many rows.

        Raises StorageUnavailable: a file cannot be written now; what is moved is moved.
        """
        moved, with_daft = 0, engine(ray=self._ray)
        while self._let_go_again(database, before):
            pass
        while True:
            with database.transaction() as tx:
                day = store.oldest_day(tx, before)
                if day is None:
                    return moved
                rows, signals = store.of_day(tx, day, most)
            if not rows:
                return moved
            data = with_daft.write(rows)
            name = f"{PREFIX}/{day.isoformat()}/{rows[0].id}-{rows[-1].id}-{secrets.token_hex(4)}.parquet"
            self._blobs.put(name, data)
            try:
                with database.transaction() as tx:
                    if not (store.alone(tx) and store.let_go(tx, rows, signals)):
                        raise _ChangedMeanwhile  # noqa: TRY301 - so that nothing is let go
                    store.name_file(tx, name, day, len(rows), len(data), now)
            except _ChangedMeanwhile:  # or somebody else moves days: the next time
                self._blobs.delete(name)
                return moved
            moved += len(rows)

    def _let_go_again(self, database: Database, before: date) -> int:
        with database.transaction() as tx:
            return store.let_go_again(tx, before, _FORGET_AT_ONCE)

    def forget(self, database: Database, before: date) -> int:
        """Delete the days before `before`, archived or not. Returns how many rows. What is referred to
        stays.
        """
        with database.transaction() as tx:
            files, forgotten = store.forget_files(tx, before)
        for name in files:
            self._blobs.delete(name)
        while True:
            with database.transaction() as tx:
                deleted = store.forget_rows(tx, before, _FORGET_AT_ONCE)
            forgotten += deleted
            if deleted < _FORGET_AT_ONCE:
                return forgotten

    def tidy(self, database: Database, now: datetime) -> int:
        """Delete files that nobody names, a day after they were written. Returns how many."""
        old = [blob.name for blob in self._blobs.walk(PREFIX) if now - blob.written_at > _ORPHAN_AFTER]
        with database.transaction() as tx:
            named = set(store.files(tx))
        orphans = [name for name in old if name not in named]
        for name in orphans:
            self._blobs.delete(name)
        return len(orphans)
