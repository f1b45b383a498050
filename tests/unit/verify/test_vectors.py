"""A package that was made once stays VALID, word for word; the vectors are for verifiers of others, too."""

from pathlib import Path

import pytest

from takeback_verify.command import check_bytes
from takeback_verify.core.findings import Verdict
from takeback_verify.narration.report import Report, format_report_json

VECTORS = Path(__file__).parents[2] / "vectors"
FOLDER = VECTORS / "dossier"
EARLY = VECTORS / "early"
"""What the demo of an early version wrote: the zip's bytes were not fixed yet, and rounds had version 1."""


def report_of(folder: Path, name: str) -> Report:
    trust, key = (folder / "trust.json").read_bytes(), folder / "key.txt"
    with (folder / f"{name}.zip").open("rb") as package:
        return check_bytes(package, trust, key.read_text() if key.exists() else None)


@pytest.mark.parametrize("name", ["valid", "invalid"])
def test_the_report_is_as_it_was(name: str) -> None:
    report = report_of(FOLDER, name)

    assert (report.verdict, report.wrapping) == (Verdict[name.upper()], "original")
    assert format_report_json(report) == (FOLDER / f"{name}.report.json").read_bytes()


def test_a_package_that_an_early_version_wrote_is_judged_on_its_files_and_its_rounds_prove_nothing() -> None:
    """E1, E2: it stays VALID; that pictures were gone is what the service said, and no more."""
    report = report_of(EARLY, "valid")

    assert (report.verdict, report.wrapping) == (Verdict.VALID, "zip")
    assert report.steps[0].said[0].startswith("The zip is not the original wrapping")
    told = " ".join(report.steps[8].said)
    assert told.count("that it was gone is not proven") == 7
    assert "was absent from" not in told
