"""Which slots do which work; and that all of it gets on."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from takeback.infra.jobs.lanes import TURN, lanes
from takeback.jobs import SLOW, Urgency

WORKERS = st.integers(1, 8)


@given(WORKERS)
def test_s9_what_asks_no_platform_has_slots_that_no_other_work_takes(workers: int):
    """However long removals and comparing take: a report is opened."""
    people, urgent, rest, slow = lanes(workers)
    assert people.classes == (Urgency.PEOPLE,)
    assert people.slots >= 1
    assert not set(urgent.classes) & set(rest.classes)
    assert sorted({*urgent.classes, *rest.classes}) == sorted(Urgency)
    assert urgent.slots == rest.slots == workers
    assert (slow.classes, slow.slots) == (SLOW, 1)


@given(WORKERS, st.integers(1, 10**6))
def test_s9_every_class_gets_on_however_much_of_the_others_waits(workers: int, after: int):
    """With all classes full, each is taken from within a bounded number of fetches, the urgent one mostly."""
    for lane in lanes(workers):
        round_ = range(after, after + TURN * len(lane.classes))
        taken = Counter(lane.order(fetch)[0] for fetch in round_)
        assert set(taken) == set(lane.classes)
        assert taken[lane.classes[0]] >= len(round_) * (TURN - 1) / TURN
        for fetch in round_:
            assert sorted(lane.order(fetch)) == sorted(lane.classes)


@given(WORKERS)
def test_the_most_urgent_class_goes_first(workers: int):
    for lane in lanes(workers):
        assert lane.order(1) == tuple(sorted(lane.classes, reverse=True))
