"""What a run may lack where CI is set; any other part that a test needs and does not find fails the run.

Without CI such a test is skipped, and named.
"""

import os

import pytest

MAY_BE_MISSING = {
    "Linux": "other systems have no such confinement; CI runs on Linux",
    "ran as an ordinary user already": "not a part: who is no root has tried it in all other tests",
    "only root can become another user": "the same",
    "that other users than root may run": "a machine's Python may lie in root's own home",
    "the compiler is not here": "each is tried where it is; that one built the index, other tests ask",
    "vpdq is built with FFmpeg's headers": "its vectors are in the repository and are always compared",
    "age is not here": "Debian's mirrors may be out of reach; the format's own test vectors are always read",
    "Go's sumdb is not here": "the same; vectors of its tiles are in the repository",
    "is not here: it is not installed": "a program of a distribution that agrees; an image may lack it",
    "aics-tlog is not here": "it needs Python 3.12, which a distribution may not have",
}
"""Words of a skip's reason, and why a run in CI may do without."""


def is_fault(why: str) -> bool:
    """Return whether a test that is skipped for this reason fails the run."""
    return bool(os.environ.get("CI")) and not any(words in why for words in MAY_BE_MISSING)


def fail_if_missing(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a failure of a skip whose reason is not on the list."""
    if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
        why = report.longrepr[2]
        if is_fault(why):
            report.outcome = "failed"
            report.longrepr = f"missing in CI, and not in tests/may_be_missing.py: {why}"
