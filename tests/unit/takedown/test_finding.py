"""What a round of looks says. The one word that must never be said by mistake is "gone"."""

from itertools import chain, combinations

from hypothesis import example, given
from hypothesis import strategies as st

from takeback.connectors.api import Action, Look, State, Surface, Vantage
from takeback.takedown.model import ORDER, Finding, finding

SURFACES = [
    frozenset(some) for some in chain.from_iterable(combinations(Surface, n) for n in range(len(Surface) + 1))
]
LOOKS = st.lists(
    st.builds(
        Look, st.sampled_from(Surface), st.sampled_from(Vantage), st.sampled_from(State), st.just("200")
    ),
    max_size=9,
).map(tuple)
MESSAGE_GONE = Look(Surface.MESSAGE, Vantage.ADMIN, State.ABSENT, "404")


@given(LOOKS, st.sampled_from(SURFACES))
@example((), frozenset())
@example((MESSAGE_GONE,), frozenset({Surface.MESSAGE, Surface.MEDIA}))
def test_gone_is_said_only_of_what_was_looked_at_everywhere_and_seen_nowhere(looks, required):
    states = {look.state for look in looks}
    found = finding(looks, required)
    assert (found is Finding.THERE) == (State.PRESENT in states)
    assert (found is Finding.GONE) == (
        states == {State.ABSENT} and required <= {look.surface for look in looks}
    )


@given(LOOKS, st.sampled_from(SURFACES), st.sampled_from(Surface), st.sampled_from(Vantage))
def test_one_more_look_that_is_not_absent_always_prevents_gone(looks, required, surface, vantage):
    for state in (State.PRESENT, State.UNDETERMINED):
        assert finding((*looks, Look(surface, vantage, state, "")), required) is not Finding.GONE


@given(LOOKS, st.sampled_from(SURFACES))
def test_the_order_of_looks_says_nothing(looks, required):
    assert finding(looks, required) is finding(looks[::-1], required)


def test_nothing_looked_at_is_not_gone():
    assert finding((), frozenset()) is Finding.UNCLEAR


def test_every_action_has_its_place_in_the_order():
    assert sorted(ORDER) == sorted(Action)
    assert ORDER[0] is Action.QUARANTINE_MEDIA
