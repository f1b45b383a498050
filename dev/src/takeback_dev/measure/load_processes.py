"""What `takeback bench load` runs on: painted pictures, a PostgreSQL with a full bank, watchers."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
from PIL import Image, ImageDraw

from takeback.bank import bulk
from takeback.connectors.platform import Account
from takeback.errors import ConfigurationError
from takeback.ids import EntryId, ReportId
from takeback.infra import clock
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.process import PARENT_PIPE
from takeback.signals.model import HASH_BYTES, Flip
from takeback.signals.parts.decode import decode
from takeback.signals.pdq.hashing import hash_pixels_flips
from takeback_dev.measure import made
from takeback_dev.measure.processes import Sampler

PICTURES, PLANTED = 48, 14
DISTANCES = (0, 8, 16, 24, 28, 30, 31)
"""Bits by which planted pictures differ from their entries: each is a match."""
_SIZES = ((640, 480), (800, 600), (1024, 768), (1280, 960), (1632, 1224))
"""0.3 to 2 megapixels: what chats make of photographs."""
_WEIGHTS = (0.3, 0.2, 0.25, 0.15, 0.1)
_GRAIN = 7.0
"""Grey levels of noise: it makes files as long as a camera's, about two bits a pixel."""
_AT_ONCE = 20_000
_END_SECONDS = 40
Say = Callable[[str, float], None]
"""Told what is done now, and how much of it, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The parts of a run."""

    folder: Path
    """With the plan and the pictures."""
    database: Database
    postgres: int
    """The postmaster's process."""
    planted: tuple[EntryId, ...]
    """The entry of each planted picture."""


@contextmanager
def open_processes(folder: Path, entries: int, say: Say) -> Iterator[Processes]:
    """Paint, start the database and fill the bank; the database is stopped at the end.

    Raises:
        ConfigurationError: PostgreSQL does not start.
    """
    draw = np.random.default_rng(0)
    sizes = draw.choice(len(_SIZES), PICTURES, p=_WEIGHTS)
    for number, size in enumerate(sizes):
        say("Painting pictures", number / PICTURES)
        name = made.file_name(planted=False, number=number)
        (folder / name).write_bytes(paint(draw, *_SIZES[size]))
    planted = [paint(draw, *_SIZES[number % len(_SIZES)]) for number in range(PLANTED)]
    for number, data in enumerate(planted):
        (folder / made.file_name(planted=True, number=number)).write_bytes(data)
    server = _postgres(folder / "postgres")
    try:
        migrate.upgrade(server.url)
        with Database(server.url, max_size=4) as database:
            ids = _fill(database, planted, entries, say)
            postmaster = int((folder / "postgres" / "postmaster.pid").read_text("utf-8").split()[0])
            yield Processes(folder, database, postmaster, ids)
    finally:
        server.stop()


def paint(draw: np.random.Generator, width: int, height: int) -> bytes:
    """A JPEG with the falling spectrum of photographs, and edges: what decoders and hashes are used to."""
    picture = np.zeros((height, width, 3), np.float32)
    rows = 3
    while rows < height:
        grid = draw.normal(size=(rows, rows * width // height, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(grid[..., channel] + 0.6 * grid[..., 0])
            picture[..., channel] += (
                np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC)) / rows
            )
        rows *= 2
    span = np.percentile(picture, (1, 99))
    grain = _GRAIN * draw.standard_normal((height, width, 1), dtype=np.float32)
    scaled = np.clip((picture - span[0]) / (span[1] - span[0]) * 255 + grain, 0, 255)
    image = Image.fromarray(scaled.astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = draw.integers(0, width), draw.integers(0, height)
        box = (left, top, left + draw.integers(8, width // 3), top + draw.integers(8, height // 3))
        pen.ellipse(tuple(map(int, box)), fill=tuple(map(int, draw.integers(0, 256, 3))))
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _postgres(folder: Path) -> EmbeddedPostgres:
    """One that remembers when each transaction was committed: that is when a match is there."""
    server = EmbeddedPostgres(folder)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("alter system set track_commit_timestamp = on")
        connection.execute("alter system set max_wal_size = '4GB'")
    server.stop()
    return EmbeddedPostgres(folder)


def _fill(database: Database, planted: list[bytes], entries: int, say: Say) -> tuple[EntryId, ...]:
    dots = random.Random(0)  # noqa: S311 (made entries, no secret)
    report = ReportId(UUID(int=dots.getrandbits(128)))
    ids = tuple(EntryId(UUID(int=dots.getrandbits(128))) for _ in planted)
    known = [
        (entry, _bent(data, DISTANCES[number % len(DISTANCES)], dots))
        for number, (entry, data) in enumerate(zip(ids, planted, strict=True))
    ]
    with database.transaction() as tx:
        bulk.add_active(tx, report, known, clock.now())
    for start in range(0, entries - len(known), _AT_ONCE):
        say("Filling the bank", start / entries)
        drawn = []
        for _ in range(min(_AT_ONCE, entries - len(known) - start)):
            hashes = dots.randbytes(HASH_BYTES * len(Flip))
            flips = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
            drawn.append((EntryId(UUID(int=dots.getrandbits(128))), flips))
        with database.transaction() as tx:
            bulk.add_active(tx, report, drawn, clock.now())
    with database.transaction() as tx:
        tx.execute("analyze")
    return ids


def _bent(data: bytes, bits: int, dots: random.Random) -> list[bytes]:
    """A picture's eight hashes, each with so many bits turned."""
    flips = []
    for pdq in hash_pixels_flips(decode(data).rgb):
        mask = sum(1 << bit for bit in dots.sample(range(8 * HASH_BYTES), bits))
        flips.append((int.from_bytes(pdq.hash) ^ mask).to_bytes(HASH_BYTES))
    return flips


class Watchers:
    """`takeback watch`, several times, on the made posts.

    Args:
        processes: what they watch and where they write.
        count: how many share the cores.
        sampler: told of each process.
    """

    def __init__(self, processes: Processes, count: int, sampler: Sampler) -> None:
        self._processes = processes
        self._sampler = sampler
        self._log = processes.folder / "watchers.log"
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._begun = 0
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(processes.folder),
            "TAKEBACK_DATA": str(processes.folder / "data"),
            "TAKEBACK_DATABASE_URL": processes.database.url,
            "TAKEBACK_DECODERS": str(max(1, (os.cpu_count() or 1) // count)),
            "TAKEBACK_CONNECTORS": made.NAME,
            Account(made.NAME).variable("folder"): str(processes.folder),
            PARENT_PIPE: "1",
        }
        for number in range(count):
            self.start(number)

    def start(self, number: int) -> None:
        """Start one."""
        self._begun += 1
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "takeback.entrypoints.watcher"],
                env=self._environment,
                cwd=self._processes.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        self._running[number] = process
        self._sampler.watch(f"watcher {self._begun}", process.pid)

    def kill(self, number: int) -> None:
        """End one by kill -9; its decoders end with it."""
        self._running[number].kill()
        self._running[number].wait()

    def check(self) -> None:
        """Raises ConfigurationError if one has ended by itself."""
        for process in self._running.values():
            if process.poll() is not None:
                said = self._log.read_text("utf-8", "replace")[-2000:]
                raise ConfigurationError(f"a watcher ended with {process.returncode}; it said: {said}")

    def stop(self) -> None:
        """Ask all to end, and make them."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
