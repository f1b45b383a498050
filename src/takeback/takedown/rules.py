"""What a round of looks says. Pure. The one word that must never be said by mistake is "gone".

A picture that cannot be seen may be gone; or the platform is down, asks for a log-in, shuts our country out,
has locked our account. So each look has a positive control: right before and right after the copy, a picture
that is known to be there is looked at, on the same surface, from the same vantage. What is absent counts only
where the control was present both times; everything else is not certain, and not certain is not gone.

One exception, which a platform must name (`Capabilities.shut_out`): people without an account, where the
platform shows them nothing at all. There the control, the copy and the control again get one and the same
answer. That look neither says anything nor stands in the way, if the same surface is proven from an account,
which sees all that they could.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from takeback.connectors.api import State, Surface, Vantage
from takeback.ids import TargetId
from takeback.takedown.model import ControlRow, Finding, LookRow, When
from takeback_verify.core import rounds
from takeback_verify.core.rounds import RoundDocument, format_round


class Control(StrEnum):
    """What became of the control on one surface, from one vantage."""

    PRESENT = "present"
    """Seen before, and seen after."""
    CLOSED = "closed"
    """Certainly not shown, with the same answer before and after."""
    MISSING = "missing"
    """There was none, or it was not certain, or it changed in between."""


def control_at(control: Sequence[ControlRow], surface: Surface, vantage: Vantage) -> Control:
    """What became of the control there."""
    rows = [row for row in control if (row.surface, row.vantage) == (surface, vantage)]
    if {row.when for row in rows} != set(When):
        return Control.MISSING
    states = {row.state for row in rows}
    if states == {State.PRESENT}:
        return Control.PRESENT
    if states == {State.ABSENT} and len({row.seen for row in rows}) == 1:
        return Control.CLOSED
    return Control.MISSING


def proven(looks: Sequence[LookRow], control: Sequence[ControlRow]) -> tuple[LookRow, ...]:
    """The looks that prove an absence: the copy was not there, and the control was."""
    return tuple(
        look
        for look in looks
        if look.state is State.ABSENT
        and control_at(control, look.surface, look.vantage) is Control.PRESENT
        and all(twin.state is State.ABSENT for twin in looks if _pair(twin) == _pair(look))
    )


def finding(
    looks: Sequence[LookRow],
    control: Sequence[ControlRow],
    required: Collection[Surface],
    shut_out: Collection[Vantage] = (),
) -> Finding:
    """What a round says.

    There, if the copy was seen anywhere: for that no control is needed. Gone, if something was looked at,
    each required surface is proven absent from some vantage, and no look leaves a doubt. Unclear otherwise.
    `takeback_verify.core.rounds` computes the same from the round's document (docs/spec/round.md).
    """
    if any(look.state is State.PRESENT for look in looks):
        return Finding.THERE
    if not looks or doubts(looks, control, required, shut_out):
        return Finding.UNCLEAR
    return Finding.GONE


def doubts(
    looks: Sequence[LookRow],
    control: Sequence[ControlRow],
    required: Collection[Surface],
    shut_out: Collection[Vantage] = (),
) -> tuple[str, ...]:
    """Why a round in which nothing was seen does not say "gone", in words; empty if it does."""
    sure = proven(looks, control)
    surfaces = {look.surface for look in sure}
    said = [
        f"{look.surface} as {look.vantage}: {_doubt(look, control)}"
        for look in looks
        if look not in sure
        and not (look.surface in surfaces and look.vantage in shut_out and _same_door(look, control))
    ]
    said += [f"{surface}: proven by no look" for surface in sorted({*required} - surfaces)]
    if not required:
        said.append("nothing is required to be proven")
    return tuple(sorted(set(said)))


def series(
    target: TargetId,
    round_: int,
    at: datetime,
    looks: Sequence[LookRow],
    control: Sequence[ControlRow],
    required: Collection[Surface],
    shut_out: Collection[Vantage],
) -> bytes:
    """All that a round showed and had to show, in its one spelling: the event's hash is made over it.

    docs/spec/round.md is the format. Raises Malformed if `at` has no time zone.
    """
    return format_round(
        RoundDocument(
            at=at,
            control=tuple(_spelt(row, rounds.When(row.when.value)) for row in control),
            looks=tuple(_spelt(look) for look in looks),
            required=frozenset(rounds.Surface(each.value) for each in required),
            round=round_,
            shut_out=frozenset(rounds.Vantage(each.value) for each in shut_out),
            target=str(target),
        )
    )


def _spelt(row: LookRow | ControlRow, when: rounds.When | None = None) -> rounds.Look:
    return rounds.Look(
        row.seen,
        rounds.State(row.state.value),
        rounds.Surface(row.surface.value),
        rounds.Vantage(row.vantage.value),
        when,
    )


def _same_door(look: LookRow, control: Sequence[ControlRow]) -> bool:
    """Whether the copy got the very answer that the control got, which was not shown either."""
    if control_at(control, look.surface, look.vantage) is not Control.CLOSED:
        return False
    answers = {row.seen for row in control if _pair(row) == _pair(look)}
    return look.state is State.ABSENT and answers == {look.seen}


def _doubt(look: LookRow, control: Sequence[ControlRow]) -> str:
    if look.state is not State.ABSENT:
        return look.seen
    answers = sorted({row.seen for row in control if _pair(row) == _pair(look)})
    if not answers:
        return f"{look.seen}, without a control"
    return f"{look.seen}, while the control was answered {' and '.join(answers)}"


def _pair(row: LookRow | ControlRow) -> tuple[Surface, Vantage]:
    return row.surface, row.vantage
