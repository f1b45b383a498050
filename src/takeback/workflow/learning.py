"""Make an active entry of what a reviewer saw, before the copy goes.

What removes pictures unseen is never a number that somebody sent. It is hashed here, from the copy that lay
before a reviewer, and from the part of it that was outlined on her page. That happens right before the copy
is removed: later it could not be read any more. A copy that cannot be read is removed all the same; then
nothing acts by it, and an event says so.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid5

from takeback.app import App
from takeback.bank import rules as bank_rules
from takeback.bank import service as bank
from takeback.bank.rules import Part
from takeback.cases import service as cases
from takeback.cases.model import Copy
from takeback.errors import PlatformError, Unavailable, Unreadable
from takeback.ids import CaseId, EntryId, SightingId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.matching import details
from takeback.sightings import store as sightings
from takeback.sightings.model import Sighting
from takeback.signals.relation import Hit
from takeback.takedown.model import Removal

log = logging.getLogger(__name__)


def learn_from(app: App, removal: Removal, *, patience: timedelta = timedelta.max) -> None:
    """Keep the details of a copy that goes, and bank the part of it that a reviewer saw, if one did.

    Args:
        app: the service.
        removal: of the copy.
        patience: how long to wait for a platform that has no answer now; afterwards, or if it asks for a
            longer wait, nothing acts by this copy.

    Raises:
        Unavailable: the platform has no answer now; to be tried again, within the patience.
    """
    case, sighting, now = removal.case, removal.sighting, clock.now()
    with app.database.transaction() as tx:
        copy, post = _reviewed(tx, case, sighting, now), sightings.get(tx, sighting)
        shown = () if copy is None else cases.moments(tx, copy)
        wanted = details.wanted(tx, sighting, cases.reviewed_entries(tx, case, now, sighting))
        if cases.may_show_a_minor(tx, case):
            wanted.clear()
    if post is None or (copy is None and not wanted):
        return
    part: Part | None = None
    try:
        data = app.connectors[post.connector].fetch(post.media, app.settings.max_media_bytes)
        if copy is not None:
            part = _part(app, data, copy.hit, shown)
        _keep_details(app, data, post, wanted)
    except Unavailable as fault:
        if copy is not None and timedelta(seconds=min(fault.retry_after or 0, 1e9)) < patience:
            raise
    except (PlatformError, Unreadable) as fault:
        log.info("nothing is learnt from a copy that cannot be read: %s", fault)
    if copy is None:
        return
    with app.database.transaction() as tx:
        cases.hold(tx, case)
        if _reviewed(tx, case, sighting, clock.now()) is not None:  # else it was reversed meanwhile
            _bank(app, tx, case, sighting, part)


def _reviewed(tx: Tx, case: CaseId, sighting: SightingId, now: datetime) -> Copy | None:
    return next(iter(cases.reviewed(tx, case, now, sighting)), None)


def _part(app: App, data: bytes, hit: Hit | None, moments: Sequence[int]) -> Part | None:
    """Hash what was shown: a crop, a part, or moments of a clip. Raises Unreadable."""
    if hit is not None and hit.stage > 1:  # found by details: the crop that was outlined
        return bank_rules.as_part(app.decoder.part(data, view=hit.view, box=hit.box))
    return bank_rules.shown_part(app.decoder.read(data, flips=True, exact=True), hit, moments)


def _bank(app: App, tx: Tx, case: CaseId, sighting: SightingId, part: Part | None) -> None:
    report = cases.get(tx, case).report
    if part is None:
        bank.not_found_again(tx, report, sighting)
        return
    if any(bank_rules.covers(entry, part) for entry in cases.active_entries(tx, case)):
        return
    entry = EntryId(uuid5(case, f"reviewed {cases.times_withdrawn(tx, case)} {sighting}"))
    bank.add_reviewed(tx, entry, report, part, sighting, clock.now(), app.well_known)


def _keep_details(app: App, data: bytes, copy: Sighting, wanted: dict[EntryId, Hit]) -> None:
    """What edited copies can be known by. A fault never keeps the copy from going."""
    try:
        found = {entry: app.decoder.features(data, hit.box, view=hit.view) for entry, hit in wanted.items()}
    except Unreadable as fault:
        log.info("no details are kept of a copy: %s", fault)
        return
    with app.database.transaction() as tx:
        for entry, described in found.items():
            details.remember(tx, app.unsealer.recipient, entry, copy, described, clock.now())
