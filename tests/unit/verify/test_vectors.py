"""A package that was made once stays VALID, word for word; the vectors are for verifiers of others, too."""

from pathlib import Path

import pytest

from takeback_verify.command import check_bytes
from takeback_verify.report import Verdict, format_report_json

FOLDER = Path(__file__).parents[2] / "vectors" / "dossier"


@pytest.mark.parametrize("name", ["valid", "invalid"])
def test_the_report_is_as_it_was(name: str) -> None:
    trust, key = (FOLDER / "trust.json").read_bytes(), (FOLDER / "key.txt").read_text()
    with (FOLDER / f"{name}.zip").open("rb") as package:
        report = check_bytes(package, trust, key)

    assert report.verdict is Verdict[name.upper()]
    assert format_report_json(report) == (FOLDER / f"{name}.report.json").read_bytes()
