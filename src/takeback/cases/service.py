"""Open cases, gather copies, let people look and say which copies are the same; `deciding` has the rest."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import uuid5

from takeback.bank import store as bank
from takeback.bank.model import Entry, EntryStatus
from takeback.cases import breaker_store, rules, store
from takeback.cases.model import (
    Case,
    CaseStatus,
    Copy,
    Covered,
    Decision,
    LookReason,
    QueueRow,
    Removes,
    Statement,
)
from takeback.errors import NotFound, Refused
from takeback.events import (
    CaseOpened,
    CaseReopened,
    ClockPassed,
    ConfirmationUndone,
    CopyConfirmed,
    CopyExcluded,
    CopyFound,
    ExclusionUndone,
    FoundBy,
    MediaRevealed,
    Reopened,
    Revealed,
    Verdict,
)
from takeback.ids import CaseId, EntryId, ReportId, SightingId, StaffId
from takeback.infra.db.pool import Tx
from takeback.infra.jobs.queue import enqueue
from takeback.infra.ledger.record import record
from takeback.infra.vault.unseal import Unsealer
from takeback.jobs import CarryOut
from takeback.law.clocks import Clock
from takeback.matching import store as matching
from takeback.sightings import store as sightings
from takeback.signals.clips.strip import strip
from takeback.signals.model import Kind
from takeback.signals.relation import Hit
from takeback.submissions import model as intake_model
from takeback.submissions import store as submissions

NOBODY_LOOKS = "Somebody shown may be younger than 18. Nobody here looks any more."


def open_case(tx: Tx, report: ReportId, received_at: datetime, strictest: Clock, now: datetime) -> CaseId:
    """The case of a report; opened if it has none."""
    case = Case(
        id=CaseId(uuid5(report, "case")),
        report=report,
        opened_at=received_at,
        due_at=strictest.due_at,
        due_clock=strictest.regime,
        status=CaseStatus.OPEN,
        overdue=False,
        changed_at=now,
    )
    if store.insert(tx, case):
        record(tx, CaseOpened(case.id, report))
    return case.id


def add_match(tx: Tx, entry: EntryId, sighting: SightingId, by: FoundBy, now: datetime) -> CaseId | None:
    """A post matched an entry: it joins the case that the entry belongs to, and that is returned.

    One that the reporter named is there already; then it is written down what part of it shows the picture.
    """
    case, hit = of_entry(tx, entry), matching.get(tx, sighting, entry)
    if case is None or hit is None:
        return None
    _add(tx, case, sighting, entry, by, hit, now)
    if not hit.review_only:
        store.describe(tx, case, sighting, entry, hit)
    return case


def of_entry(tx: Tx, entry: EntryId) -> CaseId | None:
    """The case that an entry belongs to."""
    found = bank.get(tx, entry)
    return None if found is None else store.of_report(tx, found.report)


def add_located(tx: Tx, report: ReportId, sighting: SightingId, now: datetime) -> None:
    """The reporter said where a copy is."""
    case = store.of_report(tx, report)
    if case is not None:
        _add(tx, case, sighting, None, FoundBy.REPORT, None, now)


def _add(
    tx: Tx,
    case: CaseId,
    sighting: SightingId,
    entry: EntryId | None,
    by: FoundBy,
    hit: Hit | None,
    now: datetime,
) -> None:
    found = _locked(tx, case)
    if store.insert_copy(tx, case, sighting, entry, by, hit, now):
        record(tx, CopyFound(case, sighting))
        note_removal(tx, case, covered(tx, case, now, sighting).remove, (), sighting)
        if found.status is CaseStatus.OUT_OF_REACH:
            store.set_status(tx, case, CaseStatus.OPEN, now)
            record(tx, CaseReopened(case, Reopened.FOUND, None))


def queue(tx: Tx, *, include_closed: bool = False) -> tuple[QueueRow, ...]:
    """Cases, those with least time left first; closed ones only if asked for."""
    return store.queue(tx, include_closed=include_closed)


def get(tx: Tx, case: CaseId) -> Case:
    """One case. Raises NotFound."""
    found = store.get(tx, case)
    if found is None:
        raise NotFound("There is no such case.")
    return found


def copies(tx: Tx, case: CaseId, only: SightingId | None = None) -> tuple[Copy, ...]:
    """The case's copies, in the order in which they were found; or this one."""
    return store.copies(tx, case, only)


def decisions(tx: Tx, case: CaseId) -> tuple[Decision, ...]:
    """All decisions of a case, oldest first."""
    return store.decisions(tx, case)


def statement(tx: Tx, unsealer: Unsealer, case: CaseId) -> Statement:
    """Return what the reporter said, without what she signed with and how to reach her."""
    report = _report(tx, unsealer, case)
    return Statement(
        account=report.account,
        locations=report.locations,
        pictures=len(report.pictures),
        signed=bool(report.signature.strip()),
        has_contact=bool(report.contact.strip()),
        language=report.language,
    )


def contact(
    tx: Tx, unsealer: Unsealer, case: CaseId, *, staff: StaffId, reason: LookReason
) -> tuple[str, str]:
    """(signature, contact): what the reporter signed with and how to reach her. The asking is an event."""
    report = _report(tx, unsealer, case)
    record(tx, MediaRevealed(case, Revealed.CONTACT, staff, reason.value))
    return report.signature, report.contact


def _report(tx: Tx, unsealer: Unsealer, case: CaseId) -> intake_model.Report:
    row = submissions.get(tx, get(tx, case).report)
    if row is None:
        raise NotFound("The report of this case is no longer kept.")
    return intake_model.decode(unsealer.unseal(row[0]))


def having(tx: Tx, sighting: SightingId) -> tuple[CaseId, ...]:
    """The cases that a sighting is a copy in."""
    return tuple(sorted(store.having(tx, sighting)))


def may_show_a_minor(tx: Tx, case: CaseId) -> bool:
    """Return whether somebody shown may be younger than 18, as a reviewer decided."""
    return rules.may_show_a_minor(store.decisions(tx, case, ()))


def is_excluded(tx: Tx, case: CaseId, sighting: SightingId) -> bool:
    """Return whether a reviewer said that a post does not show the case's picture."""
    return any(copy.excluded for copy in store.copies(tx, case, sighting))


def moments(tx: Tx, copy: Copy) -> tuple[int, ...]:
    """The moments, in milliseconds, that a reviewer is shown of a copy that matched as a clip.

    Empty for a picture, and for a clip in which a reported picture was found: of that, its moment is shown.
    """
    entry = None if copy.entry is None else bank.get(tx, copy.entry)
    post = sightings.get(tx, copy.sighting) if entry is None or entry.kind is Kind.CLIP else None
    if post is None or post.kind is not Kind.CLIP:
        return ()
    matched = copy.hit.at_ms if copy.hit is not None else None
    return tuple(frame.at_ms for frame in strip(post.frames, matched))


def nobody_looks(tx: Tx, case: CaseId) -> bool:
    """Return whether looking is shut, because somebody said that a person shown may be younger than 18."""
    return rules.nobody_looks(store.decisions(tx, case, ()))


def looked_at(tx: Tx, case: CaseId, staff: StaffId) -> frozenset[SightingId]:
    """The copies of a case that a member of staff asked to see clearly."""
    return store.looked_at(tx, case, staff)


def declined_elsewhere(tx: Tx, case: CaseId) -> frozenset[StaffId]:
    """Return who declined another case that has one of this case's copies."""
    return store.declined_elsewhere(tx, case)


def copy_gone(tx: Tx, sighting: SightingId, gone_at: datetime | None) -> None:
    """A copy was looked for and is gone, in every case that has it; None: it can be seen again."""
    store.set_gone(tx, sighting, gone_at)


def awaits_review(tx: Tx, case: CaseId, sighting: SightingId) -> bool:
    """Return whether a reviewer may still want to see one copy. Raises NotFound."""
    return rules.awaits_review(get(tx, case), _copy(tx, case, sighting))


def look(
    tx: Tx, case: CaseId, sighting: SightingId, *, staff: StaffId, reason: LookReason, now: datetime
) -> Copy:
    """A member of staff asks to see one copy clearly. The asking is an event. Raises NotFound, Refused."""
    copy = _copy(tx, case, sighting)
    _locked(tx, case)  # a decision that shuts looking is either seen here, or comes after this look
    if nobody_looks(tx, case):
        raise Refused(NOBODY_LOOKS)
    store.insert_look(tx, case, sighting, staff, now)
    record(tx, MediaRevealed(case, Revealed.PICTURE, staff, reason.value, sighting))
    return copy


def exclude(
    tx: Tx, case: CaseId, sighting: SightingId, *, excluded: bool, staff: StaffId, now: datetime
) -> None:
    """Say that a copy is not the same picture (or is, after all). Raises NotFound, Refused.

    The saying is an event; to say again what is so already is not.
    """
    _, copy = _markable(tx, case, sighting, now)
    if copy.excluded is excluded:
        return
    store.set_said(tx, case, sighting, excluded=excluded, confirmed=False)
    record(tx, (CopyExcluded if excluded else ExclusionUndone)(case, sighting, staff))


def confirm(
    tx: Tx,
    case: CaseId,
    sighting: SightingId,
    *,
    confirmed: bool,
    staff: StaffId,
    now: datetime,
    undo: timedelta,
) -> None:
    """Say that a copy which only may be the same picture is (or take that back). Raises NotFound, Refused.

    If a decision is in effect, it covers the copy once the time to take it back, `undo`, has passed. The
    saying is an event, once.
    """
    found, copy = _markable(tx, case, sighting, now)
    if copy.hit is None or not copy.hit.review_only:
        raise Refused("This copy was found to be the same; nobody needs to confirm it.")
    if copy.confirmed is confirmed:
        return
    decided = found.status in {CaseStatus.REMOVING, CaseStatus.REMOVED}
    acts_at = now + undo if confirmed and decided else None
    store.set_said(tx, case, sighting, excluded=False, confirmed=confirmed, acts_at=acts_at)
    record(tx, (CopyConfirmed if confirmed else ConfirmationUndone)(case, sighting, staff))
    if acts_at is not None:
        enqueue(tx, CarryOut(case), at=acts_at)


def _markable(tx: Tx, case: CaseId, sighting: SightingId, now: datetime) -> tuple[Case, Copy]:
    found, copy = _locked(tx, case), _copy(tx, case, sighting)
    why = rules.marking_blocker(found, copy, now)
    if why is not None:
        raise Refused(why)
    return found, copy


def _copy(tx: Tx, case: CaseId, sighting: SightingId) -> Copy:
    for copy in store.copies(tx, case, sighting):
        return copy
    raise NotFound("This case has no such copy.")


def hold(tx: Tx, case: CaseId) -> None:
    """Nobody else may move this case on until the transaction ends. Raises NotFound."""
    _locked(tx, case)


def hold_of_report(tx: Tx, report: ReportId) -> None:
    """The same for the case of a report, if it has one."""
    case = store.of_report(tx, report)
    if case is not None:
        _locked(tx, case)


def settle(tx: Tx, case: CaseId, *, all_gone: bool, now: datetime, busy: bool = False) -> None:
    """Say where a decided case stands: removed, being removed, or again before a person.

    A copy that shows none of the reviewed entries (it was found by a picture of which no copy had been seen,
    or by a link) is not removed unseen: the case waits for a reviewer once more. One that only may be
    the same does not open it again: what was decided stands, and the queue says that somebody should look.

    While removals are under way (`busy`), nobody is asked: an entry is about to be made of what was reviewed,
    and most copies that came meanwhile show the same.
    """
    found = _locked(tx, case)
    if not rules.may_settle(found, store.decisions(tx, case, ())):
        return
    asks = found.status is CaseStatus.OPEN or not busy
    if asks and asks_a_person(tx, case):
        wanted = CaseStatus.OPEN
    else:
        wanted = CaseStatus.REMOVED if all_gone else CaseStatus.REMOVING
    if found.status is not wanted:
        store.set_status(tx, case, wanted, now)


def asks_a_person(tx: Tx, case: CaseId) -> bool:
    """Return whether a decided case has a copy that only a person can decide about."""
    return store.any_undecided(tx, case) or breaker_store.any_stopped(tx, case)


def pass_clocks(tx: Tx, now: datetime) -> None:
    """Say of each case whose deadline has passed that it has, once."""
    for case, clock in store.mark_overdue(tx, now):
        record(tx, ClockPassed(case, clock))


def _locked(tx: Tx, case: CaseId) -> Case:
    found = store.get(tx, case, lock=True)
    if found is None:
        raise NotFound("There is no such case.")
    return found


def reviewed(tx: Tx, case: CaseId, now: datetime, only: SightingId | None = None) -> tuple[Copy, ...]:
    """The copies that a decision in effect covers: a reviewer saw each on her page, or confirmed it.

    With `only`: this one, if it is one of them.
    """
    return rules.reviewed(store.copies(tx, case, only), _decisions(tx, case, only), now)


def _decisions(tx: Tx, case: CaseId, only: SightingId | None) -> tuple[Decision, ...]:
    return store.decisions(tx, case, None if only is None else (only,))


def active_entries(tx: Tx, case: CaseId) -> tuple[Entry, ...]:
    """The case's own entries that act: those that were made here of copies that a reviewer saw."""
    found = bank.of_report(tx, get(tx, case).report)
    return tuple(entry for entry in found if entry.status is EntryStatus.ACTIVE)


def covered(tx: Tx, case: CaseId, now: datetime, only: SightingId | None = None) -> Covered:
    """Return what decisions in effect say of a case's copies, or of one.

    They remove what was reviewed and what surely shows the same: what an active entry matches, so a hash that
    was made here of what a reviewer saw. What only a report's own hashes match is for a person.
    """
    decisions = _decisions(tx, case, only)
    if not rules.current(decisions):
        return Covered()
    asked = store.copies(tx, case, only)
    seen = frozenset(copy.sighting for copy in rules.reviewed(asked, decisions, now))
    acting = tuple(entry.id for entry in active_entries(tx, case))
    same = set(matching.entries_shown(tx, acting, [copy.sighting for copy in asked]))
    return Covered(
        tuple(copy for copy in asked if copy.counts and copy.sighting in seen | same), seen, acting
    )


def note_removal(
    tx: Tx,
    case: CaseId,
    found: Collection[Copy],
    planned: Collection[SightingId],
    only: SightingId | None = None,
) -> None:
    """Keep beside each copy whether decisions in effect remove it, for `settle` and the next plans.

    The caller holds the case.

    Args:
        tx: the transaction.
        case: the case.
        found: what `covered` says is removed.
        planned: those whose removal is planned.
        only: the copy that was asked about; None: all.
    """
    asked = [copy.sighting for copy in store.copies(tx, case)] if only is None else [only]
    removal = dict.fromkeys(asked, Removes.NONE)
    for copy in found:
        removal[copy.sighting] = Removes.PLANNED if copy.sighting in planned else Removes.WANTED
    store.set_removal(tx, case, removal)


def unplanned(tx: Tx, case: CaseId, most: int) -> tuple[Copy, ...]:
    """The next copies that a decision in effect removes, that are not planned, and that wait for nobody."""
    holding = rules.current(store.decisions(tx, case, ()))
    return store.unplanned(tx, case, most) if holding else ()


def any_unplanned(tx: Tx, case: CaseId, now: datetime) -> bool:
    """Return whether a copy that is to be removed waits for its plan, or for a person's answer."""
    return store.any_unplanned(tx, case, now)


def reviewed_entries(tx: Tx, case: CaseId, now: datetime, sighting: SightingId) -> tuple[EntryId, ...]:
    """Return what was reported of the case, a post matches, and a reviewed copy shows; it never acts.

    Also what a reviewed copy was confirmed to show.
    """
    matched = {entry for entry, _ in matching.of_sighting(tx, sighting)}
    asked = [
        entry.id
        for entry in bank.of_report(tx, get(tx, case).report)
        if entry.id in matched and entry.made_of is None and entry.status is not EntryStatus.WITHDRAWN
    ]
    holding = rules.current(store.decisions(tx, case, ()))
    if not asked or not holding:
        return ()
    shown = store.entries_reviewed(tx, case, asked, [each.id for each in holding], now)
    return tuple(entry for entry in asked if entry in shown)


def times_withdrawn(tx: Tx, case: CaseId) -> int:
    """Return how often the case's signals were withdrawn: what is learnt afterwards is another entry."""
    return sum(
        each.state == "reversed"
        or (each.state == "effective" and each.verdict is Verdict.NOT_SHARED_WITHOUT_CONSENT)
        for each in store.decisions(tx, case, ())
    )


def entries(tx: Tx, case: CaseId) -> tuple[EntryId, ...]:
    """All bank entries that a case brought."""
    return tuple(entry.id for entry in bank.of_report(tx, get(tx, case).report))
