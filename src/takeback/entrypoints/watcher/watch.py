"""The watching door: leases streams, reads what passes, commits it with what it matches.

What is posted in a place under investigation is captured before it is read (`ahead.py`). `streams.py` gives
streams their turns, `batches.py` does what is to be done with what they bring.

Threads: for each platform one that gives turns and a bounded number that take them, a few to read pictures,
and one each that keeps the leases, keeps the bank at hand, says what was watched, tries again what was set
aside, and asks platforms what they lack. One that dies is recorded and started again. Any number of these
processes may run: the leases divide the work, and their fencing makes a slow or resumed one harmless.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from takeback.app import App, open_app
from takeback.bank import service as bank
from takeback.connectors.api import Examined
from takeback.doctor.examination import begin_at_start, subject_of
from takeback.entrypoints.watcher.ahead import Ahead
from takeback.entrypoints.watcher.batches import DATABASE_AWAY, Batches, told
from takeback.entrypoints.watcher.database_clock import DatabaseClock
from takeback.entrypoints.watcher.streams import Streams
from takeback.events import WatcherFailed
from takeback.evidence import watching
from takeback.infra.config import Settings
from takeback.infra.ledger.record import record
from takeback.sightings import health
from takeback.sightings.waits import pause_after

log = logging.getLogger(__name__)

LEARN_EVERY = 1.0
"""Seconds until a place under investigation is known here, and between looks at what was set aside."""
EXAMINE_EVERY = 30.0
"""Seconds between questions what a platform lacks."""
LONGEST_REST = timedelta(minutes=5)
"""Before a thread that dies again and again is started once more."""
SOUND_AFTER = 600.0
"""Seconds after which a thread counts as sound again."""


def run(settings: Settings, stop: threading.Event) -> None:
    """Watch every connected platform until `stop` is set."""
    with open_app(settings) as app:
        begin_at_start(subject_of(app))
        if not app.connectors:
            log.warning("no platform is connected, so nothing is watched: set TAKEBACK_CONNECTORS")
        if app.sealer is not None and not app.sealer.keeps:
            log.info("there is no directory of recipients: no evidence is captured")
        _Watch(app, stop).run()


class _Watch:
    """The threads of this process."""

    def __init__(self, app: App, stop: threading.Event) -> None:
        self._app = app
        self._stop = stop
        self._ahead = Ahead(app)
        with app.database.transaction() as tx:
            self._clock = DatabaseClock(tx)
        self._batches = Batches(app, self._ahead, self._clock)
        holder = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._streams = [
            Streams(app, connector, self._batches, self._clock, holder, stop)
            for connector in app.connectors.values()
        ]

    def run(self) -> None:
        self._learn()
        parts: Mapping[str, Callable[[], None]] = {
            "evidence": self._keep_evidence,
            "bank": self._keep_bank,
            "leases": self._keep_leases,
            "set aside": self._keep_set_aside,
            "examine": self._examine,
            **{f"streams {number}": each.run for number, each in enumerate(self._streams)},
        }
        threads = [
            threading.Thread(target=self._supervise, args=[name, part], name=name)
            for name, part in parts.items()
        ]
        for thread in threads:
            thread.start()
        try:
            self._stop.wait()
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            for streams in self._streams:
                streams.close()
            self._batches.close()

    def _supervise(self, name: str, part: Callable[[], None]) -> None:
        """Run one part until it should stop; if it dies, say so and start it again, with growing pauses."""
        deaths = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                part()
            except Exception as error:  # noqa: BLE001 - recorded
                log.warning("the watcher's part %s died, and is started again: %s", name, told(error))
                self._record(WatcherFailed(name, type(error).__name__))
                deaths = 0 if time.monotonic() - began > SOUND_AFTER else deaths
                self._stop.wait(pause_after(deaths, LONGEST_REST).total_seconds())
                deaths += 1

    def _record(self, event: WatcherFailed) -> None:
        while True:
            try:
                with self._app.database.transaction() as tx:
                    record(tx, event)
            except DATABASE_AWAY:
                if self._stop.wait(1.0):
                    return
            else:
                return

    def _keep_leases(self) -> None:
        every = self._app.settings.lease_seconds / 3
        while not self._stop.wait(every):
            for streams in self._streams:
                try:
                    streams.renew()
                except DATABASE_AWAY as error:
                    log.warning("cannot renew leases now: %s", error)

    def _keep_evidence(self) -> None:
        """Learn what is under investigation, and say from time to time what was watched."""
        every = self._app.settings.watched_every
        next_beat = time.monotonic() + every
        while not self._stop.wait(LEARN_EVERY):
            self._learn()
            if time.monotonic() >= next_beat:
                try:
                    for streams in self._streams:
                        streams.beat()
                except DATABASE_AWAY as error:
                    log.warning("cannot say now what was watched: %s", error)
                next_beat = time.monotonic() + every

    def _learn(self) -> None:
        try:
            with self._app.database.transaction() as tx:
                self._clock.set(tx)
                self._ahead.learn(watching.places(tx, self._clock.now()))
        except DATABASE_AWAY as error:
            log.warning("cannot learn what is under investigation now: %s", error)

    def _keep_set_aside(self) -> None:
        """Try again what was set aside, one thing after the other."""
        connectors = dict(self._app.connectors)
        while not self._stop.wait(LEARN_EVERY):
            try:
                while not self._stop.is_set() and self._batches.try_again(connectors):
                    pass
            except DATABASE_AWAY as error:
                log.warning("cannot try again now what was set aside: %s", error)

    def _examine(self) -> None:
        """Have each platform's trouble in the database, where health and console read it."""
        while True:
            for connector in self._app.connectors.values():
                if isinstance(connector, Examined):
                    found = connector.health()
                    try:
                        with self._app.database.transaction() as tx:
                            health.examined(tx, connector.name, found)
                    except DATABASE_AWAY as error:
                        log.warning("cannot write down now what %s lacks: %s", connector.name, error)
            if self._stop.wait(EXAMINE_EVERY):
                return

    def _keep_bank(self) -> None:
        """Have each change of the bank at hand within a moment, so that commits need to read little."""
        for _ in self._app.database.look([bank.CHANGED], self._stop, every=5):
            try:
                with self._app.database.transaction() as tx:
                    bank.refresh(tx, self._app.index)
            except DATABASE_AWAY as error:
                log.warning("cannot refresh the bank now: %s", error)
