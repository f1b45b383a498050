"""Remove copies, look whether they are gone, and look again later.

A copy is looked at between two looks at the control, a picture that is known to be there (`rules.py`); what a
round comes to is one event, `Rechecked`, with the hash of all that was seen.

No transaction is open while a platform is asked: a step is read, done on the platform under its key, and
then written down. A crash in between means that it is done again, which the connector's idempotency and its
looking first make harmless. Faults that may pass are raised, and the queue tries again; others end as events.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import uuid5

from takeback.cases.model import Copy
from takeback.connectors.api import Action, Connector, Receipt, Surface, Target, Vantage
from takeback.errors import Gone, NotFound, PlatformError, Refused, Unavailable
from takeback.events import (
    FoundAgain,
    FoundGone,
    Planned,
    Rechecked,
    RemovalCalledOff,
    RemovalFailed,
    RemovalPlanned,
    RemovalStepDone,
    RetryAsked,
    StepEnd,
)
from takeback.ids import CaseId, SightingId, StaffId, TargetId
from takeback.infra import clock
from takeback.infra.db.pool import Database, Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.jobs import Look, Remove
from takeback.takedown import rules, store
from takeback.takedown.model import ORDER, Finding, Removal, Round, TargetProgress, TargetState
from takeback.takedown.session import Controls, look_beside_control

UNDER_WAY = frozenset({TargetState.PLANNED, TargetState.ACTING})
"""What is still to be removed, and may wait for its capture."""
MOST_ATTEMPTS = 5
"""A copy that is still there after so many removals needs a person."""
STRICTEST = frozenset({Surface.MESSAGE, Surface.MEDIA})
"""What must be proven absent where the platform has it; a round that is given up is measured by all of it."""


def plan(tx: Tx, copy: Copy, now: datetime) -> None:
    """Plan the removal of one copy, once; or once more, if it was called off.

    One that is gone already, because another case removed it, is only looked for: nothing is done to it, and
    nothing is said to be done.
    """
    removal = Removal(
        id=TargetId(uuid5(copy.case, str(copy.sighting))),
        case=copy.case,
        sighting=copy.sighting,
        connector=copy.connector,
        place=copy.place,
        message=copy.message,
        media=copy.media,
        state=TargetState.PLANNED,
        round=0,
        changed_at=now,
    )
    if store.insert(tx, removal):
        what = Planned.REMOVAL if copy.gone_at is None else Planned.LOOK
        if what is Planned.REMOVAL:
            store.open_attempt(tx, removal.id, ORDER)
        record(tx, RemovalPlanned(removal.id, removal.case, removal.sighting, what))
        return
    there = store.get(tx, removal.id, lock=True)
    if there is not None and there.state is TargetState.CALLED_OFF:
        store.set_state(tx, removal.id, TargetState.PLANNED, there.round, now)
        store.open_attempt(tx, removal.id, ORDER)
        record(tx, RemovalPlanned(removal.id, removal.case, removal.sighting))


def call_off(tx: Tx, case: CaseId, now: datetime) -> None:
    """The decision was reversed: what was not done yet is not done. What was, is still looked for."""
    for target in store.open_of(tx, case):
        removal = store.get(tx, target)
        assert removal is not None
        store.set_state(tx, target, TargetState.CALLED_OFF, removal.round, now)
        record(tx, RemovalCalledOff(target, case))


def remove(database: Database, connector: Connector, removal: Removal) -> None:
    """Do every step that is not done, then have somebody look. Raises Unavailable to be tried again."""
    target = removal.id
    with database.transaction() as tx:
        if not store.begin(tx, target, clock.now()):
            return
        steps = store.open_steps(tx, target)
    offered = connector.capabilities()
    for attempt, action in sorted(steps, key=lambda step: ORDER.index(step[1])):
        if action in offered.actions:
            receipt = _act(database, connector, removal, attempt, action)
            if receipt is None:
                return
            how, words = StepEnd.ALREADY if receipt.already else StepEnd.DONE, receipt.words
        else:
            how, words = StepEnd.NOT_OFFERED, "not offered by this platform"
        with database.transaction() as tx:
            if store.step_done(tx, target, attempt, action, words, how, clock.now()):
                record(tx, RemovalStepDone(target, action.value, how))
            now = store.get(tx, target)
        if now is None or now.state is TargetState.CALLED_OFF:
            return
    with database.transaction() as tx:
        if not offered.actions:
            _fail(tx, target, "remove", "; ".join(("nothing can be removed there", *offered.notes)))
            return
        round_ = store.end(tx, target, clock.now())
        if round_ is not None:
            enqueue(tx, Look(target, round_))


def _act(
    database: Database, connector: Connector, removal: Removal, attempt: int, action: Action
) -> Receipt | None:
    """The platform's receipt; None if the step failed for good, which is recorded then."""
    try:
        return connector.act(action, _target(removal), f"{removal.id}/{attempt}/{action.value}")
    except Gone as answer:
        return Receipt(f"was gone already: {answer}", already=True)
    except Unavailable as error:
        with database.transaction() as tx:
            store.step_error(tx, removal.id, attempt, action, str(error))
        raise
    except PlatformError as error:
        with database.transaction() as tx:
            store.step_error(tx, removal.id, attempt, action, str(error))
            _fail(tx, removal.id, action.value, str(error))
        return None


def look(
    database: Database,
    connector: Connector,
    removal: Removal,
    round_: int,
    recheck_after: Sequence[timedelta],
    controls: Controls | None = None,
) -> None:
    """Fetch a removed copy again from everywhere, and say what that showed.

    Raises:
        Unavailable: a look showed nothing certain; to be tried again.
    """
    if removal.round != round_ or removal.state not in {TargetState.CHECKING, TargetState.GONE}:
        return
    target = removal.id
    session = look_beside_control(connector, _target(removal), round_, (controls or Controls()).of(connector))
    able = connector.capabilities()
    required = STRICTEST & frozenset(able.surfaces)
    found = rules.finding(session.looks, session.control, required, able.shut_out)
    with database.transaction() as tx:
        current = store.get(tx, target, lock=True)
        if current is None or current.round != round_:
            return
        now = clock.now()
        store.write_looks(tx, target, round_, session.looks, session.control)
        if found is not Finding.UNCLEAR:
            _conclude(tx, removal, found, now, required, able.shut_out)
        match found:
            case Finding.GONE:
                record(tx, FoundGone(target, removal.case, round_))
                _look_again_later(tx, target, round_, recheck_after, now)
            case Finding.THERE:
                store.set_state(tx, target, TargetState.PLANNED, round_ + 1, now)
                record(tx, FoundAgain(target, removal.case, round_))
            case Finding.UNCLEAR:
                pass
    if found is Finding.UNCLEAR:
        doubts = rules.doubts(session.looks, session.control, required, able.shut_out)
        why = "; ".join((session.no_control, *doubts) if session.no_control else doubts)
        raise Unavailable(f"not certain whether it is gone: {why}", session.retry_after)


def _conclude(
    tx: Tx,
    removal: Removal,
    found: Finding,
    now: datetime,
    required: Collection[Surface],
    shut_out: Collection[Vantage] = (),
) -> None:
    """Say what a round came to, once: in the log, with the hash of what is kept of it."""
    if store.is_concluded(tx, removal.id, removal.round):
        return
    looks, control = store.looked(tx, removal.id, removal.round)
    at = max((look.looked_at for look in looks), default=now)
    series = rules.series(removal.id, removal.round, at, looks, control, required, shut_out)
    digest = hashlib.sha256(series).hexdigest()
    event = record(tx, Rechecked(removal.id, removal.case, removal.round, found.value, digest))
    store.conclude(tx, removal.id, removal.round, at, found, series, event)


def _look_again_later(
    tx: Tx, target: TargetId, round_: int, recheck_after: Sequence[timedelta], now: datetime
) -> None:
    store.set_state(tx, target, TargetState.GONE, round_ + 1, now)
    if round_ < len(recheck_after):
        enqueue(tx, Look(target, round_ + 1), at=now + recheck_after[round_])


def remove_again(tx: Tx, removal: Removal) -> None:
    """Remove a copy once more that should be gone and can be seen; after too many times, ask a person."""
    attempt = store.open_attempt(tx, removal.id, ORDER)
    if attempt >= MOST_ATTEMPTS:
        _fail(tx, removal.id, "remove", f"still there after {attempt} removals")
    else:
        enqueue(tx, Remove(removal.id))


def retry(tx: Tx, target: TargetId, *, staff: StaffId) -> None:
    """A person says: try a failed removal again. The asking is an event. Raises Refused, NotFound."""
    removal = store.get(tx, target, lock=True)
    if removal is None:
        raise NotFound("There is no such removal.")
    if removal.state is not TargetState.FAILED:
        raise Refused("This removal is under way; there is nothing to try again.")
    store.set_state(tx, target, TargetState.PLANNED, removal.round + 1, clock.now())
    store.open_attempt(tx, target, ORDER)
    record(tx, RetryAsked(target, removal.case, staff))
    enqueue(tx, Remove(target))


def give_up(tx: Tx, target: TargetId, action: str, reason: str) -> None:
    """Every try of a step or a look failed; a person must act. What was seen to be gone stays so."""
    removal = store.get(tx, target, lock=True)
    if removal is not None and removal.state not in {TargetState.FAILED, TargetState.GONE}:
        _fail(tx, target, action, reason)


def give_up_look(
    tx: Tx, target: TargetId, round_: int, reason: str, recheck_after: Sequence[timedelta]
) -> None:
    """Every try of one round of looks failed. A copy that was gone before is still looked for again."""
    removal = store.get(tx, target, lock=True)
    if removal is None or removal.round != round_:
        return
    if removal.state in {TargetState.CHECKING, TargetState.GONE}:
        _conclude(tx, removal, Finding.UNCLEAR, clock.now(), STRICTEST)
    if removal.state is TargetState.GONE:
        _look_again_later(tx, target, round_, recheck_after, clock.now())
    elif removal.state is not TargetState.FAILED:
        _fail(tx, target, "look", reason)


def _fail(tx: Tx, target: TargetId, action: str, reason: str) -> None:
    if store.fail(tx, target, clock.now()):
        record(tx, RemovalFailed(target, action, reason))


def is_busy(tx: Tx, case: CaseId) -> bool:
    """Whether a removal of a case waits or is being done; none that failed, or is only looked for."""
    return store.is_busy(tx, case)


def all_gone(tx: Tx, case: CaseId) -> bool:
    """Whether every copy of a case that was to be removed is gone."""
    return not store.any_unfinished(tx, case)


def planned(tx: Tx, case: CaseId, only: SightingId | None = None) -> frozenset[SightingId]:
    """The copies of a case, or this one, whose removal is planned, or was done."""
    return frozenset(store.planned(tx, case, only))


def progress(tx: Tx, case: CaseId) -> tuple[TargetProgress, ...]:
    """All removals of a case, with their steps, looks and rounds."""
    return store.progress(tx, case)


def rounds_of(tx: Tx, case: CaseId) -> tuple[Round, ...]:
    """The rounds of looks of a case that came to their end, copy by copy, each in its order.

    The SHA-256 of a round's `series` is in its event. Rounds without a control are not here.
    """
    return store.rounds(tx, case)


def _target(removal: Removal) -> Target:
    return Target(removal.place, removal.message, removal.media)


def get(tx: Tx, target: TargetId) -> Removal | None:
    """Return one removal, to be handed on; None if there is no such one."""
    return store.get(tx, target)


def require(tx: Tx, target: TargetId) -> Removal:
    """Return one removal. Raises NotFound."""
    removal = store.get(tx, target)
    if removal is None:
        raise NotFound("There is no such removal.")
    return removal


def waiting(tx: Tx, sighting: SightingId) -> tuple[TargetId, ...]:
    """Return the removals of a copy that are under way: planned, or being done."""
    return store.waiting(tx, sighting)


def note_trouble(tx: Tx, target: TargetId, error: str) -> None:
    """Write down, for a person to see, why a removal has not begun yet."""
    for attempt, action in store.open_steps(tx, target):
        store.step_error(tx, target, attempt, action, error)
