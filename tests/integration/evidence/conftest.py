"""A house that keeps evidence."""

import pytest

from evidence import People, a_keeper
from house import House, Time
from platform_in_memory import MemoryPlatform
from takeback.ground import clock
from takeback.signals.sandbox import Decoder


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
def platform():
    """Where people post."""
    return MemoryPlatform()


@pytest.fixture
def people():
    """Who may open evidence."""
    return People()


@pytest.fixture
def keeper(tmp_path, people):
    """Seals to them."""
    return a_keeper(tmp_path, people)


@pytest.fixture
def house(database, platform, tmp_path, decoder, time, keeper):
    """The service."""
    return House(database, platform, tmp_path / "data", decoder, time, keeper=keeper)
