"""Posts are read again: later, exactly, or by their details; beside the slow lane or in it.

A job tries the fast lane first. What costs more is enqueued again for the slow lane, in which a worker does
one job at a time, with a decoder of its own: it takes no place from other work and no file is given up.
"""

from dataclasses import replace
from datetime import timedelta

from takeback.app import App
from takeback.errors import Deferred, PlatformError, Unavailable, Unreadable, WhyUnreadable
from takeback.events import PictureUnreadable
from takeback.ids import SightingId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.jobs import SLOW, LookClosely, ReadAgain, ReadExactly
from takeback.matching import details
from takeback.matching import service as matching
from takeback.sightings import store as sightings
from takeback.sightings.model import Later
from takeback.sightings.reading import read
from takeback.signals.details.features import parse_features
from takeback.signals.lanes import When
from takeback.signals.model import ClipSignals, PictureSignals
from takeback.signals.sandbox import Decoder

SLOW_TRIES = 3
"""What the slow lane cannot read alone, as often as this, can never be read."""
SLOW_PAUSE = timedelta(minutes=10)


def lane(app: App, *, slow: bool) -> tuple[Decoder, When]:
    """Return the decoder that a job reads with. In the slow lane it waits, beside it never."""
    return (app.decoder.slow or app.decoder, When.NOW) if slow else (app.decoder, When.SOON)


def read_again(app: App, job: ReadAgain) -> None:
    """Try again to read a picture that could not be read when it passed. Raises PlatformError."""
    with app.database.transaction() as tx:
        row = sightings.get(tx, job.sighting)
    if row is None or row.state != "unread":
        return
    decoder, when = lane(app, slow=job.slow > 0)
    most = app.settings.max_media_bytes
    reading = read(
        app.connectors[row.connector], decoder, row.media, most, when=when, final=job.slow >= SLOW_TRIES
    )
    with app.database.transaction() as tx:
        match reading:
            case PictureSignals() | ClipSignals():
                matching.commit_late(tx, app.index, row.id, reading, clock.now())
            case WhyUnreadable():
                sightings.set_unreadable(tx, row.id, reading.value)
            case Later(reason, slow=True):
                sightings.set_slow(tx, row.id, reason)
                if job.slow:
                    at = clock.now() + SLOW_PAUSE
                    enqueue(tx, replace(job, slow=job.slow + 1), at=at, priority=SLOW[0])
                else:
                    matching.read_later(tx, row.id, reading, clock.now())
            case Later(reason, wait):
                raise Unavailable(reason, wait)


def never_read(tx: Tx, sighting: SightingId, reason: str) -> None:
    """Give up reading a picture; it was compared with nothing, which is an event."""
    if sightings.set_unreadable(tx, sighting, "platform_unavailable"):
        record(tx, PictureUnreadable(sighting, reason))


def read_exactly(app: App, job: ReadExactly) -> None:
    """Read a post again whose fast hash came near something, and match what it is. Raises PlatformError."""
    with app.database.transaction() as tx:
        row = sightings.get(tx, job.sighting)
    if row is None:
        return
    connector, most = app.connectors[row.connector], app.settings.max_media_bytes
    decoder, when = lane(app, slow=job.slow)
    reading = read(connector, decoder, row.media, most, exact=True, when=when, final=job.slow)
    if isinstance(reading, Later) and reading.slow:
        with app.database.transaction() as tx:
            enqueue(tx, replace(job, slow=True), priority=SLOW[0])
        return
    if isinstance(reading, Later):
        raise Unavailable(reading.reason, reading.retry_after)
    signals = None if isinstance(reading, WhyUnreadable) else reading  # gone meanwhile: the fast hash counts
    with app.database.transaction() as tx:
        matching.commit_exactly(tx, app.index, row.id, signals, job.by, clock.now())


def count_fast_hash(app: App, tx: Tx, job: ReadExactly) -> None:
    """Give up reading a post exactly: its fast hash counts."""
    matching.commit_exactly(tx, app.index, job.sighting, None, job.by, clock.now())


def look_closely(app: App, job: LookClosely) -> None:
    """Compare one post with the details of confirmed copies on its platform. Raises Unavailable."""
    with app.database.transaction() as tx:
        post = sightings.get(tx, job.sighting)
        known = None if post is None else details.known_near(tx, app.unsealer, post)
    if post is None or not known:
        return
    try:
        data = app.connectors[post.connector].fetch(post.media, app.settings.max_media_bytes)
        decoder, when = lane(app, slow=job.slow)
        found = details.agreements(known, parse_features(decoder.features(data, when=when)))
    except Unavailable:
        raise
    except Deferred:
        with app.database.transaction() as tx:
            enqueue(tx, replace(job, slow=True), priority=SLOW[0])
        return
    except (PlatformError, Unreadable):
        return  # gone, or not to be read now: there is nothing to compare
    with app.database.transaction() as tx:
        details.commit(tx, post.id, found, job.by, clock.now())
