"""How long a failed job waits for its next try."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.errors import LONGEST_WAIT, Gone, Unavailable
from takeback.infra.jobs.worker import LONGEST_PAUSE, next_try, wait_before
from takeback.jobs import Capture, Remove

ATTEMPTS = st.integers(1, 5000)
ASKED = st.none() | st.floats(0, 1e30) | st.just(float("inf"))


@given(ATTEMPTS, ASKED)
def test_waits_grow_and_have_an_end(attempt, asked):
    wait = wait_before(attempt, Unavailable("503", asked))
    following = wait_before(attempt + 1, Unavailable("503", asked))
    assert timedelta(seconds=1) <= wait <= following <= LONGEST_WAIT
    assert wait_before(attempt, ValueError()) <= LONGEST_PAUSE


@given(ATTEMPTS, st.floats(0, LONGEST_WAIT.total_seconds()))
def test_a_wait_that_a_platform_asks_for_is_obeyed_and_not_clipped(attempt, asked):
    """Up to a week: also hours and days."""
    assert wait_before(attempt, Unavailable("429", asked)) >= timedelta(seconds=asked)
    assert wait_before(attempt, Unavailable("429", 365 * 86400)) == LONGEST_WAIT == timedelta(days=7)


@given(st.integers(1, 20), ASKED)
def test_a_platform_is_never_asked_sooner_than_it_said(attempt, asked):
    """Also by a job that does not wait so long: it is given up instead."""
    patient, hasty = Remove.policy, Capture.policy
    for policy in (patient, hasty):
        wait = next_try(policy, attempt, Unavailable("429", asked))
        if wait is None:
            assert attempt >= policy.tries or (asked or 0) > policy.longest.total_seconds()
        else:
            assert wait.total_seconds() >= min(asked or 0, LONGEST_WAIT.total_seconds())
    long = next_try(hasty, attempt, Unavailable("429", 3600))
    assert long is None  # the picture does not stay up for its evidence


@pytest.mark.parametrize("error", [ValueError(), Gone("404"), Unavailable("503")])
def test_the_first_waits_double(error):
    assert [wait_before(attempt, error).total_seconds() for attempt in range(1, 12)] == [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600,
    ]  # fmt: skip


def test_the_usual_number_of_tries_is_most_of_an_hour():
    waits = [wait_before(n, ValueError()) for n in range(1, Remove.policy.tries)]
    assert timedelta(minutes=40) < sum(waits, timedelta()) < timedelta(hours=1)
