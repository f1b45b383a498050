"""A house that keeps evidence, with a case that came to its end."""

from datetime import UTC, datetime, timedelta

import pytest

from evidence import a_keeper
from house import picture

HERS, ANOTHERS = picture(1), picture(2)


@pytest.fixture
def keeper(tmp_path, people):
    """Seals to them."""
    return a_keeper(tmp_path, people)


@pytest.fixture
def case(house, platform, time):
    """Some hours ago: posted, reported, captured, decided, removed, looked for again."""
    time.advance(timedelta(hours=-3))  # authorities outside know what time it is
    platform.post(HERS)
    platform.post(ANOTHERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    house.after(hours=1, steps=2)
    assert house.status(report) == "removed"
    time.set(datetime.now(UTC))
    return house.case_of(report)
