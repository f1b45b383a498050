"""A house that keeps evidence, with a case that came to its end."""

from datetime import UTC, datetime, timedelta

import pytest

from evidence import People, a_keeper
from house import House, Time, picture
from platform_in_memory import MemoryPlatform
from takeback.ground import clock
from takeback.signals.sandbox import Decoder

HERS, ANOTHERS = picture(1), picture(2)


@pytest.fixture(scope="session")
def decoder():
    """A real one."""
    with Decoder(processes=1, max_bytes=10**6) as opened:
        yield opened


@pytest.fixture
def time(monkeypatch):
    """The clock of the story."""
    moved = Time()
    monkeypatch.setattr(clock, "now", moved.now)
    return moved


@pytest.fixture
def people():
    """Who may open evidence."""
    return People()


@pytest.fixture
def keeper(tmp_path, people):
    """Seals to them."""
    return a_keeper(tmp_path, people)


@pytest.fixture
def platform():
    """Where people post."""
    return MemoryPlatform()


@pytest.fixture
def house(database, platform, tmp_path, decoder, time, keeper):
    """The service."""
    return House(database, platform, tmp_path / "data", decoder, time, keeper=keeper)


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
