"""However adding, removing, merging, saving, opening and crashing follow each other: the index finds what
brute force finds among the rows that should be in it.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import hashes
from takeback.signals.index import hamming as face
from takeback.signals.index import storage
from takeback.signals.index.engine import Engine, Native, Numpy, _native
from takeback.signals.index.hamming import Found, HammingIndex

ENGINES: list[Engine] = [Numpy(), *(Native(path) for path in ([] if _native is None else _native.paths()))]
SMALL_DELTA = {"_DELTA_LEAST": 600, "_DELTA_MOST": 700}
"""Just longer than a block of planes, so that segments come and go within a few steps."""


class Crash(Exception):
    """The process ends here."""


class Indexes(RuleBasedStateMachine):
    """One index, a model of it, and a folder with what was saved last."""

    @initialize(
        engine=st.sampled_from(ENGINES),
        layout=st.sampled_from(["multi", "flat"]),
        seed=st.integers(0, 2**32 - 1),
    )
    def begin(self, engine: Engine, layout: str, seed: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(face, "engine", lambda: engine)
        for name, value in SMALL_DELTA.items():
            self.patch.setattr(face, name, value)
        self.folder = Path(tempfile.mkdtemp(prefix="takeback-index-"))
        self.rng = np.random.default_rng(seed)
        self.seeds = hashes.clustered(64, self.rng)
        self.index = HammingIndex(layout=layout)
        self.ids = np.empty(0, np.int64)
        self.rows = np.empty((0, 32), np.uint8)
        self.stored: tuple[Any, Any] | None = None

    def teardown(self) -> None:
        self.index.settle()
        self.patch.undo()
        shutil.rmtree(self.folder)

    @rule(count=st.sampled_from([0, 1, 3, 50, 599, 700, 1300]), clustered=st.booleans())
    def add(self, count: int, clustered: bool) -> None:
        rows = self.rng.integers(0, 256, (count, 32), dtype=np.uint8)
        if clustered:
            near = self.seeds[self.rng.integers(0, 64, count)]
            rows = hashes.bent(near, self.rng.integers(0, 66, count), self.rng)
        ids = self.rng.integers(-1000, 1000, count)
        self.index.add(ids, rows)
        self.ids, self.rows = np.concatenate([self.ids, ids]), np.concatenate([self.rows, rows])

    @rule(share=st.sampled_from([0.001, 0.02, 0.5, 1]))
    def remove(self, share: float) -> None:
        gone = self.rng.integers(-1000, 1000, int(2000 * share))
        self.index.remove(gone)
        kept = ~np.isin(self.ids, gone)
        self.ids, self.rows = self.ids[kept], self.rows[kept]

    @rule()
    def settle(self) -> None:
        self.index.settle()

    @rule()
    def save(self) -> None:
        self.index.save(self.folder)
        self.stored = self.ids, self.rows

    @rule(after=st.integers(0, 3), half=st.booleans())
    def crash_while_saving(self, after: int, half: bool) -> None:
        """The process ends before or within some file, and begins again from the folder."""
        left = after
        write = storage.write_file

        def failing(path: Path, pieces: list[bytes]) -> None:
            nonlocal left
            if left:
                left -= 1
                write(path, pieces)
                return
            if half:
                data = b"".join(pieces)
                path.with_name(f".new-{path.name}").write_bytes(data[: len(data) // 2])
            raise Crash

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(storage, "write_file", failing)
            try:
                self.index.save(self.folder)
                self.stored = self.ids, self.rows
            except Crash:
                pass
        self.open()

    @rule()
    def open(self) -> None:
        """As a process that begins finds it."""
        if self.stored is not None:
            self.index.settle()
            HammingIndex.verify(self.folder)
            self.index = HammingIndex.open(self.folder)
            self.ids, self.rows = self.stored

    @rule(radius=st.integers(0, 64), count=st.sampled_from([1, 5, 17, 300]))
    def search(self, radius: int, count: int) -> None:
        asked = hashes.bent(
            self.seeds[self.rng.integers(0, 64, count)], self.rng.integers(0, 30, count), self.rng
        )
        expected = hashes.brute_force(self.ids, self.rows, asked, radius)
        assert hashes.same(self.index.search(asked, radius), expected)
        radii = self.rng.integers(0, radius + 1, count, np.uint8)
        within = expected.distance <= radii[expected.query]
        assert hashes.same(self.index.search(asked, radii), Found(*(column[within] for column in expected)))

    @invariant()
    def has_the_right_length(self) -> None:
        if hasattr(self, "index"):
            assert len(self.index) == len(self.ids)


TestIndexes = Indexes.TestCase
TestIndexes.settings = settings(stateful_step_count=20)
