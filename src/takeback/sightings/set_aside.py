"""Batches that could not be committed for a reason that nobody foresaw: set aside, and the stream goes on.

What is set aside is what the batch said, not where it stood: a platform need not say it again. It is tried
again, in halves down to the single post; so everything of it is sighted but what cannot be, and that stays
here, is shown to staff, and is tried again with growing pauses of up to a day.

The trade-off: a survey is not kept. A connector tells it anew within minutes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from takeback.connectors.api import Batch, Deletion, Media, Post, StreamId, Unseen, UnseenKind
from takeback.infra.db.pool import Tx

VERSION = 1

Piece = Post | Deletion | Unseen | tuple[StreamId, str]
"""What can be committed alone."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that is to be tried now."""

    id: int
    connector: str
    stream: str
    cursor_from: str | None
    cursor_to: str
    pieces: tuple[Piece, ...]

    def batch(self) -> Batch:
        """The pieces as a batch; its cursor is where the stream went on."""
        return as_batch(self.pieces, self.cursor_to)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row, for staff."""

    connector: str
    stream: str
    place: str
    """Of a single post; else empty."""
    message: str
    count: int
    error: str
    tries: int
    first_at: datetime
    try_at: datetime


def pieces_of(batch: Batch) -> tuple[Piece, ...]:
    """Everything that a batch says but its survey."""
    return (*batch.opens, *batch.deletions, *batch.unseen, *batch.posts)


def as_batch(pieces: Sequence[Piece], cursor: str) -> Batch:
    """The same as a batch again."""
    return Batch(
        tuple(each for each in pieces if isinstance(each, Post)),
        cursor,
        tuple(each for each in pieces if isinstance(each, tuple)),
        deletions=tuple(each for each in pieces if isinstance(each, Deletion)),
        unseen=tuple(each for each in pieces if isinstance(each, Unseen)),
    )


def put(
    tx: Tx,
    connector: str,
    stream: str,
    cursors: tuple[str | None, str],
    pieces: Sequence[Piece],
    error: str,
) -> None:
    """Set pieces aside, to be tried again at once."""
    tx.execute(
        "insert into sightings_set_aside (connector, stream, cursor_from, cursor_to, pieces, count, error,"
        " try_at) values (%s, %s, %s, %s, %s, %s, %s, clock_timestamp())",
        [connector, stream, *cursors, format_pieces(pieces), len(pieces), error],
    )


def any_of(tx: Tx, connector: str, stream: str) -> bool:
    """Whether anything of a stream is set aside."""
    row = tx.execute(
        "select exists (select from sightings_set_aside where connector = %s and stream = %s)",
        [connector, stream],
    ).fetchone()
    return row is not None and row[0]


def take(tx: Tx, connectors: Sequence[str]) -> SetAside | None:
    """The row that is due first; None if none is. It is not due again before a pause that grows.

    So a process that dies over it does not meet it again at once.
    """
    row = tx.execute(
        """
        update sightings_set_aside set tries = tries + 1,
            try_at = clock_timestamp()
                + least(interval '1 minute' * power(2, least(tries, 12)), interval '1 day')
        where id = (
            select id from sightings_set_aside where connector = any(%s) and try_at <= clock_timestamp()
            order by try_at, id limit 1 for update skip locked)
        returning id, connector, stream, cursor_from, cursor_to, pieces
        """,
        [list(connectors)],
    ).fetchone()
    return None if row is None else SetAside(*row[:5], pieces=parse_pieces(row[5]))


def delete(tx: Tx, row: SetAside) -> bool:
    """It is committed, or replaced by its halves; False if it is not there any more."""
    return tx.execute("delete from sightings_set_aside where id = %s", [row.id]).rowcount == 1


def failed(tx: Tx, row: SetAside, error: str) -> None:
    """A single piece cannot be committed yet: it waits until its next try."""
    tx.execute("update sightings_set_aside set error = %s where id = %s", [error, row.id])


def counts(tx: Tx) -> dict[str, int]:
    """How many pieces are set aside, by platform."""
    rows = tx.execute("select connector, sum(count)::bigint from sightings_set_aside group by 1 order by 1")
    return dict(rows.fetchall())


def listed(tx: Tx, limit: int) -> list[Shown]:
    """Rows for staff, the oldest first."""
    rows = tx.execute(
        "select connector, stream, pieces, count, error, tries, first_at, try_at from sightings_set_aside"
        " order by first_at, id limit %s",
        [limit],
    )
    return [
        Shown(connector, stream, *_where(parse_pieces(pieces)), *rest)
        for connector, stream, pieces, *rest in rows
    ]


def _where(pieces: Sequence[Piece]) -> tuple[str, str]:
    if len(pieces) == 1 and isinstance(pieces[0], Post | Deletion | Unseen):
        return _printable(pieces[0].place), _printable(pieces[0].message)
    return "", ""


def _printable(text: str) -> str:
    """What a poisonous id may hold must not break a page, too."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)[:200]


def format_pieces(pieces: Sequence[Piece]) -> str:
    """As stored: ASCII, so that no letter of it can be refused."""
    return json.dumps({"v": VERSION, "pieces": [_written(each) for each in pieces]})


def _written(piece: Piece) -> list[object]:
    match piece:
        case Post(place, message, sender, posted_at, media):
            files = [[each.address, each.content_type, each.size] for each in media]
            return ["post", place, message, sender, posted_at.isoformat(), files]
        case Deletion(place, message):
            return ["deletion", place, message]
        case Unseen(kind, place, message, why):
            return ["unseen", kind.value, place, message, why]
        case (stream, cursor):
            return ["opens", stream.name, cursor]


def parse_pieces(stored: str) -> tuple[Piece, ...]:
    """Read back. Raises ValueError for what `format_pieces` does not write."""
    known = json.loads(stored)
    if known["v"] != VERSION:
        raise ValueError("pieces of another version")
    return tuple(_read(*each) for each in known["pieces"])


def _read(kind: str, *said: object) -> Piece:
    match kind, said:
        case "post", (str(place), str(message), str(sender), str(posted_at), list(files)):
            media = tuple(Media(*file) for file in files)
            return Post(place, message, sender, datetime.fromisoformat(posted_at), media)
        case "deletion", (str(place), str(message)):
            return Deletion(place, message)
        case "unseen", (str(what), str(place), str(message), str(why)):
            return Unseen(UnseenKind(what), place, message, why)
        case "opens", (str(name), str(cursor)):
            return StreamId(name), cursor
    raise ValueError("not a piece of a batch")
