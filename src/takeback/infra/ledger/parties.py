"""The SQL of those outside who vouch for the log: witnesses, authorities, what they signed, how it stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from takeback.events import HeartbeatRecorded, Timestamped
from takeback.events.form import kind_of
from takeback.ids import EventId
from takeback.infra.db.pool import Tx, column, scalar
from takeback_verify.core.leaf import Json

_NO_NEWS = [kind_of(Timestamped), kind_of(HeartbeatRecorded)]
"""Events that alone are no reason for another timestamp: it would never end."""


class Role(StrEnum):
    """What somebody outside does for the log."""

    WITNESS = "witness"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Party:
    """How it stands with one of them."""

    role: Role
    name: str
    """A witness's verifier key; an authority's name."""
    asked_at: datetime | None
    failing_since: datetime | None
    """None: the last answer was good."""
    failure: str | None
    conflict: str | None
    """What a witness has seen that this log cannot have grown from."""
    size: int
    """Entries of the largest checkpoint that it signed."""
    at: datetime | None
    """When, by its own clock."""


def all_parties(tx: Tx) -> tuple[Party, ...]:
    """Everybody who was ever asked, by role and name."""
    rows = tx.execute(
        """
        select role, name, asked_at, failing_since, failure, conflict, coalesce(done.size, 0), done.at
        from ledger_party left join lateral (
            select size, at from ledger_cosignature where role = 'witness' and witness = name
            union all
            select size, at from ledger_stamp where role = 'authority' and authority = name
            order by size desc limit 1
        ) done on true
        order by role desc, name
        """
    )
    return tuple(
        Party(Role(role), name, _utc(asked), _utc(since), failure, conflict, size, _utc(at))
        for role, name, asked, since, failure, conflict, size, at in rows
    )


def claim(tx: Tx, role: Role, name: str, now: datetime, every: timedelta) -> bool:
    """Be the one who asks now, unless somebody of all processes did so less than `every` ago."""
    claimed = tx.execute(
        """
        insert into ledger_party as party (role, name, asked_at) values (%s, %s, %s)
        on conflict (role, name) do update set asked_at = excluded.asked_at
        where party.asked_at is null or party.asked_at <= %s
        """,
        (role, name, now, now - every),
    )
    return claimed.rowcount == 1


def answered(tx: Tx, role: Role, name: str, now: datetime) -> None:
    """It gave what it was asked for. A witness that cosigns takes back whatever conflict there was."""
    tx.execute(
        """
        insert into ledger_party as party (role, name, asked_at) values (%s, %s, %s)
        on conflict (role, name) do update
        set asked_at = coalesce(excluded.asked_at, party.asked_at),
            failing_since = null, failure = null, conflict = null
        """,
        (role, name, now if role is Role.WITNESS else None),  # `claim` has set an authority's
    )


def failed(tx: Tx, role: Role, name: str, failure: str, now: datetime) -> None:
    """It did not."""
    tx.execute(
        """
        insert into ledger_party as party (role, name, asked_at, failing_since, failure)
        values (%s, %s, %s, %s, %s)
        on conflict (role, name) do update
        set asked_at = excluded.asked_at, failure = excluded.failure,
            failing_since = coalesce(party.failing_since, excluded.failing_since)
        """,
        (role, name, now, now, failure),
    )


def contradicted(tx: Tx, witness: str, conflict: str, now: datetime) -> None:
    """A witness has seen what the log cannot have grown from."""
    failed(tx, Role.WITNESS, witness, conflict, now)
    tx.execute(
        "update ledger_party set conflict = %s where role = 'witness' and name = %s", (conflict, witness)
    )


def every_conflict(tx: Tx) -> list[str]:
    """Return what witnesses, heeded or not, have seen that our log cannot have grown from."""
    return column(tx, "select conflict from ledger_party where conflict is not null order by name")


def conflicts(tx: Tx, witnesses: Sequence[str]) -> list[str]:
    """Return what these witnesses have seen that the log cannot have grown from, as sentences."""
    return column(
        tx,
        """
        select conflict from ledger_party
        where role = 'witness' and name = any(%s) and conflict is not null order by name
        """,
        (list(witnesses),),
    )


# --- what they signed --------------------------------------------------------------------------------------


def insert_cosignature(tx: Tx, size: int, witness: str, line: str, at: datetime) -> None:
    """Keep a cosignature that was checked, unless there is one."""
    tx.execute(
        """
        insert into ledger_cosignature (size, witness, line, at) values (%s, %s, %s, %s)
        on conflict do nothing
        """,
        (size, witness, line, at),
    )


def cosigned_up_to(tx: Tx, witness: str) -> int:
    """Size of the largest checkpoint that a witness cosigned; 0 if none."""
    return scalar(tx, "select coalesce(max(size), 0) from ledger_cosignature where witness = %s", (witness,))


def insert_stamp(tx: Tx, size: int, authority: str, at: datetime, response: bytes, event: EventId) -> None:
    """Keep a timestamp that was checked."""
    tx.execute(
        """
        insert into ledger_stamp (size, authority, at, response, event_id) values (%s, %s, %s, %s, %s)
        """,
        (size, authority, at, response, event),
    )


def last_anchor(tx: Tx) -> int:
    """Size of the largest checkpoint with a timestamp; 0 if none."""
    return scalar(tx, "select coalesce(max(size), 0) from ledger_stamp")


def is_stamped(tx: Tx, size: int, authority: str) -> bool:
    """Return whether an authority stamped the checkpoint of a size."""
    return scalar(
        tx, "select exists (select from ledger_stamp where size = %s and authority = %s)", (size, authority)
    )


def stamped_since(tx: Tx, size: int, moment: datetime) -> bool:
    """Return whether the checkpoint of a size got a timestamp after a moment, by our own clock."""
    return scalar(
        tx,
        "select exists (select from ledger_stamp join event on event.id = event_id where "
        "ledger_stamp.size = %s and event.at > %s)",
        (size, moment),
    )


def has_news(tx: Tx, first: int, size: int) -> bool:
    """Return whether an entry from `first` on, below `size`, is more than the log's own upkeep."""
    return scalar(
        tx,
        "select exists (select from ledger_entry entry join event on event.id = entry.event_id "
        "where entry.position >= %s and entry.position < %s and event.kind <> all(%s))",
        (first, size, _NO_NEWS),
    )


# --- everything, for who checks it --------------------------------------------------------------------------


def every_cosignature(tx: Tx) -> Iterator[tuple[int, str, str, str]]:
    """(size, the checkpoint's note, witness, line) of all cosignatures; streamed."""
    with tx.cursor("every_cosignature") as cursor:
        cursor.itersize = 100
        yield from cursor.execute(
            """
            select size, note, witness, line from ledger_cosignature join ledger_checkpoint using (size)
            order by size, witness
            """
        )


def every_stamp(tx: Tx) -> Iterator[tuple[int, str, bytes, str, dict[str, Json]]]:
    """(size, authority, response, kind and body of its event) of all timestamps; streamed."""
    with tx.cursor("every_stamp") as cursor:
        cursor.itersize = 100
        yield from cursor.execute(
            """
            select size, authority, response, kind, body from ledger_stamp join event on event.id = event_id
            order by size, authority
            """
        )


def _utc(at: datetime | None) -> datetime | None:
    return at and at.astimezone(UTC)
