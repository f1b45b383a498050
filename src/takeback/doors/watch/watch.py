"""The watching door: leases shards, reads what passes, commits it with what it matches.

What is posted in a place under investigation is captured before it is read (`ahead.py`).

One thread for each leased shard, a few more to read pictures, one that keeps the leases, one that keeps the
bank at hand, and one that says what was watched and learns which places are under investigation. Any number
of these processes may run: the leases divide the work, and their fencing makes a slow or resumed one
harmless.
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
from takeback.connectors.api import Batch, Connector, Post, Shard
from takeback.doctor.examination import begin_at_start, subject_of
from takeback.doors.watch.ahead import Ahead, Captured
from takeback.errors import LeaseLost, PlatformError, Unavailable
from takeback.evidence import service as evidence
from takeback.evidence import watching
from takeback.evidence.pulse import Pulse
from takeback.facts import SeenBy
from takeback.ground import clock
from takeback.ground.config import Settings
from takeback.join import service as join
from takeback.join.reading import read_closely
from takeback.sightings import leases, unseen
from takeback.sightings.model import Lease, Reading, Seen

log = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
LEARN_EVERY = 1.0
"""Seconds until a place under investigation is known here."""
DATABASE_AWAY = (psycopg.OperationalError, PoolTimeout)


def run(settings: Settings, stop: threading.Event) -> None:
    """Watch every connected platform until `stop` is set."""
    with open_app(settings) as app:
        begin_at_start(subject_of(app))
        if not app.connectors:
            log.warning("no platform is connected: set TAKEBACK_MATRIX_URL and its tokens; nothing to watch")
        if app.keeper is not None and not app.keeper.keeps:
            log.info("there is no directory of recipients: no evidence is captured")
        _Watch(app, stop).run()


class _Watch:
    """The leases that this process holds, and the threads that work on them."""

    def __init__(self, app: App, stop: threading.Event) -> None:
        self._app = app
        self._stop = stop
        self._holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._length = timedelta(seconds=app.settings.lease_seconds)
        self._beat_every = timedelta(seconds=app.settings.watched_every)
        self._live = set[Shard]()
        """The shards that have no end."""
        self._held: dict[Lease, threading.Thread] = {}
        self._pulses: dict[Lease, Pulse] = {}
        self._guard = threading.Lock()
        self._readers = ThreadPoolExecutor(app.settings.decoders * 2, thread_name_prefix="read")
        self._ahead = Ahead(app)

    def run(self) -> None:
        self._learn()
        keepers = [
            threading.Thread(target=self._keep_evidence, name="evidence"),
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
                    self._live.add(shard)
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
                    self._pulses[lease] = Pulse()
                thread.start()
        except (PlatformError, *DATABASE_AWAY) as error:
            log.warning("cannot take shards of %s now: %s", connector.name, error)

    def _watch(self, connector: Connector, lease: Lease) -> None:
        cursor, pause = lease.cursor, 0.0
        with self._guard:
            pulse = self._pulses[lease]
        try:
            while not self._stop.is_set():
                try:
                    asked = clock.now()
                    batch = connector.watch(lease.shard, cursor)
                    pulse.answered(asked, clock.now(), len(batch.posts))
                    if _says_anything(batch, cursor):
                        self._commit(connector, lease, batch, pulse)
                    cursor, pause = batch.cursor, 0.0
                    if batch.done:
                        return
                except PlatformError as error:
                    told = error.retry_after if isinstance(error, Unavailable) else None
                    pause = min(max(pause * 2, 0.5, told or 0), LONGEST_PAUSE)
                    log.warning("%s %s: %s; again in %.1f s", lease.connector, lease.shard.name, error, pause)
                    self._stop.wait(pause)
            with self._app.database.transaction() as tx:
                leases.renew(tx, lease, clock.now() + self._length)
                watching.beat(tx, lease.connector, lease.shard.name, pulse)
                leases.release(tx, lease)
        except LeaseLost as lost:
            log.warning("%s", lost)
        except DATABASE_AWAY as error:  # nothing was written; whoever leases next reads the same again
            log.warning("%s %s: %s", lease.connector, lease.shard.name, error)
        finally:
            with self._guard:
                self._held.pop(lease, None)
                self._pulses.pop(lease, None)

    def _commit(self, connector: Connector, lease: Lease, batch: Batch, pulse: Pulse) -> None:
        ahead = self._capture(connector, batch)
        seen = self._read(connector, batch)
        now = clock.now()
        with self._app.database.transaction() as tx:
            ids = join.commit_batch(tx, self._app.index, lease, seen, batch.cursor, done=batch.done, now=now)
            new = zip(seen, ids, strict=True)
            self._ahead.commit(tx, ahead, {each.picture: id_ for each, id_ in new if id_ is not None})
            unseen.keep(tx, connector.name, batch, now)
            for gone in batch.deletions:
                evidence.observe_deletion(tx, connector.name, gone.place, gone.message, SeenBy.EVENT, now)
            for shard, cursor in batch.opens:
                leases.open_shard(tx, connector.name, shard, cursor)
            if batch.done:
                watching.beat(tx, lease.connector, lease.shard.name, pulse)

    def _capture(self, connector: Connector, batch: Batch) -> list[Captured]:
        """What is under investigation, on disk before anything else is done with it."""
        now = clock.now()
        todo = self._ahead.todo(connector, batch.posts, now)
        return [each for each in self._readers.map(self._ahead.capture, todo) if each is not None]

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

    def _keep_evidence(self) -> None:
        """Learn what is under investigation, and say from time to time what was watched."""
        next_beat = clock.now() + self._beat_every
        while not self._stop.wait(LEARN_EVERY):
            self._learn()
            if clock.now() >= next_beat:
                self._beat()
                next_beat = clock.now() + self._beat_every

    def _learn(self) -> None:
        try:
            with self._app.database.transaction() as tx:
                self._ahead.learn(watching.places(tx, clock.now()))
        except DATABASE_AWAY as error:
            log.warning("cannot learn what is under investigation now: %s", error)

    def _beat(self) -> None:
        """Of the streams that have no end; a history says so once, when it is done."""
        with self._guard:
            held = [(lease, pulse) for lease, pulse in self._pulses.items() if lease.shard in self._live]
        for lease, pulse in held:
            try:
                with self._app.database.transaction() as tx:
                    leases.renew(tx, lease, clock.now() + self._length)  # or somebody else speaks for it
                    watching.beat(tx, lease.connector, lease.shard.name, pulse)
            except LeaseLost as lost:
                log.warning("%s", lost)
            except DATABASE_AWAY as error:
                log.warning("cannot say now what was watched: %s", error)

    def _keep_bank(self) -> None:
        """Have each change of the bank at hand within a moment, so that commits need to read little."""
        for _ in self._app.database.listen(bank.CHANNEL, self._stop, every=5):
            try:
                with self._app.database.transaction() as tx:
                    bank.refresh(tx, self._app.index)
            except DATABASE_AWAY as error:
                log.warning("cannot refresh the bank now: %s", error)


def _says_anything(batch: Batch, cursor: str | None) -> bool:
    found = batch.posts or batch.opens or batch.deletions or batch.unseen or batch.survey
    return bool(found) or batch.done or batch.cursor != cursor
