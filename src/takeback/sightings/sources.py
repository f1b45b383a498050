"""Sources of sightings: the platforms that are connected, and the archives that were once read.

Iterating goes over the platforms: they are watched and searched for links. An archive is found by its name
only, when a sighting is to be looked at or read again, also by a process that began before the archive was
read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from typing_extensions import override

from takeback.connectors.api import Connector
from takeback.connectors.archive import PREFIX, ArchiveConnector
from takeback.errors import ConfigurationError
from takeback.infra.db.pool import Database, Tx


class Sources(Mapping[str, Connector]):
    """Connectors by name.

    Args:
        platforms: those that are connected.
        database: knows the archives.
        max_bytes: largest file that is fetched from an archive.
    """

    def __init__(self, platforms: Mapping[str, Connector], database: Database, max_bytes: int) -> None:
        self._platforms = platforms
        self._database = database
        self._max_bytes = max_bytes

    @override
    def __getitem__(self, name: str) -> Connector:
        if name not in self._platforms and name.startswith(PREFIX):
            with self._database.transaction() as tx:
                source = source_of(tx, name)
            if source is not None:
                return ArchiveConnector(name.removeprefix(PREFIX), source, self._max_bytes)
        return self._platforms[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._platforms)

    @override
    def __len__(self) -> int:
        return len(self._platforms)


def source_of(tx: Tx, connector: str) -> str | None:
    """Return the folder or address of an archive; None if none of this name was read."""
    row = tx.execute("select source from sightings_source where connector = %s", [connector]).fetchone()
    return None if row is None else row[0]


def open_source(tx: Tx, connector: str, source: str, now: datetime) -> None:
    """Make an archive known. Raises ConfigurationError if its name belongs to another one."""
    tx.execute(
        "insert into sightings_source (connector, source, opened_at) values (%s, %s, %s)"
        " on conflict do nothing",
        [connector, source, now],
    )
    known = source_of(tx, connector)
    if known != source:
        raise ConfigurationError(f"{connector} is the name of {known}; choose another one with --name")
