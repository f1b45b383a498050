"""Claim an event for what follows from it, once: the mark and what follows commit together."""

from takeback.events import Event
from takeback.ids import EventId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import store


def claim(tx: Tx, event: EventId) -> Event | None:
    """Return the event; None if it was claimed before. A second caller waits for this transaction's end."""
    marked = tx.execute("insert into event_handled (event_id) values (%s) on conflict do nothing", [event])
    return store.load(tx, event)[0] if marked.rowcount == 1 else None
