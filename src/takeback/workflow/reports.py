"""A report comes in: it becomes a case, its pictures become seeds, and its links are looked up."""

from dataclasses import replace
from datetime import datetime

from takeback.app import App
from takeback.bank import service as bank
from takeback.bank.model import Refusal, Refused
from takeback.bank.rules import choose
from takeback.cases import floods
from takeback.cases import service as cases
from takeback.dossier import receipt_download
from takeback.errors import Gone, Unavailable
from takeback.events import LocationUnusable
from takeback.ids import ReportId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record_once
from takeback.jobs import SLOW, Locate
from takeback.law import clocks
from takeback.matching import service as matching
from takeback.sightings import registry
from takeback.sightings import store as sightings
from takeback.sightings.model import Later, Seen
from takeback.sightings.reading import read
from takeback.signals.model import ClipSignals, Cut, PictureSignals
from takeback.submissions import service as submissions
from takeback.submissions.model import Report
from takeback.workflow.readings import lane


def take_in(app: App) -> None:
    """Open the reports that the portal stored, and record who asked there for a package."""
    submissions.take_in(app.database, app.unsealer, clock.now())
    receipt_download.take_up(app.database, clock.now())


def open_case(app: App, tx: Tx, report_id: ReportId, now: datetime) -> None:
    """Open a report's case with its clock. Unless it is part of a flood, search for what it shows."""
    report, received_at = submissions.opened(tx, app.unsealer, report_id)
    strictest = clocks.start(received_at, app.settings.house_clock_hours)[0]
    cases.open_case(tx, report_id, received_at, strictest, now)
    if not floods.holds(tx, report_id, len(report.pictures), app.settings.flood_reports, now):
        _search_for(app, tx, report_id, report, now)


def let_one_in(app: App, tx: Tx, report_id: ReportId, now: datetime) -> None:
    """Search for what a held report shows, unless people declined it meanwhile."""
    if not floods.is_declined(tx, report_id):
        report = submissions.opened(tx, app.unsealer, report_id)[0]
        _search_for(app, tx, report_id, report, now, let_in=True)


def _search_for(
    app: App, tx: Tx, report_id: ReportId, report: Report, now: datetime, *, let_in: bool = False
) -> None:
    """Bank a report's pictures as seeds, and have its links looked up.

    One that was held may have had seeds before, which were withdrawn for good: it gets new ones.
    """
    for number in range(len(report.locations)):
        enqueue(tx, Locate(report_id, number, let_in=let_in))
    for number, picture in enumerate(report.pictures):
        flips = tuple(bytes.fromhex(flip) for flip in picture.flips)
        name = f"picture {number + 1}{floods.LET_IN * let_in}"
        bank.add_reported(tx, report_id, name, flips, picture.quality, now, app.well_known)


def locate(app: App, job: Locate) -> None:
    """Look up one link of a report: what is there joins the case, and is a seed to find further copies by.

    Of a report that is held meanwhile nothing is looked up. Raises PlatformError to be tried again.
    """
    with app.database.transaction() as tx:
        if floods.is_held(tx, job.report):
            return
        link = submissions.opened(tx, app.unsealer, job.report)[0].locations[job.number]
    named = f"location {job.number + 1}"
    try:
        found = registry.locate(app.connectors, link)
    except Gone:
        _unusable(app, job.report, f"{named} is gone already")
        return
    if not found:
        _unusable(app, job.report, f"{named} is not on a connected platform")
    elif not any(post.media for _, post in found):
        _unusable(app, job.report, f"{named} shows no picture")
    decoder, when = lane(app, slow=job.slow)
    most = app.settings.max_media_bytes
    for connector, post in found:
        for position, media in enumerate(post.media):
            reading = read(
                connector, decoder, media.address, most, flips=True, exact=True, when=when, final=job.slow
            )
            if isinstance(reading, Later) and reading.slow:
                with app.database.transaction() as tx:
                    enqueue(tx, replace(job, slow=True), priority=SLOW[0])
                return
            if isinstance(reading, Later):
                raise Unavailable(reading.reason, reading.retry_after)
            name = f"{named}.{position + 1}{floods.LET_IN * job.let_in}"
            _located(app, job.report, connector.name, Seen(post, media.address, reading), name)


def _located(app: App, report: ReportId, connector: str, seen: Seen, name: str) -> None:
    now = clock.now()
    with app.database.transaction() as tx:
        matching.commit(tx, app.index, connector, [seen], now)
        sighting = sightings.find(tx, connector, seen.post.place, seen.post.message, seen.media)
        assert sighting is not None
        if isinstance(seen.reading, PictureSignals | ClipSignals):
            matching.commit_late(
                tx, app.index, sighting.id, seen.reading, now
            )  # if it could not be read before
        cases.add_located(tx, report, sighting.id, now)
    if isinstance(seen.reading, PictureSignals | ClipSignals):
        with app.database.transaction() as tx:  # one of its own: the bank's lock is shared above, alone here
            _bank_located(app, tx, report, name, seen.reading, now)


def _bank_located(
    app: App, tx: Tx, report: ReportId, name: str, signals: PictureSignals | ClipSignals, now: datetime
) -> None:
    """Bank what a link showed as a seed: a clip, or a picture, taken out of the page or collage around it."""
    match signals:
        case ClipSignals(frames=frames):
            moments = [[flip.hash for flip in frame.flips] for frame in frames if frame.flips]
            best = max((frame.pdq.quality for frame in frames), default=0)
            bank.add_clip(tx, report, name, moments, best, now, app.well_known)
        case PictureSignals():
            chosen = choose(signals)
            if chosen.cut is Cut.PANEL:
                bank.refuse(tx, report, Refused(name, Refusal.INSIDE_ANOTHER), now)
                name = f"{name}, the picture in it"
            bank.add_seed(tx, report, name, chosen.hashes, chosen.quality, now, app.well_known)


def _unusable(app: App, report: ReportId, reason: str) -> None:
    with app.database.transaction() as tx:
        cases.hold_of_report(tx, report)
        record_once(tx, LocationUnusable(report, reason))
