from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from takeback.entrypoints.api.callers import RATE
from takeback.infra.http.rates import take

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_new_key_may_ask_at_once():
    assert take(RATE, None, NOW)[1] == timedelta(0)


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from([1.0, 10.0])), max_size=200))
def test_nobody_gets_more_than_the_burst_and_what_has_filled_since(asked: list[tuple[float, float]]):
    bucket, now, paid = None, NOW, 0.0
    for pause, cost in asked:
        now += timedelta(seconds=pause)
        bucket, wait = take(RATE, bucket, now, cost)
        paid += 0 if wait else cost
        assert bucket.tokens >= 0
    assert paid <= RATE.burst + (now - NOW) / RATE.every + 0.001


@given(st.sampled_from([1.0, 10.0, 7.5]))
def test_who_waits_as_long_as_told_is_served(cost: float):
    bucket, wait = None, timedelta(0)
    while not wait:
        bucket, wait = take(RATE, bucket, NOW, cost)
    later = NOW + wait + timedelta(microseconds=1)
    assert take(RATE, bucket, later, cost)[1] == timedelta(0)
