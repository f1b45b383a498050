"""What heartbeats say of how a stream was watched."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from takeback.evidence.heartbeat import MOMENT, Heartbeat, gap, joined
from takeback.evidence.model import WatchedSpan

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def watched(*asked: tuple[float, float, int]) -> Heartbeat:
    heartbeat = Heartbeat()
    for began, ended, posts in asked:
        heartbeat.answered(at(began), at(ended), posts)
    return heartbeat


def test_nothing_is_said_before_anything_was_answered():
    assert Heartbeat().look() is None


def test_questions_that_follow_each_other_leave_no_gap():
    heartbeat = watched((0, 10, 2), (10.4, 20, 0), (20.9, 30, 5))
    assert heartbeat.look() == WatchedSpan(at(0), at(30), 7, 0)


def test_a_pause_is_a_gap_of_its_whole_length():
    assert watched((0, 10, 0), (45, 50, 0)).look() == WatchedSpan(at(0), at(50), 0, 35_000)


def test_the_next_heartbeat_begins_where_the_last_one_ended():
    heartbeat = watched((0, 10, 3))
    first = heartbeat.look()
    assert first is not None
    heartbeat.recorded(first)
    assert heartbeat.look() is None
    heartbeat.answered(at(15), at(20), 1)
    assert heartbeat.look() == WatchedSpan(at(10), at(20), 1, 5_000)


def test_what_comes_while_it_is_written_down_is_said_next_time():
    heartbeat = watched((0, 10, 3))
    span = heartbeat.look()
    heartbeat.answered(at(10), at(12), 4)
    assert span is not None
    heartbeat.recorded(span)
    assert heartbeat.look() == WatchedSpan(at(10), at(12), 4, 0)


def test_after_a_kill_the_time_since_the_last_heartbeat_is_a_gap():
    counted = watched((100, 110, 1)).look()
    assert counted is not None
    assert joined(counted, at(40)) == WatchedSpan(at(40), at(110), 1, 60_000)
    assert joined(counted, at(99.5)) == WatchedSpan(at(99.5), at(110), 1, 0)


def test_what_another_process_has_said_is_not_said_again():
    counted = watched((100, 110, 1)).look()
    assert counted is not None
    assert joined(counted, at(110)) is None
    assert joined(counted, at(105)) == WatchedSpan(at(105), at(110), 1, 0)
    assert joined(counted, None) == counted


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.001, 100), st.integers(0, 5)), max_size=30),
       st.sets(st.integers(0, 29)))  # fmt: skip
def test_heartbeats_join_without_a_hole_and_account_for_every_pause(turns, said_after):
    """However often it is said: spans are back to back, and posts and gaps add up."""
    heartbeat, clock, spans = Heartbeat(), 0.0, list[WatchedSpan]()
    ends, asked_at = [], []
    for number, (pause, length, posts) in enumerate(turns):
        asked, ended = clock + pause, clock + pause + length
        heartbeat.answered(at(asked), at(ended), posts)
        asked_at.append(at(asked))
        ends.append(at(ended))
        clock = ended
        span = heartbeat.look() if number in said_after or number == len(turns) - 1 else None
        if span is not None:
            heartbeat.recorded(span)
            spans.append(span)
    if not turns:
        return
    assert (spans[0].since, spans[-1].until) == (asked_at[0], ends[-1])
    assert all(one.until == two.since for one, two in pairwise(spans))
    assert sum(span.posts for span in spans) == sum(posts for _, _, posts in turns)
    pauses = sum((gap(ended, asked) for ended, asked in zip(ends, asked_at[1:], strict=False)), timedelta())
    span = timedelta(milliseconds=sum(span.gap_ms for span in spans))
    assert timedelta() <= pauses - span < timedelta(milliseconds=1)


def test_a_pause_of_a_moment_does_not_count():
    assert gap(at(0), at(0) + MOMENT) == timedelta()
    assert gap(at(5), at(4)) == timedelta()
    assert gap(at(0), at(1.5)) == timedelta(seconds=1.5)
