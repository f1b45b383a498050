"""A post and an entry match: the post is captured, and joins the case that the entry belongs to."""

from datetime import datetime

from takeback.app import App
from takeback.cases import seeds
from takeback.cases import service as cases
from takeback.events import FoundBy
from takeback.ids import EntryId, SightingId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.jobs import LookBack
from takeback.matching import service as matching
from takeback.matching import store as matching_store
from takeback.workflow.decisions import carry_out
from takeback.workflow.evidence import ensure_captured


def look_back(app: App, job: LookBack) -> None:
    """Compare an entry with what passed before it was banked, step by step. Raises StorageUnavailable.

    A seed that matches all it may before a person looked goes on when one did.
    """
    _, upto = matching.look_back_step(app.database, job.entry, clock.now(), app.sweeper, after=job.after)
    if upto is None:
        return
    with app.database.transaction() as tx:
        if not seeds.pause_look_back(tx, job.entry, upto, app.settings.seed_copies):
            enqueue(tx, LookBack(job.entry, upto))


def admit(app: App, tx: Tx, entry: EntryId, sighting: SightingId, by: FoundBy, now: datetime) -> None:
    """Have a match join its case, unless its seed brought all it may, or its capture is awaited."""
    if seeds.admit(tx, entry, sighting, by, app.settings.seed_copies, now) and ensure_captured(
        app, tx, sighting, now
    ):
        _join_case(app, tx, entry, sighting, by, now)


def join_waiting(app: App, tx: Tx, sighting: SightingId, now: datetime) -> None:
    """Have the matches of a post join their cases that waited for its capture."""
    for entry, by in matching_store.of_sighting(tx, sighting):
        if seeds.is_admitted(tx, entry, sighting):
            _join_case(app, tx, entry, sighting, by, now)


def bring(app: App, entry: EntryId) -> None:
    """Have matches that waited for a person join their case, some at a time."""
    now = clock.now()
    with app.database.transaction() as tx:
        for sighting, by in seeds.bring(tx, entry):
            if ensure_captured(app, tx, sighting, now):
                cases.add_match(tx, entry, sighting, by, now)


def _join_case(app: App, tx: Tx, entry: EntryId, sighting: SightingId, by: FoundBy, now: datetime) -> None:
    """Add a match to its case. A copy that is there already may be one that acts from now on."""
    case = cases.add_match(tx, entry, sighting, by, now)
    if case is not None and any(each.id == entry for each in cases.active_entries(tx, case)):
        carry_out(app, tx, case, now, sighting)
