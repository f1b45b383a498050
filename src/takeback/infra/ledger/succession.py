"""A new log in place of one that must not be signed any further, after a database was restored for instance.

A key that signed more than the database holds would sign a second history. So a log with a new name and new
keys begins. Its first entry commits to the old log: name, keys, last checkpoint in this database, and how
many entries its key is known to have signed beyond that, which are lost. All entries of the old log follow in
their order, so that every entry of this database is in one log and a package is proven in one log. What was
signed of the old log, by its key and by others, is kept aside.

The trade-off: in new packages the old entries are bounded in time by the new log's timestamps only. Packages
that were written before stay as they are, and verify by the trust file of the old log.
"""

from dataclasses import dataclass
from datetime import datetime

from takeback.errors import ConfigurationError
from takeback.events import LogSucceeded
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import parties, store, succession_store
from takeback.infra.ledger.keys import Signed, Signer
from takeback.infra.ledger.record import record
from takeback_verify.core.checkpoint import Checkpoint
from takeback_verify.core.leaf import Json
from takeback_verify.core.merkle import Frontier, leaf_hash
from takeback_verify.core.note import format_note

COMMAND = (
    "stop the service, set TAKEBACK_LEDGER_ORIGIN to a name that no log had, and run "
    "`takeback ledger succeed`"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a log says of one that it succeeded, as it stands in its entry; nothing in it is checked yet."""

    origin: str
    keys: str
    note: str
    size: int


def trouble(tx: Tx, known: Signed | None) -> str | None:
    """Return why the log's key must not sign on, as a sentence; None if it may.

    Args:
        tx: a transaction.
        known: what the key remembers to have signed.
    """
    size = store.placed(tx)
    if known is not None and known.size > size:
        lost = known.size - size
        return (
            f"The database is older than the log's key: the key signed {known.size} entries, and {size} are "
            f"here; the {lost} that followed are lost"
        )
    if known is not None and known.size:
        same = store.checkpoint_of(tx, known.size)
        if same is None or same.root != known.root:
            return (
                f"The log at size {known.size} is not the one that its key signed: it is another database's"
            )
    conflicts = parties.every_conflict(tx)
    return f"A witness has seen another log: {conflicts[0]}" if conflicts else None


def succeed(
    tx: Tx, signer: Signer, old_name: str, old_keys: str, known: Signed | None, now: datetime
) -> Signed:
    """Begin the new log, all or nothing with the transaction.

    Args:
        tx: a transaction of nobody else's; the tables of the log are locked until it ends.
        signer: with the new name and the new keys.
        old_name: of the log that ends.
        old_keys: its verifier keys, a line each.
        known: what its key remembers to have signed; None: nothing is known.
        now: the moment of the first checkpoint.

    Returns:
        What the new key signed; to be remembered after the commit.

    Raises:
        ConfigurationError: the new name is an old one, or the database's own log does not hold together.
    """
    store.hold_sequence(tx)
    if signer.verifier.name in {old_name, *succession_store.names(tx)}:
        raise ConfigurationError(
            f"the log {signer.verifier.name!r} was signed before; set TAKEBACK_LEDGER_ORIGIN to a new name"
        )
    last, size = store.last_checkpoint(tx), store.placed(tx)
    if size != (0 if last is None else last.size):
        raise ConfigurationError(
            "the last checkpoint does not cover the entries that have a place; `takeback ledger verify` says "
            "what is wrong, and a person must look first"
        )
    with succession_store.unlocked(tx):
        succession_store.set_aside(tx, old_name)
        lost = 0 if known is None else max(known.size - size, 0)
        note = "" if last is None else last.note
        event = record(tx, LogSucceeded(old_name, old_keys, note, size, lost), at=now)
        succession_store.put_first(tx, event)
    tree = Frontier()
    for leaf in succession_store.every_leaf(tx):
        tree = tree.append(leaf_hash(leaf))
    checkpoint = Checkpoint(signer.verifier.name, tree.size, tree.root(), ())
    signed = format_note(signer.sign(checkpoint, now)).decode()
    store.insert_checkpoint(tx, store.StoredCheckpoint(tree.size, checkpoint.root, signed, tree.peaks), now)
    return Signed(checkpoint.size, checkpoint.root)


def claim_of(kind: str, body: dict[str, Json]) -> Claim | None:
    """Return what an entry says of an earlier log; None if it is about something else. Raises nothing."""
    match kind, body:
        case (
            "log_succeeded",
            {"origin": str(origin), "keys": str(keys), "note": str(note), "size": int(size)},
        ):
            return Claim(origin, keys, note, size)
        case _:
            return None
