"""Parts that continuous integration may lack, each with its reason. What is not named here fails a run there.

Where `CI` is set, as `.ci/run` does, a test that is skipped for a missing part fails, unless its reason is
one of these. Elsewhere it stays a skip, by name.
"""

import os
import re
from collections.abc import Generator

import pytest

MAY_BE_MISSING = {
    r"only root|other users than root|as an ordinary user already": "a run has one user, root or not",
    r"Linux": "the service runs on other systems with fewer limits, and says so",
    r"vpdq is built with FFmpeg's headers": "its wheel does not exist; its answers are kept as vectors",
    r"no processor|this processor|AVX": "no machine has every instruction set; the others are run by it",
    r"clang|g\+\+|simde|a compiler": "one compiler builds the index, and which one is the machine's business",
    r"^(?!openssl)\S.* is not here: ": "other people's programs that agree with us come with a distribution",
}
"""Why a part may be missing, by a pattern of the reason that the skip gives."""


def may_be(reason: str) -> bool:
    """Return whether a part may be missing in continuous integration."""
    return any(re.search(pattern, reason) for pattern in MAY_BE_MISSING)


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (os.environ.get("CI") and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not may_be(reason) and "empty parameter set" not in reason:
        report.outcome = "failed"
        report.longrepr = (
            f"{reason}\nThis part must be here: get it, or name it with a reason in {__name__}.py."
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that is skipped for a part that must be here."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that is skipped for a part that must be here."""
    report = yield
    _judge(report)
    return report
