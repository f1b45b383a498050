"""A house to tell stories of."""

import pytest

from house import House, Time
from platform_in_memory import MemoryPlatform
from takeback.ground import clock
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
def house(database, platform, tmp_path, decoder, time):
    """The service."""
    return House(database, platform, tmp_path, decoder, time)
