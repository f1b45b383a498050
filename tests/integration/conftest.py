"""A house to tell stories of, and what may have happened in it already.

A folder whose house keeps evidence says who keeps it, by a fixture `sealer` of its own.
"""

import pytest

from evidence import People
from house import House, Time, picture
from platform_in_memory import MemoryPlatform
from takeback.infra import clock
from takeback.signals.sandbox import Decoder


@pytest.fixture(scope="session")
def decoder():
    """A real one, shared by the stories."""
    with Decoder(processes=1, max_bytes=10**6) as opened:
        yield opened


@pytest.fixture
def time(monkeypatch):
    """The clock of the story."""
    moved = Time()
    monkeypatch.setattr(clock, "now", moved.now)
    return moved


@pytest.fixture
def platform():
    """Where people post."""
    return MemoryPlatform()


@pytest.fixture
def people():
    """Who may open evidence."""
    return People()


@pytest.fixture
def sealer():
    """Nobody: nothing is kept as evidence."""


@pytest.fixture
def house(database, platform, tmp_path, decoder, time, sealer):
    """The service."""
    return House(database, platform, tmp_path / "data", decoder, time, sealer=sealer)


@pytest.fixture
def reported(house, platform):
    """A copy was posted, its picture reported, and the case waits for a reviewer: (report, the post)."""
    post = platform.post(picture(1))
    platform.post(picture(2))
    house.watch()
    report = house.report(picture(1))
    house.take_in()
    return report, post


@pytest.fixture
def removed(house, reported):
    """The same, decided, removed and seen to be gone."""
    house.decide(reported[0])
    house.after(seconds=11)
    assert house.status(reported[0]) == "removed"
    return reported
