"""Leased shards: who may read on, from where.

A lease is fenced: each one gets the next epoch of its shard, and a cursor moves only under the epoch that it
was read with. So two watchers may think that they hold a shard, and still only one can commit.
"""

from datetime import datetime, timedelta

from takeback.connectors.api import Shard
from takeback.errors import LeaseLost
from takeback.ground.db.pool import Tx
from takeback.sightings.model import Lease


def open_shard(tx: Tx, connector: str, shard: Shard, cursor: str | None) -> None:
    """Make a shard known, if it is not."""
    tx.execute(
        "insert into sightings_shard (connector, name, cursor) values (%s, %s, %s) on conflict do nothing",
        [connector, shard.name, cursor],
    )


def lease(tx: Tx, connector: str, holder: str, now: datetime, length: timedelta) -> Lease | None:
    """Take a shard that nobody holds; None if there is none. The one that waited longest comes first."""
    row = tx.execute(
        """
        update sightings_shard set epoch = epoch + 1, holder = %(holder)s, lease_until = %(until)s
        where (connector, name) = (
            select connector, name from sightings_shard
            where connector = %(connector)s and not done and (lease_until is null or lease_until < %(now)s)
            order by moved_at limit 1 for update skip locked)
        returning name, epoch, cursor
        """,
        {"holder": holder, "until": now + length, "connector": connector, "now": now},
    ).fetchone()
    return None if row is None else Lease(connector, Shard(row[0]), row[1], row[2])


def free(tx: Tx, connector: str, now: datetime) -> int:
    """How many shards nobody holds."""
    row = tx.execute(
        "select count(*) from sightings_shard"
        " where connector = %s and not done and (lease_until is null or lease_until < %s)",
        [connector, now],
    ).fetchone()
    return 0 if row is None else row[0]


def renew(tx: Tx, lease: Lease, until: datetime) -> None:
    """Hold on to a shard. Raises LeaseLost, also if it was let go."""
    changed = tx.execute(
        "update sightings_shard set lease_until = %s"
        " where connector = %s and name = %s and epoch = %s and holder is not null",
        [until, lease.connector, lease.shard.name, lease.epoch],
    )
    if changed.rowcount != 1:
        raise LeaseLost(f"{lease.connector} {lease.shard.name}: epoch {lease.epoch} is over")


def release(tx: Tx, lease: Lease) -> None:
    """Let a shard go at once, so that another need not wait for the lease to end."""
    tx.execute(
        "update sightings_shard set lease_until = null, holder = null"
        " where connector = %s and name = %s and epoch = %s",
        [lease.connector, lease.shard.name, lease.epoch],
    )


def move(tx: Tx, lease: Lease, cursor: str, *, done: bool, now: datetime) -> None:
    """Write down how far a shard was read. Raises LeaseLost; then nothing of the transaction may stand."""
    changed = tx.execute(
        "update sightings_shard set cursor = %s, done = %s, moved_at = %s"
        " where connector = %s and name = %s and epoch = %s",
        [cursor, done, now, lease.connector, lease.shard.name, lease.epoch],
    )
    if changed.rowcount != 1:
        raise LeaseLost(f"{lease.connector} {lease.shard.name}: epoch {lease.epoch} is over")


def is_done(tx: Tx, connector: str, shard: Shard) -> bool:
    """Whether a shard that has an end was read to it."""
    row = tx.execute(
        "select done from sightings_shard where connector = %s and name = %s", [connector, shard.name]
    ).fetchone()
    return row is not None and row[0]


def last_moves(tx: Tx) -> dict[tuple[str, str], datetime]:
    """When each shard that has no end yet was last read on, by connector and name."""
    rows = tx.execute("select connector, name, moved_at from sightings_shard where not done order by 1, 2")
    return {(connector, name): moved_at for connector, name, moved_at in rows}
