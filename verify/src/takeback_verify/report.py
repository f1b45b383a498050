"""What a verification found: a verdict, and a list of steps with sentences that a lawyer understands."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from takeback_verify.canonical import Value, write


class Verdict(IntEnum):
    """The answer; its number is the program's exit code."""

    VALID = 0
    """Every step holds."""
    INVALID = 1
    """Something was changed, is missing, is too much or contradicts."""
    CANNOT_CHECK = 2
    """Not a package at all, the trust file or the key cannot be used, or it speaks of another log."""

    @property
    def words(self) -> str:
        """As people read it."""
        return self.name.replace("_", " ")


class Outcome(StrEnum):
    """What became of one step."""

    HOLDS = "holds"
    FAILS = "fails"
    CANNOT_CHECK = "cannot check"
    NOT_CHECKED = "not checked"
    """A step that it depends on did not hold, or nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of section 9 of the format."""

    number: int
    title: str
    outcome: Outcome
    said: tuple[str, ...]
    """Sentences."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said of one package."""

    steps: tuple[Step, ...]
    second_opinions: tuple[str, ...] = ()
    """Commands that ask another program about the timestamps."""
    wrapping: str | None = None
    """What the files came in: "original", "zip" or "folder"; None if that could not be read."""
    foreign: tuple[str, ...] = ()
    """Files that lie beside the package's own, by name."""

    @property
    def verdict(self) -> Verdict:
        """What follows from the steps."""
        outcomes = {step.outcome for step in self.steps}
        if Outcome.FAILS in outcomes:
            return Verdict.INVALID
        if Outcome.CANNOT_CHECK in outcomes:
            return Verdict.CANNOT_CHECK
        return Verdict.VALID


def format_report(report: Report) -> str:
    """The report for people: the verdict first."""
    lines = [report.verdict.words, ""]
    for step in report.steps:
        lines.append(f"{step.number:>2}. {step.title}: {step.outcome}")
        lines += [f"    {sentence}" for sentence in step.said]
    if report.second_opinions:
        lines += [
            "",
            "A second opinion on the timestamps, in the folder of the unpacked package; NAME.pem is the root",
            "certificate of the authority NAME, from a source that you trust:",
            *(f"    {command}" for command in report.second_opinions),
        ]
    return "\n".join([*lines, ""])


def format_report_json(report: Report) -> bytes:
    """The report for programs: one canonical JSON object."""
    steps: list[Value] = [
        {
            "number": step.number,
            "outcome": step.outcome.value,
            "said": list(step.said),
            "title": step.title,
        }
        for step in report.steps
    ]
    foreign: list[Value] = list(report.foreign)
    return write(
        {
            "foreign": foreign,
            "second_opinions": list(report.second_opinions),
            "steps": steps,
            "verdict": report.verdict.words,
            "v": 1,
            "wrapping": report.wrapping,
        }
    )
