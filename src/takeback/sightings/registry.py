"""The connectors by name: the accounts that are connected, and the archives that were once read.

Iteration goes over the connected accounts: they are watched and searched for links. An archive is found by
its name only, when a sighting is looked at or read again, also by a process that began before it was read.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime

from typing_extensions import override

from takeback.connectors.api import Connector, Post
from takeback.connectors.archive import PREFIX, ArchiveConnector
from takeback.errors import ConfigurationError, Gone, PlatformError
from takeback.infra.db.pool import Database, Tx

log = logging.getLogger(__name__)


class ConnectorRegistry(Mapping[str, Connector]):
    """Connectors by name.

    Args:
        connected: the accounts that are connected.
        database: knows the archives.
        max_bytes: largest file that is fetched from an archive.
    """

    def __init__(self, connected: Mapping[str, Connector], database: Database, max_bytes: int) -> None:
        self._connected = connected
        self._database = database
        self._max_bytes = max_bytes

    @override
    def __getitem__(self, name: str) -> Connector:
        if name not in self._connected and name.startswith(PREFIX):
            with self._database.transaction() as tx:
                source = source_of(tx, name)
            if source is not None:
                return ArchiveConnector(name.removeprefix(PREFIX), source, self._max_bytes)
        return self._connected[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._connected)

    @override
    def __len__(self) -> int:
        return len(self._connected)


def locate(connectors: Mapping[str, Connector], link: str) -> list[tuple[Connector, Post]]:
    """Ask every connected account for the post behind a link.

    Two accounts may both see it, as two servers of a federation do. Each is asked to remove what it shows.

    Args:
        connectors: the accounts.
        link: as people paste it.

    Returns:
        The post as each account sees it; empty if no platform recognises the link.

    Raises:
        Gone: a platform recognises the link, and no account sees a post.
        PlatformError: no account sees a post, and one could not tell.
    """
    found, gone, trouble = list[tuple[Connector, Post]](), None, None
    for connector in connectors.values():
        try:
            post = connector.locate(link)
        except Gone as error:
            gone = error
        except PlatformError as error:
            log.warning("%s cannot look up a link: %s", connector.name, error)
            trouble = error
        else:
            found += [] if post is None else [(connector, post)]
    if not found and (why := trouble or gone):
        raise why
    return found


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
