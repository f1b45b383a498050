"""The native module by each of its paths, by each compiler that is here, and without any."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT

TOOL = ROOT / "tools" / "native.py"
LACKING = {3: "the compiler", 4: "SIMDe", 5: "cmake or nanobind"}
COMPARE = """
import sys
sys.path[:0] = sys.argv[1:3]
import numpy as np
import _native
import hashes
from takeback.signals.index import compare

rng = np.random.default_rng(2)
rows = hashes.clustered(120_000, rng)
asked = hashes.bent(rows[::300], rng.integers(0, 60, 400), rng)
offsets, numbers = np.empty(16 * 65537, np.uint32), np.empty(16 * len(rows), np.uint32)
sketches = np.empty(2 * len(numbers) + 32, np.uint16)
_native.build(rows, offsets, sketches, numbers)
tables = _native.Tables(rows, offsets, sketches, numbers)
planes = np.empty((20, 256, 64), np.uint8)
_native.rows_to_planes(rows[:10240], planes)

def ordered(hits):
    return [] if hits is None else sorted(zip(*(column.tolist() for column in hits)))

assert sys.argv[3] in _native.paths() or sys.argv[3] == "any", _native.paths()
for name in _native.paths():
    path = _native.Path(name)
    for radius, some in ((0, 9), (5, 9), (31, 1), (31, 400), (33, 9), (48, 9), (64, 3)):
        radii = np.full(some, radius, np.uint8)
        radii[::2] = radii[::2] // 2
        expected = [x for x in ordered(compare.search(asked[:some], rows, radius)) if x[2] <= radii[x[0]]]
        assert ordered(path.scan_rows(rows, asked[:some], radii)) == expected
        assert ordered(tables.search(path, asked[:some], radii)) == expected
        inside = [each for each in expected if each[1] < 10240]
        assert ordered(path.scan_planes(planes, asked[:some], radii)) == inside
print(*_native.paths())
"""


def built(folder: Path, *options: str) -> Path:
    """A module of its own, or the test is skipped with what it lacks."""
    made = subprocess.run(
        [sys.executable, TOOL, "--into", folder, *options], capture_output=True, text=True, check=False
    )
    if made.returncode in LACKING:
        pytest.skip(f"{LACKING[made.returncode]} is not here: {made.stdout}{made.stderr}")
    assert made.returncode == 0, made.stdout + made.stderr
    return Path(made.stdout.strip())


def compared(module: Path, path: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", COMPARE, module.parent, ROOT / "tests", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_it_builds_with_this_compiler_and_answers_right(compiler: str) -> None:
    if compiler == "clang++" and shutil.which("clang++") is None:
        compiler = "clang++-14"  # as Debian's package names it, without the one that names a default
    assert "portable" in compared(
        built(ROOT / ".cache" / "native" / compiler, "--compiler", compiler), "portable"
    )


@pytest.mark.soak
def test_the_avx512_path_answers_right_on_any_processor() -> None:
    assert "avx512" in compared(built(ROOT / ".cache" / "native" / "simde", "--simde"), "avx512")


def backend(forced: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TAKEBACK_NATIVE"}
    program = "from takeback.signals.index.engine import engine; print(engine().name)"
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment if forced is None else environment | {"TAKEBACK_NATIVE": forced},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_the_module_numpy_answers_and_says_so_once() -> None:
    run = backend("none")
    assert run.stdout.startswith("numpy (slow")
    assert run.stderr.count("The native index is missing") == 1
    assert "install" in run.stderr.lower()


def test_a_path_can_be_forced_and_one_that_is_not_there_is_refused() -> None:
    if not backend(None).stdout.startswith("native"):
        pytest.skip("the native index is not built: there is no compiler")
    assert backend("portable").stdout.strip() == "native portable"
    assert "there are only" in backend("sse9").stderr
