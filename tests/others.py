"""Other people's programs that must agree with us: where each is, or why it is not here.

    pytestmark = pytest.mark.agrees("age")    # where there is no age, the test is skipped and named
    subprocess.run([others.program("age"), ...])

Those that are no Python package are got by `tools/oracles.py`, which `make test` runs first. A run's summary
says who agreed, who was not there, and what was counted: `record_property("counted", (9, "mutants"))`.
"""

import hashlib
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from repository import ROOT

FOLDER = ROOT / ".cache" / "oracles"
GO_SOURCE = ROOT / "tests" / "oracles" / "go" / "main.go"
GO, AGE, AICS = "Go's sumdb", "age", "aics-tlog"


def go_program() -> Path:
    """What is built of the Go source as it is now."""
    return FOLDER / "bin" / f"sumdb-{hashlib.sha256(GO_SOURCE.read_bytes()).hexdigest()[:16]}"


def program(name: str) -> Path:
    """Where it is. Raises FileNotFoundError with what is known of why it is not."""
    got = go_program() if name == GO else FOLDER / "bin" / name
    if got.exists():
        return got
    beside = Path(sys.executable).with_name(name)
    if beside.exists():
        return beside
    installed = shutil.which(name)
    if installed is None:
        raise FileNotFoundError(f"{name} is not here: {_why(name)}")
    return Path(installed)


def why_file(name: str) -> Path:
    """Where `tools/oracles.py` says why it could not get it."""
    return FOLDER / f"{name}.txt"


def _why(name: str) -> str:
    if name not in (GO, AGE, AICS):
        return "it is not installed"
    known = why_file(name)
    return known.read_text("utf-8") if known.exists() else "tools/oracles.py gets it"


# --- what pytest asks --------------------------------------------------------------------------------------


def asked_by(item: pytest.Item) -> Iterator[str]:
    """The programs that a test asks."""
    for mark in item.iter_markers("agrees"):
        yield from mark.args


def skip_without(item: pytest.Item) -> None:
    """Skip a test that asks a program which is not here."""
    for name in asked_by(item):
        try:
            program(name)
        except FileNotFoundError as missing:
            pytest.skip(str(missing))


def summary(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """Lines for the end of a run."""
    outcomes: dict[str, Counter[str]] = {}
    for outcome, name in _told(reporter, "agrees"):
        outcomes.setdefault(name, Counter())[outcome] += 1
    for name, found in sorted(outcomes.items()):
        if found["failed"]:
            yield f"{name} DISAGREES in {found['failed']} tests"
        elif found["passed"]:
            yield f"{name} agrees in {found['passed']} tests"
        for outcome in ("skipped", "error"):
            if found[outcome]:
                yield f"{name} was not asked in {found[outcome]} tests ({outcome})"
    counted = Counter[str]()
    for _, (number, what) in _told(reporter, "counted"):
        counted[what] += number
    for what, number in sorted(counted.items()):
        yield f"{number} {what}"


def _told(reporter: pytest.TerminalReporter, what: str) -> Iterator[tuple[str, Any]]:
    """(a test's outcome, what it told) by a property of the tests' reports."""
    for outcome in ("passed", "failed", "skipped", "error"):
        for report in reporter.stats.get(outcome, []):
            told = getattr(report, "user_properties", ())  # a file that could not be read has none
            yield from ((outcome, value) for name, value in told if name == what)
