"""Which work goes first; and that all of it gets on."""

import typing
from collections import Counter
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from takeback import events
from takeback.infra.jobs.urgency import OTHER, SLOW, TURN, URGENCY, Urgency, lanes, of_event, of_job
from takeback.workflow import dispatch as pipeline

WORKERS = st.integers(1, 8)


def test_s9_each_job_of_the_service_has_its_urgency_in_the_table():
    work = pipeline.work(typing.cast("typing.Any", SimpleNamespace(database=None)))
    names = [each.name for each in (*work.handlers, *work.periodic)]
    assert set(names) == set(URGENCY)
    assert len(names) == len(set(names))


def test_s9_reports_decisions_removals_and_clocks_go_before_details_and_upkeep():
    later = Urgency.DETAILS, Urgency.UPKEEP
    sooner = "take_in", "take_effect", "carry_out", "remove", "locate", "look", "pass_clocks"
    assert all(of_job(name) > max(later) for name in sooner)
    assert of_job("look_closely") is Urgency.DETAILS
    assert of_job("keep_sightings") is of_job("shred") is Urgency.UPKEEP
    assert of_job("nobody knows") is OTHER


def test_s9_what_follows_from_an_event_is_as_urgent_as_the_event():
    kinds = typing.get_args(events.Event)
    urgency = {kind: of_event(kind.__new__(kind)) for kind in kinds}
    assert urgency[events.ReportReceived] is urgency[events.DecisionEffective] is Urgency.PEOPLE
    assert urgency[events.RemovalPlanned] is urgency[events.CopyFound] is Urgency.REMOVALS
    assert urgency[events.Matched] < urgency[events.Captured] < urgency[events.RemovalPlanned]
    assert urgency[events.HeartbeatRecorded] is Urgency.UPKEEP


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
