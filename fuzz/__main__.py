"""`make fuzz`: every target for its share of the time, as many at once as there are cores.

Run: `python -m fuzz --seconds 600`. Exit 1 if anything was found; the input that did it lies in
`.cache/fuzz/TARGET` then, and `python -m fuzz.target TARGET FILE` repeats it.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fuzz.make_corpus import CORPUS

TARGETS = ("picture", "signals", "clip", "wire")
"""Those of `fuzz.target`, which only its own processes can import: it rewrites what it imports."""
MEMORY_MB = 3072
"""As a decoder process of the service (`signals.sandbox.MEMORY_BYTES`)."""
HANG_SECONDS = 20
"""As the service's own patience (TAKEBACK_DECODE_SECONDS)."""
LONGEST_INPUT = 16_384
_STAT = re.compile(r"^stat::(\w+):\s+(\d+)", re.MULTILINE)
_ARTIFACT = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one target."""

    target: str
    executions: int
    peak_mb: int
    slowest_seconds: int
    found: str
    """The input that broke it; empty: none."""
    said: str
    """The end of what libFuzzer said."""


def fuzz(target: str, seconds: int, findings: Path) -> Run:
    """Run one target in a process of its own."""
    kept = findings / target
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="takeback-fuzz-") as grown:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module
            [
                *(sys.executable, "-m", "fuzz.target", target),
                *(f"-max_total_time={seconds}", f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MEMORY_MB}"),
                *(f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={kept}{os.sep}", "-print_final_stats=1"),
                *(grown, str(CORPUS)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
    stats = {name: int(number) for name, number in _STAT.findall(ended.stderr)}
    written = _ARTIFACT.search(ended.stderr)
    broke = written[1] if written else "" if ended.returncode == 0 else f"exit {ended.returncode}"
    return Run(
        target,
        stats.get("number_of_executed_units", 0),
        stats.get("peak_rss_mb", 0),
        stats.get("slowest_unit_time_sec", 0),
        broke,
        ended.stderr[-3000:] if broke else "",
    )


def main() -> None:
    """Fuzz, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together")
    parser.add_argument("--findings", type=Path, default=Path(".cache/fuzz"), help="where breaking inputs go")
    asked = parser.parse_args()
    cores = min(os.cpu_count() or 1, len(TARGETS))
    each = max(1, asked.seconds * cores // len(TARGETS))
    with ThreadPoolExecutor(cores) as pool:
        runs = list(pool.map(lambda target: fuzz(target, each, asked.findings), TARGETS))
    for run in runs:
        sys.stdout.write(
            f"{run.target:8} {each} s, {run.executions} executions, at most {run.peak_mb} MB, "
            f"slowest {run.slowest_seconds} s: {run.found or 'nothing found'}\n"
        )
        sys.stderr.write(run.said)
    sys.exit(any(run.found for run in runs))


if __name__ == "__main__":
    main()
