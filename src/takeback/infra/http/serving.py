"""Serve one entry point: uvicorn, with connections that have a time and a place.

A proxy that is believed may say in X-Forwarded-For who asks and in X-Forwarded-Proto how; nobody else may.
Believed are the addresses in FORWARDED_ALLOW_IPS, as uvicorn reads it; where it is not set, loopback.
"""

import functools
import logging
import os
import socket
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from takeback.infra.http.connections import Book, Connection, Limits
from takeback.infra.process import LISTENER

BELIEVED = "FORWARDED_ALLOW_IPS"
_LOOPBACK = "127.0.0.1,::1"
GRANTED = Limits()
_BACKLOG = 128
"""Connections that are accepted in one step of the loop: fewer than fit, so that each can speak in time."""


def run(app: ASGIApp, host: str, port: int, limits: Limits = GRANTED) -> None:
    """Answer HTTP on one address until a signal comes. No access log: it would hold people's addresses.

    Args:
        app: the entry point.
        host: address to bind to, unless `takeback serve` handed an open socket down.
        port: the same.
        limits: what one process grants.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # below it are lines that strangers could fill
    given = os.environ.get(LISTENER)
    server = uvicorn.Server(configure(app, host, port, limits))
    server.run(sockets=None if given is None else [socket.socket(fileno=int(given))])


def configure(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, limits: Limits = GRANTED
) -> uvicorn.Config:
    """Return how uvicorn serves an entry point; see `run`."""
    proxy = ProxyHeadersMiddleware(cast("Any", app), os.environ.get(BELIEVED, _LOOPBACK))
    protocol = functools.partial(Connection, book=Book(limits, proxy))  # uvicorn only calls it
    return uvicorn.Config(
        proxy,
        host=host,
        port=port,
        http=cast("Any", protocol),
        ws="none",
        proxy_headers=False,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=5,
    )
