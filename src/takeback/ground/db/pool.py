"""Connections and transactions. PostgreSQL is not abstracted: rooms write SQL, tests run on the real one.

Everything is synchronous: a transaction is a `with` block, and what a crash leaves behind is decided by
PostgreSQL alone.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString, Self

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from takeback.ground.asking import transaction_open

_TICK = 0.25
"""Seconds between looks at whether to stop."""

Tx = psycopg.Connection[TupleRow]
"""An open transaction: what every function of a `store` takes first."""


def _read_committed(connection: Tx) -> None:
    """Whatever the server's default is: `join` needs each statement to see what was committed before it."""
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED


class Database:
    """A pool of connections to one database, as one role.

    Args:
        url: a libpq URL.
        max_size: most connections at once; threads beyond that wait.
    """

    def __init__(self, url: str, *, max_size: int = 8) -> None:
        self.url = url
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=max_size,
            open=True,
            timeout=30,
            check=ConnectionPool.check_connection,
            configure=_read_committed,
            name="takeback",
        )

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        with self._pool.connection() as connection, transaction_open():
            yield connection

    def listen(self, channel: LiteralString, stop: threading.Event, every: float) -> Iterator[None]:
        """Yield at once, then whenever `channel` is notified, and at least each `every` seconds.

        Ends when `stop` is set. A lost connection is made again, and yields: what was missed is looked for.
        """
        while not stop.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True) as connection:
                    connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    while not stop.is_set():
                        yield
                        until = time.monotonic() + every
                        while not stop.is_set() and time.monotonic() < until:
                            if any(True for _ in connection.notifies(timeout=_TICK, stop_after=1)):
                                break
            except psycopg.OperationalError:
                stop.wait(0.2)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
