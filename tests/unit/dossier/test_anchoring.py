"""Few timestamps are taken along, and they say almost as much as all would."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from takeback.dossier.anchoring import SOON, choose_sizes, own_anchor
from takeback.ids import EventId
from takeback.infra.ledger.proofs import Stamp

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def stamp(size, authority="a", minutes=0.0):
    return Stamp(size, authority, NOON + timedelta(minutes=minutes), EventId(size), size)


def bound(stamps, place):
    """The best bound of an entry by these stamps of one authority."""
    return min((each.at for each in stamps if each.size > place), default=None)


def test_events_that_lie_together_share_one():
    every = [stamp(size, minutes=size) for size in range(1, 61)]
    assert choose_sizes(every, [2, 3, 5, 6], "a", 1) == (8,)
    assert choose_sizes(every, [2, 40], "a", 1) == (8, 46)


def test_an_event_after_the_last_stamp_has_none():
    assert choose_sizes([stamp(5)], [5, 9], "a", 1) == ()
    assert choose_sizes([], [5, 9], "a", 1) == ()


def test_only_authorities_that_are_known_count_and_enough_of_them():
    every = [stamp(5), stamp(6), stamp(6, "x"), stamp(9), stamp(9, "b", 7)]
    assert choose_sizes(every, [2], "ab", 2) == (9,)
    assert choose_sizes(every, [2], "abc", 3) == ()


def test_an_anchor_that_was_stamped_late_bounds_what_a_later_one_bounds_better():
    every = [stamp(5, minutes=60), stamp(9, minutes=20)]
    assert choose_sizes(every, [2], "a", 1) == (9,)


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 30)), max_size=6, unique_by=lambda pair: pair[0]),
    st.lists(st.integers(0, 13), max_size=6),
)
def test_no_fewer_would_do_and_each_event_is_bounded_soon(pairs, places):
    every = [stamp(size, minutes=minutes) for size, minutes in pairs]

    def enough(sizes) -> bool:
        some = [each for each in every if each.size in sizes]
        return all(
            (best := bound(every, place)) is None
            or ((found := bound(some, place)) is not None and found <= best + SOON)
            for place in places
        )

    chosen = choose_sizes(every, places, "a", 1)
    assert enough(chosen)
    for count in range(len(chosen)):
        assert not any(enough(fewer) for fewer in combinations([each.size for each in every], count))


def test_the_packages_own_entry_has_the_first_that_enough_have_stamped():
    every = [
        stamp(5, minutes=1),
        stamp(6, "b", 2),
        stamp(6, "c", 1),
        stamp(6, minutes=3),
        stamp(9),
        stamp(9, "b"),
    ]
    assert [(each.size, each.authority) for each in own_anchor(every, 9, "abc", 2)] == [(6, "c"), (6, "b")]
    assert [each.size for each in own_anchor(every, 9, "ab", 2)] == [6, 6]
    assert own_anchor(every, 5, "ab", 2) == ()
