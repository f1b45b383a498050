"""How long a failed job waits for its next try."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.errors import Gone, Unavailable
from takeback.ground.jobs.worker import LONGEST_WAIT, Handler, wait_before

ATTEMPTS = st.integers(1, 5000)
ASKED = st.none() | st.floats(0, 1e9)


@given(ATTEMPTS, ASKED)
def test_waits_grow_and_have_an_end(attempt, asked):
    wait = wait_before(attempt, Unavailable("503", asked))
    assert timedelta(seconds=1) <= wait <= wait_before(attempt + 1, Unavailable("503", asked)) <= LONGEST_WAIT


@given(ATTEMPTS, st.floats(0, LONGEST_WAIT.total_seconds()))
def test_a_platform_that_asks_for_a_longer_wait_gets_it(attempt, asked):
    assert wait_before(attempt, Unavailable("429", asked)) >= timedelta(seconds=asked)
    assert wait_before(attempt, Unavailable("429", 1e6)) == LONGEST_WAIT


@pytest.mark.parametrize("error", [ValueError(), Gone("404"), Unavailable("503")])
def test_the_first_waits_double(error):
    assert [wait_before(attempt, error).total_seconds() for attempt in range(1, 12)] == [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600,
    ]  # fmt: skip


def test_the_usual_number_of_tries_is_most_of_an_hour():
    waits = [wait_before(n, ValueError()) for n in range(1, Handler("any", print).tries)]
    assert timedelta(minutes=40) < sum(waits, timedelta()) < timedelta(hours=1)
