from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from takeback.infra.rate_limiter import Rate, RateLimiter

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
COSTS = st.sampled_from([1.0, 7.5, 10.0])
KEY, OTHER = b"a key", b"another"
RATE = Rate(burst=50, every=timedelta(milliseconds=100))


@given(st.lists(st.tuples(st.floats(0, 5), COSTS), max_size=200))
def test_no_pattern_of_asking_gets_more_than_the_burst_and_what_has_filled_since(asked):
    limiter, now, paid = RateLimiter(), NOON, 0.0
    for pause, cost in asked:
        now += timedelta(seconds=pause)
        paid += 0 if limiter.take({KEY: RATE}, now, cost) else cost
        assert 0 <= limiter.left(KEY, RATE, now) <= RATE.burst
    assert paid <= RATE.burst + (now - NOON) / RATE.every + 0.001


@given(COSTS)
def test_a_caller_who_waits_as_long_as_told_is_served(cost):
    limiter, wait = RateLimiter(), timedelta()
    while not wait:
        wait = limiter.take({KEY: RATE}, NOON, cost)
    assert not limiter.take({KEY: RATE}, NOON + wait + timedelta(microseconds=1), cost)


def test_tokens_are_taken_from_all_buckets_or_from_none():
    limiter, small = RateLimiter(), RATE.times(1)
    assert not limiter.take({KEY: small}, NOON, RATE.burst)
    assert limiter.take({KEY: RATE, OTHER: RATE}, NOON)
    assert limiter.left(OTHER, RATE, NOON) == RATE.burst


def test_a_clock_that_goes_back_gives_nothing():
    limiter = RateLimiter()
    limiter.take({KEY: RATE}, NOON, RATE.burst)
    assert limiter.take({KEY: RATE}, NOON - timedelta(days=1))


def test_the_bucket_that_was_silent_for_longest_is_forgotten():
    limiter = RateLimiter(most=10)
    for number in range(50):
        limiter.take({b"%d" % number: RATE}, NOON)
    assert list(limiter._buckets) == [b"%d" % number for number in range(40, 50)]
