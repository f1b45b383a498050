"""A package that was made once stays VALID, word for word; the vectors are for verifiers of others, too."""

from pathlib import Path

import pytest

from takeback_verify.command import check_bytes
from takeback_verify.report import Report, Verdict, format_report_json

VECTORS = Path(__file__).parents[2] / "vectors"
FOLDER = VECTORS / "dossier"
EARLY = VECTORS / "early"
"""Written before section 1 of the format fixed the zip's bytes."""


def report_of(folder: Path, name: str) -> Report:
    trust, key = (folder / "trust.json").read_bytes(), (folder / "key.txt").read_text()
    with (folder / f"{name}.zip").open("rb") as package:
        return check_bytes(package, trust, key)


@pytest.mark.parametrize("name", ["valid", "invalid"])
def test_the_report_is_as_it_was(name: str) -> None:
    report = report_of(FOLDER, name)

    assert (report.verdict, report.wrapping) == (Verdict[name.upper()], "original")
    assert format_report_json(report) == (FOLDER / f"{name}.report.json").read_bytes()


@pytest.mark.parametrize("name", ["valid", "invalid"])
def test_a_package_of_an_early_version_is_judged_on_its_files(name: str) -> None:
    report = report_of(EARLY, name)

    assert (report.verdict, report.wrapping) == (Verdict[name.upper()], "zip")
    assert report.steps[0].said[0].startswith("The zip is not the original wrapping")
