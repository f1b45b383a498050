"""SQL of the second stage's table: sealed details of confirmed copies."""

from collections.abc import Sequence
from datetime import datetime

from takeback.ids import EntryId, SightingId
from takeback.infra.db.pool import Tx


def insert(
    tx: Tx, entry: EntryId, sighting: SightingId, connector: str, place: str, sealed: bytes, now: datetime
) -> bool:
    """Keep the details of one confirmed copy; False if they are there."""
    added = tx.execute(
        "insert into matching_details (entry_id, sighting_id, connector, place, sealed, made_at)"
        " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
        [entry, sighting, connector, place, sealed, now],
    )
    return added.rowcount == 1


def count(tx: Tx, entry: EntryId) -> int:
    """Return of how many copies of an entry details are kept."""
    row = tx.execute("select count(*) from matching_details where entry_id = %s", [entry]).fetchone()
    return 0 if row is None else row[0]


def delete(tx: Tx, entry: EntryId) -> None:
    """Delete the details of an entry's copies."""
    tx.execute("delete from matching_details where entry_id = %s", [entry])


def any_on(tx: Tx, connector: str) -> bool:
    """Return whether details of any picture on this platform are kept."""
    row = tx.execute(
        "select exists (select from matching_details where connector = %s)", [connector]
    ).fetchone()
    return row is not None and row[0]


def known(
    tx: Tx, connector: str, place: str, same_place: int, elsewhere: int, but: Sequence[EntryId]
) -> list[tuple[EntryId, bytes]]:
    """Return what is kept of confirmed copies on one platform: at most `same_place` of the place and a few
    others.

    The newest come first; entries in `but`, which are known to be shown already, are left out.
    """
    rows = tx.execute(
        """
        select entry_id, sealed from (
            select entry_id, sealed, place = %(place)s as here,
                   row_number() over (partition by place = %(place)s
                                      order by made_at desc, entry_id, sighting_id) as rank
            from matching_details where connector = %(connector)s and not entry_id = any(%(but)s)) d
        where rank <= case when here then %(same)s else %(elsewhere)s end
        order by here desc, rank
        """,
        {
            "connector": connector,
            "place": place,
            "same": same_place,
            "elsewhere": elsewhere,
            "but": list(but),
        },
    )
    return [(row[0], bytes(row[1])) for row in rows]


def matched_entries(tx: Tx, sighting: SightingId) -> list[EntryId]:
    """Return the entries that a post is known to show, or may."""
    rows = tx.execute("select entry_id from matching_match where sighting_id = %s", [sighting])
    return [row[0] for row in rows]
