"""The SQL of events and their ledger: written once, then only read, but for the place that an entry gets.

The tables carry triggers that forbid changes. They are a belt; the proof is the signed checkpoint.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from takeback.errors import NotFound
from takeback.events import Event
from takeback.events.form import kind_of, parse
from takeback.ids import CaseId, EventId, TargetId
from takeback.infra.db import locks
from takeback.infra.db.locks import Lock
from takeback.infra.db.pool import Tx, column, first, scalar
from takeback_verify.core.leaf import Json

WAITING: LiteralString = "select min(id) from ledger_entry where position is null"
"""The first entry that waits for its place."""
SIGNED: LiteralString = "select max(size) from ledger_checkpoint"
"""Size of the last checkpoint."""
_STREAMED = 1000
"""Rows that a streaming read fetches at a time."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event, and when it happened."""

    id: EventId
    at: datetime
    """In UTC."""
    event: Event


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A row of the table of checkpoints, as it stands there; nothing in it is checked yet."""

    size: int
    root: bytes
    note: str
    """C2SP signed note over the C2SP checkpoint."""
    peaks: tuple[bytes, ...]
    """Roots of the full subtrees, largest first."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with its event and what opens its commitment, as they stand; nothing is checked yet."""

    entry_id: int
    event_id: int
    leaf: bytes
    position: int | None
    """Place in the tree; None while it waits for one."""
    kind: str | None
    """None when the event is missing."""
    body: str | None
    """JSON text."""
    at: datetime | None
    """None when the event is missing, or its time is not one."""
    salt: bytes | None
    """None when the opening was erased."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Entries that have no place in the tree yet."""

    count: int
    oldest: datetime | None
    """When the oldest one's event happened."""


# --- events -----------------------------------------------------------------------------------------------


def insert_event(tx: Tx, kind: str, body: Mapping[str, Json], at: datetime) -> EventId:
    """Write an event down; its number."""
    return EventId(
        scalar(
            tx, "insert into event (kind, body, at) values (%s, %s, %s) returning id", (kind, Jsonb(body), at)
        )
    )


def is_recorded(tx: Tx, kind: str, body: Mapping[str, Json]) -> bool:
    """Return whether the very same event was recorded before, at whatever time."""
    return scalar(tx, "select exists (select from event where kind = %s and body = %s)", [kind, Jsonb(body)])


def load(tx: Tx, event: EventId) -> tuple[Event, datetime]:
    """An event and when it happened. Raises NotFound."""
    row = tx.execute("select kind, body, at from event where id = %s", (event,)).fetchone()
    if row is None:
        raise NotFound(f"there is no event {event}")
    kind, body, at = row
    return parse(kind, body), at.astimezone(UTC)


def history(tx: Tx, case: CaseId, targets: Collection[TargetId] = ()) -> tuple[RecordedEvent, ...]:
    """Return what happened in a case and to these of its targets, in the order in which it was recorded."""
    rows = tx.execute(
        """
        select id, at, kind, body from event where body ->> 'case' = %s
        union
        select id, at, kind, body from event
        where body ->> 'target' is not null and body ->> 'target' = any(%s)
        order by id
        """,
        (str(case), [str(target) for target in targets]),
    )
    return tuple(_recorded(*row) for row in rows)


def recent(tx: Tx, kinds: Collection[type[Event]], limit: int) -> tuple[RecordedEvent, ...]:
    """The last `limit` events of these kinds, newest first."""
    rows = tx.execute(
        "select id, at, kind, body from event where kind = any(%s) order by id desc limit %s",
        ([kind_of(kind) for kind in kinds], limit),
    )
    return tuple(_recorded(*row) for row in rows)


def _recorded(event_id: int, at: datetime, kind: str, body: dict[str, Json]) -> RecordedEvent:
    return RecordedEvent(EventId(event_id), at.astimezone(UTC), parse(kind, body))


# --- entries ---------------------------------------------------------------------------------------------


def insert_entry(tx: Tx, event: EventId, leaf: bytes, salt: bytes) -> None:
    """Write an event's entry and what opens it."""
    tx.execute(
        """
        with entry as (insert into ledger_entry (event_id, leaf) values (%s, %s) returning id)
        insert into ledger_opening (entry_id, salt) select id, %s from entry
        """,
        (event, leaf, salt),
    )


def hold_sequence(tx: Tx) -> None:
    """Be the one who gives places until the transaction ends; waits for another one who is."""
    locks.hold(tx, Lock.SEQUENCE)


def placed(tx: Tx) -> int:
    """One more than the last place in the tree."""
    return scalar(tx, "select coalesce(max(position) + 1, 0) from ledger_entry")


def next_waiting(tx: Tx, limit: int) -> list[tuple[int, bytes]]:
    """Ids and leaves of entries that wait for their place, lowest id first."""
    return tx.execute(
        "select id, leaf from ledger_entry where position is null order by id limit %s", (limit,)
    ).fetchall()


def give_places(tx: Tx, entries: Sequence[int], first: int) -> None:
    """Give entries, by id, consecutive places from `first` on."""
    tx.execute(
        """
        update ledger_entry set position = %s + place.nth - 1
        from unnest(%s::bigint[]) with ordinality as place (id, nth) where ledger_entry.id = place.id
        """,
        (first, list(entries)),
    )


def waiting(tx: Tx) -> Waiting:
    """Return how many entries wait for their place, and since when."""
    row = tx.execute(
        """
        select count(*), min(event.at) from ledger_entry join event on event.id = ledger_entry.event_id
        where position is null
        """
    ).fetchone()
    assert row is not None
    count, oldest = row
    return Waiting(count, oldest and oldest.astimezone(UTC))


# --- tiles -----------------------------------------------------------------------------------------------


def tiles(tx: Tx, level: int) -> int:
    """Return how many full tiles of a level are kept, from the first on without gap."""
    return scalar(tx, "select coalesce(max(number) + 1, 0) from ledger_tile where level = %s", (level,))


def insert_tile(tx: Tx, level: int, number: int, hashes: bytes, root: bytes) -> None:
    """Keep a full tile."""
    tx.execute(
        "insert into ledger_tile (level, number, hashes, root) values (%s, %s, %s, %s)",
        (level, number, hashes, root),
    )


def tile(tx: Tx, level: int, number: int) -> bytes | None:
    """The 256 hashes of a full tile, one behind the other; None if it is not kept."""
    return first(tx, "select hashes from ledger_tile where level = %s and number = %s", (level, number))


def tile_with_root(tx: Tx, level: int, number: int) -> tuple[bytes, bytes] | None:
    """Hashes and root of a full tile; None if it is not kept."""
    return tx.execute(
        "select hashes, root from ledger_tile where level = %s and number = %s", (level, number)
    ).fetchone()


def tile_counts(tx: Tx) -> list[tuple[int, int]]:
    """(level, one more than the last number) of the tiles that are kept."""
    return tx.execute("select level, max(number) + 1 from ledger_tile group by level").fetchall()


def tile_roots(tx: Tx, level: int, first: int, count: int) -> list[tuple[int, bytes]]:
    """Numbers and roots of kept tiles of a level, from a number on."""
    return tx.execute(
        """
        select number, root from ledger_tile where level = %s and number >= %s and number < %s
        order by number
        """,
        (level, first, first + count),
    ).fetchall()


def leaves(tx: Tx, first: int, count: int) -> list[bytes]:
    """Leaves by place, from a place on."""
    return column(
        tx,
        "select leaf from ledger_entry where position >= %s and position < %s order by position",
        (first, first + count),
    )


# --- checkpoints -----------------------------------------------------------------------------------------

_CHECKPOINT = "select size, root, note, frontier from ledger_checkpoint "


def insert_checkpoint(tx: Tx, checkpoint: StoredCheckpoint, signed_at: datetime) -> None:
    """Keep a signed checkpoint."""
    tx.execute(
        """
        insert into ledger_checkpoint (size, root, note, frontier, signed_at) values (%s, %s, %s, %s, %s)
        """,
        (checkpoint.size, checkpoint.root, checkpoint.note, list(checkpoint.peaks), signed_at),
    )


def last_checkpoint(tx: Tx) -> StoredCheckpoint | None:
    """The largest checkpoint."""
    return _checkpoint(tx.execute(_CHECKPOINT + "order by size desc limit 1").fetchone())


def checkpoint_of(tx: Tx, size: int) -> StoredCheckpoint | None:
    """The checkpoint of a tree of `size` leaves, if one was signed at that size."""
    return _checkpoint(tx.execute(_CHECKPOINT + "where size = %s", (size,)).fetchone())


def _checkpoint(row: tuple[int, bytes, str, list[bytes]] | None) -> StoredCheckpoint | None:
    return row and StoredCheckpoint(row[0], row[1], row[2], tuple(row[3]))


def cosigned_sizes(tx: Tx) -> Iterator[int]:
    """Sizes of the checkpoints that a witness cosigned, largest first; streamed."""
    with tx.cursor("cosigned_sizes") as cursor:
        cursor.itersize = 100
        for (size,) in cursor.execute("select distinct size from ledger_cosignature order by size desc"):
            yield size


# --- proofs ----------------------------------------------------------------------------------------------


def opened_entries(
    tx: Tx, events: Sequence[EventId]
) -> list[tuple[int, bytes, bytes, int, datetime, str, dict[str, Json]]]:
    """(place, leaf, salt, event, when, kind, body) of events by place, of those that have one and a salt."""
    rows = tx.execute(
        """
        select entry.position, entry.leaf, opening.salt, event.id, event.at, event.kind, event.body
        from ledger_entry entry
        join ledger_opening opening on opening.entry_id = entry.id
        join event on event.id = entry.event_id
        where entry.event_id = any(%s) and entry.position is not null order by entry.position
        """,
        (list(events),),
    )
    return [
        (place, leaf, salt, event, at.astimezone(UTC), kind, body)
        for place, leaf, salt, event, at, kind, body in rows
    ]


def place_of(tx: Tx, event: EventId) -> int | None:
    """The place of an event's entry; None if it has none."""
    return first(tx, "select position from ledger_entry where event_id = %s", (event,))


def cosignatures(tx: Tx, size: int) -> list[str]:
    """Signature lines of witnesses on one checkpoint, in the order of their names."""
    return column(tx, "select line from ledger_cosignature where size = %s order by witness", (size,))


def stamps(tx: Tx, above: int) -> list[tuple[int, str, datetime, EventId, int | None]]:
    """(size, authority, its time, event, place) of the timestamps over more than `above` entries.

    By size and name, without the responses; the place is that of the event's entry.
    """
    rows = tx.execute(
        """
        select size, authority, at, ledger_stamp.event_id, position
        from ledger_stamp left join ledger_entry using (event_id)
        where size > %s order by size, authority
        """,
        (above,),
    )
    return [(size, name, at.astimezone(UTC), event, place) for size, name, at, event, place in rows]


def responses(tx: Tx, sizes: Collection[int] | None) -> list[tuple[int, str, bytes]]:
    """(size, authority, response) of the timestamps over checkpoints of these sizes, by size and name."""
    return tx.execute(
        """
        select size, authority, response from ledger_stamp
        where %(sizes)s::bigint[] is null or size = any(%(sizes)s) order by size, authority
        """,
        {"sizes": None if sizes is None else list(sizes)},
    ).fetchall()


# --- everything, for who checks it -----------------------------------------------------------------------


def freeze(tx: Tx) -> None:
    """See one moment of the database until the transaction ends. Must be the transaction's first words."""
    tx.execute("set transaction isolation level repeatable read, read only")


def every_checkpoint(tx: Tx) -> Iterator[StoredCheckpoint]:
    """All checkpoints by size, streamed."""
    with tx.cursor("every_checkpoint") as cursor:
        cursor.itersize = _STREAMED
        for size, root, note, frontier in cursor.execute(_CHECKPOINT + "order by size"):
            yield StoredCheckpoint(size, root, note, tuple(frontier))


def every_entry(tx: Tx) -> Iterator[StoredEntry]:
    """All entries by place, then those that wait, each with its event and opening; streamed."""
    with tx.cursor("every_entry") as cursor:
        cursor.itersize = _STREAMED
        cursor.execute(
            """
            select entry.id, entry.event_id, entry.leaf, entry.position, event.kind, event.body::text,
                   case when event.at between '0001-01-02 00:00Z' and '9999-12-30 00:00Z' then event.at end,
                   opening.salt
            from ledger_entry entry
            left join event on event.id = entry.event_id
            left join ledger_opening opening on opening.entry_id = entry.id
            order by entry.position, entry.id
            """
        )
        for row in cursor:
            yield StoredEntry(*row)


def events_without_entry(tx: Tx) -> Iterator[EventId]:
    """Events that left no entry; streamed."""
    with tx.cursor("events_without_entry") as cursor:
        cursor.itersize = _STREAMED
        cursor.execute(
            """
            select id from event
            where not exists (select from ledger_entry where ledger_entry.event_id = event.id) order by id
            """
        )
        for (event,) in cursor:
            yield EventId(event)


def events_with_more_entries(tx: Tx) -> Iterator[EventId]:
    """Events that have more than one entry; streamed."""
    with tx.cursor("events_with_more_entries") as cursor:
        cursor.itersize = _STREAMED
        cursor.execute(
            "select event_id from ledger_entry group by event_id having count(*) > 1 order by event_id"
        )
        for (event,) in cursor:
            yield EventId(event)


def count_events(tx: Tx) -> int:
    """Return how many events there are."""
    return scalar(tx, "select count(*) from event")


def count_by_kind(tx: Tx) -> dict[str, int]:
    """Return how many events there are of each kind that has happened."""
    return dict(tx.execute("select kind, count(*) from event group by kind order by kind").fetchall())
