"""How every process of the service begins and ends: logging, signals, not outliving `takeback serve`."""

import logging
import os
import signal
import socket
import sys
import threading
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp

from takeback.errors import exit_code

PARENT_PIPE = "TAKEBACK_PARENT_PIPE"
"""Set by `serve` for its children: standard input is a pipe that closes when the parent is gone."""
LISTENER = "TAKEBACK_LISTENER"
"""Set by `serve` for a door: the number of the open socket that it answers on."""


def begin() -> threading.Event:
    """Set up logging and signals; the event is set when the process should end."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    sys.excepthook = _say_plainly
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # a terminal that closes; nohup says otherwise
        signal.signal(signal.SIGHUP, lambda *_: stop.set())
    if os.environ.get(PARENT_PIPE):
        threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()
    return stop


def _say_plainly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What the operator can mend is said in one line, as in `takeback.doors.cli.main`."""
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


def serve_http(app: ASGIApp, host: str, port: int) -> None:
    """Answer HTTP on one address until a signal comes. No access log: it would hold people's addresses.

    A proxy on this machine may say in X-Forwarded-For who asks, so that limits count people and not the
    proxy; nobody else is believed (uvicorn trusts 127.0.0.1 unless FORWARDED_ALLOW_IPS says otherwise).
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=200,
    )
    given = os.environ.get(LISTENER)
    uvicorn.Server(config).run(sockets=None if given is None else [socket.socket(fileno=int(given))])
