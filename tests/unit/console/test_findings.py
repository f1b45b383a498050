"""What was seen of removed copies, as the case page says it: "gone" only beside a control that was seen."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from takeback.connectors.api import State, Surface, Vantage
from takeback.entrypoints.console import findings
from takeback.ids import EventId, SightingId, TargetId
from takeback.takedown.model import ControlRow, Finding, LookRow, Round, TargetProgress, TargetState, When

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def look(surface: Surface, vantage: Vantage, state: State, number: int = 1) -> LookRow:
    return LookRow(number, surface, vantage, state, "404", NOW)


def control(state: State = State.PRESENT, number: int = 1) -> tuple[ControlRow, ...]:
    """On each surface, for everybody."""
    return tuple(
        ControlRow(number, when, surface, vantage, state, "200")
        for when in When
        for surface in Surface
        for vantage in Vantage
    )


def round_(number: int, finding: Finding, rows: tuple[ControlRow, ...]) -> Round:
    state = State.PRESENT if finding is Finding.THERE else State.ABSENT
    looks = tuple(look(surface, vantage, state, number) for surface in Surface for vantage in Vantage)
    return Round(TargetId(uuid4()), SightingId(1), number, NOW, finding, looks, rows, b"", EventId(1))


@pytest.mark.parametrize(
    ("kinds", "table"),
    [(Surface, findings.SURFACE), (Vantage, findings.VANTAGE), (Finding, findings.FINDING)],
)
def test_every_code_has_words(kinds: type, table: dict[str, str]):
    assert set(table) == set(kinds)
    assert all(table.values())


def test_looks_are_said_in_as_few_lines_as_say_all_of_it():
    looks = [look(Surface.MEDIA, vantage, State.ABSENT) for vantage in Vantage]
    looks += [look(Surface.MESSAGE, Vantage.MEMBER, State.PRESENT)]
    looks += [look(Surface.MESSAGE, Vantage.ADMIN, State.UNDETERMINED)]
    looks += [look(Surface.MEDIA, Vantage.ADMIN, State.PRESENT, number=0)]
    lines = findings.seen(looks, (*control(State.ABSENT, 0), *control()))
    assert [(line.sentence, line.mark) for line in lines] == [
        ("picture gone for a stranger, a member and an administrator", "done"),
        ("message still there for a member", "wrong"),
        ("message not certain for an administrator", "unclear"),
    ]
    assert lines[1].answers == "a member: 404 (control: 200)"
    assert findings.seen([], ()) == ()


def test_what_was_not_seen_while_the_control_was_not_either_is_not_called_gone():
    looks = [look(Surface.MEDIA, vantage, State.ABSENT) for vantage in (Vantage.ANONYMOUS, Vantage.MEMBER)]
    rows = tuple(
        replace(row, state=State.UNDETERMINED) if row.when is When.AFTER else row for row in control()
    )
    for beside in (rows, (), control(number=0)):
        [line] = findings.seen(looks, beside)
        assert (line.mark, line.sentence) == ("unclear", "picture not certain for a stranger and a member")
    assert "control: not looked at" in findings.seen(looks, ())[0].answers
    [line] = findings.seen(looks, control(State.ABSENT))
    assert line.mark == "nothing"
    assert line.sentence == "picture not shown, and the control neither, for a stranger and a member"


def test_a_copy_whose_last_check_showed_nothing_certain_is_said_to_be_so():
    gone, unclear = round_(0, Finding.GONE, control(number=0)), round_(1, Finding.UNCLEAR, ())
    target = TargetProgress(gone.target, SightingId(1), "chat", TargetState.GONE, 2, NOW, NOW, (), ())
    assert findings.removal_status(target) == "gone"
    assert findings.removal_status(replace(target, rounds=(gone,))) == "gone"
    assert (
        findings.removal_status(replace(target, rounds=(gone, unclear))) == "gone at the last certain check"
    )
    failed = replace(target, rounds=(unclear,), state=TargetState.FAILED)
    assert findings.removal_status(failed) == "needs a person"


def test_each_check_is_a_line_with_its_control():
    shut = tuple(
        replace(row, state=State.ABSENT) if row.vantage is Vantage.ANONYMOUS else row
        for row in control(number=0)
    )
    rounds = [
        round_(0, Finding.GONE, shut),
        round_(1, Finding.THERE, control()),
        round_(2, Finding.UNCLEAR, control(State.UNDETERMINED, 2)),
        round_(3, Finding.UNCLEAR, ()),
    ]
    assert [(line.mark, line.sentence) for line in findings.checks(rounds)] == [
        ("done", "check 1: gone; control seen by a member and an administrator"),
        ("wrong", "check 2: still there; control seen by a stranger, a member and an administrator"),
        ("unclear", "check 3: not certain; control not seen"),
        ("unclear", "check 4: not certain; there was no control"),
    ]
    assert findings.summary(rounds) == "4 checks: 1 gone, 1 still there, 2 not certain"
    assert findings.summary(rounds[:1]) == "1 check beside a control, gone"
    assert findings.summary([rounds[0]] * 6) == "6 checks beside a control, gone at each"
