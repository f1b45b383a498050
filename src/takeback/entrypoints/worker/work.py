"""The background process: jobs, the clock, incoming reports, the ledger and those who vouch for it."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from takeback.app import App, authorities, keys_folder, open_app
from takeback.doctor.examination import begin_at_start, subject_of
from takeback.dossier import receipt_download
from takeback.errors import ConfigurationError, DatabaseAway, LedgerBroken, PlatformError, TakebackError
from takeback.events import JobGaveUp
from takeback.infra.config import Settings
from takeback.infra.db import portal_role
from takeback.infra.jobs import worker
from takeback.infra.ledger.beacon import Drand, Newest
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.record import record
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.ledger.timestamps import Timestamper
from takeback.infra.ledger.witnesses import Witnesses, load_policy
from takeback.keyring import service as keyring
from takeback.submissions import service as submissions
from takeback.workflow import dispatch, reports

log = logging.getLogger(__name__)

REPORT_AGAIN = 3600.0
"""Seconds between two events about the portal's role."""


def run(settings: Settings, stop: threading.Event) -> None:
    """Work until `stop` is set."""
    with open_app(settings, keyring.LEDGER) as app:
        begin_at_start(subject_of(app))
        signer = Signer(keys_folder(settings), settings.ledger_origin)
        policy = load_policy(settings.witness_policy, (signer.verifier, signer.post_quantum))
        witnesses = Witnesses(app.database, policy)
        stamper = Timestamper(
            app.database, authorities(settings), timedelta(seconds=settings.timestamp_every)
        )
        beacon = Newest(None if settings.beacon is None else Drand(settings.beacon))
        sequencer = Sequencer(app.database, signer, heed=witnesses.keys, beacon=beacon)
        beside = [
            threading.Thread(target=_sequence, args=[app, witnesses, sequencer, stop], name="sequencer"),
            threading.Thread(target=_beside, args=[app, "witness", witnesses.run, stop], name="witnesses"),
            threading.Thread(target=_beside, args=[app, "timestamp", stamper.run, stop], name="timestamps"),
            threading.Thread(target=_beside, args=[app, "beacon", beacon.run, stop], name="beacon"),
            threading.Thread(target=_take_in, args=[app, stop], name="take_in"),
            threading.Thread(target=_make_ready, args=[app], name="ready"),
        ]
        role = [app.database.url, stop, settings.portal_connections, portal_role.LONGEST, role_reporter(app)]
        beside.append(threading.Thread(target=portal_role.guard, args=role, name="portal_role"))
        for thread in beside:
            thread.start()
        try:
            worker.run(
                app.database,
                dispatch.work(app),
                stop,
                concurrency=settings.workers,
                heartbeat=settings.heartbeat_seconds,
            )
        finally:
            stop.set()
            for thread in beside:
                thread.join()
            witnesses.close()
            stamper.close()


def _sequence(app: App, witnesses: Witnesses, sequencer: Sequencer, stop: threading.Event) -> None:
    """Give ledger entries their places. A log that cannot have grown out of what was signed, or seen by a
    witness, is not signed on: what is recorded waits, and a person is told.
    """
    try:
        while app.database.reach.wait(stop):
            with suppress(DatabaseAway):
                witnesses.ask_all()
                sequencer.run(stop)
                return
    except (LedgerBroken, ConfigurationError) as error:
        log.critical("the ledger is not continued: %s", error)
        with app.database.transaction() as tx:
            record(tx, JobGaveUp("sequence", "ledger", str(error)))


def _beside(app: App, name: str, run: Callable[[threading.Event], None], stop: threading.Event) -> None:
    """Have the ledger vouched for. What nobody foresaw ends only this, and a person is told."""
    try:
        while app.database.reach.wait(stop):
            with suppress(DatabaseAway):
                run(stop)
                return
    except Exception as error:
        log.exception("the ledger's %s thread ended", name)
        with app.database.transaction() as tx:
            record(tx, JobGaveUp(name, "ledger", type(error).__name__))


def role_reporter(app: App) -> Callable[[str], None]:
    """Return what tells a person of the portal's role: once an hour, since it may be a break-in."""
    reported = -REPORT_AGAIN

    def report(what: str) -> None:
        nonlocal reported
        if monotonic() - reported >= REPORT_AGAIN:
            with app.database.transaction() as tx:
                record(tx, JobGaveUp("portal_role", "portal", f"the portal's role {what}"))
            reported = monotonic()

    return report


def _make_ready(app: App) -> None:
    """Start a decoder and have the controls made now: the first removal is not to wait for them."""
    try:
        app.decoder.confinement()
    except (TakebackError, RuntimeError) as error:  # the first file says so; or the process ends
        log.warning("no decoder yet: %s", error)
    for connector in app.connectors.values():
        try:
            app.controls.of(connector).make()
        except PlatformError as error:  # a look asks again
            log.warning("no control on %s yet: %s", connector.name, error)


def _take_in(app: App, stop: threading.Event) -> None:
    """Open reports as they come, without waiting for the clock."""
    for _ in app.database.look([submissions.WAITING, receipt_download.WAITING], stop, every=15):
        try:
            reports.take_in(app)
        except Exception:  # the clock's job tries again, and what waits is not lost
            log.exception("could not take reports in")
