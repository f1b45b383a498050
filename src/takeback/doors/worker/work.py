"""The background door: jobs, the clock, incoming reports and the ledger's sequencer, in one process."""

import logging
import threading

from takeback import errands, pipeline
from takeback.app import App, keys_folder, open_app
from takeback.errors import ConfigurationError, LedgerBroken
from takeback.facts import JobGaveUp
from takeback.ground.config import Settings
from takeback.ground.jobs import worker
from takeback.ground.ledger.keys import Signer
from takeback.ground.ledger.record import record
from takeback.ground.ledger.sequencer import Sequencer
from takeback.intake import service as intake

log = logging.getLogger(__name__)


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until `stop` is set."""
    with open_app(settings) as app:
        sequencer = Sequencer(app.database, Signer(keys_folder(settings), settings.ledger_origin))
        beside = [
            threading.Thread(target=_sequence, args=[app, sequencer, stop], name="sequencer"),
            threading.Thread(target=_take_in, args=[app, stop], name="take_in"),
        ]
        for thread in beside:
            thread.start()
        try:
            worker.run(
                app.database.url,
                pipeline.work(app),
                stop,
                concurrency=settings.workers,
                heartbeat=settings.heartbeat_seconds,
            )
        finally:
            stop.set()
            for thread in beside:
                thread.join()


def _sequence(app: App, sequencer: Sequencer, stop: threading.Event) -> None:
    """Give ledger entries their places. A log that cannot have grown out of what was signed is not signed on:
    what is recorded waits, and a person is told.
    """
    try:
        sequencer.run(stop)
    except (LedgerBroken, ConfigurationError) as error:
        log.critical("the ledger is not continued: %s", error)
        with app.database.transaction() as tx:
            record(tx, JobGaveUp("sequence", "ledger", str(error)))


def _take_in(app: App, stop: threading.Event) -> None:
    """Open reports as they come, without waiting for the clock."""
    for _ in app.database.listen(intake.CHANNEL, stop, every=15):
        try:
            errands.take_in(app)
        except Exception:  # the clock's job tries again, and what waits is not lost
            log.exception("could not take reports in")
