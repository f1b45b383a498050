"""Connections and transactions. PostgreSQL is not abstracted: rooms write SQL, tests run on the real one.

Everything is synchronous: a transaction is a `with` block, and what a crash leaves behind is decided by
PostgreSQL alone. While the database does not answer, everything here raises DatabaseAway at once: see
`reach.py`.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, LiteralString, Self

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from takeback.errors import DatabaseAway
from takeback.infra.asking import transaction_open
from takeback.infra.db.reach import HUNG, Away, Connection, Pool, Reach

log = logging.getLogger(__name__)
logging.getLogger("psycopg").setLevel(logging.ERROR)  # it says each attempt; `reach` says it once
_TICK = 0.1
"""Seconds between two times that a question is asked."""
PATIENCE = 30.0
"""Seconds that a thread waits for a free connection of a pool that is used up."""

Tx = Connection
"""An open transaction: what every function of a `store` takes first."""


def _answers(connection: Tx, questions: Sequence[LiteralString]) -> list[object]:
    rows = [connection.execute(question).fetchone() for question in questions]
    return [row and row[0] for row in rows]


Parameters = Sequence[object] | Mapping[str, object]
"""What a query's placeholders stand for."""


def first(tx: Tx, query: LiteralString, parameters: Parameters = ()) -> Any:  # noqa: ANN401 - by the schema
    """Return the first value of a query's first row; None if there is no row."""
    row = tx.execute(query, parameters).fetchone()
    return None if row is None else row[0]


def scalar(tx: Tx, query: LiteralString, parameters: Parameters = ()) -> Any:  # noqa: ANN401 - by the schema
    """Return the one value of the one row that a query always gives."""
    row = tx.execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


def column(tx: Tx, query: LiteralString, parameters: Parameters = ()) -> list[Any]:
    """Return the first value of each row."""
    return [row[0] for row in tx.execute(query, parameters)]


def database_time(tx: Tx) -> datetime:
    """Return the present by the database's clock, by which ages are counted: rows carry its times."""
    return scalar(tx, "select clock_timestamp()")


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
            with connection, transaction_open():
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

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One connection of its own, each statement by itself; cut off while the database does not answer."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=HUNG) as connection:
            self.reach.register(connection)
            yield connection

    def look(self, questions: Sequence[LiteralString], stop: threading.Event, every: float) -> Iterator[None]:
        """Yield at once, whenever a question has a new answer, and at least each `every` seconds.

        Nobody is notified: anybody who may connect can send and hold up notifications (ADR 27). A question is
        a query that an index answers with one value; null is no answer. Ends when `stop` is set. A lost
        connection is made again, and yields: what was missed is looked for.
        """
        while self.reach.wait(stop):
            try:
                with self.connection() as connection:
                    known = _answers(connection, questions)
                    while not stop.is_set():
                        yield
                        until = time.monotonic() + every
                        while not stop.wait(_TICK) and time.monotonic() < until:
                            before, known = known, _answers(connection, questions)
                            if any(new not in {None, old} for new, old in zip(known, before, strict=True)):
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
