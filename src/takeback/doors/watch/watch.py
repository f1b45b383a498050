"""The watching door: leases shards, reads what passes, commits it with what it matches.

One thread for each leased shard, a few more to read pictures, one that keeps the leases and one that keeps
the bank at hand. Any number of these processes may run: the leases divide the work, and their fencing makes a
slow or resumed one harmless.
"""

import logging
import os
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
from psycopg_pool import PoolTimeout

from takeback.app import App, open_app
from takeback.bank import service as bank
from takeback.connectors.api import Batch, Connector, Post
from takeback.errors import LeaseLost, PlatformError, Unavailable
from takeback.ground import clock
from takeback.ground.config import Settings
from takeback.join import service as join
from takeback.join.reading import read_closely
from takeback.sightings import leases
from takeback.sightings.model import Lease, Reading, Seen

log = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
DATABASE_AWAY = (psycopg.OperationalError, PoolTimeout)


def run(settings: Settings, stop: threading.Event) -> None:
    """Watch every connected platform until `stop` is set."""
    with open_app(settings) as app:
        if not app.connectors:
            log.warning("no platform is connected: set TAKEBACK_MATRIX_URL and its tokens; nothing to watch")
        _Watch(app, stop).run()


class _Watch:
    """The leases that this process holds, and the threads that work on them."""

    def __init__(self, app: App, stop: threading.Event) -> None:
        self._app = app
        self._stop = stop
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._length = timedelta(seconds=app.settings.lease_seconds)
        self._held: dict[Lease, threading.Thread] = {}
        self._guard = threading.Lock()
        self._readers = ThreadPoolExecutor(app.settings.decoders * 2, thread_name_prefix="read")

    def run(self) -> None:
        keepers = [
            threading.Thread(target=self._keep_bank, name="bank"),
            threading.Thread(target=self._keep_leases, name="leases"),
        ]
        for thread in keepers:
            thread.start()
        try:
            while not self._stop.is_set():
                for connector in self._app.connectors.values():
                    self._take_shards(connector)
                self._stop.wait(0.5)
        finally:
            self._stop.set()
            with self._guard:
                watching = list(self._held.values())
            for thread in [*keepers, *watching]:
                thread.join()
            self._readers.shutdown()

    def _take_shards(self, connector: Connector) -> None:
        try:
            with self._app.database.transaction() as tx:
                for shard in connector.shards():
                    leases.open_shard(tx, connector.name, shard, None)
                free = leases.free(tx, connector.name, clock.now())
            # Half of what is free, and half of the rest in the next round: another watcher gets its share.
            for _ in range(-(-free // 2)):
                with self._app.database.transaction() as tx:
                    lease = leases.lease(tx, connector.name, self._holder, clock.now(), self._length)
                if lease is None:
                    return
                thread = threading.Thread(
                    target=self._watch, args=[connector, lease], name=f"{connector.name}:{lease.shard.name}"
                )
                with self._guard:
                    self._held[lease] = thread
                thread.start()
        except (PlatformError, *DATABASE_AWAY) as error:
            log.warning("cannot take shards of %s now: %s", connector.name, error)

    def _watch(self, connector: Connector, lease: Lease) -> None:
        cursor, pause = lease.cursor, 0.0
        try:
            while not self._stop.is_set():
                try:
                    batch = connector.watch(lease.shard, cursor)
                    if batch.posts or batch.opens or batch.done or batch.cursor != cursor:
                        self._commit(connector, lease, batch)
                    cursor, pause = batch.cursor, 0.0
                    if batch.done:
                        return
                except PlatformError as error:
                    asked = error.retry_after if isinstance(error, Unavailable) else None
                    pause = min(max(pause * 2, 0.5, asked or 0), LONGEST_PAUSE)
                    log.warning("%s %s: %s; again in %.1f s", lease.connector, lease.shard.name, error, pause)
                    self._stop.wait(pause)
            with self._app.database.transaction() as tx:
                leases.release(tx, lease)
        except LeaseLost as lost:
            log.warning("%s", lost)
        except DATABASE_AWAY as error:  # nothing was written; whoever leases next reads the same again
            log.warning("%s %s: %s", lease.connector, lease.shard.name, error)
        finally:
            with self._guard:
                self._held.pop(lease, None)

    def _commit(self, connector: Connector, lease: Lease, batch: Batch) -> None:
        seen = self._read(connector, batch)
        with self._app.database.transaction() as tx:
            join.commit_batch(
                tx, self._app.index, lease, seen, batch.cursor, done=batch.done, now=clock.now()
            )
            for shard, cursor in batch.opens:
                leases.open_shard(tx, connector.name, shard, cursor)

    def _read(self, connector: Connector, batch: Batch) -> Sequence[Seen]:
        pictures = [(post, media.address) for post in batch.posts for media in post.media]
        most = self._app.settings.max_media_bytes

        def reading(picture: tuple[Post, str]) -> Reading:
            return read_closely(connector, self._app.decoder, self._app.index, picture[1], most)

        readings = self._readers.map(reading, pictures)
        return [Seen(post, media, reading) for (post, media), reading in zip(pictures, readings, strict=True)]

    def _keep_leases(self) -> None:
        while not self._stop.wait(self._length.total_seconds() / 3):
            with self._guard:
                held = list(self._held)
            for lease in held:
                try:
                    with self._app.database.transaction() as tx:
                        leases.renew(tx, lease, clock.now() + self._length)
                except LeaseLost as lost:  # its thread finds out when it commits
                    log.warning("%s", lost)
                except DATABASE_AWAY as error:
                    log.warning("cannot renew leases now: %s", error)

    def _keep_bank(self) -> None:
        """Have each change of the bank at hand within a moment, so that commits need to read little."""
        for _ in self._app.database.listen(bank.CHANNEL, self._stop, every=5):
            try:
                with self._app.database.transaction() as tx:
                    bank.refresh(tx, self._app.index)
            except DATABASE_AWAY as error:
                log.warning("cannot refresh the bank now: %s", error)
