"""Connections and transactions. PostgreSQL is not abstracted: rooms write SQL, tests run on the real one.

Everything is synchronous: a transaction is a `with` block, and what a crash leaves behind is decided by
PostgreSQL alone. While the database does not answer, everything here raises DatabaseAway at once: see
`reach.py`.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString, Self

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolTimeout

from takeback.errors import DatabaseAway
from takeback.ground.db.reach import HUNG, Away, Connection, Pool, Reach

log = logging.getLogger(__name__)
logging.getLogger("psycopg").setLevel(logging.ERROR)  # it says each attempt; `reach` says it once
_TICK = 0.25
"""Seconds between looks at whether to stop."""
PATIENCE = 30.0
"""Seconds that a thread waits for a free connection of a pool that is used up."""

Tx = Connection
"""An open transaction: what every function of a `store` takes first."""


class Database:
    """A pool of connections to one database, as one role, and one more that asks whether it is there.

    Args:
        url: a libpq URL.
        max_size: most connections at once; threads beyond that wait.
    """

    def __init__(self, url: str, *, max_size: int = 8) -> None:
        self.url = url
        self.reach = Reach(url, max_size)

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Raises:
            DatabaseAway: the database does not answer, all connections were in use for too long, or the
                connection was lost in the middle (in the middle of the commit, it may have been committed).
        """
        pool, connection = self._connection()
        try:
            with connection:
                yield connection
        except DatabaseAway:
            raise
        except psycopg.OperationalError as error:
            if not connection.closed:
                raise
            self.reach.suspect()
            raise Away("the connection to the database was lost") from error
        finally:
            pool.putconn(connection)

    def _connection(self) -> tuple[Pool, Tx]:
        """Return a connection that answers, and its pool. Raises as `transaction` does."""
        deadline = time.monotonic() + PATIENCE
        while True:
            pool = self.reach.pool()
            try:
                connection = pool.getconn(timeout=1)
            except PoolTimeout as error:
                if time.monotonic() > deadline:
                    log.warning("all connections to the database are in use")
                    raise Away("all connections to the database are in use") from error
                continue
            except psycopg.OperationalError:  # it was closed just now
                continue
            try:
                ConnectionPool.check_connection(connection)
            except psycopg.OperationalError:
                pool.putconn(connection)
                self.reach.suspect()
            else:
                return pool, connection

    def listen(self, channel: LiteralString, stop: threading.Event, every: float) -> Iterator[None]:
        """Yield at once, then whenever `channel` is notified, and at least each `every` seconds.

        Ends when `stop` is set. A lost connection is made again, and yields: what was missed is looked for.
        """
        while self.reach.wait(stop):
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=HUNG) as connection:
                    self.reach.register(connection)
                    connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    while not stop.is_set():
                        yield
                        until = time.monotonic() + every
                        while not stop.is_set() and time.monotonic() < until:
                            if any(True for _ in connection.notifies(timeout=_TICK, stop_after=1)):
                                break
            except psycopg.OperationalError:
                self.reach.suspect()
                stop.wait(_TICK)

    def close(self) -> None:
        """Close all connections."""
        self.reach.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
