"""One platform per test session, a connector per test."""

from collections.abc import Iterator

import pytest

from faults import FaultProxy
from platforms import MatrixPlatform, Platform, running_synapse
from repository import shipped_platforms
from takeback.connectors.api import Connector


@pytest.fixture(scope="session")
def matrix() -> Iterator[MatrixPlatform]:
    with running_synapse() as synapse:
        platform = MatrixPlatform(synapse)
        yield platform
        platform.close()


@pytest.fixture(params=shipped_platforms())
def platform(request: pytest.FixtureRequest) -> Platform:
    """Each platform that registers itself; one without a fixture of its name fails the suite."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def connector(platform: Platform) -> Iterator[Connector]:
    made = platform.connect()
    yield made
    made.close()


@pytest.fixture
def proxy(platform: Platform) -> Iterator[FaultProxy]:
    with FaultProxy(platform.origin) as between:
        yield between


@pytest.fixture
def connector_behind_proxy(platform: Platform, proxy: FaultProxy) -> Iterator[Connector]:
    made = platform.connect(proxy.origin)
    yield made
    made.close()
