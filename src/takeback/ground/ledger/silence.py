"""Make entries of the log say nothing: the salts that open their commitments are destroyed.

The log stays valid, since its leaves stay; nobody can test any more what they were of.
"""

from collections.abc import Collection

from takeback.ground.db.pool import Tx
from takeback.ids import FactId


def silence(tx: Tx, facts: Collection[FactId]) -> None:
    """Destroy what opens the entries of these facts."""
    tx.execute(
        "delete from ledger_opening where entry_id in (select id from ledger_entry where fact_id = any(%s))",
        [list(facts)],
    )
