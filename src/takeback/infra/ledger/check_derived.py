"""Check what is kept beside the log itself: tiles, which follow from it, and what others signed of it."""

import hashlib
from dataclasses import dataclass

from takeback.events import Timestamped
from takeback.events.form import kind_of
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import parties, store
from takeback.infra.ledger.faults import Faults
from takeback.infra.ledger.tiles import WIDTH
from takeback_verify.core.cosignature import parse_cosigner_key, verify_cosignature
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.merkle import root_of
from takeback_verify.core.note import Note, parse_note, parse_signature


class TileWalk:
    """Grows full tiles from leaf hashes as they come, and compares those that are kept with them."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._growing: list[list[bytes]] = []
        """The hashes of the tile that grows, by level."""
        self._full: list[int] = []
        """Full tiles, by level."""
        self._faults = Faults()
        self.kept = 0

    def meet(self, leaf: bytes) -> None:
        """The next leaf's hash."""
        level, node = 0, leaf
        while True:
            if level == len(self._growing):
                self._growing.append([])
                self._full.append(0)
            self._growing[level].append(node)
            if len(self._growing[level]) < WIDTH:
                return
            node = self._end_tile(level)
            level += 1

    def end(self, tx: Tx) -> Faults:
        """Return what was wrong, after the last leaf."""
        for level, count in store.tile_counts(tx):
            if count > (self._full[level] if level < len(self._full) else 0):
                self._faults.add(f"There are more tiles of level {level} than the leaves make.")
        return self._faults

    def _end_tile(self, level: int) -> bytes:
        hashes, number = self._growing[level], self._full[level]
        root = root_of(hashes)
        kept = store.tile_with_root(self._tx, level, number)
        if kept is not None:
            self.kept += 1
            if kept != (b"".join(hashes), root):
                self._faults.add(f"Tile {number} of level {level} does not follow from the leaves.")
        self._growing[level] = list[bytes]()
        self._full[level] = number + 1
        return root


@dataclass(frozen=True, slots=True)
class VouchedReport:
    """What others signed, as it is kept."""

    checked: str
    """What was checked, as a sentence."""
    faults: Faults


def check_vouched(tx: Tx) -> VouchedReport:
    """Check cosignatures by the keys that they are kept under, and timestamps against the log's own events.

    Whether an authority can be trusted is for those to say who have its root; here no byte may have changed.
    """
    faults, cosignatures, stamps = Faults(), 0, 0
    for size, text, vkey, line in parties.every_cosignature(tx):
        cosignatures += 1
        try:
            signature = parse_signature(line.rstrip("\n"))
            verify_cosignature(Note(parse_note(text.encode()).text, (signature,)), parse_cosigner_key(vkey))
        except VerifyError as error:
            faults.add(f"A cosignature of checkpoint {size}: {error}.")
    for size, name, response, kind, body in parties.every_stamp(tx):
        stamps += 1
        token = hashlib.sha256(response).hexdigest()
        if (kind, body) != (kind_of(Timestamped), {"size": size, "authority": name, "token": token}):
            faults.add(f"The timestamp of checkpoint {size} by {name} is not the one that the log speaks of.")
    checked = (
        f"{cosignatures} cosignatures and {stamps} timestamps are of these checkpoints, and the log has the "
        "hash of each timestamp."
    )
    return VouchedReport(checked, faults)
