"""What is done to captures by the clock: they expire, are shredded and looked for, and stray files go."""

from datetime import datetime, timedelta

from takeback.evidence import service, store
from takeback.evidence.model import ToPoll
from takeback.evidence.sealer import FOLDER
from takeback.ids import CaptureId
from takeback.infra.blobs import Blobs
from takeback.infra.db.pool import Database, Tx
from takeback.infra.vault import copies, shredding

AT_ONCE = 100
POLLED_FOR = timedelta(days=30)
"""After its capture a message is asked for by its id for so long."""
STRAY_AFTER = timedelta(hours=6)
"""A file that no capture names is being written, or was left behind by a killed process; then it is that."""


def expire(database: Database, now: datetime) -> None:
    """Erase what was captured ahead, is part of no case, and whose time is over."""
    while True:
        with database.transaction() as tx:
            over = store.expired(tx, now, AT_ONCE)
            for capture in over:
                service.erase(tx, capture, now)
        if len(over) < AT_ONCE:
            return


def shred(database: Database, blobs: Blobs, capture: CaptureId) -> None:
    """Destroy the files of an erased capture, its key first, and what reviewers have of it.

    May be repeated. Raises StorageUnavailable.
    """
    copies.delete_copies(blobs, capture)
    with database.transaction() as tx:
        names = store.blobs_by_destruction(tx, capture)
    if not names:
        return
    shredding.shred(blobs, names[0], names[1:])
    with database.transaction() as tx:
        store.forget_parts(tx, capture)


def due(tx: Tx, now: datetime) -> list[ToPoll]:
    """Captured messages to ask for now."""
    return store.to_poll(tx, now, now - POLLED_FOR, AT_ONCE)


def asked(tx: Tx, captures: list[CaptureId], now: datetime) -> None:
    """These were asked for; others come first next time."""
    store.set_polled(tx, captures, now)


def tidy(database: Database, blobs: Blobs, now: datetime) -> int:
    """Delete sealed files that belong to no capture: of processes that were killed, or that came second.

    Working copies, too, and those whose life is over. Returns how many. Raises StorageUnavailable.
    """
    blobs.sweep_drafts(now - STRAY_AFTER)
    deleted = len(copies.expire_copies(blobs, now=now))
    old = [blob.name for blob in blobs.walk(FOLDER) if blob.written_at < now - STRAY_AFTER]
    for start in range(0, len(old), AT_ONCE):
        some = old[start : start + AT_ONCE]
        with database.transaction() as tx:
            named = store.named(tx, some)
        for name in some:
            if name not in named:
                blobs.delete(name)
                deleted += 1
    lone = copies.written_before(blobs, now - STRAY_AFTER)
    with database.transaction() as tx:
        there = store.captured(tx, list(lone))
    for capture in lone - there:
        deleted += len(copies.delete_copies(blobs, capture))
    return deleted
