"""Write down what happened: the one way a fact comes into the world.

The fact, its ledger entry, what opens the entry's commitment and the job that follows the fact are written in
the caller's transaction, beside the state that the fact speaks of: a crash leaves all of it or nothing. The
entry gets its place in the tree from the sequencer afterwards, so two writers never wait for each other here.
"""

import secrets
from datetime import UTC, datetime

from takeback.fact_form import body_of, kind_of
from takeback.facts import Fact
from takeback.ground import clock
from takeback.ground.db.pool import Tx
from takeback.ground.jobs import queue
from takeback.ground.jobs.urgency import of_fact
from takeback.ground.ledger import store
from takeback.ids import FactId
from takeback_verify.leaf import SALT_BYTES, Opening, format_leaf, seal


def record(tx: Tx, fact: Fact, *, at: datetime | None = None) -> FactId:
    """Record a fact, all or nothing with the caller's transaction.

    Args:
        tx: the transaction that also writes the state that the fact speaks of.
        fact: what happened.
        at: when it happened, with a time zone; default: now.

    Returns:
        The fact's number. Numbers grow, but a lower one may become visible later.

    Raises:
        ValueError: the time has no time zone.
        Malformed: the fact has no canonical form (see takeback_verify.leaf); the transaction must not commit.
    """
    happened = at or clock.now()
    if happened.tzinfo is None:
        raise ValueError("a fact's time needs a time zone")
    happened = happened.astimezone(UTC)
    kind, body = kind_of(fact), body_of(fact)
    fact_id = store.insert_fact(tx, kind, body, happened)
    salt = secrets.token_bytes(SALT_BYTES)
    leaf = format_leaf(seal(salt, Opening(fact_id, happened, kind, body)))
    store.insert_entry(tx, fact_id, leaf, salt)
    queue.enqueue(tx, "follow", urgency=of_fact(fact), fact=fact_id)
    return fact_id


def record_once(tx: Tx, fact: Fact) -> None:
    """Record a fact that can happen only once, unless it is recorded: for work that may be run again.

    Two that do so at the same time must exclude each other by a lock of their own.
    """
    if not store.is_recorded(tx, kind_of(fact), body_of(fact)):
        record(tx, fact)
