"""What is done later with what a reported picture matches, and with reports that were held, in bounded steps:
see `cases/seeds.py` and `cases/floods.py`.
"""

from uuid import UUID

from takeback.app import App
from takeback.cases import floods, seeds
from takeback.cases import service as cases
from takeback.ids import EntryId, FloodId
from takeback.infra import clock
from takeback.infra.jobs.queue import enqueue
from takeback.matching import service as matching
from takeback.workflow.errands import ensure_captured


def look_back(app: App, entry: str, after: int = 0) -> None:
    """Ask everything that passed before an entry was banked, step by step.

    A seed that matches all it may before a person looked goes on when one did. Raises StorageUnavailable.
    """
    entry_id = EntryId(UUID(entry))
    _, upto = matching.look_back_step(app.database, entry_id, clock.now(), app.sweeper, after=after)
    if upto is None:
        return
    with app.database.transaction() as tx:
        if not seeds.pause_look_back(tx, entry_id, upto, app.settings.seed_copies):
            enqueue(tx, "look_back", entry=entry, after=upto)


def bring(app: App, entry: str) -> None:
    """Have matches that waited for a person join their case, some at a time."""
    entry_id, now = EntryId(UUID(entry)), clock.now()
    with app.database.transaction() as tx:
        for sighting, by in seeds.bring(tx, entry_id):
            if ensure_captured(app, tx, sighting, now):
                cases.add_match(tx, entry_id, sighting, by, now)


def let_in(app: App, flood: str) -> None:
    """Let further reports in that were held together."""
    with app.database.transaction() as tx:
        floods.go_on(tx, FloodId(UUID(flood)), clock.now())


def forget_arrivals(app: App) -> None:
    """Forget which group a report came with."""
    floods.forget_arrivals(app.database, clock.now())
