"""Give recorded entries their places in the tree, and sign where the tree stands.

One at a time does this, under a lock that ends with the transaction: places, frontier and signed checkpoint
are committed together, so a kill at any instruction leaves the log as it was or one checkpoint further, and
any number of sequencers may run. Entries get places in the order of their numbers among those that are
visible; a transaction that commits late gets later places, and nobody waits for it.

Before it signs, it checks that what is stored has grown out of what was signed before. If not, it refuses
for good: two histories signed by one key would be worth less than none.
"""

import logging
from collections.abc import Sequence
from threading import Event

import psycopg

from takeback.errors import LedgerBroken
from takeback.infra import clock
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger import parties, store, tiles
from takeback.infra.ledger.beacon import Newest
from takeback.infra.ledger.keys import Signed, Signer
from takeback.infra.ledger.succession import COMMAND
from takeback_verify.core.checkpoint import Checkpoint, open_checkpoint
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.leaf import parse_leaf
from takeback_verify.core.merkle import Frontier, leaf_hash
from takeback_verify.core.note import format_note, parse_note

LOOK_EVERY = 0.5
"""Seconds between looks when nothing new is seen; also the longest wait to notice `stop`."""
PACE = 0.2
"""Seconds between two checkpoints under load: fewer and larger ones, still well within one second."""
BATCH = 5000
"""Most entries in one transaction, which bounds its memory."""
TILES = 2 * BATCH // tiles.WIDTH
"""Most tiles of leaves that one transaction fills: more than a batch needs, so that an old log catches up."""

_log = logging.getLogger(__name__)


class Sequencer:
    """The one who gives places, or one of several who take turns.

    Args:
        database: as its owner.
        signer: the log's key.
        batch: most entries under one checkpoint.
        heed: verifier keys of the witnesses that are heeded: while one of them has seen what the log cannot
            have grown from, nothing is signed.
        beacon: whose newest value each checkpoint tells.
    """

    def __init__(
        self,
        database: Database,
        signer: Signer,
        *,
        batch: int = BATCH,
        heed: Sequence[str] = (),
        beacon: Newest | None = None,
    ) -> None:
        self._database = database
        self._signer = signer
        self._batch = batch
        self._heed = heed
        self._beacon = beacon or Newest(None)

    def run(self, stop: Event) -> None:
        """Sequence until `stop` is set; an unreachable database is waited for, and so is room on the disk.

        Raises:
            LedgerBroken: the log must not be signed any further; a person has to look.
            ConfigurationError: the memory of what was signed cannot be read.
        """
        for _ in self._database.look([store.WAITING], stop, every=LOOK_EVERY):
            try:
                while not stop.is_set() and self.sequence_once() is not None:
                    stop.wait(PACE)
            except psycopg.OperationalError as error:
                _log.warning("the ledger waits for the database: %s", error)
                stop.wait(LOOK_EVERY)
            except OSError as error:  # nothing more is signed before the last signature can be remembered
                _log.error("the ledger waits for the disk with its key: %s", error)
                stop.wait(LOOK_EVERY)

    def sequence_once(self) -> Checkpoint | None:
        """Give waiting entries their places, at most one batch, and sign; None if nothing waited.

        Raises:
            LedgerBroken: what is stored cannot have grown out of what was signed; nothing was changed.
        """
        with self._database.transaction() as tx:
            store.hold_sequence(tx)
            before = self._trusted_frontier(tx)
            waiting = store.next_waiting(tx, self._batch)
            if not waiting:
                tiles.fill(tx, before.size, TILES)
                return None
            store.give_places(tx, [entry for entry, _ in waiting], before.size)
            after = before.extend(_hashed(entry, leaf) for entry, leaf in waiting)
            tiles.fill(tx, after.size, TILES)
            now = clock.now()
            checkpoint = Checkpoint(
                self._signer.verifier.name, after.size, after.root(), self._beacon.lines(now)
            )
            note = format_note(self._signer.sign(checkpoint, now)).decode()
            store.insert_checkpoint(
                tx, store.StoredCheckpoint(after.size, checkpoint.root, note, after.peaks), now
            )
        self._signer.remember(Signed(checkpoint.size, checkpoint.root))
        return checkpoint

    def _trusted_frontier(self, tx: Tx) -> Frontier:
        """Return where the signed log stands, once all that is cheap to check agrees. Raises LedgerBroken."""
        # 0. No witness has seen another log than this.
        for conflict in parties.conflicts(tx, self._heed):
            raise LedgerBroken(conflict)
        # 1. The last stored checkpoint is ours, and its frontier leads to its root.
        stored = store.last_checkpoint(tx)
        frontier = Frontier() if stored is None else self._opened(stored)
        # 2. The places given are exactly those that it covers.
        placed = store.placed(tx)
        if placed != frontier.size:
            raise LedgerBroken(
                f"{placed} entries have a place in the tree, but the last checkpoint covers {frontier.size}"
            )
        # 3. It has grown out of what this key signed last.
        known = self._signer.last()
        if known is not None:
            self._agrees(tx, known, frontier)
        if stored is not None and (known is None or known.size < frontier.size):
            self._signer.remember(Signed(frontier.size, frontier.root()))
        return frontier

    def _opened(self, stored: store.StoredCheckpoint) -> Frontier:
        try:
            checkpoint = open_checkpoint(parse_note(stored.note.encode()), self._signer.verifier)
            frontier = Frontier(checkpoint.size, stored.peaks)
        except VerifyError as error:
            raise LedgerBroken(f"the last checkpoint (size {stored.size}): {error}") from error
        if (checkpoint.size, checkpoint.root) != (stored.size, stored.root):
            raise LedgerBroken(f"the last checkpoint (size {stored.size}) is not what its signed note says")
        if frontier.root() != checkpoint.root:
            raise LedgerBroken(f"the frontier of the last checkpoint (size {stored.size}) has another root")
        return frontier

    def _agrees(self, tx: Tx, known: Signed, frontier: Frontier) -> None:
        if frontier.size < known.size:
            raise LedgerBroken(
                f"the log has {frontier.size} entries, but its key signed {known.size}: the database is "
                f"older than that. Restore a newer backup; if there is none, {COMMAND}"
            )
        same = store.checkpoint_of(tx, known.size)
        if same is None or self._opened(same).root() != known.root:
            raise LedgerBroken(
                f"the log at size {known.size} is not the one that this key signed. Bring the folder `keys` "
                f"back that belongs to this database; if there is none, {COMMAND}"
            )


def _hashed(entry: int, leaf: bytes) -> bytes:
    try:
        parse_leaf(leaf)
    except VerifyError as error:
        raise LedgerBroken(f"ledger entry {entry} is not a leaf: {error}") from error
    return leaf_hash(leaf)
