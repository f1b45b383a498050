"""Rounds that only who holds the log's key can make: the log is right, and its rounds are not (E2)."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from packages import BEGAN, Made, World, uuid
from rounds_of_looks import gone_round
from soaking import quick
from takeback_verify.core.findings import Verdict
from takeback_verify.core.rounds import State, format_round
from takeback_verify.narration.report import format_report
from verifying import Files, Then, answer, by_program, opened


def _round(number: int, said: str = "gone", *, skip: bool = False, **changed: object) -> Then:
    """One more round of the first removal, with its entry; `skip`: without the document."""

    def then(world: World, files: Files, opened: list[int]) -> None:
        document = gone_round(uuid(200), BEGAN + timedelta(seconds=899), number)
        data = format_round(replace(document, **changed))
        digest = hashlib.sha256(data).hexdigest()
        if not skip:
            files[f"data/rounds/{digest}.json"] = data
        body = {"target": uuid(200), "case": uuid(1), "round": number, "finding": said, "series": digest}
        opened.append(world.record("rechecked", 900, **body))

    return then


def _of_no_copy(world: World, files: Files, opened: list[int]) -> None:
    data = format_round(gone_round(uuid(999), BEGAN))
    digest = hashlib.sha256(data).hexdigest()
    files[f"data/rounds/{digest}.json"] = data
    body = {"target": uuid(999), "case": uuid(1), "round": 0, "finding": "gone", "series": digest}
    opened.append(world.record("rechecked", 900, **body))


def _said_gone_of_what_was_there(world: World, files: Files, opened: list[int]) -> None:
    seen = gone_round().looks
    there = (replace(seen[0], state=State.PRESENT), *seen[1:])
    _round(1, "there", looks=there)(world, files, opened)
    opened.append(world.record("found_gone", 901, target=uuid(200), case=uuid(1), round=1))


def _asked_again(world: World, files: Files, opened: list[int]) -> None:
    body = {"target": uuid(200), "case": uuid(1), "staff": uuid(7)}
    opened.append(world.record("retry_asked", 800.5, **body))
    _round(2)(world, files, opened)


CONTRADICTIONS: dict[str, tuple[Then, str]] = {
    "a round without a control": (_round(1, control=()), "and its looks say"),
    "a round that says less than its entry": (_round(1, required=frozenset()), "and its looks say"),
    "a round that says more than its entry": (_round(1, "unclear"), "and its looks say"),
    "a finding that there is not": (_round(1, "vanished"), "and its looks say"),
    "a round that was left out": (_round(2), "is left out"),
    "a round that is there twice": (_round(0, at=BEGAN + timedelta(seconds=890)), "is there twice"),
    "a round that is not in the package": (_round(1, skip=True), "which the log knows, is missing"),
    "a round of another removal": (_round(1, target=uuid(201)), "is of another round than its entry"),
    "a round of another number": (_round(1, round=7), "is of another round than its entry"),
    "a round from the future": (
        _round(1, at=BEGAN + timedelta(days=9)),
        "looked after that was recorded",
    ),
    "a round of what was never to be removed": (_of_no_copy, "which is no removal of the package"),
    "gone, where it was seen": (_said_gone_of_what_was_there, "contradicts the round that it speaks of"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_invalid(made_with: Callable[..., Made], name: str) -> None:
    """E2: the verifier computes what a round says."""
    then, said = CONTRADICTIONS[name]
    made = made_with(then)

    report = by_program(made.zip, made.trust)

    assert report.verdict is Verdict.INVALID
    assert said in format_report(report), format_report(report)


@pytest.mark.parametrize("name", quick(*list(CONTRADICTIONS)[::4], every=CONTRADICTIONS))
def test_the_page_finds_them_too(
    page: Page, page_file: Path, made_with: Callable[..., Made], name: str
) -> None:
    """E2: in the program and in the page."""
    made = made_with(CONTRADICTIONS[name][0])

    said = answer(opened(page, page_file), made.zip, made.trust)

    program = [(step.number, step.outcome.value) for step in by_program(made.zip, made.trust).steps]
    assert [(step["number"], step["outcome"]) for step in said["steps"]] == program
    assert said["verdict"] == "INVALID"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"required": None, "control": ()}, "no control"),
        ({"required": None}, "its record does not say what had to be looked at"),
    ],
)
def test_an_old_round_is_valid_with_the_sentence_that_it_proves_nothing(
    page: Page, page_file: Path, made_with: Callable[..., Made], changed: dict[str, object], why: str
) -> None:
    """E2: packages of before stay readable, and nothing in them counts as gone that has no control."""
    made = made_with(_round(1, **changed))

    report = by_program(made.zip, made.trust)
    said = format_report(report)
    shown = answer(opened(page, page_file), made.zip, made.trust)

    assert report.verdict is Verdict.VALID, said
    assert f"was not there, says the service; that is not proven: {why};" in said
    assert "each time it was looked for until 3 March 2026 at 12:05:20 UTC" in said  # round 0, and no later
    assert shown["verdict"] == "VALID"
    assert shown["steps"][8]["said"] == [*report.steps[8].said]


def _older(world: World, files: Files, opened: list[int]) -> None:
    """A removal of before there was a control, whose rounds are recorded from its fourth on."""
    target, case = uuid(205), uuid(1)
    opened.append(world.record("removal_planned", 700.5, target=target, case=case, sighting=100))
    opened.append(world.record("found_gone", 700.6, target=target, case=case, round=0))
    data = format_round(gone_round(target, BEGAN + timedelta(seconds=899), 3))
    digest = hashlib.sha256(data).hexdigest()
    files[f"data/rounds/{digest}.json"] = data
    body = {"target": target, "case": case, "round": 3, "finding": "gone", "series": digest}
    opened.append(world.record("rechecked", 900, **body))


def test_rounds_of_before_there_was_a_control_are_no_gap_and_prove_nothing(
    page: Page, page_file: Path, made_with: Callable[..., Made]
) -> None:
    """E2: their entry alone is told as not proven."""
    made = made_with(_older)

    report = by_program(made.zip, made.trust)
    shown = answer(opened(page, page_file), made.zip, made.trust)

    assert report.verdict is Verdict.VALID, format_report(report)
    assert "says the service; that it was gone is not proven: no control" in format_report(report)
    assert shown["steps"][8]["said"] == [*report.steps[8].said]


def test_a_number_that_a_person_skipped_is_no_gap(made_with: Callable[..., Made]) -> None:
    """E2: who asks for another try goes on with the next number but one."""
    made = made_with(_asked_again)
    assert by_program(made.zip, made.trust).verdict is Verdict.VALID
