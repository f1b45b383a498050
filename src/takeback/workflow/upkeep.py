"""What the clock brings: deletions that nobody told of are noticed, and what is over is deleted."""

import logging
from collections import Counter

from takeback.app import App
from takeback.connectors.api import Recorder
from takeback.dossier import receipt_download
from takeback.errors import PlatformError, Unavailable, asked_wait
from takeback.events import SeenBy
from takeback.evidence import kept, upkeep, watching
from takeback.evidence import service as evidence
from takeback.ids import CaptureId
from takeback.infra import clock
from takeback.sightings import leases
from takeback.sightings import service as passed_by

log = logging.getLogger(__name__)

CAPTURED = "captured"
"""What is asked for by `ask_for_captured`, where waits are written down."""
AWAY_AFTER = 3
"""Messages in a row that a platform gives no usable answer to."""


def ask_for_captured(app: App) -> None:
    """Ask for captured messages by their ids: one that is gone, and not by us, is an event.

    One that may not be asked for stops nothing: it goes to the end of the queue, as an answered one does.
    A platform that gives several no usable answer in a row is away, and is asked again with the next round;
    one that asks us to wait, not before.
    """
    now = clock.now()
    with app.database.transaction() as tx:
        kept.note(tx, app.sealer)
        due, waiting = upkeep.due(tx, now), leases.held(tx, CAPTURED)
    asked, unanswered, broken = list[CaptureId](), Counter[str](), list[Exception]()
    for each in due:
        if each.connector in waiting or unanswered[each.connector] >= AWAY_AFTER:
            continue
        asked.append(each.capture)
        connector = app.connectors.get(each.connector)
        try:
            there = not isinstance(connector, Recorder) or connector.exists(each.place, each.message)
        except Unavailable as fault:
            log.warning("a captured message on %s cannot be asked for now: %s", each.connector, fault)
            unanswered[each.connector] += 1
            if fault.retry_after:
                waiting |= {each.connector}
                with app.database.transaction() as tx:
                    leases.hold(tx, each.connector, CAPTURED, asked_wait(fault.retry_after))
            continue
        except PlatformError as fault:
            log.warning("a captured message on %s may not be asked for: %s", each.connector, fault)
            continue
        except Exception as fault:  # noqa: BLE001 - raised below, when all others were asked for
            broken.append(fault)
            continue
        unanswered[each.connector] = 0
        if not there:
            with app.database.transaction() as tx:
                gone = each.connector, each.place, each.message
                evidence.observe_deletion(tx, *gone, SeenBy.POLL, clock.now())
    with app.database.transaction() as tx:
        upkeep.asked(tx, asked, now)
    if broken:
        raise broken[0]


def keep_evidence(app: App) -> None:
    """Erase what was captured ahead and is part of no case, stray files, and packages handed out."""
    receipt_download.expire(app, clock.now())
    with app.database.transaction() as tx:
        watching.expire(tx, clock.now())
    if app.sealer is not None:
        upkeep.expire(app.database, clock.now())
        upkeep.tidy(app.database, app.sealer.blobs, clock.now())


def keep_sightings(app: App) -> None:
    """Move sightings of older days to the archive, and delete those that are kept no longer."""
    days = app.settings.sightings_hot_days, app.settings.sightings_keep_days
    passed_by.keep(app.database, app.archive, app.sweeper, *days, clock.now())
