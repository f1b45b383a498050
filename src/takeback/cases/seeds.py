"""What a seed may bring into its case before a person looked.

A report is anybody's word. Its picture may match one post, or every post of a day: a seed without a bound
fetches, captures and shows all of them because a stranger asked. So a seed brings a number of posts, and
further matches are only counted. They are written down like all others and are not lost: they join when a
reviewer asks for more, or when her decision takes effect and the seed is one that she saw a copy of.

What waits is not captured as evidence, either: it would seal strangers' posts on a stranger's word. It is
captured when it joins. What its poster deleted by then is gone, and that it was there stays in the match.
"""

from datetime import datetime

from takeback.bank import store as bank
from takeback.bank.model import EntryStatus
from takeback.cases import seeds_store as store
from takeback.cases import service as cases
from takeback.cases import store as case_store
from takeback.cases.model import CaseStatus
from takeback.cases.seeds_store import Seed
from takeback.errors import Refused
from takeback.events import FoundBy, MoreCopiesAsked, SeedCapped
from takeback.ids import CaseId, EntryId, ReportId, SightingId, StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.jobs import Bring, LookBack
from takeback.matching import store as matching

AT_ONCE = 100
"""Posts that join their case in one transaction."""


def admit(tx: Tx, entry: EntryId, sighting: SightingId, by: FoundBy, most: int, now: datetime) -> bool:
    """Return whether a match may join its case now; if not, it waits until a person looked.

    Args:
        tx: the transaction.
        entry: what matches.
        sighting: the post.
        by: which side came last.
        most: posts that a seed may bring unseen, from the settings.
        now: when.
    """
    waits = store.known(tx, entry, sighting)
    if waits is not None:
        return not waits
    found = bank.get(tx, entry)
    case = None if found is None else case_store.of_report(tx, found.report)
    if found is None or case is None or found.status is not EntryStatus.SEED:
        return True
    store.open_seed(tx, entry, case, most)
    room = store.take_room(tx, entry)
    store.keep(tx, entry, sighting, by, now, waits=not room)
    brought = None if room else store.cap(tx, entry, now)
    if brought is not None:
        record(tx, SeedCapped(case, entry, brought))
    return room


def is_admitted(tx: Tx, entry: EntryId, sighting: SightingId) -> bool:
    """Return whether a match that was captured joins its case: it does not wait, and `admit` was asked about
    it.

    What was not asked about yet is asked when its own event is followed. Of an active entry nothing is asked.
    """
    waits = store.known(tx, entry, sighting)
    if waits is not None:
        return not waits
    found = bank.get(tx, entry)
    return found is None or found.status is not EntryStatus.SEED


def lift(tx: Tx, case: CaseId, now: datetime, only: SightingId | None = None) -> None:
    """If a decision took effect, the case's seeds that a seen copy shows bring all that they match.

    With `only`: those that this copy shows, if it is a seen one.
    """
    own = {entry.id for entry in bank.of_report(tx, _report(tx, case))} - store.lifted(tx, case)
    seen = {copy.sighting for copy in cases.reviewed(tx, case, now, only)} if own else set[SightingId]()
    if not seen:
        return
    for entry in sorted(own & matching.entries_matching(tx, sorted(seen))):
        new, look_back_after = store.lift(tx, entry, case)
        if new:
            _go_on(tx, entry, look_back_after)


def ask_for_more(tx: Tx, case: CaseId, more: int, *, staff: StaffId) -> None:
    """A reviewer asks for more of what waits, `more` posts of each seed. Raises NotFound, Refused."""
    if cases.get(tx, case).status is CaseStatus.DECLINED:
        raise Refused("This case is closed; nothing joins it.")
    asked = False
    for seed in store.of_case(tx, case):
        if seed.waiting or seed.look_back_waits:
            capped, look_back_after = store.allow_more(tx, seed.entry, more)
            if capped:
                _go_on(tx, seed.entry, look_back_after)
                record(tx, MoreCopiesAsked(case, seed.entry, staff))
                asked = True
    if not asked:
        raise Refused("No more posts wait here.")


def _go_on(tx: Tx, entry: EntryId, look_back_after: int | None) -> None:
    if store.any_waits(tx, entry):
        enqueue(tx, Bring(entry))
    if look_back_after is not None:
        enqueue(tx, LookBack(entry, look_back_after))


def bring(tx: Tx, entry: EntryId) -> list[tuple[SightingId, FoundBy]]:
    """The next of the matches that waited and join now; the caller has them join. Empty: no more may."""
    found = store.bring(tx, entry, AT_ONCE)
    if len(found) == AT_ONCE:
        enqueue(tx, Bring(entry))
    return found


def pause_look_back(tx: Tx, entry: EntryId, after: SightingId, most: int) -> bool:
    """Return whether a look-back waits at a place until a person looked: its seed matches more than it may
    bring.

    The next step is put down as a job when one did (`lift`, `ask_for_more`).
    """
    found = bank.get(tx, entry)
    case = None if found is None else case_store.of_report(tx, found.report)
    if found is None or case is None or found.status is not EntryStatus.SEED:
        return False
    store.open_seed(tx, entry, case, most)
    return store.pause_look_back(tx, entry, after, matching.of_entry(tx, entry))


def capped(tx: Tx) -> frozenset[EntryId]:
    """The seeds that match more than they may bring until a person looked."""
    return frozenset(store.capped(tx))


def of_case(tx: Tx, case: CaseId) -> tuple[Seed, ...]:
    """Return what the seeds of a case brought, and what waits."""
    return store.of_case(tx, case)


def _report(tx: Tx, case: CaseId) -> ReportId:
    return cases.get(tx, case).report
