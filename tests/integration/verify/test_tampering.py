"""Whatever is done to a package, the verifier sees it; and it does not cry wolf."""

import io
from collections import Counter
from collections.abc import Callable

import pytest

from mutants import BENIGN, Lab, Mutant
from takeback_verify.core.findings import Verdict
from takeback_verify.core.trust import parse_trust
from takeback_verify.core.verdict import verify
from takeback_verify.narration.report import format_report, narrate


def test_every_mutant_is_caught(
    lab: Lab, tampered: list[Mutant], record_property: Callable[[str, object], None]
) -> None:
    trust = parse_trust(lab.made.trust)
    caught: Counter[str] = Counter()
    wrong = []
    for mutant in tampered:
        report = narrate(verify(io.BytesIO(mutant.zip), trust))
        caught[report.verdict.words] += 1
        if report.verdict.words != mutant.verdict:
            wrong.append(f"{mutant.name}: {format_report(report)}")
    assert not wrong, "\n\n".join(wrong)
    assert caught.total() >= 60
    record_property("counted", (caught.total(), "tampered packages, all caught by the program"))


@pytest.mark.parametrize("name", BENIGN)
def test_what_does_no_harm_stays_valid(lab: Lab, name: str) -> None:
    report = narrate(verify(io.BytesIO(BENIGN[name](lab)), parse_trust(lab.made.trust)))

    assert report.verdict is Verdict.VALID, format_report(report)
