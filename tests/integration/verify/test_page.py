"""VERIFY.html in a real Chromium, from a file, without network: the same answers as the program."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from browser import NewPage, snapshot
from mutants import BENIGN, Lab, Mutant
from packages import zipped
from soaking import quick
from takeback_verify.narration.report import format_report
from verifying import answer, by_program, next_answer, opened

PARTS = 4
"""The mutants are shared out, so that no test takes minutes on a busy machine."""


def outcomes(report: dict) -> list[tuple[int, str]]:
    return [(step["number"], step["outcome"]) for step in report["steps"]]


def test_it_says_the_same_sentences_of_a_valid_package(page: Page, page_file: Path, lab: Lab) -> None:
    said = answer(opened(page, page_file), lab.made.zip, lab.made.trust)
    program = by_program(lab.made.zip, lab.made.trust)

    assert said["verdict"] == "VALID", said
    for step, ours in zip(said["steps"][:9], program.steps[:9], strict=True):
        extra = ["The log's second signature, by ML-DSA-44, is there; it is not checked in a browser."]
        assert step["title"] == ours.title
        assert step["said"] == [*ours.said, *(extra if ours.number == 4 else [])]


@pytest.mark.parametrize("part", quick(0, every=range(PARTS)))
def test_every_mutant_is_caught_by_the_page(
    page: Page,
    page_file: Path,
    lab: Lab,
    tampered: list[Mutant],
    part: int,
    record_property: Callable[[str, object], None],
) -> None:
    answer(opened(page, page_file), lab.made.zip, lab.made.trust)
    wrong, caught, left = [], 0, 0
    for mutant in tampered[part::PARTS]:
        said = next_answer(page, mutant.zip)
        if mutant.only_by_program:
            left += 1
            continue
        program = by_program(mutant.zip, lab.made.trust)
        ours = [(step.number, step.outcome.value) for step in program.steps]
        if said["verdict"] == mutant.verdict and outcomes(said) == ours:
            caught += 1
        else:
            wrong.append(f"{mutant.name}: {said}\n{format_report(program)}")
    assert not wrong, "\n\n".join(wrong)
    record_property("counted", (caught, "tampered packages judged by the page as by the program"))
    record_property("counted", (left, "tampered packages of which the page says that no browser can tell"))


@pytest.mark.parametrize("name", quick(*list(BENIGN)[::5], every=BENIGN))
def test_what_does_no_harm_stays_valid_in_the_page(page: Page, page_file: Path, lab: Lab, name: str) -> None:
    data = BENIGN[name](lab)
    said, program = answer(opened(page, page_file), data, lab.made.trust), by_program(data, lab.made.trust)

    assert said["verdict"] == "VALID", said
    assert said["steps"][0]["said"] == list(program.steps[0].said)
    assert (said["wrapping"], said["foreign"]) == (program.wrapping, list(program.foreign))


def test_it_says_cannot_check_and_why(page: Page, page_file: Path, lab: Lab) -> None:
    opened(page, page_file)

    assert answer(page, b"no zip", lab.made.trust)["verdict"] == "CANNOT CHECK"
    assert answer(page, lab.made.zip, b"{}")["verdict"] == "CANNOT CHECK"
    assert "trust file cannot be used" in page.inner_text("#result")


@pytest.mark.parametrize("scheme", quick("dark", every=["light", "dark"]))
def test_it_is_calm_to_look_at(
    new_page: NewPage, page_file: Path, lab: Lab, scheme: Literal["light", "dark"]
) -> None:
    narrow, wide = new_page("phone", scheme, width=320), new_page("desktop", scheme)
    damaged = lab.copy()
    damaged["data/METHOD.md"] = b"edited"
    answers = {"valid": lab.made.zip, "invalid": zipped(lab.made.id, damaged), "cannot-check": b"no zip"}

    for page, size in ((narrow, "phone"), (wide, "desktop")):
        opened(page, page_file)
        snapshot(page, f"verify-empty-{size}-{scheme}")
        for name, package in answers.items():
            assert answer(page, package, lab.made.trust)["verdict"] == name.upper().replace("-", " ")
            snapshot(page, f"verify-{name}-{size}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"


def test_it_is_for_everybody(page: Page, page_file: Path, lab: Lab) -> None:
    opened(page, page_file)
    answer(page, lab.made.zip, lab.made.trust)

    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})

    assert found.violations_count == 0, found.generate_report()


@pytest.mark.soak
def test_it_works_by_dropping_and_by_keyboard(page: Page, page_file: Path, lab: Lab) -> None:
    opened(page, page_file)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "package"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "folder"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "trust"

    page.evaluate(
        """([zip, trust]) => {
          const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes(zip)], "dossier.zip"));
          dataTransfer.items.add(new File([bytes(trust)], "trust.json"));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        [base64.b64encode(data).decode() for data in (lab.made.zip, lab.made.trust)],
    )

    page.wait_for_selector("#result[data-verdict=VALID]:not([hidden])")
    assert page.evaluate("document.activeElement.textContent") == "VALID"


def test_without_scripts_it_says_so(new_page: NewPage, page_file: Path) -> None:
    page = new_page(javascript=False)
    page.goto(page_file.as_uri())

    assert "takeback-verify" in page.inner_text("#needs-script")
    assert not page.is_visible("#files")
