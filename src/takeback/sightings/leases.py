"""Leased streams (streams): who may read on, from where, and when.

A lease is fenced: each one gets the next epoch of its stream, and a cursor moves only under the epoch that it
was read with. So two watchers may think that they hold a stream, and still only one can commit.

Every time here is the database's. A watcher's clock may be wrong by hours; it decides nothing.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from takeback.connectors.api import StreamId
from takeback.errors import LONGEST_WAIT, LeaseLost
from takeback.infra.db.pool import Tx
from takeback.sightings.model import Lease

LONGEST = timedelta(minutes=10)
"""No lease lasts longer. One that seems to was written under a wrong clock, and holds nobody off."""
_IS_FREE = (
    "not done and (not_before is null or not_before <= clock_timestamp())"
    " and (lease_until is null or lease_until < clock_timestamp()"
    "      or lease_until > clock_timestamp() + interval '10 minutes')"
)


def open_stream(
    tx: Tx, connector: str, stream: StreamId, cursor: str | None, *, ending: bool = False
) -> None:
    """Make a stream known, if it is not. `ending`: a batch opened it, and it has an end."""
    tx.execute(
        "insert into sightings_stream (connector, name, cursor, ending) values (%s, %s, %s, %s)"
        " on conflict do nothing",
        [connector, stream.name, cursor, ending],
    )


def lease(
    tx: Tx, connector: str, holder: str, length: timedelta, *, ending: bool | None = None
) -> Lease | None:
    """Take a stream that nobody holds; None if there is none. The one whose turn is longest ago comes first.

    Args:
        tx: the transaction.
        connector: the platform.
        holder: who takes it; a name of this process alone.
        length: until it is free again, unless it is renewed; at most `LONGEST`.
        ending: only streams that have an end, or only those that have none; None: any.
    """
    row = tx.execute(
        """
        update sightings_stream set epoch = epoch + 1, holder = %(holder)s, turn_at = clock_timestamp(),
            lease_until = clock_timestamp() + %(length)s
        where (connector, name) = (
            select connector, name from sightings_stream
            where connector = %(connector)s and coalesce(ending = %(ending)s, true) and """
        + _IS_FREE
        + """
            order by turn_at limit 1 for update skip locked)
        returning name, epoch, cursor, ending, failures
        """,
        {"holder": holder, "length": min(length, LONGEST), "connector": connector, "ending": ending},
    ).fetchone()
    return None if row is None else Lease(connector, StreamId(row[0]), *row[1:])


def watched(tx: Tx) -> frozenset[str]:
    """Return the connectors that have a stream, whether they are connected now or not."""
    return frozenset(
        row[0] for row in tx.execute("select distinct connector from sightings_stream").fetchall()
    )


def free(tx: Tx, connector: str, *, ending: bool | None = None) -> int:
    """How many streams nobody holds, and may be asked now."""
    row = tx.execute(
        "select count(*) from sightings_stream where connector = %(connector)s"
        " and coalesce(ending = %(ending)s, true) and " + _IS_FREE,
        {"connector": connector, "ending": ending},
    ).fetchone()
    return 0 if row is None else row[0]


def renew(tx: Tx, lease: Lease, length: timedelta) -> None:
    """Hold on to a stream. Raises LeaseLost, also if it was let go."""
    changed = tx.execute(
        "update sightings_stream set lease_until = clock_timestamp() + %s"
        " where connector = %s and name = %s and epoch = %s and holder is not null",
        [min(length, LONGEST), lease.connector, lease.stream.name, lease.epoch],
    )
    if changed.rowcount != 1:
        raise LeaseLost(f"{lease.connector} {lease.stream.name}: epoch {lease.epoch} is over")


def renew_all(
    tx: Tx, held: Sequence[Lease], length: timedelta, answered: Collection[Lease] = ()
) -> set[Lease]:
    """Hold on to all these, in one statement. Return those that are lost.

    Args:
        tx: the transaction.
        held: what this process holds.
        length: as in `lease`.
        answered: those of them whose platform answered since the last time.
    """
    rows = tx.execute(
        """
        update sightings_stream s set lease_until = clock_timestamp() + %(length)s,
            asked_at = case when held.answered then clock_timestamp() else asked_at end,
            failures = case when held.answered then 0 else failures end,
            trouble = case when not held.answered then trouble end
        from unnest(%(connectors)s::text[], %(names)s::text[], %(epochs)s::bigint[], %(answered)s::boolean[])
            as held (connector, name, epoch, answered)
        where (s.connector, s.name, s.epoch) = (held.connector, held.name, held.epoch) and holder is not null
        returning s.connector, s.name, s.epoch
        """,
        {
            "length": min(length, LONGEST),
            "connectors": [each.connector for each in held],
            "names": [each.stream.name for each in held],
            "epochs": [each.epoch for each in held],
            "answered": [each in answered for each in held],
        },
    ).fetchall()
    kept = set(rows)
    return {each for each in held if (each.connector, each.stream.name, each.epoch) not in kept}


def release(tx: Tx, lease: Lease, *, answered: bool = False) -> None:
    """Let a stream go at once, so that another need not wait for the lease to end."""
    tx.execute(
        "update sightings_stream set lease_until = null, holder = null,"
        " asked_at = case when %(answered)s then clock_timestamp() else asked_at end,"
        " failures = case when %(answered)s then 0 else failures end,"
        " trouble = case when not %(answered)s then trouble end"
        " where connector = %(connector)s and name = %(name)s and epoch = %(epoch)s",
        {
            "answered": answered,
            "connector": lease.connector,
            "name": lease.stream.name,
            "epoch": lease.epoch,
        },
    )


def put_off(tx: Tx, lease: Lease, pause: timedelta, trouble: str, failures: int) -> None:
    """Let a stream go, and have nobody ask for it before a pause is over. A restart obeys it, too.

    Args:
        tx: the transaction.
        lease: under which it failed, or the platform asked to wait.
        pause: at most `LONGEST_WAIT` of it counts.
        trouble: why, for staff, without anything personal.
        failures: turns in a row that failed by now.
    """
    tx.execute(
        "update sightings_stream set lease_until = null, holder = null, failures = %s,"
        " not_before = clock_timestamp() + %s, trouble = %s"
        " where connector = %s and name = %s and epoch = %s",
        [failures, min(pause, LONGEST_WAIT), trouble, lease.connector, lease.stream.name, lease.epoch],
    )


def move(tx: Tx, lease: Lease, cursor: str, *, done: bool) -> None:
    """Write down how far a stream was read. Raises LeaseLost; then nothing of the transaction may stand."""
    changed = tx.execute(
        "update sightings_stream set cursor = %s, done = %s, moved_at = clock_timestamp(),"
        " asked_at = clock_timestamp(), failures = 0, trouble = null"
        " where connector = %s and name = %s and epoch = %s",
        [cursor, done, lease.connector, lease.stream.name, lease.epoch],
    )
    if changed.rowcount != 1:
        raise LeaseLost(f"{lease.connector} {lease.stream.name}: epoch {lease.epoch} is over")


def is_done(tx: Tx, connector: str, stream: StreamId) -> bool:
    """Whether a stream that has an end was read to it."""
    row = tx.execute(
        "select done from sightings_stream where connector = %s and name = %s", [connector, stream.name]
    ).fetchone()
    return row is not None and row[0]


def forget_finished(tx: Tx, connector: str) -> int:
    """Delete streams that a batch opened and that were read to their end an hour ago. Returns how many.

    One that is opened again after that is read again: its posts are known, so nothing comes of it.
    """
    return tx.execute(
        "delete from sightings_stream where connector = %s and ending and done"
        " and moved_at < clock_timestamp() - interval '1 hour'",
        [connector],
    ).rowcount


def hold(tx: Tx, connector: str, about: str, pause: timedelta) -> None:
    """Write down that a platform asked us to wait with questions that belong to no stream."""
    tx.execute(
        "insert into sightings_hold (connector, about, until) values (%s, %s, clock_timestamp() + %s)"
        " on conflict (connector, about) do update set until = excluded.until",
        [connector, about, min(pause, LONGEST_WAIT)],
    )


def held(tx: Tx, about: str) -> frozenset[str]:
    """The platforms that are not to be asked this now."""
    rows = tx.execute(
        "select connector from sightings_hold where about = %s and until > clock_timestamp()", [about]
    )
    return frozenset(row[0] for row in rows)
