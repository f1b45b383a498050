"""How every process of the service begins and ends: logging, signals, not outliving `takeback serve`."""

import logging
import os
import signal
import socket
import sys
import threading
from types import TracebackType

from takeback.errors import DatabaseAway, exit_code

PARENT_PIPE = "TAKEBACK_PARENT_PIPE"
"""Set by `serve` for its children: standard input is a pipe that closes when the parent is gone."""
LISTENER = "TAKEBACK_LISTENER"
"""Set by `serve` for an entry point: the number of the open socket that it answers on."""


def begin() -> threading.Event:
    """Set up logging and signals; the event is set when the process should end."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_news)
    sys.excepthook = _say_plainly
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # a terminal that closes; nohup says otherwise
        signal.signal(signal.SIGHUP, lambda *_: stop.set())
    if os.environ.get(PARENT_PIPE):
        threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    return stop


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether a line says more than that the database is away: `infra.db.reach` says that, once."""
    told = record.args.values() if isinstance(record.args, dict) else record.args or ()
    error = record.exc_info[1] if record.exc_info else None
    return not any(isinstance(each, DatabaseAway) for each in (error, *told))


def _say_plainly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What the operator can mend is said in one line, as in `takeback.entrypoints.cli.main`."""
    code = exit_code(error)
    if code is None:
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write(f"takeback: {error}\n")
    sys.exit(code)


def _end_with_parent() -> None:
    """Also after the parent's kill -9, which sends nobody a signal."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def handed_down(listener: socket.socket | None) -> dict[str, str]:
    """The environment by which a child that inherits a socket knows it."""
    return {} if listener is None else {LISTENER: str(listener.fileno())}
