from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.cases.model import Case, CaseStatus
from takeback.entrypoints.console.chips import Chip, Shape, answer_left, time_left
from takeback.ids import CaseId, ReportId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SHARPER = [Shape.CALM, Shape.SOON, Shape.URGENT, Shape.LATE]


def case(left: timedelta, status: CaseStatus = CaseStatus.OPEN, *, overdue: bool = False) -> Case:
    return Case(
        CaseId(uuid4()), ReportId(uuid4()), NOW, NOW + left, "house", status, overdue=overdue, changed_at=NOW
    )


@pytest.mark.parametrize(
    ("left", "shape", "word"),
    [
        (21 * HOUR + 59 * MINUTE, Shape.CALM, "21 h left"),
        (80 * HOUR, Shape.CALM, "3 days left"),
        (6 * HOUR, Shape.CALM, "6 h left"),
        (6 * HOUR - MINUTE, Shape.SOON, "5 h left"),
        (45 * MINUTE, Shape.URGENT, "45 min left"),
        (timedelta(seconds=59), Shape.URGENT, "under 1 min left"),
        (timedelta(0), Shape.LATE, "late by 1 min"),
        (-2 * HOUR - 5 * MINUTE, Shape.LATE, "late by 2 h"),
        (-100 * HOUR, Shape.LATE, "late by 4 days"),
    ],
)
def test_a_chip_says_how_much_time_is_left(left: timedelta, shape: Shape, word: str):
    assert time_left(case(left), NOW) == Chip(shape, word)


def test_no_clock_runs_when_nothing_is_left_to_do():
    assert time_left(case(-HOUR, CaseStatus.REMOVED), NOW) == Chip(Shape.DONE, "removed")
    assert time_left(case(-HOUR, CaseStatus.REMOVED, overdue=True), NOW).word == "removed late"
    assert time_left(case(-HOUR, CaseStatus.DECLINED), NOW) == Chip(Shape.DONE, "closed")


times = st.timedeltas(timedelta(days=-30), timedelta(days=30))


@given(times, times)
def test_less_time_never_looks_calmer(one: timedelta, other: timedelta):
    less, more = sorted((one, other))
    sharpness = [SHARPER.index(time_left(case(left), NOW).shape) for left in (less, more)]
    assert sharpness[0] >= sharpness[1]


@given(times)
def test_nobody_is_promised_more_time_than_there_is(left: timedelta):
    word = time_left(case(left), NOW).word
    number = word.removeprefix("late by ").removesuffix(" left").split()
    if word.endswith(" left") and not word.startswith("under"):
        unit = {"min": MINUTE, "h": HOUR, "days": timedelta(days=1)}[number[1]]
        assert int(number[0]) * unit <= left


@pytest.mark.parametrize(
    ("left", "shape", "word"),
    [
        (59 * MINUTE, Shape.URGENT, "59 min to answer"),
        (9 * HOUR, Shape.SOON, "9 h to answer"),
        (timedelta(seconds=3), Shape.URGENT, "under 1 min to answer"),
        (-MINUTE, Shape.LATE, "late by 1 min"),
    ],
)
def test_a_question_that_waits_has_a_chip_that_is_never_calm(left: timedelta, shape: Shape, word: str):
    assert answer_left(NOW + left, NOW) == Chip(shape, word)
