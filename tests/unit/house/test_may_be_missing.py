"""Whatever a test needs and does not find fails a run in CI, but for what stands on the list."""

import pytest

from may_be_missing import MAY_BE_MISSING, fail_if_missing, is_fault


@pytest.fixture
def in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")


def skipped(why: str) -> pytest.TestReport:
    return pytest.TestReport(
        "test_x", ("x.py", 1, "test_x"), {}, "skipped", ("x.py", 1, f"Skipped: {why}"), "setup"
    )


@pytest.mark.usefixtures("in_ci")
def test_what_is_missing_in_ci_fails_with_its_reason() -> None:
    report = skipped("the program openssl is not installed")
    fail_if_missing(report)
    assert report.failed
    assert "the program openssl is not installed" in report.longreprtext
    assert "may_be_missing.py" in report.longreprtext


@pytest.mark.usefixtures("in_ci")
def test_what_stands_on_the_list_is_skipped() -> None:
    report = skipped("aics-tlog is not here: no Python 3.12")
    fail_if_missing(report)
    assert report.skipped


def test_elsewhere_it_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert not is_fault("the program openssl is not installed")


def test_each_of_the_list_has_its_reason() -> None:
    assert all(MAY_BE_MISSING.values())
