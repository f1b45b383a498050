"""Make entries of the log say nothing: the salts that open their commitments are destroyed.

The log stays valid, since its leaves stay; nobody can test any more what they were of.
"""

from collections.abc import Collection

from takeback.ids import EventId
from takeback.infra.db.pool import Tx


def erase_openings(tx: Tx, events: Collection[EventId]) -> None:
    """Destroy what opens the entries of these events."""
    tx.execute(
        "delete from ledger_opening where entry_id in (select id from ledger_entry where event_id = any(%s))",
        [list(events)],
    )
