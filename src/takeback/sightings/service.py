"""What passed by, in numbers."""

from takeback.ground.db.pool import Tx
from takeback.sightings import store


def count(tx: Tx) -> int:
    """How many pictures passed."""
    return store.count(tx)


def unreadable(tx: Tx) -> dict[str, int]:
    """How many pictures could not be read, by reason: what nobody compared with anything."""
    return store.unreadable_count(tx)
