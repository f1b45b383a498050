"""The locks of the database that order the service's transactions, in one list.

Each is an empty table. LOCK TABLE needs a privilege, and only the owner has it; an advisory lock can be taken
by anybody who may connect, so whoever broke into the portal could hold all commits up (ADR 27). A lock ends
with its transaction.

Two modes are used: ROW SHARE by those who share, EXCLUSIVE by the one who is alone. ROW SHARE conflicts with
neither pg_dump nor VACUUM; EXCLUSIVE does not conflict with pg_dump, and VACUUM has nothing to do in an empty
table.
"""

from enum import StrEnum

import psycopg

from takeback.infra.db.pool import Tx


class Lock(StrEnum):
    """The table that is locked."""

    BANK = "lock_bank"
    """Shared by transactions that commit sightings, exclusive for those that change the bank: see `join`."""
    SEQUENCE = "lock_sequence"
    """Held by the transaction that gives ledger entries their places."""
    ARCHIVE = "lock_archive"
    """Held by the transaction that moves sightings to the archive."""
    MIGRATE = "alembic_version"
    """Held by the transaction that brings the schema up to date. Alembic's own table: it is there first."""


def share(tx: Tx, lock: Lock) -> None:
    """Hold a lock together with others who share it; waits for the one who holds it alone."""
    tx.execute(f"lock table {lock} in row share mode".encode())


def hold(tx: Tx, lock: Lock) -> None:
    """Hold a lock alone; waits for all who hold it."""
    tx.execute(f"lock table {lock} in exclusive mode".encode())


def try_hold(tx: Tx, lock: Lock) -> bool:
    """Hold a lock alone if nobody holds it; whether it is held now."""
    try:
        with tx.transaction():
            tx.execute(f"lock table {lock} in exclusive mode nowait".encode())
    except psycopg.errors.LockNotAvailable:
        return False
    return True
