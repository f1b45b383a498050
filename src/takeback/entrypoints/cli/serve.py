"""`takeback serve`: every part of the service as a process of its own, kept running.

A part that ends is started again, with growing waits; the embedded PostgreSQL too. Each part gets the
environment that it needs: the portal's holds no token, no private key and no database but its own role's.

The entry points' sockets are bound here and handed down. So a port that is taken is reported at once, no
other program can take it later, and a visitor waits for a moment while a part is started again.

One `serve` at a time has a data folder. That it started the database is written down there: after a kill -9
the parts end by themselves, but PostgreSQL goes on, and the next `serve` takes it over and stops it at its
end.
"""

import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from takeback.app import DATABASE_FOLDER, KEYS_FOLDER, keys_folder
from takeback.errors import ConfigurationError, Unavailable
from takeback.infra.config import PortalSettings, Settings
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.outbound import OutboundClient, Timeouts
from takeback.infra.process import PARENT_PIPE, handed_down
from takeback.infra.vault.keys import PORTAL_FOLDER
from takeback.keyring import service as keyring
from takeback.platforms import followed_links

PARTS = ("worker", "watcher", "portal", "console", "api")
GRACE = 20.0
"""Seconds that a part has to end by itself."""

MOST_FALLS = 3
"""A part that ends so often while the service starts will not come up."""

STEADY = 5.0
"""A part that ran so many seconds had come up: if it ends, it is started again without much waiting."""
FIRST_WAIT = 0.2
LONGEST_WAIT = 15.0
PORT_PATIENCE = 5.0
"""Seconds in which the parts of a `serve` that was killed let go of their ports."""
BACKLOG = 2048
LOCK_FILE = "serve.lock"
OURS = "PostgreSQL was started by serve\n"


@dataclass(slots=True)
class _Part:
    """One process of the service."""

    name: str
    environment: Mapping[str, str]
    folder: Path | None
    listener: socket.socket | None = None
    """The socket of an entry point that answers HTTP."""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    fell_at: float = 0.0
    waits: float = 0.0
    falls: int = 0

    def start(self) -> None:
        """Start it."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [sys.executable, "-m", f"takeback.entrypoints.{self.name}"],
            env={**self.environment, PARENT_PIPE: "1", **handed_down(self.listener)},
            pass_fds=[] if self.listener is None else [self.listener.fileno()],
            stdin=subprocess.PIPE,
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C is for us: we say in which order things end
        )

    def keep(self) -> None:
        """Start it again if it has ended and has waited long enough."""
        if self.process is not None and self.process.poll() is not None:
            steady = time.monotonic() - self.started_at > STEADY
            self.waits = FIRST_WAIT if steady else min(max(self.waits * 2, FIRST_WAIT), LONGEST_WAIT)
            print(
                f"takeback: {self.name} ended ({self.process.returncode}); starting it again",
                file=sys.stderr,
                flush=True,
            )
            if self.process.stdin is not None:
                self.process.stdin.close()
            self.process, self.fell_at, self.falls = None, time.monotonic(), self.falls + 1
        if self.process is None and time.monotonic() - self.fell_at >= self.waits:
            self.start()

    def end(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def gone(self, deadline: float) -> None:
        """Wait for its end, and enforce it after the deadline."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


class Service:
    """All parts, running, until the end of the `with` block.

    Args:
        settings: as every part but the portal gets them.
        portal: as the portal gets them.
        environment: for all parts; default: this process's.
        folder: in which they run, and look for a .env; default: this process's.
        parts: which of them.
    """

    def __init__(
        self,
        settings: Settings,
        portal: PortalSettings,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        parts: Sequence[str] = PARTS,
    ) -> None:
        self._settings = settings
        self._portal = portal
        self._environment = dict(os.environ if environment is None else environment)
        self._folder = folder
        self._lock: TextIO | None = None
        self._postgres: EmbeddedPostgres | None = None
        self._stops_postgres = False
        self._names = parts
        self._listeners: dict[str, socket.socket] = {}
        self.parts: tuple[_Part, ...] = ()

    def __enter__(self) -> Self:
        self._settings.data.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            undo.callback(self.__exit__)
            self._lock = _lock(self._settings.data / LOCK_FILE)
            deadline = time.monotonic() + PORT_PATIENCE
            for name, address in self._ports().items():
                self._listeners[name] = undo.enter_context(_bind(*address, deadline))
            url = self._settings.database_url or self._embedded_url(self._lock)
            migrate.upgrade(url, self._settings.portal_connections)
            with Database(url, max_size=2) as database:
                keyring.settle(database, keys_folder(self._settings))
            self.database_url = url
            everything = {**self._environment, "TAKEBACK_DATABASE_URL": url}
            portal = self._portal_environment()
            self.parts = tuple(
                _Part(
                    name, portal if name == "portal" else everything, self._folder, self._listeners.get(name)
                )
                for name in self._names
            )
            for part in self.parts:
                part.start()
            undo.pop_all()
        return self

    def _embedded_url(self, lock: TextIO) -> str:
        """Return the URL of our own PostgreSQL. It is stopped at the end if a `serve` started it."""
        self._postgres = EmbeddedPostgres(self._settings.data / DATABASE_FOLDER)
        self._stops_postgres = self._postgres.started_here or lock.read() == OURS
        if self._stops_postgres:
            _write(lock, OURS)
        return self._postgres.url

    def _portal_environment(self) -> dict[str, str]:
        url = self._portal.portal_database_url
        if url is None and self._postgres is not None:
            url = self._postgres.role_url("takeback_portal")
        if url is None:
            raise ConfigurationError(
                "set TAKEBACK_PORTAL_DATABASE_URL to a URL of the role takeback_portal: the public portal "
                "must not use the owner's"
            )
        # libpq's own variables (PGPASSWORD ...) are the owner's as well.
        kept = {n: value for n, value in self._environment.items() if not n.startswith(("TAKEBACK_", "PG"))}
        known = {f"TAKEBACK_{name.upper()}" for name in PortalSettings.model_fields}
        kept |= {name: value for name, value in self._environment.items() if name in known}
        kept["TAKEBACK_PORTAL_DATABASE_URL"] = url
        folder = self._settings.data / KEYS_FOLDER / PORTAL_FOLDER
        kept.setdefault("TAKEBACK_PORTAL_KEYS", str(folder.resolve()))
        if self._portal.portal_links is None:
            kept["TAKEBACK_PORTAL_LINKS"] = followed_links(self._settings)
        return kept

    def _ports(self) -> dict[str, tuple[str, int]]:
        s = self._settings
        entry_points = {
            "portal": (s.portal_host, s.portal_port),
            "console": (s.console_host, s.console_port),
            "api": (s.api_host, s.api_port),
        }
        return {name: address for name, address in entry_points.items() if name in self._names}

    def addresses(self) -> dict[str, str]:
        """Return the addresses of the entry points, by name."""
        return {name: f"http://{_shown(host)}:{port}" for name, (host, port) in self._ports().items()}

    def wait_until_up(self, stop: threading.Event | None = None, timeout: float = 60.0) -> None:
        """Return when every entry point answers, or `stop` is set.

        Raises ConfigurationError if one does not come up.
        """
        deadline = time.monotonic() + timeout
        for name, address in self._ports().items():
            while not _answers(*address):
                if stop is not None and stop.is_set():
                    return
                if time.monotonic() > deadline or any(part.falls >= MOST_FALLS for part in self.parts):
                    raise ConfigurationError(
                        f"{name} does not answer on {address[0]}:{address[1]}; what it printed is above"
                    )
                self.keep()
                time.sleep(0.05)

    def keep(self) -> None:
        """Start again what has ended."""
        if self._postgres is not None and not self._postgres.is_running():
            print("takeback: PostgreSQL ended; starting it again", file=sys.stderr)
            try:
                self._postgres.start_again()
            except ConfigurationError as error:
                print(f"takeback: {error}", file=sys.stderr)
        for part in self.parts:
            part.keep()

    def run(self, stop: threading.Event) -> None:
        """Keep everything running until `stop` is set."""
        while not stop.wait(0.2):
            self.keep()

    def __exit__(self, *_: object) -> None:
        deadline = time.monotonic() + GRACE
        for part in self.parts:
            part.end()
        for part in self.parts:
            part.gone(deadline)
        for listener in self._listeners.values():
            listener.close()
        if self._postgres is not None and self._stops_postgres:
            self._postgres.stop()
        if self._lock is not None:
            if self._stops_postgres:
                _write(self._lock, "")
            self._lock.close()


def _shown(host: str) -> str:
    return "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1"} else host  # noqa: S104 - compared, not bound


def _lock(file: Path) -> TextIO:
    """Be the only `serve` of a data folder, until the file is closed or we are killed."""
    held = file.open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise ConfigurationError(
            f"another `takeback serve` runs on {file.parent}; stop it first, or set TAKEBACK_DATA to another "
            "folder"
        ) from error
    held.seek(0)
    return held


def _write(file: TextIO, text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _bind(host: str, port: int, deadline: float) -> socket.socket:
    """A socket that listens there; the parts of a killed `serve` have until the deadline to let go of it."""
    while True:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"port {port} on {host} cannot be had ({error.strerror}); set TAKEBACK_PORTAL_PORT, "
                    "TAKEBACK_CONSOLE_PORT and TAKEBACK_API_PORT to free ones"
                ) from error
        else:
            return listener
        time.sleep(0.1)


def _answers(host: str, port: int) -> bool:
    """Return whether the part behind an address speaks: the socket alone is ours."""
    quick = Timeouts(connect=1, silence=1, total=2)
    try:
        with OutboundClient(
            f"http://{f'[{host}]' if ':' in host else host}:{port}", timeouts=quick
        ) as client:
            client.get("/")
    except Unavailable:
        return False
    return True
