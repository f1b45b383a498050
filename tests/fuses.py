"""A database that dies at a chosen statement, as a killed process does: what was open is rolled back.

Each statement counts, on whatever cursor, and each commit before it happens.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from takeback.infra.db.pool import Database, Tx


class Killed(BaseException):
    """No `except Exception` sees a kill -9 either."""


class Fuse:
    """Blows at its statement number `at`, from 1; never if 0."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self._burnt = 0
        self.transactions: list[list[int]] = []
        """The numbers of the statements of each transaction that there was."""

    def begin(self) -> None:
        self.transactions.append([])

    def burn(self) -> None:
        self._burnt += 1
        self.transactions[-1].append(self._burnt)
        if self._burnt == self._at:
            raise Killed


class FragileDatabase(Database):
    """A database under a fuse."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url, max_size=2)
        self._fuse = fuse

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        fuse = self._fuse

        class Counting(psycopg.Cursor[TupleRow]):
            def execute(self, *args: object, **more: object) -> "Counting":
                fuse.burn()
                return super().execute(*args, **more)

            def executemany(self, *args: object, **more: object) -> None:
                fuse.burn()
                super().executemany(*args, **more)

        class CountingOnServer(psycopg.ServerCursor[TupleRow]):
            def execute(self, *args: object, **more: object) -> "CountingOnServer":
                fuse.burn()
                return super().execute(*args, **more)

        with super().transaction() as tx:
            fuse.begin()
            before = tx.cursor_factory, tx.server_cursor_factory
            tx.cursor_factory, tx.server_cursor_factory = Counting, CountingOnServer
            try:
                yield tx
                fuse.burn()
            finally:
                tx.cursor_factory, tx.server_cursor_factory = before
