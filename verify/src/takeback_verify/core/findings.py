"""The result of a check: one outcome and one typed finding for each of the ten steps.

Nothing here is said in sentences: `takeback_verify.narration` does that. Problems are the exception: they are
the messages of the errors that ended a step.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from takeback_verify.core.anchors import Anchor
from takeback_verify.core.package import Wrapping
from takeback_verify.core.story import Story


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
        """The verdict as reports spell it."""
        return self.name.replace("_", " ")


class Outcome(StrEnum):
    """The outcome of one step."""

    HOLDS = "holds"
    FAILS = "fails"
    CANNOT_CHECK = "cannot check"
    NOT_CHECKED = "not checked"
    """A step that it depends on did not hold, or nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Step 1: every file is whole."""

    files: int
    wrapping: Wrapping
    foreign: tuple[str, ...]
    """Names of files that lie beside the package's own."""


@dataclass(frozen=True, slots=True)
class BagMatches:
    """Step 2: the bag's own files are what the others require."""


@dataclass(frozen=True, slots=True)
class ClosedList:
    """Step 3: all listed files are there, and no other."""

    files: int
    case: str
    service: str
    made: datetime
    software: str


@dataclass(frozen=True, slots=True)
class SignedLog:
    """Step 4: the log signed its state, and enough witnesses did."""

    log: str
    size: int
    witnesses: tuple[tuple[str, datetime], ...]
    """Witnesses that cosigned, with the times of their own clocks."""


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """Step 5: this entry of the log commits to the package."""

    index: int
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenedEntries:
    """Step 6: the entries that are opened lie in the log."""

    entries: int


@dataclass(frozen=True, slots=True)
class Timestamps:
    """Step 7: authorities signed these states of the log."""

    anchors: tuple[Anchor, ...]
    is_complete: bool
    """False: the last anchor does not cover every opened entry."""


@dataclass(frozen=True, slots=True)
class Exhibits:
    """Step 8: exhibits and rounds of looks are as recorded."""

    exhibits: int
    parts: int
    destroyed: tuple[str, ...]
    """Exhibits whose sealed parts were destroyed."""


@dataclass(frozen=True, slots=True)
class Unsealed:
    """Step 10: sealed parts hold what was recorded."""

    parts: int
    closed: tuple[str, ...]
    """Names of parts that are not sealed to the key."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The step was not checked, because it needs a step that does not hold or a file that cannot be read."""

    missing: int | str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Nobody asked to open the sealed parts."""


Finding = (
    Contents
    | BagMatches
    | ClosedList
    | SignedLog
    | OwnEntry
    | OpenedEntries
    | Timestamps
    | Exhibits
    | Story
    | Unsealed
    | Needs
    | NotAsked
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of section 9 of the format; number 0 is what must be there before the first."""

    number: int
    outcome: Outcome
    finding: Finding | None = None
    """The result, or why the step was not checked; None if it fails or cannot be checked."""
    problems: tuple[str, ...] = ()
    """Errors, in words."""


@dataclass(frozen=True, slots=True)
class Verification:
    """All that was found about one package."""

    steps: tuple[Step, ...]
    anchors: tuple[Anchor, ...] = ()
    """Timestamped states of the log, as far as they hold by themselves."""
    wrapping: Wrapping | None = None
    """None if the container could not be read."""
    foreign: tuple[str, ...] = ()
    """Files that lie beside the package's own, by name."""

    @property
    def verdict(self) -> Verdict:
        """The answer that follows from the steps."""
        outcomes = {step.outcome for step in self.steps}
        if Outcome.FAILS in outcomes:
            return Verdict.INVALID
        if Outcome.CANNOT_CHECK in outcomes:
            return Verdict.CANNOT_CHECK
        return Verdict.VALID
