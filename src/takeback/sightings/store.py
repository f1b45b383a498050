"""SQL of the pictures that passed.

Signals are numbered as they are written (`signals_seq`), by the first reading or by a late one; the look-back
follows these numbers. They do not become visible in their order, but every transaction that writes them holds
the bank's lock as one of many: who holds it alone for a moment (`settled`) sees all numbers up to the last.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import TupleRow

from takeback.errors import WhyUnreadable
from takeback.ids import SightingId
from takeback.infra.db import locks
from takeback.infra.db.locks import Lock
from takeback.infra.db.pool import Tx
from takeback.sightings import packed
from takeback.sightings.model import Later, Seen, Sighting
from takeback.signals.model import ClipSignals, Kind, PictureSignals


def insert(tx: Tx, connector: str, seen: Sequence[Seen], now: datetime) -> list[SightingId | None]:
    """Add pictures and clips; for each its new id, or None if it was there before.

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
            insert into sightings_post (connector, place, message, media, sender, posted_at, seen_at, state,
                                        reason, kind, sha256, hash, quality, doubt, variants, duration_ms,
                                        left_out, signals_seq)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
                    case when %s then nextval('sightings_signals') end)
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
        case PictureSignals() | ClipSignals():
            return (*where, "read", None, *_signals(reading), True)
        case Later(reason):
            return (*where, "unread", reason, *_NOTHING, False)
        case WhyUnreadable():
            return (*where, "unreadable", reading.value, *_NOTHING, False)


_NOTHING = (Kind.PICTURE, None, None, None, 0, b"", None, 0)


def _signals(signals: PictureSignals | ClipSignals) -> tuple[object, ...]:
    """Kind, sha256, hash, quality, doubt, variants, duration_ms, left_out."""
    match signals:
        case PictureSignals(sha256=sha256, whole=whole, variants=variants, doubt=doubt, left_out=left_out):
            parts = packed.pack_variants(variants)
            return Kind.PICTURE, sha256, whole.hash, whole.quality, doubt, parts, None, left_out
        case ClipSignals(sha256=sha256, frames=frames, duration_ms=duration_ms):
            return Kind.CLIP, sha256, None, None, 0, packed.pack_frames(frames), duration_ms, 0


def find(tx: Tx, connector: str, place: str, message: str, media: str) -> Sighting | None:
    """The row of one picture of one post."""
    row = tx.execute(
        _SELECT + "where connector = %s and place = %s and message = %s and media = %s",
        [connector, place, message, media],
    ).fetchone()
    return None if row is None else _sighting(row)


def get(tx: Tx, sighting: SightingId) -> Sighting | None:
    """One row."""
    row = tx.execute(_SELECT + "where id = %s", [sighting]).fetchone()
    return None if row is None else _sighting(row)


def many(tx: Tx, sightings: Sequence[SightingId]) -> dict[SightingId, Sighting]:
    """Several rows by id."""
    rows = tx.execute(_SELECT + "where id = any(%s)", [list(sightings)])
    return {row[0]: _sighting(row) for row in rows}


_SELECT = """
    select id, connector, place, message, media, sender, posted_at, seen_at, state, reason, hash, kind, doubt,
           variants, duration_ms, quality
    from sightings_post
"""


def _sighting(row: TupleRow) -> Sighting:
    *columns, kind, doubt, parts, duration_ms, quality = row
    is_clip = kind == Kind.CLIP
    return Sighting(
        *columns,
        kind=Kind(kind),
        doubt=doubt,
        variants=() if is_clip else packed.parse_variants(parts),
        frames=packed.parse_frames(parts) if is_clip else (),
        duration_ms=duration_ms,
        quality=quality,
    )


def recent_pictures(tx: Tx, connector: str, place: str, since: datetime, limit: int) -> list[SightingId]:
    """Pictures of one place that were seen since then, newest first."""
    rows = tx.execute(
        "select id from sightings_post where connector = %s and place = %s and seen_at >= %s"
        " and state = 'read' and kind = 'picture' order by seen_at desc limit %s",
        [connector, place, since, limit],
    )
    return [row[0] for row in rows]


def set_read(tx: Tx, sighting: SightingId, signals: PictureSignals | ClipSignals) -> bool:
    """A picture that was to be read later is read now; False if somebody was first."""
    changed = tx.execute(
        "update sightings_post set state = 'read', reason = null, kind = %s, sha256 = %s, hash = %s,"
        " quality = %s, doubt = %s, variants = %s, duration_ms = %s, left_out = %s,"
        " signals_seq = nextval('sightings_signals') where id = %s and state = 'unread'",
        [*_signals(signals), sighting],
    )
    return changed.rowcount == 1


def await_exact(tx: Tx, sighting: SightingId, *, awaits: bool = True) -> None:
    """A job is to read a row exactly: it is neither archived nor forgotten until that was done."""
    tx.execute("update sightings_post set awaits_exact = %s where id = %s", [awaits, sighting])


def set_exact(tx: Tx, sighting: SightingId, signals: PictureSignals | ClipSignals) -> bool:
    """Signals of which some were in doubt are replaced by exact ones; False if the row is not read.

    Needs the bank's lock as `insert` does: the look-back takes the new ones up as if they had just come.
    """
    changed = tx.execute(
        "update sightings_post set kind = %s, sha256 = %s, hash = %s, quality = %s, doubt = %s,"
        " variants = %s, duration_ms = %s, left_out = %s, signals_seq = nextval('sightings_signals')"
        " where id = %s and state = 'read'",
        [*_signals(signals), sighting],
    )
    return changed.rowcount == 1


def set_slow(tx: Tx, sighting: SightingId, reason: str) -> None:
    """A picture that is to be read later waits for the slow lane, which knows it by this reason."""
    tx.execute("update sightings_post set reason = %s where id = %s and state = 'unread'", [reason, sighting])


def count_slow(tx: Tx, sighting: SightingId) -> int:
    """How many unread files the poster of this one has up to this one, on its platform; at most 1,000."""
    row = tx.execute(
        "select count(*) from (select from sightings_post one join sightings_post other"
        " using (connector, sender) where one.id = %s and other.id <= one.id and other.state = 'unread'"
        " limit 1000) capped",
        [sighting],
    ).fetchone()
    return 0 if row is None else row[0]


def set_unreadable(tx: Tx, sighting: SightingId, reason: str) -> bool:
    """A picture that was to be read later never can be; False if somebody was first."""
    changed = tx.execute(
        "update sightings_post set state = 'unreadable', reason = %s where id = %s and state = 'unread'",
        [reason, sighting],
    )
    return changed.rowcount == 1


# --- in the order in which signals are final ---------------------------------------------------------------


def origin(tx: Tx) -> UUID:
    """Tells this database's sightings from another's."""
    row = tx.execute("select id from sightings_origin").fetchone()
    assert row is not None
    return row[0]


def settled(tx: Tx) -> int:
    """The last number of signals; all up to it are committed and final. 0: there are none.

    Takes the bank's lock for itself, so it must be the first that its transaction does, and all.
    """
    locks.hold(tx, Lock.BANK)
    row = tx.execute("select last_value, is_called from sightings_signals").fetchone()
    return 0 if row is None else row[0] if row[1] else row[0] - 1


def page(tx: Tx, after: int, upto: int, size: int) -> list[tuple[int, int, bytes | None, bytes]]:
    """(number of signals, id, hash, parts) of those numbered in (after, upto], in order, at most `size`."""
    return tx.execute(
        "select signals_seq, id, hash, variants from sightings_post"
        " where signals_seq > %s and signals_seq <= %s order by signals_seq limit %s",
        [after, upto, size],
        binary=True,
    ).fetchall()


def count_between(tx: Tx, after: int, upto: int) -> int:
    """How many are numbered in (after, upto]."""
    row = tx.execute(
        "select count(*) from sightings_post where signals_seq > %s and signals_seq <= %s", [after, upto]
    ).fetchone()
    return 0 if row is None else row[0]


# --- numbers -----------------------------------------------------------------------------------------------


def count(tx: Tx) -> int:
    """How many pictures passed, but for those that a file of the archive counts."""
    row = tx.execute("select count(*) from sightings_post where not archived").fetchone()
    return 0 if row is None else row[0]


def of_connector(tx: Tx, connector: str) -> tuple[int, int]:
    """(how many pictures passed, how many of them were read) of one platform or archive."""
    row = tx.execute(
        "select count(*), count(*) filter (where state = 'read') from sightings_post where connector = %s",
        [connector],
    ).fetchone()
    return (0, 0) if row is None else (row[0], row[1])


def unreadable_count(tx: Tx) -> dict[str, int]:
    """How many pictures could not be read, by reason."""
    rows = tx.execute(
        "select reason, count(*) from sightings_post where state = 'unreadable'"
        " group by reason order by 2 desc"
    )
    return dict(rows.fetchall())
