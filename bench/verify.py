"""How long a package of many exhibits takes to be verified, and how much memory.

Run: `python bench/verify.py` (`--exhibits 1000`). The package is made as for the tests, with two witnesses
and two local time-stamping authorities; its parts are small, so what is measured is files, entries and
proofs, and not how fast a disk is read. The program runs as people run it, as a process of its own.
"""

import argparse
import importlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exhibits", type=int, default=1000)
    asked = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    packages = importlib.import_module("packages")
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name:
        folder = Path(name)
        made = packages.World(folder).package(exhibits=asked.exhibits)
        (folder / "dossier.zip").write_bytes(made.zip)
        (folder / "trust.json").write_bytes(made.trust)
        (folder / "key.txt").write_text(made.key)
        print(f"{asked.exhibits} exhibits, {len(made.files)} files, {len(made.zip) / 1e6:.1f} MB")
        for what, more in (
            ("verified", list[str]()),
            ("verified and opened", ["--open", str(folder / "key.txt")]),
        ):
            seconds, busy, megabytes = measure(folder, more)
            print(f"{what:<20} {seconds:6.2f} s ({busy:.2f} s of a core), {megabytes:.0f} MB at most")


def measure(folder: Path, more: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of a core, and the most memory of any verifier so far in MB."""
    program = Path(sys.executable).with_name("takeback-verify")
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [program, folder / "dossier.zip", "--trust", folder / "trust.json", *more],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begun, busy, after.ru_maxrss / 1000


if __name__ == "__main__":
    main()
