"""What a round of looks says. The one word that must never be said by mistake is "gone"."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, combinations
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from takeback.connectors.api import Action, State, Surface, Vantage
from takeback.ids import TargetId
from takeback.takedown.model import ORDER, ControlRow, Finding, LookRow, When
from takeback.takedown.rules import Control, control_at, doubts, finding, proven, series

NOW = datetime(2026, 3, 3, 12, 5, tzinfo=UTC)
TARGET = TargetId(UUID(int=7))
SURFACES = [
    frozenset(some) for some in chain.from_iterable(combinations(Surface, n) for n in range(len(Surface) + 1))
]
SHUT_OUT = [
    frozenset(some) for some in chain.from_iterable(combinations(Vantage, n) for n in range(len(Vantage) + 1))
]
ANSWERS = st.sampled_from(["200", "401", "404"])
LOOKS = st.lists(
    st.builds(
        LookRow,
        st.just(0),
        st.sampled_from(Surface),
        st.sampled_from(Vantage),
        st.sampled_from(State),
        ANSWERS,
        st.just(NOW),
    ),
    max_size=9,
).map(tuple)
CONTROLS = st.lists(
    st.builds(
        ControlRow,
        st.just(0),
        st.sampled_from(When),
        st.sampled_from(Surface),
        st.sampled_from(Vantage),
        st.sampled_from(State),
        ANSWERS,
    ),
    max_size=12,
).map(tuple)


def look(surface: Surface, vantage: Vantage, state: State = State.ABSENT, seen: str = "404") -> LookRow:
    return LookRow(0, surface, vantage, state, seen, NOW)


def control(
    surface: Surface, vantage: Vantage, before: State, after: State, seen: str = "200"
) -> tuple[ControlRow, ControlRow]:
    return (
        ControlRow(0, When.BEFORE, surface, vantage, before, seen),
        ControlRow(0, When.AFTER, surface, vantage, after, seen),
    )


EVERYWHERE = tuple((surface, vantage) for surface in Surface for vantage in Vantage)
ALL_ABSENT = tuple(look(*pair) for pair in EVERYWHERE)
SEEN = tuple(row for pair in EVERYWHERE for row in control(*pair, State.PRESENT, State.PRESENT))
REQUIRED = frozenset({Surface.MESSAGE, Surface.MEDIA})


def nearly(rows: tuple[LookRow, ...] | tuple[ControlRow, ...]):
    """These, but for some that are left out or changed."""
    changes = st.lists(
        st.tuples(st.integers(0, len(rows) - 1), st.none() | st.sampled_from(State), ANSWERS), max_size=4
    )

    def changed(made: list[tuple[int, State | None, str]]) -> tuple[LookRow | ControlRow, ...]:
        left = dict(enumerate(rows))
        for number, state, seen in made:
            if state is None:
                left.pop(number, None)
            elif number in left:
                left[number] = replace(left[number], state=state, seen=seen)
        return tuple(left.values())

    return changes.map(changed)


NEARLY = nearly(ALL_ABSENT), nearly(SEEN)


def seen_but_for(*vantages: Vantage, state: State, seen: str = "404") -> tuple[ControlRow, ...]:
    """The control, which these do not see."""
    return tuple(replace(row, state=state, seen=seen) if row.vantage in vantages else row for row in SEEN)


def test_absent_everywhere_beside_a_control_that_is_seen_everywhere_is_gone():
    assert finding(ALL_ABSENT, SEEN, REQUIRED) is Finding.GONE
    assert doubts(ALL_ABSENT, SEEN, REQUIRED) == ()


@given(LOOKS, CONTROLS, st.sampled_from(SURFACES), st.sampled_from(SHUT_OUT))
@example((), (), frozenset(), frozenset())
@example(ALL_ABSENT, SEEN, REQUIRED, frozenset())
@example(ALL_ABSENT, seen_but_for(Vantage.ANONYMOUS, state=State.ABSENT), REQUIRED, {Vantage.ANONYMOUS})
def test_gone_is_said_only_of_what_was_looked_at_and_seen_nowhere(looks, controls, required, shut_out):
    found = finding(looks, controls, required, shut_out)
    states = {look.state for look in looks}
    assert (found is Finding.THERE) == (State.PRESENT in states)
    if found is Finding.GONE:
        assert states == {State.ABSENT}
        assert required <= {look.surface for look in looks}
    assert (found is Finding.GONE) == (
        State.PRESENT not in states and bool(looks) and not doubts(looks, controls, required, shut_out)
    )


@given(NEARLY[0], NEARLY[1], st.sampled_from(SURFACES), st.sampled_from(SHUT_OUT))
def test_no_combination_without_a_present_control_of_the_same_vantage_and_surface_gives_gone(
    looks, controls, required, shut_out
):
    if finding(looks, controls, required, shut_out) is not Finding.GONE:
        return

    def witnessed(each: LookRow) -> bool:
        rows = [row for row in controls if (row.surface, row.vantage) == (each.surface, each.vantage)]
        return {row.when for row in rows} == {*When} and {row.state for row in rows} == {State.PRESENT}

    surfaces = {each.surface for each in looks if witnessed(each)}
    assert required <= surfaces
    for each in looks:
        assert witnessed(each) or (each.vantage in shut_out and each.surface in surfaces)


@given(LOOKS, st.sampled_from(SURFACES), st.sampled_from(SHUT_OUT), st.data())
def test_without_a_control_that_is_present_nothing_is_ever_gone(looks, required, shut_out, data):
    controls = data.draw(CONTROLS.map(lambda rows: tuple(r for r in rows if r.state is not State.PRESENT)))
    assert finding(looks, controls, required, shut_out) is not Finding.GONE
    assert finding(looks, (), required, shut_out) is not Finding.GONE
    assert proven(looks, controls) == ()


@given(
    st.sets(st.sampled_from(range(len(SEEN))), min_size=1),
    st.sampled_from([State.ABSENT, State.UNDETERMINED]),
)
def test_one_look_at_the_control_that_fails_is_enough_to_doubt(broken, state):
    controls = tuple(replace(row, state=state) if n in broken else row for n, row in enumerate(SEEN))
    assert finding(ALL_ABSENT, controls, REQUIRED) is Finding.UNCLEAR
    missing = tuple(row for n, row in enumerate(SEEN) if n not in broken)
    assert finding(ALL_ABSENT, missing, REQUIRED) is Finding.UNCLEAR


@given(LOOKS, CONTROLS, st.sampled_from(SURFACES), st.sampled_from(Surface), st.sampled_from(Vantage))
def test_one_more_look_that_is_not_absent_always_prevents_gone(looks, controls, required, surface, vantage):
    for state in (State.PRESENT, State.UNDETERMINED):
        more = (*looks, look(surface, vantage, state, ""))
        assert finding(more, controls, required, {*Vantage}) is not Finding.GONE


@given(LOOKS, CONTROLS, st.sampled_from(SURFACES))
def test_the_order_of_looks_says_nothing(looks, controls, required):
    assert finding(looks, controls, required) is finding(looks[::-1], controls[::-1], required)
    again = series(TARGET, 1, NOW, looks[::-1], controls[::-1], required, ())
    assert series(TARGET, 1, NOW, looks, controls, required, ()) == again


CASES = {
    "the platform goes down for everybody after the first look": (
        seen_but_for(state=State.PRESENT),
        tuple(replace(each, state=State.UNDETERMINED, seen="503") for each in ALL_ABSENT),
        Finding.UNCLEAR,
    ),
    "a log-in wall says 404 to a member, of the control as of the copy": (
        seen_but_for(Vantage.MEMBER, state=State.ABSENT),
        ALL_ABSENT,
        Finding.UNCLEAR,
    ),
    "our administrator was locked out": (
        seen_but_for(Vantage.ADMIN, state=State.UNDETERMINED, seen="403"),
        ALL_ABSENT,
        Finding.UNCLEAR,
    ),
    "our country is shut out: everything is 404": (
        seen_but_for(*Vantage, state=State.ABSENT),
        ALL_ABSENT,
        Finding.UNCLEAR,
    ),
    "the wall comes up between the control and the copy": (
        (
            *(row for row in SEEN if row.when is When.BEFORE),
            *(row for row in seen_but_for(Vantage.MEMBER, state=State.ABSENT) if row.when is When.AFTER),
        ),
        ALL_ABSENT,
        Finding.UNCLEAR,
    ),
    "nobody but an administrator is shown anything, and it is not said that this may be": (
        seen_but_for(Vantage.ANONYMOUS, state=State.ABSENT),
        ALL_ABSENT,
        Finding.UNCLEAR,
    ),
    "the copy is seen, and the control is not": (
        seen_but_for(*Vantage, state=State.ABSENT),
        (*ALL_ABSENT[1:], replace(ALL_ABSENT[0], state=State.PRESENT)),
        Finding.THERE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_gone_differs_from_whatever_else_hides_a_picture(name: str):
    controls, looks, expected = CASES[name]
    assert finding(looks, controls, REQUIRED) is expected


class TestShutOut:
    """Strangers to whom a platform shows nothing, and which the platform's connector names."""

    CLOSED = seen_but_for(Vantage.ANONYMOUS, state=State.ABSENT, seen="401")
    LOOKS = tuple(
        replace(each, seen="401") if each.vantage is Vantage.ANONYMOUS else each for each in ALL_ABSENT
    )
    STRANGERS = frozenset({Vantage.ANONYMOUS})

    def test_they_neither_speak_nor_stand_in_the_way(self):
        assert finding(self.LOOKS, self.CLOSED, REQUIRED, self.STRANGERS) is Finding.GONE
        assert {each.vantage for each in proven(self.LOOKS, self.CLOSED)} == {Vantage.MEMBER, Vantage.ADMIN}

    def test_alone_they_prove_nothing(self):
        looks = tuple(each for each in self.LOOKS if each.vantage is Vantage.ANONYMOUS)
        assert finding(looks, self.CLOSED, REQUIRED, self.STRANGERS) is Finding.UNCLEAR
        assert finding(looks, self.CLOSED, frozenset(), self.STRANGERS) is Finding.UNCLEAR

    def test_a_door_that_answers_differently_of_the_copy_is_not_closed(self):
        looks = tuple(
            replace(each, seen="404") if each.vantage is Vantage.ANONYMOUS else each for each in self.LOOKS
        )
        assert finding(looks, self.CLOSED, REQUIRED, self.STRANGERS) is Finding.UNCLEAR

    def test_a_door_that_may_be_closed_and_is_in_doubt_is_in_doubt(self):
        controls = seen_but_for(Vantage.ANONYMOUS, state=State.UNDETERMINED, seen="401")
        assert finding(self.LOOKS, controls, REQUIRED, self.STRANGERS) is Finding.UNCLEAR

    def test_no_account_is_excused_that_way_unless_it_is_named(self):
        controls = seen_but_for(Vantage.MEMBER, state=State.ABSENT)
        assert finding(ALL_ABSENT, controls, REQUIRED, self.STRANGERS) is Finding.UNCLEAR


def test_what_became_of_a_control():
    where = Surface.MEDIA, Vantage.MEMBER
    present, absent, unclear = State.PRESENT, State.ABSENT, State.UNDETERMINED
    assert control_at(control(*where, present, present), *where) is Control.PRESENT
    assert control_at(control(*where, absent, absent), *where) is Control.CLOSED
    for before, after in [(present, absent), (absent, present), (present, unclear), (unclear, unclear)]:
        assert control_at(control(*where, before, after), *where) is Control.MISSING
    assert control_at(control(*where, present, present)[:1], *where) is Control.MISSING
    assert control_at(control(*where, present, present), Surface.MEDIA, Vantage.ADMIN) is Control.MISSING


def test_nothing_looked_at_is_not_gone():
    assert finding((), (), frozenset()) is Finding.UNCLEAR
    assert finding((), SEEN, frozenset()) is Finding.UNCLEAR


def test_a_doubt_is_said_with_what_was_answered():
    controls = seen_but_for(Vantage.MEMBER, state=State.ABSENT, seen="403")
    looks = (
        look(Surface.MEDIA, Vantage.MEMBER),
        look(Surface.MESSAGE, Vantage.ADMIN, State.UNDETERMINED, "503"),
    )
    assert doubts(looks, controls, REQUIRED) == (
        "media as member: 404, while the control was answered 403",
        "media: proven by no look",
        "message as admin: 503",
        "message: proven by no look",
    )
    assert doubts(looks[:1], (), frozenset()) == (
        "media as member: 404, without a control",
        "nothing is required to be proven",
    )


@given(LOOKS, CONTROLS, st.integers(0, 2**31), st.sampled_from(SURFACES), st.sampled_from(SHUT_OUT))
def test_a_series_is_canonical_and_says_all_of_it(looks, controls, number, required, shut_out):
    written = series(TARGET, number, NOW, looks, controls, required, shut_out)
    read = json.loads(written)
    assert rfc8785.dumps(read) == written
    assert (read["v"], read["round"], read["target"]) == (2, number, str(TARGET))
    assert (read["required"], read["shut_out"]) == (sorted(required), sorted(shut_out))
    assert read["at"] == "2026-03-03T12:05:00.000000Z"
    assert sorted((e["surface"], e["vantage"], e["state"], e["seen"]) for e in read["looks"]) == sorted(
        (e.surface, e.vantage, e.state, e.seen) for e in looks
    )
    assert sorted(
        (e["when"], e["surface"], e["vantage"], e["state"], e["seen"]) for e in read["control"]
    ) == (sorted((e.when, e.surface, e.vantage, e.state, e.seen) for e in controls))


def test_every_action_has_its_place_in_the_order():
    assert sorted(ORDER) == sorted(Action)
    assert ORDER[0] is Action.QUARANTINE_MEDIA
