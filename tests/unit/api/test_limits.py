from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from takeback.entrypoints.api.limits import MOST, PER_SECOND, take

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_new_key_may_ask_at_once():
    assert take(None, 1, NOW)[1] == timedelta(0)


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from([1.0, 10.0])), max_size=200))
def test_nobody_gets_more_than_the_burst_and_what_has_filled_since(asked: list[tuple[float, float]]):
    bucket, now, paid = None, NOW, 0.0
    for pause, cost in asked:
        now += timedelta(seconds=pause)
        bucket, wait = take(bucket, cost, now)
        paid += 0 if wait else cost
        assert bucket.tokens >= 0
    assert paid <= MOST + PER_SECOND * (now - NOW).total_seconds() + 0.001


@given(st.sampled_from([1.0, 10.0, 7.5]))
def test_who_waits_as_long_as_told_is_served(cost: float):
    bucket, wait = None, timedelta(0)
    while not wait:
        bucket, wait = take(bucket, cost, NOW)
    later = NOW + wait + timedelta(microseconds=1)
    assert take(bucket, cost, later)[1] == timedelta(0)
