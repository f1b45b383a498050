"""SQL of the pictures that passed."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from takeback.errors import WhyUnreadable
from takeback.ground.db.pool import Tx
from takeback.ids import SightingId
from takeback.sightings.model import Later, Seen, Sighting
from takeback.signals.model import PictureSignals


def insert(tx: Tx, connector: str, seen: Sequence[Seen], now: datetime) -> list[SightingId | None]:
    """Add pictures; for each its new id, or None if it was there before.

    Rows go in by their key's order, so that two transactions that meet on the same posts (a gap read twice)
    wait for each other and never in a circle.
    """
    order = sorted(range(len(seen)), key=lambda n: (seen[n].post.place, seen[n].post.message, seen[n].media))
    ids: list[SightingId | None] = [None] * len(seen)
    if not seen:
        return ids
    with tx.cursor() as cursor:
        cursor.executemany(
            """
            insert into sightings_post (connector, place, message, media, sender, posted_at, seen_at,
                                        state, reason, sha256, hash, quality)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (connector, place, message, media) do nothing returning id
            """,
            [_row(connector, seen[n], now) for n in order],
            returning=True,
        )
        for n, result in zip(order, cursor.results(), strict=True):
            row = result.fetchone()
            ids[n] = None if row is None else row[0]
    return ids


def _row(connector: str, seen: Seen, now: datetime) -> tuple[object, ...]:
    post, reading = seen.post, seen.reading
    where = (connector, post.place, post.message, seen.media, post.sender, post.posted_at, now)
    match reading:
        case PictureSignals(sha256=sha256, whole=whole):
            return (*where, "read", None, sha256, whole.hash, whole.quality)
        case Later(reason):
            return (*where, "unread", reason, None, None, None)
        case WhyUnreadable():
            return (*where, "unreadable", reading.value, None, None, None)


def find(tx: Tx, connector: str, place: str, message: str, media: str) -> Sighting | None:
    """The row of one picture of one post."""
    row = tx.execute(
        _SELECT + "where connector = %s and place = %s and message = %s and media = %s",
        [connector, place, message, media],
    ).fetchone()
    return None if row is None else Sighting(*row)


def get(tx: Tx, sighting: SightingId) -> Sighting | None:
    """One row."""
    row = tx.execute(_SELECT + "where id = %s", [sighting]).fetchone()
    return None if row is None else Sighting(*row)


def many(tx: Tx, sightings: Sequence[SightingId]) -> dict[SightingId, Sighting]:
    """Several rows by id."""
    rows = tx.execute(_SELECT + "where id = any(%s)", [list(sightings)])
    return {row[0]: Sighting(*row) for row in rows}


_SELECT = """
    select id, connector, place, message, media, sender, posted_at, seen_at, state, reason, hash
    from sightings_post
"""


def set_read(tx: Tx, sighting: SightingId, signals: PictureSignals) -> bool:
    """A picture that was to be read later is read now; False if somebody was first."""
    changed = tx.execute(
        "update sightings_post set state = 'read', reason = null, sha256 = %s, hash = %s, quality = %s"
        " where id = %s and state = 'unread'",
        [signals.sha256, signals.whole.hash, signals.whole.quality, sighting],
    )
    return changed.rowcount == 1


def set_unreadable(tx: Tx, sighting: SightingId, reason: str) -> bool:
    """A picture that was to be read later never can be; False if somebody was first."""
    changed = tx.execute(
        "update sightings_post set state = 'unreadable', reason = %s where id = %s and state = 'unread'",
        [reason, sighting],
    )
    return changed.rowcount == 1


def pages(tx: Tx, size: int) -> Iterator[list[tuple[SightingId, bytes]]]:
    """All (id, hash) that this transaction sees, `size` at a time."""
    with tx.cursor(name="sightings_pages") as cursor:
        cursor.itersize = size
        cursor.execute("select id, hash from sightings_post where hash is not null")
        while page := cursor.fetchmany(size):
            yield [(row[0], bytes(row[1])) for row in page]


def count(tx: Tx) -> int:
    """How many pictures passed."""
    row = tx.execute("select count(*) from sightings_post").fetchone()
    return 0 if row is None else row[0]


def unreadable_count(tx: Tx) -> dict[str, int]:
    """How many pictures could not be read, by reason."""
    rows = tx.execute(
        "select reason, count(*) from sightings_post where state = 'unreadable'"
        " group by reason order by 2 desc"
    )
    return dict(rows.fetchall())
