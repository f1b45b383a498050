"""Transactions of several actors, interleaved statement by statement, as a schedule says.

Each actor has a thread and a connection of its own, and stops before every statement and every commit until
it is its turn. One that waits for another's lock is seen in `pg_blocking_pids` and left to wait; it goes on
by itself when the other lets go, and stops at its next statement.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from types import TracebackType
from typing import Self

import psycopg
from psycopg.rows import TupleRow

from takeback.infra.db.pool import Tx

_PATIENCE = 30.0


class State(Enum):
    """What an actor does."""

    AT_GATE = auto()
    RUNNING = auto()
    """Or waiting for a lock."""
    DONE = auto()


class Aborted(Exception):
    """Raised by an actor in its own transaction, to have it rolled back."""


class Actor:
    """One who does things in transactions. It can be passed for a `Database`.

    Args:
        url: of the database.
        moved: told of every change of an actor's state.
        program: what it does, given this actor.
        ready: asked before its first turn.
    """

    def __init__(
        self,
        url: str,
        moved: threading.Condition,
        program: "Callable[[Actor], object]",
        ready: Callable[[], bool],
    ) -> None:
        self._connection = psycopg.connect(url)
        self._connection.cursor_factory, self._connection.server_cursor_factory = _gated(self.gate)
        self._moved, self._program, self.ready = moved, program, ready
        self.pid = self._connection.info.backend_pid
        self.state = State.AT_GATE
        self.error: BaseException | None = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """As `Database.transaction`; what is raised as Aborted ends here."""
        try:
            yield self._connection
        except Aborted:
            self.gate()
            self._connection.rollback()
        except BaseException:
            self._connection.rollback()
            raise
        else:
            self.gate()
            self._connection.commit()

    def gate(self) -> None:
        """Wait for the next turn."""
        with self._moved:
            self.state = State.AT_GATE
            self._moved.notify_all()
            if not self._moved.wait_for(lambda: self.state is State.RUNNING, _PATIENCE):
                raise AssertionError("it never was this actor's turn")

    def go(self) -> None:
        """Its turn begins. Called with the condition held."""
        self.state = State.RUNNING
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._moved.notify_all()

    def _run(self) -> None:
        try:
            self._program(self)
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            self.error = error
        finally:
            with self._moved:
                self.state = State.DONE
                self._moved.notify_all()

    def close(self) -> None:
        self._connection.close()
        if self._thread is not None:
            self._thread.join(_PATIENCE)


def _gated(
    gate: Callable[[], None],
) -> tuple[type[psycopg.Cursor[TupleRow]], type[psycopg.ServerCursor[TupleRow]]]:
    class Gated(psycopg.Cursor[TupleRow]):
        def execute(self, *args: object, **more: object) -> "Gated":
            gate()
            return super().execute(*args, **more)

        def executemany(self, *args: object, **more: object) -> None:
            gate()
            super().executemany(*args, **more)

    class GatedOnServer(psycopg.ServerCursor[TupleRow]):
        def execute(self, *args: object, **more: object) -> "GatedOnServer":
            gate()
            return super().execute(*args, **more)

        def fetchmany(self, *args: object) -> list[TupleRow]:
            gate()
            return super().fetchmany(*args)

    return Gated, GatedOnServer


class Turns:
    """Gives the actors their turns."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._watcher = psycopg.connect(url, autocommit=True)
        self._moved = threading.Condition()
        self._actors: list[Actor] = []
        self.blocked = 0
        """How often an actor was seen to wait for another."""

    def add(self, program: Callable[[Actor], object], ready: Callable[[], bool] = lambda: True) -> Actor:
        """One more actor; its first turn comes when it is `ready`."""
        actor = Actor(self._url, self._moved, program, ready)
        self._actors.append(actor)
        return actor

    def give(self, actor: Actor) -> None:
        """One turn: until the actor's next gate, its end, or a lock that another holds."""
        with self._moved:
            actor.go()
            while not self._moved.wait_for(lambda: actor.state is not State.RUNNING, 0.003):
                if self._is_blocked(actor):
                    self.blocked += 1
                    return

    def until_stopped(self, actor: Actor) -> bool:
        """Give turns to this actor until it is done or waits for another; whether it is done."""
        while actor.state is State.AT_GATE:
            self.give(actor)
        return actor.state is State.DONE

    def play(self, schedule: Sequence[int]) -> None:
        """Give turns as the schedule says, then to all until they are done. Raises what an actor raised."""
        turns = iter(schedule)
        while any(actor.state is not State.DONE for actor in self._actors):
            able = [actor for actor in self._actors if actor.state is State.AT_GATE and actor.ready()]
            if able:
                self.give(able[next(turns, 0) % len(able)])
            else:
                self._wait_for_a_lock_to_come_free()
        for actor in self._actors:
            if actor.error is not None:
                raise actor.error

    def _wait_for_a_lock_to_come_free(self) -> None:
        with self._moved:
            waiting = [actor for actor in self._actors if actor.state is State.RUNNING]
            if not waiting:
                raise AssertionError("nobody can go on")
            if not self._moved.wait_for(
                lambda: any(actor.state is not State.RUNNING for actor in waiting), _PATIENCE
            ):
                raise AssertionError("everybody waits for everybody")

    def _is_blocked(self, actor: Actor) -> bool:
        row = self._watcher.execute("select cardinality(pg_blocking_pids(%s)) > 0", [actor.pid]).fetchone()
        return row is not None and bool(row[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for actor in self._actors:
            actor.close()
        self._watcher.close()
