"""The time left, as a chip: word, shape and tone say the same, so that none is needed alone. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from takeback.cases.model import Case, CaseStatus


class Shape(StrEnum):
    """The chip's outline, from calm to sharp."""

    DONE = "done"
    """No clock runs any more: no outline."""
    CALM = "calm"
    """Round ends, outline."""
    SOON = "soon"
    """Half-round ends, tinted."""
    URGENT = "urgent"
    """Square, filled."""
    LATE = "late"
    """A flag: pointed at one end, filled."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A shape and a word."""

    shape: Shape
    word: str


SOON = timedelta(hours=6)
URGENT = timedelta(hours=1)
_IN_HOURS = timedelta(hours=72)
_MINUTE = timedelta(minutes=1)


def span(length: timedelta) -> str:
    """A length of time in its one fitting unit, rounded down: nobody is promised more than there is."""
    if length < URGENT:
        return f"{max(1, length // _MINUTE)} min"
    if length < _IN_HOURS:
        return f"{length // timedelta(hours=1)} h"
    return f"{length // timedelta(days=1)} days"


def time_left(case: Case, now: datetime) -> Chip:
    """The chip of a case."""
    if case.status is CaseStatus.REMOVED:
        return Chip(Shape.DONE, "removed late" if case.overdue else "removed")
    if case.status in {CaseStatus.DECLINED, CaseStatus.OUT_OF_REACH}:
        return Chip(Shape.DONE, "closed")
    return _left(case.due_at - now, "left")


def answer_left(answer_by: datetime, now: datetime) -> Chip:
    """The chip of a question that waits for an answer; it is never calm."""
    chip = _left(answer_by - now, "to answer")
    return Chip(Shape.SOON, chip.word) if chip.shape is Shape.CALM else chip


def _left(left: timedelta, what: str) -> Chip:
    if left <= timedelta(0):
        return Chip(Shape.LATE, f"late by {span(-left)}")
    if left < _MINUTE:
        return Chip(Shape.URGENT, f"under 1 min {what}")
    shape = Shape.URGENT if left < URGENT else Shape.SOON if left < SOON else Shape.CALM
    return Chip(shape, f"{span(left)} {what}")
