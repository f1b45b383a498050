"""Whether evidence is kept here: once it was, it is, until somebody says in the log that it is not.

A directory of recipients that is missing or broken later is a fault to mend, never a reason to remove
something without evidence and without a word. What waits for its capture waits.
"""

from takeback.errors import ConfigurationError
from takeback.events import EvidenceGivenUp, EvidenceKept
from takeback.evidence import store
from takeback.evidence.sealer import EvidenceSealer
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import store as ledger
from takeback.infra.ledger.record import record

GIVEN_UP = "the operator gave up keeping evidence"


def note(tx: Tx, sealer: EvidenceSealer | None) -> None:
    """Record that there is a directory of recipients, when it came or came back."""
    if sealer is None or sealer.trouble() is not None:
        return
    last = ledger.recent(tx, (EvidenceKept, EvidenceGivenUp), 1)
    if not last or isinstance(last[0].event, EvidenceGivenUp):
        record(tx, EvidenceKept(sealer.recipients()))


def was_kept(tx: Tx) -> bool:
    """Return whether evidence was ever kept here, given up or not."""
    return bool(ledger.recent(tx, (EvidenceKept,), 1)) or store.any_captured(tx)


def is_given_up(tx: Tx) -> bool:
    """Return whether the operator said last that no evidence is kept."""
    last = ledger.recent(tx, (EvidenceKept, EvidenceGivenUp), 1)
    return bool(last) and isinstance(last[0].event, EvidenceGivenUp)


def give_up(tx: Tx, reason: str) -> None:
    """Record that no evidence is kept from now on; what waits for its capture goes on without.

    Raises:
        ConfigurationError: none was ever kept.
    """
    if not was_kept(tx):
        raise ConfigurationError("no evidence was ever kept here, so there is nothing to give up")
    record(tx, EvidenceGivenUp(reason))


def trouble(tx: Tx, sealer: EvidenceSealer | None) -> str | None:
    """Return what keeps evidence from being sealed, for staff and the operator; None: nothing, or none is
    kept here.
    """
    wrong = None if sealer is None else sealer.trouble()
    if wrong is None or is_given_up(tx) or not (was_kept(tx) or (sealer is not None and sealer.keeps)):
        return None
    return (
        f"No evidence can be sealed: {wrong}. What waits for its capture is not worked on and not removed. "
        "The operator mends the file, or gives evidence up with `takeback keys stop-evidence`."
    )
