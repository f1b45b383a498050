"""A copy is removed from its platform, looked for, and removed again if it can be seen."""

from datetime import datetime, timedelta

from takeback.app import App
from takeback.cases import service as cases
from takeback.errors import Unavailable
from takeback.evidence import service as captures
from takeback.ids import CaseId, SightingId, TargetId
from takeback.infra import clock
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.jobs import DropCopies, Remove
from takeback.takedown import service as takedown
from takeback.takedown.model import Removal, TargetState
from takeback.workflow.decisions import settle
from takeback.workflow.evidence import ensure_captured
from takeback.workflow.learning import learn_from

LEARN_FOR = timedelta(minutes=2)
"""How long a removal waits for a platform that does not give a reviewed copy out, to learn from it."""


def remove(app: App, target: TargetId) -> None:
    """Remove one copy from its platform. Raises Unavailable to be tried again.

    One whose capture is awaited is left for `resume`.
    """
    now = clock.now()
    with app.database.transaction() as tx:
        removal = takedown.get(tx, target)
        if removal is None or removal.state not in takedown.UNDER_WAY:
            return
        if not ensure_captured(app, tx, removal.sighting, now):
            return
        captures.removing(tx, removal.sighting, now)
    if removal.state is TargetState.PLANNED:  # else a try of ours may have removed it, and learnt before
        try:
            learn_from(app, removal, patience=LEARN_FOR - (now - removal.changed_at))
        except Unavailable as fault:
            with app.database.transaction() as tx:
                takedown.note_trouble(tx, target, str(fault))
            raise
    takedown.remove(app.database, app.connectors[removal.connector], removal)


def resume(tx: Tx, sighting: SightingId) -> None:
    """Go on with the removals that waited for a capture: it is durable now, or can never be made."""
    for target in takedown.waiting(tx, sighting):
        enqueue(tx, Remove(target))


def look(app: App, target: TargetId, round_: int) -> None:
    """Look whether a removed copy is gone. Raises Unavailable to be tried again."""
    with app.database.transaction() as tx:
        removal = takedown.get(tx, target)
    if removal is not None:
        connector, after = app.connectors[removal.connector], app.settings.recheck_after
        takedown.look(app.database, connector, removal, round_, after, app.controls)


def found_gone(app: App, tx: Tx, target: TargetId, now: datetime) -> None:
    """Note in every case that has it that a copy is gone; no other case needs a working copy of it now."""
    removal = takedown.require(tx, target)
    having = _hold_all(tx, removal)
    cases.copy_gone(tx, removal.sighting, now)
    for each in having:
        settle(tx, each, now)
    if len(having) > 1 and app.sealer is not None:
        enqueue(tx, DropCopies(removal.case, removal.sighting))


def found_again(tx: Tx, target: TargetId, now: datetime) -> None:
    """Remove a copy again that can be seen."""
    removal = takedown.require(tx, target)
    _hold_all(tx, removal)
    cases.copy_gone(tx, removal.sighting, None)
    takedown.remove_again(tx, removal)
    settle(tx, removal.case, now)


def _hold_all(tx: Tx, removal: Removal) -> list[CaseId]:
    """Hold all cases that have a copy, in one order: nobody waits in a ring."""
    having = sorted({removal.case, *cases.having(tx, removal.sighting)})
    for each in having:
        cases.hold(tx, each)
    return having
