"""Whether the database answers: one watch for everything that a process asks of it.

A thread asks the database once a second, on a connection of its own and with a time limit. While there is no
answer, `Reach.pool` raises at once, so that an entry point says "try again" instead of hanging. Whoever is in
the middle of a statement is cut off. When the database is back, there is a new pool: an old one would try its
connections again with growing pauses, of minutes after a long outage.

It logs one line when the database goes and one when it is back. `ground.process` drops what other code says
of it meanwhile.
"""

import logging
import os
import select
import socket
import threading
import time
from contextlib import suppress
from weakref import WeakSet

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from takeback.errors import DatabaseAway

log = logging.getLogger(__name__)

ASK_EVERY = 1.0
"""Seconds between two questions."""
HUNG = 5
"""Seconds without an answer after which the database counts as away; also the limit for a new connection."""
PATIENT = 20
"""Seconds for an attempt to reach it again. A server that hung answers as soon as it goes on; each attempt
that was left behind costs it a process then."""
TRY_EVERY = 0.25
"""Seconds between two attempts to reach it again."""

Connection = psycopg.Connection[TupleRow]
Pool = ConnectionPool[Connection]


class Away(DatabaseAway, psycopg.OperationalError):
    """What `Database` raises: also understood by who knows the driver only."""


class Reach:
    """The pool of a database that answers; none while it does not. Safe between threads.

    Args:
        url: a libpq URL.
        max_size: most connections of the pool.
    """

    def __init__(self, url: str, max_size: int) -> None:
        self._url = url
        self._max_size = max_size
        self._guard = threading.Lock()
        self._connections = WeakSet[Connection]()
        self._pool: Pool | None = self._new_pool()
        self._ask = threading.Event()
        self._up = threading.Event()
        self._up.set()
        self._closed = threading.Event()
        self._went_at = 0.0
        self._back_at = 0.0
        self._thread = threading.Thread(target=self._watch, name="database", daemon=True)
        self._thread.start()

    def pool(self) -> Pool:
        """Return the pool. Raises DatabaseAway at once while the database does not answer."""
        pool = self._pool
        if pool is None:
            raise Away("the database cannot be reached now")
        return pool

    def wait(self, stop: threading.Event) -> bool:
        """Wait until the database answers; False if `stop` was set before."""
        while not stop.is_set() and not self._closed.is_set():
            if self._up.wait(TRY_EVERY):
                return not stop.is_set()
        return False

    def up_for(self) -> float:
        """Return the seconds since the database came back; endless if it never was away."""
        return time.monotonic() - self._back_at if self._back_at else float("inf")

    def suspect(self) -> None:
        """Ask now: somebody lost a connection."""
        self._ask.set()

    def register(self, connection: Connection) -> None:
        """Have a connection cut off when the database no longer answers."""
        with self._guard:
            self._connections.add(connection)

    def close(self) -> None:
        """Close the pool and end the watch."""
        self._closed.set()
        self._ask.set()
        self._thread.join(HUNG * 2)
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _new_pool(self) -> Pool:
        return ConnectionPool(
            self._url,
            kwargs={"connect_timeout": HUNG},
            min_size=1,
            max_size=self._max_size,
            open=True,
            reconnect_timeout=1,  # whoever asks next has it tried anew
            configure=self._configure,
            name="takeback",
        )

    def _configure(self, connection: Connection) -> None:
        # Whatever the server's default is: `join` needs each statement to see what was committed before it.
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        self.register(connection)

    def _watch(self) -> None:
        again = False
        while not self._closed.is_set():
            try:
                limit = HUNG if self._up.is_set() else PATIENT
                connection: Connection = psycopg.connect(self._url, autocommit=True, connect_timeout=limit)
            except psycopg.Error as error:
                self._went(error)
                again = True
                continue
            if again:
                self._came()
            again = True
            try:
                while not self._closed.is_set():
                    self._ask.wait(ASK_EVERY)
                    self._ask.clear()
                    ask(connection, HUNG)
            except TimeoutError as error:
                self._went(error)
            except psycopg.Error:
                pass  # a restart, or somebody ended this connection alone: connecting again tells which
            finally:
                connection.close()

    def _went(self, error: Exception) -> None:
        if self._pool is not None and not self._closed.is_set():
            log.warning("the database is away: %s", str(error).strip().splitlines()[0])
            self._went_at = time.monotonic()
            self._up.clear()
            pool, self._pool = self._pool, None
            self._cut()
            pool.close(timeout=0)
        self._closed.wait(TRY_EVERY)

    def _came(self) -> None:
        """A new pool, also after a restart that was too quick to be noticed otherwise."""
        old, self._pool = self._pool, self._new_pool()
        if old is not None:
            old.close(timeout=0)
            return
        self._back_at = time.monotonic()
        self._up.set()
        log.warning("the database is back after %.1f seconds", self._back_at - self._went_at)

    def _cut(self) -> None:
        """End what waits for a server that no longer answers: nothing in the driver has a time limit."""
        with self._guard:
            connections = list(self._connections)
            self._connections.clear()
        for connection in connections:
            with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as its:
                its.shutdown(socket.SHUT_RDWR)


def ask(connection: Connection, seconds: float) -> None:
    """Send an empty statement and wait for its answer.

    Raises:
        TimeoutError: there is none within so many seconds.
        psycopg.OperationalError: the connection is lost.
    """
    wire = connection.pgconn
    deadline = time.monotonic() + seconds
    wire.send_query(b"")
    poll = select.poll()
    poll.register(wire.socket, select.POLLIN)
    while True:
        wire.flush()
        wire.consume_input()
        if not wire.is_busy():
            if wire.get_result() is None:
                return
            continue
        left = max(deadline - time.monotonic(), 0)
        if not poll.poll(left * 1000) and left == 0:
            raise TimeoutError(f"no answer within {seconds:g} seconds")
