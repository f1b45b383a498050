"""Findings about a removed copy, in plain words for the case page. Pure.

"Gone" is said only of looks whose control was seen; what was merely not to be seen is "not certain".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from takeback.connectors.api import State, Surface, Vantage
from takeback.entrypoints.console.counting import count
from takeback.entrypoints.console.words import TARGET
from takeback.takedown.model import ControlRow, Finding, LookRow, Round, TargetProgress, TargetState
from takeback.takedown.rules import Control, control_at, proven

SURFACE: Mapping[Surface, str] = {
    Surface.MESSAGE: "message",
    Surface.MEDIA: "picture",
    Surface.THUMBNAIL: "small preview",
}
VANTAGE: Mapping[Vantage, str] = {
    Vantage.ANONYMOUS: "a stranger",
    Vantage.MEMBER: "a member",
    Vantage.ADMIN: "an administrator",
}
FINDING: Mapping[Finding, str] = {
    Finding.GONE: "gone",
    Finding.THERE: "still there",
    Finding.UNCLEAR: "not certain",
}
_CLOSED = "not shown, and the control neither,"
_MARK: Mapping[str, str] = {
    "gone": "done",
    "still there": "wrong",
    "not certain": "unclear",
    _CLOSED: "nothing",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what was seen."""

    mark: str
    """done | wrong | unclear | nothing"""
    sentence: str
    at: datetime
    answers: str
    """What the platform said to each."""


def removal_status(target: TargetProgress) -> str:
    """The status of one copy's removal; of a copy that was gone, whether the last check still says so."""
    unclear = bool(target.rounds) and target.rounds[-1].finding is Finding.UNCLEAR
    return (
        "gone at the last certain check"
        if unclear and target.state is TargetState.GONE
        else TARGET[target.state]
    )


def seen(looks: Sequence[LookRow], control: Sequence[ControlRow]) -> tuple[Line, ...]:
    """The latest round: a line for each surface and what was seen, as in "picture gone for a member"."""
    latest = max((look.round for look in looks), default=0)
    looks = [look for look in looks if look.round == latest]
    control = [row for row in control if row.round == latest]
    groups: dict[tuple[Surface, str], list[LookRow]] = {}
    for look in looks:
        groups.setdefault((look.surface, _finding(look, looks, control)), []).append(look)
    return tuple(
        Line(
            _MARK[finding],
            f"{SURFACE[surface]} {finding} for {_listed([VANTAGE[look.vantage] for look in group])}",
            max(look.looked_at for look in group),
            "; ".join(_answers(look, control) for look in group),
        )
        for (surface, finding), group in groups.items()
    )


def _finding(look: LookRow, looks: Sequence[LookRow], control: Sequence[ControlRow]) -> str:
    if look.state is State.PRESENT:
        return "still there"
    if look in proven(looks, control):
        return "gone"
    closed = control_at(control, look.surface, look.vantage) is Control.CLOSED
    return _CLOSED if look.state is State.ABSENT and closed else "not certain"


def _answers(look: LookRow, control: Sequence[ControlRow]) -> str:
    beside = {row.seen for row in control if (row.surface, row.vantage) == (look.surface, look.vantage)}
    control_answers = " and ".join(sorted(beside)) or "not looked at"
    return f"{VANTAGE[look.vantage]}: {look.seen} (control: {control_answers})"


def checks(rounds: Sequence[Round]) -> tuple[Line, ...]:
    """One line for each round that came to its end, with its control."""
    return tuple(
        Line(
            _MARK[FINDING[each.finding]],
            f"check {each.round + 1}: {FINDING[each.finding]}; {_control(each)}",
            each.at,
            "; ".join(_answers(look, each.control) for look in each.looks),
        )
        for each in rounds
    )


def summary(rounds: Sequence[Round]) -> str:
    """All rounds in a few words: "6 checks beside a control, gone at each"."""
    gone = sum(each.finding is Finding.GONE for each in rounds)
    if gone == len(rounds):
        return f"{count(gone, 'check')} beside a control, gone{' at each' if gone > 1 else ''}"
    there = sum(each.finding is Finding.THERE for each in rounds)
    parts = (
        (gone, FINDING[Finding.GONE]),
        (there, FINDING[Finding.THERE]),
        (len(rounds) - gone - there, FINDING[Finding.UNCLEAR]),
    )
    return f"{count(len(rounds), 'check')}: " + ", ".join(
        f"{many:,} {finding}" for many, finding in parts if many
    )


def _control(each: Round) -> str:
    """Name who saw the control, on everything that they looked at."""
    if not each.control:
        return "there was no control"
    witnesses = [
        vantage
        for vantage in Vantage
        if (looks := [look for look in each.looks if look.vantage is vantage])
        and all(control_at(each.control, look.surface, look.vantage) is Control.PRESENT for look in looks)
    ]
    return (
        f"control seen by {_listed([VANTAGE[each] for each in witnesses])}"
        if witnesses
        else "control not seen"
    )


def _listed(parts: Sequence[str]) -> str:
    """List things as people do: "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
