"""SQL of matches: which post and which entry show the same picture."""

from collections.abc import Sequence
from datetime import datetime

from takeback.events import FoundBy
from takeback.ids import EntryId, SightingId
from takeback.infra.db.pool import Tx
from takeback.signals.model import Box, Cut
from takeback.signals.relation import Hit


def insert(tx: Tx, sighting: SightingId, entry: EntryId, hit: Hit, by: FoundBy, now: datetime) -> bool:
    """Record a match; False if the pair met before."""
    added = tx.execute(
        "insert into matching_match (sighting_id, entry_id, distance, flip, negative, cut, box, at_ms,"
        " review_only, exact, stage, inliers, view, found_by, matched_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [sighting, entry, hit.distance, hit.flip, hit.negative, hit.cut, box_column(hit.box), hit.at_ms,
         hit.review_only, hit.exact, hit.stage, hit.inliers, hit.view, by, now],
    )  # fmt: skip
    return added.rowcount == 1


def get(tx: Tx, sighting: SightingId, entry: EntryId) -> Hit | None:
    """Return how a post and an entry agree."""
    row = tx.execute(
        "select distance, flip, negative, cut, box, at_ms, review_only, exact, stage, inliers, view"
        " from matching_match where sighting_id = %s and entry_id = %s",
        [sighting, entry],
    ).fetchone()
    if row is None:
        return None
    distance, flip, negative, cut, box, *rest = row
    return Hit(distance, flip, negative, Cut(cut), box_of(box), *rest)


def of_sighting(tx: Tx, sighting: SightingId) -> list[tuple[EntryId, FoundBy]]:
    """Return what a post matches, and which side came last; oldest first."""
    rows = tx.execute(
        "select entry_id, found_by from matching_match where sighting_id = %s order by matched_at, entry_id",
        [sighting],
    )
    return [(row[0], FoundBy(row[1])) for row in rows]


def count(tx: Tx, sightings: Sequence[SightingId]) -> int:
    """Return how many matches these posts have."""
    row = tx.execute("select count(*) from matching_match where sighting_id = any(%s)", [list(sightings)])
    found = row.fetchone()
    return 0 if found is None else found[0]


def box_column(box: Box | None) -> list[int] | None:
    """Return a box as a column holds it: left, top, width, height."""
    return None if box is None else [box.left, box.top, box.width, box.height]


def box_of(column: list[int] | None) -> Box | None:
    """Undo `box_column`."""
    return None if column is None else Box(*column)


def entries_shown(
    tx: Tx, entries: Sequence[EntryId], among: Sequence[SightingId]
) -> dict[SightingId, list[EntryId]]:
    """Return which of these entries each of the posts `among` surely shows; only posts that show any."""
    found = dict[SightingId, list[EntryId]]()
    for sighting, entry in tx.execute(
        "select sighting_id, entry_id from matching_match"
        " where entry_id = any(%s) and sighting_id = any(%s) and not review_only order by entry_id",
        [list(entries), list(among)],
    ):
        found.setdefault(sighting, []).append(entry)
    return found


def of_entry(tx: Tx, entry: EntryId) -> int:
    """Return how many posts an entry matches, or may."""
    row = tx.execute("select count(*) from matching_match where entry_id = %s", [entry]).fetchone()
    return 0 if row is None else row[0]


def entries_matching(tx: Tx, sightings: Sequence[SightingId]) -> set[EntryId]:
    """Return the entries that any of these posts surely shows."""
    rows = tx.execute(
        "select distinct entry_id from matching_match where sighting_id = any(%s) and not review_only",
        [list(sightings)],
    )
    return {row[0] for row in rows}
