"""The breaker: what an active entry removes without a person having seen it is bounded.

A decision says that a picture may not be shown. From then on whatever shows the same picture is removed when
it appears, which is what the person who reported needs, and what an abuser wants who had a well-known picture
approved. So what is removed unseen is counted (`breaker_rules`). Over a limit, further copies join their case
and wait, the case rises to the top of the queue, and one key press lets all of it go on for good: whoever is
hurt by a picture that spreads waits for that press and no longer. What a person saw is never held.

Race-free: everything here is done under the case's row, in the transaction that plans what is let through.
So two workers never count the same room twice, and a crash leaves both or neither.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from takeback.cases import breaker_rules as rules
from takeback.cases import breaker_store as store
from takeback.cases import store as cases
from takeback.cases.breaker_rules import Arrival, BreakerState, Limits, Tally
from takeback.cases.breaker_store import Breaker
from takeback.cases.model import CaseStatus, Copy
from takeback.errors import NotFound, Refused
from takeback.events import BreakerOverdue, BreakerRearmed, BreakerReleased, BreakerStopped, BreakerTripped
from takeback.ids import CaseId, EntryId, SightingId, StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record
from takeback.matching import store as matching

ANSWERED = "A colleague has answered meanwhile. Look at the case as it is now."


@dataclass(frozen=True, slots=True)
class Paused:
    """A case whose automatic removal waits for an answer."""

    case: CaseId
    removals: int
    """Within the hour before it paused."""
    posters: int
    places: int
    tripped_at: datetime
    answer_by: datetime
    overdue: bool
    waiting: int
    """Copies that wait."""


def let_through(
    tx: Tx,
    case: CaseId,
    copies: Sequence[Copy],
    free: AbstractSet[SightingId],
    entries: Sequence[EntryId],
    limits: Limits,
    now: datetime,
) -> tuple[Copy, ...]:
    """Those of the copies that a decision speaks of which are to be removed now; the others wait.

    The caller holds the case. It plans what is returned in the same transaction; asking again returns the
    same, and what came since.

    Args:
        tx: the transaction.
        case: the case.
        copies: what its decision speaks of, in the order in which it was found.
        free: those that are never held: a person saw them or said that they are copies, or they are planned.
        entries: the case's active entries.
        limits: from the settings.
        now: when.
    """
    known = store.known(tx, case, {copy.sighting for copy in copies} | free)
    held = {sighting for sighting, waits in known.items() if waits}
    if held & free:
        store.let_go(tx, case, sorted(held & free))
    new = [copy for copy in copies if copy.sighting not in free and copy.sighting not in known]
    waits = held - free
    if new:
        waits |= _sort_out(tx, case, new, entries, limits, now)
    return tuple(copy for copy in copies if copy.sighting not in waits)


def _sort_out(
    tx: Tx, case: CaseId, new: Sequence[Copy], entries: Sequence[EntryId], limits: Limits, now: datetime
) -> set[SightingId]:
    """Say of each new copy whether it is removed or waits, and write it down; those that wait."""
    states = {each.entry: each.state for each in store.of_case(tx, case)}
    arrivals, counted = _arrivals(tx, new, entries), _counted(tx, case, now)
    found = rules.sort_out(arrivals, states, counted, limits)
    if found.tripped:  # once: now all is read, also in how many places it was
        found = rules.sort_out(arrivals, states, _counted_with_places(tx, case, now), limits)
    for entry, tally in found.tripped.items():
        answer_by = now + limits.answer_within
        store.trip(tx, entry, case, tally, now, answer_by)
        numbers = tally.removals, len(tally.posters), len(tally.places)
        record(tx, BreakerTripped(case, entry, *numbers, answer_by))
    first = _first_of_poster(found.through, states, counted)
    for copies, held in ((found.through, False), (found.held, True)):
        if copies:
            some = [(copy.sighting, entry) for copy, entry in copies]
            store.keep(tx, case, some, now, held=held, first=first)
    return {copy.sighting for copy, _ in found.held}


def _arrivals(tx: Tx, new: Sequence[Copy], entries: Sequence[EntryId]) -> list[Arrival]:
    shown = matching.entries_shown(tx, entries, [copy.sighting for copy in new])
    arrivals = list[Arrival]()
    for copy in new:
        found = shown.get(copy.sighting) or ([] if copy.entry is None else [copy.entry]) or list(entries)
        arrivals.append(Arrival(copy, tuple(found)))
    return arrivals


def _first_of_poster(
    through: Sequence[tuple[Copy, EntryId]],
    states: Mapping[EntryId, BreakerState],
    counted: Mapping[EntryId, Tally],
) -> set[SightingId]:
    """The copies whose poster is new to the tally of their entry; of the others nobody needs to be told."""
    known = {(entry, *poster) for entry, tally in counted.items() for poster in tally.posters}
    first = set[SightingId]()
    for copy, entry in through:
        who = (entry, copy.connector, copy.sender)
        if who not in known and states.get(entry, BreakerState.ARMED) is BreakerState.ARMED:
            known.add(who)
            first.add(copy.sighting)
    return first


def _counted(tx: Tx, case: CaseId, now: datetime) -> dict[EntryId, Tally]:
    """Removals of the last hour, and posters: few rows, however many copies a case has."""
    posters = dict[EntryId, set[tuple[str, str]]]()
    for entry, connector, sender in store.posters(tx, case):
        posters.setdefault(entry, set()).add((connector, sender))
    lately = store.lately(tx, case, now - rules.WINDOW)
    return {
        entry: Tally(lately.get(entry, 0), frozenset(posters.get(entry, ())))
        for entry in posters.keys() | lately.keys()
    }


def _counted_with_places(tx: Tx, case: CaseId, now: datetime) -> dict[EntryId, Tally]:
    copies: Mapping[SightingId, Copy] = {copy.sighting: copy for copy in cases.copies(tx, case)}
    tallies = dict[EntryId, Tally]()
    for entry, sighting, lately in store.counted(tx, case, now - rules.WINDOW):
        if sighting in copies:
            tallies[entry] = tallies.get(entry, Tally()).plus(copies[sighting], lately=lately)
    return tallies


def go_on(tx: Tx, case: CaseId, *, was: BreakerState, staff: StaffId, now: datetime) -> None:
    """A reviewer says: automatic removal goes on, for good. What waits is planned by what follows.

    `was` is what the page showed, paused or stopped. Raises NotFound, Refused: a colleague was faster.
    """
    asked, waiting = _asked(tx, case, was)
    store.answer(tx, [each.entry for each in asked], BreakerState.RELEASED, staff, now)
    found = cases.get(tx, case)
    if found is not None and found.status is CaseStatus.OPEN:  # what was stopped waited for a decision
        cases.set_status(tx, case, CaseStatus.REMOVING, now)
    for each in asked:
        record(tx, BreakerReleased(case, each.entry, staff, waiting))


def stop(tx: Tx, case: CaseId, *, staff: StaffId, now: datetime) -> None:
    """A reviewer says: these entries remove nothing unseen any more. What waits, waits for a decision.

    What people decided stands, and what is being removed goes on. Raises NotFound, Refused.
    """
    asked, waiting = _asked(tx, case, BreakerState.PAUSED)
    store.answer(tx, [each.entry for each in asked], BreakerState.STOPPED, staff, now)
    for each in asked:
        record(tx, BreakerStopped(case, each.entry, staff, waiting))


def _asked(tx: Tx, case: CaseId, was: BreakerState) -> tuple[list[Breaker], int]:
    if cases.get(tx, case, lock=True) is None:
        raise NotFound("There is no such case.")
    asked = [each for each in store.of_case(tx, case) if each.state is was]
    if was not in {BreakerState.PAUSED, BreakerState.STOPPED} or not asked:
        raise Refused(ANSWERED)
    return asked, sum(state is was for _, state in store.held(tx, case))


def arm_again(tx: Tx, case: CaseId, *, staff: StaffId, now: datetime) -> None:
    """An administrator has what a case's released entries remove counted again, from nothing.

    Raises NotFound, Refused: none of them is released.
    """
    if cases.get(tx, case, lock=True) is None:
        raise NotFound("There is no such case.")
    released = [each for each in store.of_case(tx, case) if each.state is BreakerState.RELEASED]
    if not released:
        raise Refused(ANSWERED)
    for each in released:
        store.arm(tx, each.entry, staff, now)
        record(tx, BreakerRearmed(case, each.entry, staff))


def forget(tx: Tx, case: CaseId) -> None:
    """A decision was reversed or declined: nothing waits for its removals any more, and nothing counts."""
    store.forget(tx, case)


def pass_clocks(tx: Tx, now: datetime) -> None:
    """Say of each paused entry that nobody answered in time, once."""
    for case, entry in store.mark_overdue(tx, now):
        record(tx, BreakerOverdue(case, entry))


def paused(tx: Tx) -> tuple[Paused, ...]:
    """The cases that wait for an answer, the one that must be answered first first."""
    waiting = store.waiting(tx)
    found = dict[CaseId, list[Breaker]]()
    for each in store.unanswered(tx):
        found.setdefault(each.case, []).append(each)
    return tuple(_paused(case, each, waiting.get(case, 0)) for case, each in found.items())


def _paused(case: CaseId, breakers: Sequence[Breaker], waiting: int) -> Paused:
    first = breakers[0]
    assert first.tripped_at is not None
    assert first.answer_by is not None
    return Paused(
        case,
        sum(each.removals for each in breakers),
        max(each.posters for each in breakers),
        max(each.places for each in breakers),
        first.tripped_at,
        first.answer_by,
        any(each.overdue for each in breakers),
        waiting,
    )


def unanswered(tx: Tx) -> frozenset[EntryId]:
    """The entries whose automatic removal waits for an answer."""
    return frozenset(each.entry for each in store.unanswered(tx))


def of_case(tx: Tx, case: CaseId) -> tuple[Breaker, ...]:
    """The case's entries that ever were over a limit."""
    return store.of_case(tx, case)


def held(tx: Tx, case: CaseId, to: BreakerState | None = None) -> tuple[SightingId, ...]:
    """The copies that wait for an answer, in the order in which they came; of entries in one state only."""
    return tuple(sighting for sighting, state in store.held(tx, case) if to in {None, state})
