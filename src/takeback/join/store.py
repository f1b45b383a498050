"""SQL of the join's table: which post and which entry show the same picture."""

from collections.abc import Sequence
from datetime import datetime

from takeback.bank.index import Hit
from takeback.facts import FoundBy
from takeback.ground.db.pool import Tx
from takeback.ids import EntryId, SightingId


def insert(tx: Tx, sighting: SightingId, entry: EntryId, hit: Hit, by: FoundBy, now: datetime) -> bool:
    """Write a match down; False if the pair met before."""
    added = tx.execute(
        "insert into join_match (sighting_id, entry_id, distance, flip, negative, found_by, matched_at)"
        " values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [sighting, entry, hit.distance, hit.flip, hit.negative, by, now],
    )
    return added.rowcount == 1


def get(tx: Tx, sighting: SightingId, entry: EntryId) -> Hit | None:
    """How a post and an entry agree."""
    row = tx.execute(
        "select distance, flip, negative from join_match where sighting_id = %s and entry_id = %s",
        [sighting, entry],
    ).fetchone()
    return None if row is None else Hit(*row)


def sightings_matching(tx: Tx, entries: Sequence[EntryId], among: Sequence[SightingId]) -> set[SightingId]:
    """Those of the posts `among` that show any of these entries."""
    rows = tx.execute(
        "select distinct sighting_id from join_match where entry_id = any(%s) and sighting_id = any(%s)",
        [list(entries), list(among)],
    )
    return {row[0] for row in rows}


def entries_matching(tx: Tx, sightings: Sequence[SightingId]) -> set[EntryId]:
    """The entries that any of these posts shows."""
    rows = tx.execute(
        "select distinct entry_id from join_match where sighting_id = any(%s)", [list(sightings)]
    )
    return {row[0] for row in rows}
