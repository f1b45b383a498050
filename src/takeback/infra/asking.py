"""No platform, object store or decoder is asked while a transaction is open.

Each may need a minute to answer. A transaction that waits so long holds its locks and its connection, and
everybody who needs them waits too. So `Database.transaction` notes where it was opened, and whatever leaves
the process calls `ask_outside` first. Tests and the demo are strict: there it raises. Elsewhere the service
goes on, and logs each pair of places once.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

log = logging.getLogger(__name__)

_PASSED_OVER = ("contextlib.py", "/infra/asking.py", "/infra/db/pool.py")

_open: ContextVar[tuple[str, ...]] = ContextVar("open_transactions", default=())
_strict = False
_said = set[tuple[str, str]]()


class AskedInTransaction(RuntimeError):
    """Something outside was asked while a transaction was open. A fault of ours; nobody catches it."""


def be_strict() -> None:
    """From now on, and in this whole process: raise instead of logging."""
    global _strict  # noqa: PLW0603 - one switch for a process, set when it starts
    _strict = True


@contextmanager
def transaction_open() -> Iterator[None]:
    """Note that a transaction is open in this thread or task, and where it was opened."""
    before = _open.get()
    _open.set((*before, _place()))
    try:
        yield
    finally:
        _open.set(before)


def ask_outside(what: str) -> None:
    """Say that something outside is about to be asked.

    Args:
        what: what is asked, in words for a developer: "a platform".

    Raises:
        AskedInTransaction: a transaction is open, and the process is strict.
    """
    opened = _open.get()
    if not opened:
        return
    asked = _place(3)
    words = f"{what} is asked at {asked} while a transaction is open, since {', '.join(opened)}"
    if _strict:
        raise AskedInTransaction(words)
    if (asked, opened[-1]) not in _said:
        _said.add((asked, opened[-1]))
        log.error("%s", words)


def _place(most: int = 1) -> str:
    """File and line of whoever called, and of `most` - 1 callers, without what only passes the call on."""
    frame = sys._getframe(1)  # noqa: SLF001 - a whole traceback would cost more than the transaction
    places = list[str]()
    while frame is not None and len(places) < most:
        if not frame.f_code.co_filename.endswith(_PASSED_OVER):
            places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(places)
