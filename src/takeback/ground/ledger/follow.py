"""Take up what follows from a fact, once: the mark and what follows commit together."""

from takeback.facts import Fact
from takeback.ground.db.pool import Tx
from takeback.ground.ledger import store
from takeback.ids import FactId


def take_up(tx: Tx, fact: FactId) -> Fact | None:
    """The fact, if nobody took it up before; whoever tries meanwhile waits for this transaction's end."""
    marked = tx.execute("insert into fact_followed (fact_id) values (%s) on conflict do nothing", [fact])
    return store.load(tx, fact)[0] if marked.rowcount == 1 else None
