"""Whatever is done to a package, the verifier sees it; and it does not cry wolf."""

import io
from collections import Counter

import pytest

from mutants import BENIGN, Lab, mutants
from takeback_verify.report import Verdict, format_report
from takeback_verify.trust import parse_trust
from takeback_verify.verdict import verify
from verifying import say


def test_every_mutant_is_caught(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    trust = parse_trust(lab.made.trust)
    caught: Counter[str] = Counter()
    wrong = []
    for mutant in mutants(lab):
        report = verify(io.BytesIO(mutant.zip), trust)
        caught[report.verdict.words] += 1
        if report.verdict.words != mutant.verdict:
            wrong.append(f"{mutant.name}: {format_report(report)}")
    say(capsys, f"{caught.total()} mutants by the program: {dict(caught)}")
    assert not wrong, "\n\n".join(wrong)
    assert caught.total() >= 60


@pytest.mark.parametrize("name", BENIGN)
def test_what_does_no_harm_stays_valid(lab: Lab, name: str) -> None:
    report = verify(io.BytesIO(BENIGN[name](lab)), parse_trust(lab.made.trust))

    assert report.verdict is Verdict.VALID, format_report(report)
