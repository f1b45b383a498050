"""Open cases, gather copies, let people decide."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

from takeback.bank import store as bank
from takeback.bank.model import EntryStatus
from takeback.cases import breaker_store, rules, store
from takeback.cases.breaker_rules import BreakerState
from takeback.cases.model import (
    Case,
    CaseStatus,
    Copy,
    Decision,
    DecisionReason,
    LookReason,
    QueueRow,
    Told,
)
from takeback.errors import NotFound, Refused
from takeback.facts import (
    CaseOpened,
    ClockPassed,
    ConfirmationUndone,
    CopyConfirmed,
    CopyExcluded,
    CopyFound,
    Decided,
    DecisionEffective,
    DecisionUndone,
    ExclusionUndone,
    FoundBy,
    Looked,
    Revealed,
    Verdict,
)
from takeback.ground.db.pool import Tx
from takeback.ground.ledger.record import record
from takeback.ground.vault.unseal import Unsealer
from takeback.ids import CaseId, EntryId, ReportId, SightingId, StaffId
from takeback.intake import model as intake_model
from takeback.intake import store as intake
from takeback.join import store as join
from takeback.law.clocks import Clock
from takeback.signals.relation import Hit

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


def add_match(tx: Tx, entry: EntryId, sighting: SightingId, by: FoundBy, now: datetime) -> None:
    """A post matched an entry: it joins the case that the entry belongs to."""
    found, hit = bank.get(tx, entry), join.get(tx, sighting, entry)
    case = None if found is None else store.of_report(tx, found.report)
    if case is not None and hit is not None:
        _add(tx, case, sighting, entry, by, hit, now)


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
    if store.insert_copy(tx, case, sighting, entry, by, hit, now):
        record(tx, CopyFound(case, sighting))


def queue(tx: Tx, *, include_closed: bool = False) -> tuple[QueueRow, ...]:
    """Cases, those with least time left first; closed ones only if asked for."""
    return store.queue(tx, include_closed=include_closed)


def get(tx: Tx, case: CaseId) -> Case:
    """One case. Raises NotFound."""
    found = store.get(tx, case)
    if found is None:
        raise NotFound("There is no such case.")
    return found


def copies(tx: Tx, case: CaseId) -> tuple[Copy, ...]:
    """The case's copies, in the order in which they were found."""
    return store.copies(tx, case)


def decisions(tx: Tx, case: CaseId) -> tuple[Decision, ...]:
    """All decisions of a case, oldest first."""
    return store.decisions(tx, case)


def told(tx: Tx, unsealer: Unsealer, case: CaseId) -> Told:
    """What the reporter said, without what she signed with and how to reach her."""
    report = _report(tx, unsealer, case)
    return Told(
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
    """(signature, contact): what the reporter signed with and how to reach her. The asking is a fact."""
    report = _report(tx, unsealer, case)
    record(tx, Looked(case, Revealed.CONTACT, staff, reason.value))
    return report.signature, report.contact


def _report(tx: Tx, unsealer: Unsealer, case: CaseId) -> intake_model.Report:
    row = intake.get(tx, get(tx, case).report)
    if row is None:
        raise NotFound("The report of this case is no longer kept.")
    return intake_model.decode(unsealer.unseal(row[0]))


def having(tx: Tx, sighting: SightingId) -> tuple[CaseId, ...]:
    """The cases that a sighting is a copy in."""
    return tuple(sorted(store.having(tx, sighting)))


def may_show_a_minor(tx: Tx, case: CaseId) -> bool:
    """Whether somebody shown may be younger than 18, as a reviewer decided."""
    return rules.may_show_a_minor(store.decisions(tx, case))


def awaits_an_eye(tx: Tx, case: CaseId, sighting: SightingId) -> bool:
    """Whether a reviewer may still want to see one copy. Raises NotFound."""
    return rules.awaits_an_eye(get(tx, case), _copy(tx, case, sighting))


def look(tx: Tx, case: CaseId, sighting: SightingId, *, staff: StaffId, reason: LookReason) -> Copy:
    """A member of staff asks to see one copy clearly. The asking is a fact. Raises NotFound, Refused."""
    copy = _copy(tx, case, sighting)
    if may_show_a_minor(tx, case):
        raise Refused(NOBODY_LOOKS)
    record(tx, Looked(case, Revealed.PICTURE, staff, reason.value, sighting))
    return copy


def exclude(tx: Tx, case: CaseId, sighting: SightingId, *, excluded: bool, staff: StaffId) -> None:
    """Say that a copy is not the same picture (or is, after all). Raises NotFound, Refused.

    The saying is a fact; to say again what is so already is not.
    """
    copy = _sayable(tx, case, sighting)
    if copy.excluded is excluded:
        return
    store.set_said(tx, case, sighting, excluded=excluded, confirmed=False)
    record(tx, (CopyExcluded if excluded else ExclusionUndone)(case, sighting, staff))


def confirm(tx: Tx, case: CaseId, sighting: SightingId, *, confirmed: bool, staff: StaffId) -> None:
    """Say that a copy which only may be the same picture is (or take that back). Raises NotFound, Refused.

    If a decision is in effect, it speaks of the copy from now on. The saying is a fact, once.
    """
    copy = _sayable(tx, case, sighting)
    if copy.hit is None or not copy.hit.review_only:
        raise Refused("This copy was found to be the same; nobody needs to confirm it.")
    if copy.confirmed is confirmed:
        return
    store.set_said(tx, case, sighting, excluded=False, confirmed=confirmed)
    record(tx, (CopyConfirmed if confirmed else ConfirmationUndone)(case, sighting, staff))


def _sayable(tx: Tx, case: CaseId, sighting: SightingId) -> Copy:
    found, copy = _locked(tx, case), _copy(tx, case, sighting)
    why = rules.why_not_say(found, copy)
    if why is not None:
        raise Refused(why)
    return copy


def _copy(tx: Tx, case: CaseId, sighting: SightingId) -> Copy:
    for copy in store.copies(tx, case):
        if copy.sighting == sighting:
            return copy
    raise NotFound("This case has no such copy.")


def decide(
    tx: Tx,
    case: CaseId,
    verdict: Verdict,
    reason: DecisionReason,
    note: str,
    *,
    staff: StaffId,
    now: datetime,
    undo: timedelta,
) -> Decision:
    """Decide a case; it takes effect after `undo`. Raises Refused with what stands against it, NotFound."""
    found = _locked(tx, case)
    why = rules.why_not(found, store.copies(tx, case), store.decisions(tx, case), verdict, reason, staff)
    if why is not None:
        raise Refused(why)
    decision = Decision(uuid4(), case, verdict, reason, note, staff, now, now + undo, "waiting")
    store.insert_decision(tx, decision)
    store.set_status(tx, case, CaseStatus.DECIDED, now)
    record(tx, Decided(case, decision.id, verdict, staff, decision.effective_at))
    return decision


def undo(tx: Tx, case: CaseId, decision: UUID, *, staff: StaffId, now: datetime) -> None:
    """Take a decision back before it takes effect. Raises Refused, NotFound."""
    _locked(tx, case)
    found = store.get_decision(tx, decision)
    if found is None or found.case != case:
        raise NotFound("There is no such decision.")
    if not rules.may_undo(found, now) or not store.end_decision(tx, decision, "undone"):
        raise Refused("It is too late to undo: the decision has taken effect.")
    store.set_status(tx, case, _before(store.decisions(tx, case)), now)
    record(tx, DecisionUndone(case, decision, staff))


def _before(earlier: tuple[Decision, ...]) -> CaseStatus:
    unsure = any(d.state == "effective" and d.verdict is Verdict.CANNOT_TELL for d in earlier)
    return CaseStatus.SECOND_LOOK if unsure else CaseStatus.OPEN


def take_effect(tx: Tx, decision: UUID, now: datetime) -> None:
    """The time to undo has passed: the case moves on, once."""
    found = store.get_decision(tx, decision)
    if found is None:
        return
    _locked(tx, found.case)
    if store.end_decision(tx, decision, "effective"):
        store.set_status(tx, found.case, rules.status_after(found.verdict), now)
        record(tx, DecisionEffective(found.case, decision, found.verdict))


def hold(tx: Tx, case: CaseId) -> None:
    """Nobody else may move this case on until the transaction ends. Raises NotFound."""
    _locked(tx, case)


def hold_of_report(tx: Tx, report: ReportId) -> None:
    """The same for the case of a report, if it has one."""
    case = store.of_report(tx, report)
    if case is not None:
        _locked(tx, case)


def settle(tx: Tx, case: CaseId, *, all_gone: bool, now: datetime) -> None:
    """Say where a decided case stands: removed, being removed, or again before a person.

    A copy that shows none of the reviewed entries (it was found by a picture of which no copy had been seen,
    or by a link) is not removed unseen: the case waits for a reviewer once more. One that only may be
    the same does not open it again: what was decided stands, and the queue says that somebody should look.
    """
    found = _locked(tx, case)
    if found.status not in {CaseStatus.REMOVING, CaseStatus.REMOVED}:
        return
    stopped = {copy for copy, state in breaker_store.held(tx, case) if state is BreakerState.STOPPED}
    decided = {copy.sighting for copy in to_remove(tx, case)} - stopped
    if any(copy.counts and copy.sighting not in decided for copy in store.copies(tx, case)):
        wanted = CaseStatus.OPEN
    else:
        wanted = CaseStatus.REMOVED if all_gone else CaseStatus.REMOVING
    if found.status is not wanted:
        store.set_status(tx, case, wanted, now)


def pass_clocks(tx: Tx, now: datetime) -> None:
    """Say of each case whose deadline has passed that it has, once."""
    for case, clock in store.mark_overdue(tx, now):
        record(tx, ClockPassed(case, clock))


def _locked(tx: Tx, case: CaseId) -> Case:
    found = store.get(tx, case, lock=True)
    if found is None:
        raise NotFound("There is no such case.")
    return found


def reviewed_entries(tx: Tx, case: CaseId) -> tuple[EntryId, ...]:
    """The case's own entries that a reviewed copy shows: those a decision activates.

    A copy that was confirmed by a person shows the entry that it was confirmed for.
    """
    seen = rules.reviewed(store.copies(tx, case), store.decisions(tx, case))
    shown = join.entries_matching(tx, [copy.sighting for copy in seen])
    shown |= {copy.entry for copy in seen if copy.confirmed and copy.entry is not None}
    return tuple(
        entry.id
        for entry in bank.of_report(tx, get(tx, case).report)
        if entry.id in shown and entry.status is not EntryStatus.WITHDRAWN
    )


def reviewed_copies(tx: Tx, case: CaseId) -> frozenset[SightingId]:
    """The copies that a decision in effect covers because a person saw them, or said that they are copies."""
    seen = rules.reviewed(store.copies(tx, case), store.decisions(tx, case))
    return frozenset(copy.sighting for copy in seen)


def to_remove(tx: Tx, case: CaseId) -> tuple[Copy, ...]:
    """The copies that a decision in effect speaks of: those reviewed, and those that show what these show."""
    copies = store.copies(tx, case)
    seen = {copy.sighting for copy in rules.reviewed(copies, store.decisions(tx, case))}
    same = join.sightings_matching(tx, reviewed_entries(tx, case), [copy.sighting for copy in copies])
    return tuple(copy for copy in copies if copy.counts and copy.sighting in seen | same)


def entries(tx: Tx, case: CaseId) -> tuple[EntryId, ...]:
    """All bank entries that a case brought."""
    return tuple(entry.id for entry in bank.of_report(tx, get(tx, case).report))
