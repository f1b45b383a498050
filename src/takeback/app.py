"""The composition root: settings become the parts that entry points and workflow work with. Nothing else."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from takeback.bank.index import BankIndex
from takeback.bank.rules import NOTHING_IS_WELL_KNOWN, WellKnown, parse_well_known
from takeback.connectors.api import Connector
from takeback.errors import ConfigurationError
from takeback.evidence.sealer import EvidenceSealer
from takeback.infra.asking import be_strict
from takeback.infra.blobs import Blobs
from takeback.infra.config import Settings
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.ledger.timestamps import Authority, read_authorities
from takeback.infra.vault.recipients import directory_path, load_directory
from takeback.infra.vault.unseal import Unsealer
from takeback.keyring import service as keyring
from takeback.platforms import connect
from takeback.sightings.archive import Archive, require_engine
from takeback.sightings.registry import ConnectorRegistry
from takeback.sightings.sweep import Sweeper
from takeback.signals.sandbox import Decoder
from takeback.takedown.session import Controls

KEYS_FOLDER = "keys"
DATABASE_FOLDER = "postgres"
BLOBS_FOLDER = "blobs"
SIGHTINGS_FOLDER = "sightings"
BANK_FOLDER = "bank"
AUTHORITIES_FOLDER = "authorities"


@dataclass(frozen=True, slots=True)
class App:
    """The parts, opened."""

    settings: Settings
    database: Database
    connectors: Mapping[str, Connector]
    """The platforms that are connected; archives that were read are found by name only."""
    decoder: Decoder
    unsealer: Unsealer
    index: BankIndex
    """This process's copy of the bank; whoever asks it brings it up to date first."""
    archive: Archive
    """The sightings of older days."""
    sweeper: Sweeper
    """All sightings, to be asked by a new entry."""
    well_known: WellKnown = NOTHING_IS_WELL_KNOWN
    """What can never be banked."""
    sealer: EvidenceSealer | None = None
    """Who seals evidence; None: there is no such room."""
    controls: Controls = field(default_factory=Controls)
    """What looks of one moment share."""


def keys_folder(settings: Settings) -> Path:
    """Where this service's keys are; `keyring.service.settle` makes them at a first start."""
    return settings.data / KEYS_FOLDER


def authorities(settings: Settings) -> tuple[Authority, ...]:
    """The time-stamping authorities that the settings name. Raises ConfigurationError."""
    folder = settings.timestamp_roots or settings.data / AUTHORITIES_FOLDER
    return read_authorities(settings.timestamp_authorities, folder)


@contextmanager
def database_server(settings: Settings) -> Iterator[str]:
    """The owner's URL of a database that is up, with its schema up to date.

    An embedded one is started if need be, and stopped at the end by who started it.
    """
    if settings.database_url is not None:
        migrate.upgrade(settings.database_url, settings.portal_connections)
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data / DATABASE_FOLDER)
    try:
        migrate.upgrade(server.url, settings.portal_connections)
        yield server.url
    finally:
        if server.started_here:
            server.stop()


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """A pool of connections as the owner."""
    if settings.strict:
        be_strict()
    with database_server(settings) as url, Database(url, max_size=2 * settings.workers + 6) as database:
        yield database


def look_back_parts(settings: Settings, database: Database) -> tuple[Archive, Sweeper]:
    """What asks everything that passed. Raises ConfigurationError."""
    if settings.sightings_hot_days is not None:
        require_engine(ray=settings.ray_address)
    blobs = Blobs(settings.blobs or str(settings.data / BLOBS_FOLDER))
    archive = Archive(blobs, ray=settings.ray_address)
    return archive, Sweeper(database, settings.data / SIGHTINGS_FOLDER, archive)


def open_sealer(settings: Settings) -> EvidenceSealer:
    """Who seals evidence. Raises ConfigurationError: a directory of recipients is named and is none."""
    if settings.recipients is not None:
        load_directory(settings.recipients)
    blobs = Blobs(settings.blobs or str(settings.data / BLOBS_FOLDER))
    return EvidenceSealer(blobs, directory_path(settings), timedelta(days=settings.working_copy_days))


def load_well_known(settings: Settings) -> WellKnown:
    """The pictures that can never be banked. Raises ConfigurationError."""
    if settings.well_known is None:
        return NOTHING_IS_WELL_KNOWN
    try:
        return parse_well_known(settings.well_known.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"TAKEBACK_WELL_KNOWN, {settings.well_known}: {error}") from error


@contextmanager
def open_app(settings: Settings, needs: Collection[str] = ()) -> Iterator[App]:
    """Open all parts; they are closed at the end.

    Args:
        settings: of this process.
        needs: names of keys that it needs besides the intake's, see `keyring.service`.

    Raises:
        ConfigurationError: a setting is wrong, or a key is not the database's.
        NotReady: the database does not answer.
    """
    with ExitStack() as stack:
        connectors = connect(settings)
        for connector in connectors.values():
            stack.callback(connector.close)
        database = stack.enter_context(open_database(settings))
        folder = keys_folder(settings)
        keyring.settle(database, folder, {*keyring.INTAKE, *needs}, origin=settings.ledger_origin)
        decoder = stack.enter_context(
            Decoder.in_lanes(
                processes=settings.decoders,
                seconds=settings.decode_seconds,
                max_bytes=settings.max_media_bytes,
            )
        )
        registry = ConnectorRegistry(connectors, database, settings.max_media_bytes)
        parts = look_back_parts(settings, database)
        known = load_well_known(settings)
        index = BankIndex(settings.data / BANK_FOLDER)
        sealer = open_sealer(settings)
        yield App(settings, database, registry, decoder, Unsealer(folder), index, *parts, known, sealer)
