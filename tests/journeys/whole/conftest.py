"""The whole service beside a real Synapse; one for each file, since its start takes seconds."""

from collections.abc import Iterator
from itertools import count

import pytest

from services import Scene, running_scene

_seeds = count(1000)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """Nothing of what earlier tests did to it may disturb the next: that is what these tests prove."""
    with running_scene() as running:
        yield running


@pytest.fixture
def seed() -> int:
    """Of a picture that no other test uses."""
    return next(_seeds)
