"""A log to test with."""

import pytest

from takeback.infra import clock
from takeback.infra.ledger.check import LedgerReport, verify_ledger
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.sequencer import Sequencer


@pytest.fixture
def keys(tmp_path):
    """The folder of the log's key."""
    return tmp_path / "keys"


@pytest.fixture
def signer(keys):
    """The log's key."""
    return Signer(keys, "log.example/test")


@pytest.fixture
def sequencer(database, signer):
    """One that takes three entries at a time, so that small logs have several checkpoints."""
    return Sequencer(database, signer, batch=3)


@pytest.fixture
def verified(database, signer):
    """Verifies the whole log as its operator would."""

    def verify() -> LedgerReport:
        return verify_ledger(database, signer.verifier, now=clock.now(), last_signed=signer.last())

    return verify
