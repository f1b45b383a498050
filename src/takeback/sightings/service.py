"""What passed by: in numbers, and for how long it is kept and where."""

from datetime import datetime, timedelta
from typing import NamedTuple

from takeback.infra.db.pool import Database, Tx
from takeback.sightings import archive_store, store, unseen
from takeback.sightings.archive import Archive
from takeback.sightings.sweep import Sweeper


class Passed(NamedTuple):
    """Numbers of one platform or archive."""

    files: int
    read: int
    """Of which there are signals."""


def count(tx: Tx) -> int:
    """How many pictures passed and are kept, archived ones included."""
    return store.count(tx) + archive_store.archived_count(tx)


def unreadable(tx: Tx) -> dict[str, int]:
    """How many pictures could not be read, by reason: what nobody compared with anything."""
    return store.unreadable_count(tx)


def of_connector(tx: Tx, connector: str) -> Passed:
    """What passed of one platform or archive, but for what was moved to the archive of older days."""
    return Passed(*store.of_connector(tx, connector))


def keep(
    database: Database,
    archive: Archive,
    sweeper: Sweeper,
    hot_days: int | None,
    keep_days: int,
    now: datetime,
) -> None:
    """Move what is older than `hot_days` to the archive, delete what is older than `keep_days`.

    May be called at any time and by several at once. Raises StorageUnavailable.
    """
    archive.forget(database, (now - timedelta(days=keep_days)).date())
    unseen.forget(database, keep_days, now)
    if hot_days is not None:
        archive.move(database, (now - timedelta(days=hot_days)).date(), now)
    archive.tidy(database, now)
    sweeper.tidy()
