"""Parquet days, written with pyarrow and swept with Daft: on this machine, or on Ray.

Loaded by `archive.engine` only, since the extra `sweep` that it needs is large. The sweep is the same exact
comparison as everywhere else, on batches of the two columns that hold hashes; only ids come back.
"""

import io
import os
import threading
from collections.abc import Sequence

import daft
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from daft import DataType, Series, col
from daft.exceptions import DaftCoreException
from daft.io import IOConfig, S3Config
from numpy.typing import NDArray

from takeback.errors import ConfigurationError, StorageUnavailable
from takeback.ids import SightingId
from takeback.infra.blobs import Blobs
from takeback.sightings import packed
from takeback.sightings.archive_store import Kept
from takeback.signals.index import compare
from takeback.signals.model import HASH_BYTES

_TIME = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("connector", pa.string()),
        ("place", pa.string()),
        ("message", pa.string()),
        ("media", pa.string()),
        ("sender", pa.string()),
        ("posted_at", _TIME),
        ("seen_at", _TIME),
        ("kind", pa.string()),
        ("sha256", pa.binary()),
        ("hash", pa.binary()),
        ("quality", pa.int16()),
        ("doubt", pa.int16()),
        ("variants", pa.binary()),
        ("duration_ms", pa.int32()),
    ]
)
_ROWS_IN_A_GROUP = 50_000
_runner = threading.Lock()
_runs_on: list[str | None] = []
"""Daft has one runner for a process: where it was set to run, once it was."""


class Daft:
    """Writes, sweeps and reads Parquet files."""

    def write(self, rows: Sequence[Kept]) -> bytes:
        """Return a file of these rows."""
        columns = zip(*rows, strict=True)
        table = pa.table(
            {name: list(column) for name, column in zip(_SCHEMA.names, columns, strict=True)}, schema=_SCHEMA
        )
        out = io.BytesIO()
        hashes = ["sha256", "hash", "variants"]  # noise, which neither packs nor repeats
        pq.write_table(
            table,
            out,
            row_group_size=_ROWS_IN_A_GROUP,
            compression={name: "none" if name in hashes else "zstd" for name in _SCHEMA.names},
            use_dictionary=["connector", "place", "sender", "kind"],
        )
        return out.getvalue()

    def near(
        self, blobs: Blobs, files: Sequence[str], queries: NDArray[np.uint8], radius: int, ray: str | None
    ) -> list[SightingId]:
        """Return whose whole or part is within the radius. Raises StorageUnavailable."""
        _run_on(ray)

        @daft.func.batch(return_dtype=DataType.bool())
        def is_near(whole: Series, parts: Series) -> Series:
            return Series.from_numpy(near_rows(whole.to_pylist(), parts.to_pylist(), queries, radius))

        try:
            swept = (
                daft.read_parquet([blobs.url(name) for name in files], io_config=_io_config())
                .where(is_near(col("hash"), col("variants")))
                .select("id")
                .to_pydict()
            )
        except (DaftCoreException, FileNotFoundError, OSError) as error:
            raise StorageUnavailable(f"cannot sweep the archived days: {error}") from error
        return sorted(SightingId(each) for each in swept["id"])

    def read(self, blobs: Blobs, files: Sequence[str], sightings: Sequence[SightingId]) -> list[Kept]:
        """Return rows by id; of one that is in several files, any. Raises StorageUnavailable, NotFound."""
        found = dict[SightingId, Kept]()
        wanted = pa.array(sightings, pa.int64())
        for name in files:
            if _may_hold(name, sightings):
                data = pa.BufferReader(blobs.get(name))
                table = pq.read_table(data, schema=_SCHEMA, filters=pc.field("id").isin(wanted))
                for row in zip(*(table[each].to_pylist() for each in _SCHEMA.names), strict=True):
                    found[SightingId(row[0])] = Kept(*row)
        return [found[each] for each in sorted(found)]


def near_rows(
    wholes: Sequence[bytes | None],
    parts: Sequence[bytes],
    queries: NDArray[np.uint8],
    radius: int,
) -> NDArray[np.bool_]:
    """Return, for each row, whether its whole or a part is within the radius of any query."""
    several = [packed.hashes(each) for each in parts]
    counts = np.fromiter(map(len, several), np.int64, len(several))
    rows = [n for n, whole in enumerate(wholes) if whole is not None]
    whole = compare.stack([each for each in wholes if each is not None])
    table = np.concatenate([whole, *(each for each in several if len(each))])
    owner = np.concatenate([np.array(rows, np.int64), np.repeat(np.arange(len(several)), counts)])
    answer = np.zeros(len(wholes), np.bool_)
    answer[owner[compare.search(queries, table.reshape(-1, HASH_BYTES), radius).row]] = True
    return answer


def _may_hold(name: str, sightings: Sequence[SightingId]) -> bool:
    """Return whether a file may hold one, by its name, which begins with its first and last id."""
    first, last = name.rpartition("/")[2].split("-")[:2]
    return any(int(first) <= each <= int(last) for each in sightings)


def _run_on(ray: str | None) -> None:
    with _runner:
        if not _runs_on:
            if ray is None:
                daft.set_runner_native()
            else:
                daft.set_runner_ray(address=ray, noop_if_initialized=True)
            _runs_on.append(ray)
        elif _runs_on != [ray]:
            raise ConfigurationError("one process sweeps on one runner: start it again to change it")


def _io_config() -> IOConfig:
    """Return credentials as obstore finds them: from the usual environment."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT")
    return IOConfig(
        s3=S3Config(
            endpoint_url=endpoint,
            region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
            key_id=os.environ.get("AWS_ACCESS_KEY_ID"),
            access_key=os.environ.get("AWS_SECRET_ACCESS_KEY"),
            session_token=os.environ.get("AWS_SESSION_TOKEN"),
            use_ssl=endpoint is None or endpoint.startswith("https:"),
        )
    )
