"""The database's time, without asking for it each time: what a watcher writes down is by one clock."""

import time
from datetime import datetime, timedelta

from takeback.infra.db.pool import Tx, database_time


class DatabaseClock:
    """Goes on from the last reading by this process's stopwatch. Safe between threads.

    Args:
        tx: a transaction, for the first reading.
    """

    def __init__(self, tx: Tx) -> None:
        self._read = self._reading(tx)

    def set(self, tx: Tx) -> None:
        """Read it anew."""
        self._read = self._reading(tx)

    def now(self) -> datetime:
        """The present, by the database's clock."""
        at, began = self._read
        return at + timedelta(seconds=time.monotonic() - began)

    @staticmethod
    def _reading(tx: Tx) -> tuple[datetime, float]:
        return database_time(tx), time.monotonic()
