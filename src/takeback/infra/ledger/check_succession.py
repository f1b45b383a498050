"""Check what the log says of logs that it succeeded: their entries follow, up to their last checkpoint."""

from takeback.infra.ledger.faults import Faults
from takeback.infra.ledger.succession import Claim
from takeback_verify.core.checkpoint import open_checkpoint
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.merkle import Frontier
from takeback_verify.core.note import parse_note, parse_verifier_key


class PastLogs:
    """Grows each earlier log again from the leaves behind the entry that speaks of it."""

    def __init__(self) -> None:
        self._growing: list[tuple[int, Claim, Frontier]] = []
        self._faults = Faults()
        self.count = 0

    def meet_claim(self, place: int, claim: Claim) -> None:
        """An entry at a place speaks of an earlier log; its leaves are met from now on."""
        self.count += 1
        self._growing.append((place, claim, Frontier()))

    def meet(self, hashed: bytes) -> None:
        """The next leaf's hash, before the claim that may be in it."""
        self._growing = [
            (place, claim, tree.append(hashed) if tree.size < claim.size else tree)
            for place, claim, tree in self._growing
        ]

    def end(self) -> Faults:
        """Return what was wrong, after the last leaf."""
        for place, claim, tree in self._growing:
            fault = _wrong(claim, tree)
            if fault:
                self._faults.add(f"Entry {place} says that this log succeeds {claim.origin}: {fault}.")
        return self._faults


def _wrong(claim: Claim, tree: Frontier) -> str:
    if not claim.note:
        return "" if claim.size == 0 else "it has no checkpoint"
    try:
        checkpoint = open_checkpoint(
            parse_note(claim.note.encode()), parse_verifier_key(claim.keys.partition("\n")[0])
        )
    except VerifyError as error:
        return str(error)
    if (checkpoint.origin, checkpoint.size) != (claim.origin, claim.size):
        return "its checkpoint is of another log or size"
    if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
        return "the entries that follow are not those that its last checkpoint covers"
    return ""
