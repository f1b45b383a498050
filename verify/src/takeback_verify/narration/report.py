"""The report: the verdict and each step, in sentences that a lawyer understands."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from takeback_verify.core import findings
from takeback_verify.core.canonical import Value, write
from takeback_verify.core.findings import Outcome, Verdict, Verification
from takeback_verify.core.listing import ANCHORS
from takeback_verify.core.names import shown
from takeback_verify.core.package import Wrapping
from takeback_verify.core.story import Story
from takeback_verify.core.words import count, joined, when
from takeback_verify.narration.story import tell

TITLES = (
    "Before the check",
    "Container",
    "Bag",
    "List of files",
    "Log and witnesses",
    "The package's own entry",
    "Entries",
    "Timestamps",
    "Exhibits",
    "What happened",
    "Sealed parts",
)
"""The steps' titles, by their numbers."""

_MOST_NAMED = 20
"""Most foreign files that a sentence names."""
_NOT_ORIGINAL = {
    Wrapping.ZIP: "The zip is not the original wrapping",
    Wrapping.FOLDER: "A folder is not the original wrapping",
}


@dataclass(frozen=True, slots=True)
class ToldStep:
    """One step of section 9 of the format, in sentences."""

    number: int
    title: str
    outcome: Outcome
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said of one package."""

    verdict: Verdict
    steps: tuple[ToldStep, ...]
    second_opinions: tuple[str, ...]
    """Commands that ask another program about the timestamps."""
    wrapping: str | None
    """The wrapping of the files: "original", "zip" or "folder"; None if that could not be read."""
    foreign: tuple[str, ...]
    """Files that lie beside the package's own, by name."""


def narrate(found: Verification) -> Report:
    """Return what is said of a verification."""
    steps = tuple(
        ToldStep(
            step.number,
            TITLES[step.number],
            step.outcome,
            tuple(_sentences(step.finding) if step.finding else map(_sentence, step.problems)),
        )
        for step in found.steps
    )
    return Report(found.verdict, steps, _second_opinions(found), found.wrapping, found.foreign)


def format_report(report: Report) -> str:
    """Return the report for people: the verdict first."""
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
    """Return the report for programs: one canonical JSON object."""
    steps: list[Value] = [
        {
            "number": step.number,
            "outcome": step.outcome.value,
            "said": list(step.said),
            "title": step.title,
        }
        for step in report.steps
    ]
    return write(
        {
            "foreign": list(report.foreign),
            "second_opinions": list(report.second_opinions),
            "steps": steps,
            "verdict": report.verdict.words,
            "v": 1,
            "wrapping": report.wrapping,
        }
    )


def _second_opinions(found: Verification) -> tuple[str, ...]:
    """Return an openssl command for each timestamp that holds."""
    return tuple(
        f"openssl ts -verify -in {stamp.file} -data <(sed '/^$/,$d' {ANCHORS}{anchor.size}.note) "
        f"-CAfile {shlex.quote(stamp.authority + '.pem')} -attime {int(stamp.at.timestamp())}"
        for anchor in found.anchors
        for stamp in anchor.stamps
    )


def _sentence(problem: str) -> str:
    named = {"/", "."} & set(problem.partition(" ")[0])  # a file's name is spelt as it is
    return (problem if named else problem[:1].upper() + problem[1:]) + ("" if problem.endswith(".") else ".")


def _sentences(finding: findings.Finding) -> Sequence[str]:  # noqa: C901, PLR0911 -- an arm each
    match finding:
        case findings.Contents():
            return _contents(finding)
        case findings.BagMatches():
            return ["The files of the BagIt bag are exactly what the other files require."]
        case findings.ClosedList():
            return _closed(finding)
        case findings.SignedLog():
            return _log(finding)
        case findings.OwnEntry():
            return [
                f"Entry {finding.index:,} of the log, of {when(finding.at)}, commits to exactly this package."
            ]
        case findings.OpenedEntries():
            number = count(finding.entries, "entry")
            return [f"{number} of the log are opened; each lies in the log where it says."]
        case findings.Timestamps():
            return _timestamps(finding)
        case findings.Exhibits():
            number = count(finding.exhibits, "exhibit")
            return [
                f"{number} with {count(finding.parts, 'part')}: unchanged since recorded.",
                *(f"The sealed parts of exhibit {capture} were destroyed." for capture in finding.destroyed),
            ]
        case Story():
            return [*tell(finding)] or ["The package opens no entry that tells a story."]
        case findings.Unsealed():
            return [
                f"{count(finding.parts, 'sealed part')} opened: each holds what was recorded.",
                *(f"{name} is not sealed to this key." for name in finding.closed),
            ]
        case findings.Needs():
            if isinstance(finding.missing, str):
                return [f"{finding.missing} cannot be read, and this step depends on it."]
            return [f"Step {finding.missing} does not hold, and this step depends on it."]
    return _not_asked(finding)  # the type checker refuses a kind of finding without an arm


def _contents(found: findings.Contents) -> list[str]:
    number = count(found.files, "file")
    if found.wrapping is Wrapping.ORIGINAL:
        return [f"The zip holds {number} in one folder, and every byte of it follows from them."]
    said = [f"{_NOT_ORIGINAL[found.wrapping]}, so nothing is said of it; the {number} in it are judged."]
    if found.foreign:
        names = [shown(name) for name in found.foreign]
        more = len(names) - _MOST_NAMED
        named = names if more <= 0 else [*names[:_MOST_NAMED], f"{more:,} more"]
        said.append(f"{_beside(len(names))}: {joined(named)}.")
    return said


def _closed(found: findings.ClosedList) -> list[str]:
    source = f"made by {found.service} on {when(found.made)} with {found.software}"
    return [
        f"All {count(found.files, 'file')} of the closed list are there, unchanged, and no other.",
        f"It is the evidence of case {found.case}, {source}.",
    ]


def _log(found: findings.SignedLog) -> list[str]:
    said = f"The log {found.log} signed that it had {count(found.size, 'entry')}."
    if not found.witnesses:
        return [said, "The trust file asks for no witness, and none confirmed it."]
    witnesses = [f"{name} on {when(at)}" for name, at in found.witnesses]
    return [said, f"Confirmed by {count(len(witnesses), 'witness')}: {joined(witnesses)}."]


def _timestamps(found: findings.Timestamps) -> list[str]:
    if not found.anchors:
        return ["No checkpoint is timestamped: only the log itself says when entries were made."]
    said = [
        f"The first {count(anchor.size, 'entry')} of the log existed by {when(anchor.by)}: "
        f"{joined(anchor.authorities)} signed it."
        for anchor in found.anchors
    ]
    if not found.is_complete:
        said.append("For entries behind the last timestamp, only the log itself says when they were made.")
    return said


def _not_asked(_: findings.NotAsked) -> list[str]:
    return ["Nobody asked to open the sealed parts; --open does, for who holds a key."]


def _beside(number: int) -> str:
    if number == 1:
        return "Beside them lies 1 file that is not part of the package and proves nothing"
    return f"Beside them lie {number:,} files that are not part of the package and prove nothing"
