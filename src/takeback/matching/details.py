"""The second stage: details of confirmed copies find what no hash of a whole picture survives.

A crop, a sticker or a turn by a few degrees puts a copy far outside every radius, but its details still agree
in their places (`signals.details.features`). Details say much more about a picture than a hash does. So they
are kept of copies that a person confirmed, sealed, only until the entry is withdrawn; they are compared on
the platform that holds the picture and never leave the service. What they find is a candidate for a person.

A job compares them after the post is committed, with what was confirmed in its own place and a little of the
others, so that a busy platform can be kept to the newest few.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from takeback.events import FoundBy, Matched
from takeback.ids import EntryId, SightingId
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.infra.vault.seal import Recipient, seal
from takeback.infra.vault.unseal import Unsealer
from takeback.jobs import LookClosely
from takeback.matching import details_store, store
from takeback.sightings import store as sightings
from takeback.sightings.model import Sighting
from takeback.signals.details import features
from takeback.signals.details.features import Features
from takeback.signals.model import Cut, Flip
from takeback.signals.relation import Hit

COPIES_OF_AN_ENTRY = 3
"""Copies are alike, so the details of a few say what all would."""
SAME_PLACE, ELSEWHERE = 300, 50
"""Confirmed copies that one post is compared with; each costs some milliseconds."""
EARLIER = timedelta(days=30)
MOST_EARLIER = 500
"""How far back posts of a place are looked at again when details of a picture become known there."""

Known = tuple[EntryId, Features]


def wanted(tx: Tx, sighting: SightingId, entries: Sequence[EntryId]) -> dict[EntryId, Hit]:
    """Return those of the entries that a copy shows and of which more details would help, with how it shows
    them.
    """
    hits = {entry: store.get(tx, sighting, entry) for entry in entries}
    return {
        entry: hit
        for entry, hit in hits.items()
        if hit is not None and hit.cut is not Cut.FRAME and not hit.negative
        if details_store.count(tx, entry) < COPIES_OF_AN_ENTRY
    }


def remember(
    tx: Tx, recipient: Recipient, entry: EntryId, copy: Sighting, details: bytes, now: datetime
) -> None:
    """Keep the details of a confirmed copy, sealed, and look at the earlier posts of its place with them."""
    sealed = seal(recipient, details)
    if not details_store.insert(tx, entry, copy.id, copy.connector, copy.place, sealed, now):
        return
    for sighting in sightings.recent_pictures(tx, copy.connector, copy.place, now - EARLIER, MOST_EARLIER):
        if sighting != copy.id:
            enqueue(tx, LookClosely(sighting, FoundBy.LOOK_BACK))


def forget(tx: Tx, entry: EntryId) -> None:
    """Delete what was kept of a withdrawn entry's copies."""
    details_store.delete(tx, entry)


def known_near(tx: Tx, unsealer: Unsealer, post: Sighting) -> list[Known]:
    """Return the details that a post is compared with: none of entries that it is known to show."""
    but = details_store.matched_entries(tx, post.id)
    kept = details_store.known(tx, post.connector, post.place, SAME_PLACE, ELSEWHERE, but)
    return [(entry, features.parse_features(unsealer.unseal(sealed))) for entry, sealed in kept]


def agreements(known: Sequence[Known], query: Features) -> dict[EntryId, Hit]:
    """Return which entries a post may show, each by its strongest agreement."""
    best: dict[EntryId, Hit] = {}
    for entry, copy in known:
        found = features.agree(query, copy)
        if found is None or (entry in best and (best[entry].inliers or 0) >= found.inliers):
            continue
        best[entry] = Hit(
            distance=None,
            flip=Flip.MIRROR if found.mirrored else Flip.NONE,
            negative=False,
            cut=Cut.PANEL,
            box=found.box,
            review_only=True,
            stage=2,
            inliers=found.inliers,
        )
    return best


def commit(tx: Tx, sighting: SightingId, found: dict[EntryId, Hit], by: FoundBy, now: datetime) -> None:
    """Record what agreed; a pair that was found before stays as it was found."""
    for entry, hit in sorted(found.items()):
        if store.insert(tx, sighting, entry, hit, by, now):
            record(tx, Matched(entry, sighting, by))
