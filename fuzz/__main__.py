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

TARGETS = ("picture", "signals", "details", "clip", "document", "service", "wire")
"""Those of `fuzz.target`, which only its own processes can import: it rewrites what it imports."""
MEMORY_MB = 3072
"""As a decoder process of the service (`signals.sandbox.MEMORY_BYTES`)."""
HANG_SECONDS = 20
"""Twice what a child has for a file."""
LONGEST_INPUT = 16_384
_STARTER = (sys.executable, "-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))")
"""A small process in between. Linux hands the peak of memory on when a process starts a program, and
libFuzzer would count what whoever started it once held as its own."""
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")
_STAT = re.compile(r"^stat::(\w+):\s+(\d+)", re.MULTILINE)
_ARTIFACT = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one target."""

    target: str
    executions: int
    edges: int
    """Of the instrumented Python code, how many were reached."""
    features: int
    """Edges by how often they were taken, in libFuzzer's classes."""
    peak_mb: int
    slowest_ms: int
    found: str
    """The input that broke it; empty: none."""
    said: str
    """The end of what libFuzzer said."""


def fuzz(
    target: str,
    seconds: int,
    findings: Path,
    *,
    module: str = "fuzz.target",
    hang_seconds: int = HANG_SECONDS,
    memory_mb: int = MEMORY_MB,
) -> Run:
    """Run one target in a process of its own.

    Args:
        target: its name.
        seconds: how long new inputs are made.
        findings: where an input is kept that broke it.
        module: whose target it is; tests have some that break.
        hang_seconds: an input that takes longer is a finding.
        memory_mb: so is a process that ever took more.
    """
    kept = findings / target
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="takeback-fuzz-") as grown:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module
            [
                *_STARTER,
                *(sys.executable, "-m", module, target),
                *(f"-max_total_time={seconds}", f"-timeout={hang_seconds}", f"-rss_limit_mb={memory_mb}"),
                *(f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={kept}{os.sep}", "-print_final_stats=1"),
                # Codecs are not instrumented: each seed is worth changing, also where it shows nothing new.
                "-keep_seed=1",
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
    peak = stats.get("peak_rss_mb", 0)
    if not broke and peak > memory_mb:
        # libFuzzer looks once a second; what came and went in between shows in the peak alone.
        broke = f"{peak} MB at some time"
    edges, reached = (_COVERAGE.findall(ended.stderr) or [("0", "0")])[-1]
    if not broke and edges == "0":
        broke = "nothing of the code was seen: it is not instrumented"
    return Run(
        target,
        stats.get("number_of_executed_units", 0),
        int(edges),
        int(reached),
        peak,
        stats.get("slowest_ms", 0),
        broke,
        ended.stderr[-3000:] if broke else "",
    )


def main() -> None:
    """Fuzz, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together")
    parser.add_argument("--findings", type=Path, default=Path(".cache/fuzz"), help="where breaking inputs go")
    asked = parser.parse_args()
    cores = min(len(os.sched_getaffinity(0)), len(TARGETS))
    each = max(1, asked.seconds * cores // len(TARGETS))
    with ThreadPoolExecutor(cores) as pool:
        runs = list(pool.map(lambda target: fuzz(target, each, asked.findings), TARGETS))
    for run in runs:
        sys.stdout.write(
            f"{run.target:8} {each} s, {run.executions} executions, {run.edges} edges, "
            f"{run.features} features, at most {run.peak_mb} MB, slowest {run.slowest_ms} ms: "
            f"{run.found or 'nothing found'}\n"
        )
        sys.stderr.write(run.said)
    sys.exit(any(run.found for run in runs))


if __name__ == "__main__":
    main()
