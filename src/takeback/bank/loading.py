"""Bring an index up to the present: at a start all of the bank, afterwards a change or two.

It is a room's file of its own because both the bank's service and the join need it.
"""

from takeback.bank import store
from takeback.bank.index import BankIndex
from takeback.ground.db.pool import Tx

_FEW = 1_000
"""Changes that are read at once; more are read in pages, so that memory stays bounded."""


def refresh(tx: Tx, index: BankIndex) -> None:
    """Take in what changed since the index was last brought up to date."""
    behind = store.head(tx) - index.seq
    if behind <= 0:
        return
    if behind <= _FEW:
        index.apply(store.changes_since(tx, index.seq))
        return
    for page in store.pages_since(tx, index.seq):
        index.apply(page)
