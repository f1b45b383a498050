"""S3: work is a way past a full limiter that costs a flood what it costs nobody else."""

import os
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from crowds import solve
from takeback.entrypoints.portal import work
from takeback.entrypoints.portal.work import EASIEST, HARDEST, LIFE, WAY, Work
from takeback.submissions.draft import new_key
from takeback.submissions.receipt import Pepper

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PEPPER = Pepper(os.urandom(32))
HERS = new_key()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Puzzles that a test can solve."""
    monkeypatch.setattr(work, "EASIEST", 2)
    monkeypatch.setattr(work, "HARDEST", 5)
    monkeypatch.setattr(work, "ITERATIONS", 1)


def test_what_was_solved_counts_once_for_whom_it_was_made_in_its_time():
    one, other = Work(PEPPER), Work(PEPPER)
    solved = solve(one.puzzle(HERS, NOON))
    assert not one.spend(new_key(), solved, NOON)
    assert not one.spend(HERS, solved, NOON + LIFE + timedelta(seconds=1))
    assert not Work(Pepper(os.urandom(32))).spend(HERS, solved, NOON)
    assert other.spend(HERS, solved, NOON)  # another process of the same portal
    assert one.spend(HERS, solved, NOON)
    assert not one.spend(HERS, solved, NOON)


@pytest.mark.parametrize("text", ["", ":", "6.1.2.3:4", "é.é.é.é:1", "x" * 9999, "99999.9.9.9:" + "1," * 15])
def test_what_is_no_puzzle_of_ours_is_refused(text):
    assert not Work(PEPPER).spend(HERS, text, NOON)


def test_a_wrong_number_is_refused_and_the_puzzle_with_it():
    made = Work(PEPPER)
    solved = solve(made.puzzle(HERS, NOON))
    puzzle, _, numbers = solved.partition(":")
    wrong = next(str(n) for n in count() if work.zero_bits(puzzle, 0, str(n)) == 0)
    assert not made.spend(HERS, f"{puzzle}:{wrong},{numbers.partition(',')[2]}", NOON)
    for numbers in ("", "1", "1," * 15, "-1" + ",1" * 15, "\u0661" + ",1" * 15):
        assert not work.solves(puzzle, 2, numbers)


def test_the_more_come_by_work_the_harder_it_is_and_an_easy_one_that_was_hoarded_is_worth_nothing():
    made = Work(PEPPER)
    hoarded = solve(made.puzzle(HERS, NOON))
    assert made.bits(NOON) == work.EASIEST
    for _ in range(WAY.burst):
        assert made.spend(HERS, solve(made.puzzle(HERS, NOON)), NOON)
    assert made.bits(NOON) == work.HARDEST
    assert not made.spend(HERS, hoarded, NOON)
    assert made.bits(NOON + timedelta(minutes=5)) == work.EASIEST


def test_the_page_tells_how_long_it_takes():
    assert work.takes(f"{EASIEST}.1.2.3") < timedelta(seconds=3)
    assert work.takes(f"{HARDEST}.1.2.3") < timedelta(minutes=2)
