"""Changes of the bank, and whether one hash is known."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid5

from takeback.bank import loading, rules, store
from takeback.bank.index import BankIndex
from takeback.bank.model import EntryStatus, Refusal, Refused
from takeback.bank.rules import NOTHING_IS_WELL_KNOWN, Part, WellKnown
from takeback.events import EntryActivated, EntryBanked, EntryRefused, EntryWithdrawn
from takeback.ids import EntryId, ReportId, SightingId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger.record import record, record_once
from takeback.signals.index import compare
from takeback.signals.model import MATCH_RADIUS, Kind

CHANGED = store.CHANGED
"""Notified at each change of the bank."""
refresh = loading.refresh
REVIEWED_COPY = "copy"
"""How a reviewed copy is named in `EntryRefused`, with its number behind it."""


def add_seed(
    tx: Tx,
    report: ReportId,
    name: str,
    flips: Sequence[bytes],
    quality: int,
    now: datetime,
    well_known: WellKnown = NOTHING_IS_WELL_KNOWN,
) -> EntryId | None:
    """Bank a picture that a report brought, once for each `name` within it; None if it must not be banked."""
    why = rules.refusal(flips, quality, well_known)
    return _add(tx, report, name, Part(Kind.PICTURE, (tuple(flips),), quality), why, now)


def add_reported(
    tx: Tx,
    report: ReportId,
    name: str,
    flips: Sequence[bytes],
    quality: int,
    now: datetime,
    well_known: WellKnown = NOTHING_IS_WELL_KNOWN,
) -> EntryId | None:
    """Bank hashes that a reporter's device made, as `add_seed`; None also if no picture can have them."""
    why = rules.claim_refusal(flips, quality, well_known)
    return _add(tx, report, name, Part(Kind.PICTURE, (tuple(flips),), quality), why, now)


def add_clip(
    tx: Tx,
    report: ReportId,
    name: str,
    frames: Sequence[Sequence[bytes]],
    quality: int,
    now: datetime,
    well_known: WellKnown = NOTHING_IS_WELL_KNOWN,
) -> EntryId | None:
    """Bank a clip: eight hashes for each of its moments that has detail, and its best quality; as `add_seed`.

    Moments that everybody shares (a television station's sign) are left out, not held against the clip.
    """
    kept = tuple(tuple(flips) for flips in frames if flips not in well_known)
    why = Refusal.TOO_LITTLE_DETAIL if not frames else Refusal.WELL_KNOWN if not kept else None
    return _add(tx, report, name, Part(Kind.CLIP, kept, quality), why, now)


def _add(
    tx: Tx, report: ReportId, name: str, part: Part, why: Refusal | None, now: datetime
) -> EntryId | None:
    entry = EntryId(uuid5(report, name))
    if store.get(tx, entry) is None:
        if why is not None:
            refuse(tx, report, Refused(name, why), now)
            return None
        _insert(tx, entry, report, part, now)
    return entry


def _insert(
    tx: Tx, entry: EntryId, report: ReportId, part: Part, now: datetime, made_of: SightingId | None = None
) -> None:
    seq = store.change(tx)
    if store.get(tx, entry) is not None:  # another worker was first, while we waited for the lock
        return
    store.insert(tx, entry, report, part.kind, part.frames, part.quality, seq, now, made_of)
    record(tx, EntryBanked(entry, report))
    if made_of is not None:
        record(tx, EntryActivated(entry, made_of))


def add_reviewed(
    tx: Tx,
    entry: EntryId,
    report: ReportId,
    part: Part,
    sighting: SightingId,
    now: datetime,
    well_known: WellKnown = NOTHING_IS_WELL_KNOWN,
) -> EntryId | None:
    """Bank what was hashed here of a copy that a reviewer saw: an active entry, once.

    The decision holds in this transaction. None if it must not be banked; the reason is an event.
    """
    if store.get(tx, entry) is not None:
        return entry
    part = rules.without_well_known(part, well_known)
    why = rules.refusal(part.frames[0], part.quality, well_known)
    if why is not None:
        record_once(tx, EntryRefused(report, f"{REVIEWED_COPY} {sighting}: {why.value}"))
        return None
    _insert(tx, entry, report, part, now, sighting)
    return entry


def not_found_again(tx: Tx, report: ReportId, sighting: SightingId) -> None:
    """Record, once, that the matched part of a reviewed copy could not be read again: nothing acts by it."""
    record_once(tx, EntryRefused(report, f"{REVIEWED_COPY} {sighting}: not_read_again"))


def refuse(tx: Tx, report: ReportId, refused: Refused, now: datetime) -> None:
    """Record, once, that a reported picture is not banked, and why."""
    if store.insert_refusal(tx, report, refused, now):
        record(tx, EntryRefused(report, f"{refused.name}: {refused.why.value}"))


def refusals(tx: Tx, report: ReportId) -> tuple[Refused, ...]:
    """Return what of a report was not banked, and why."""
    return store.refusals(tx, report)


def withdraw(tx: Tx, entry: EntryId, now: datetime) -> None:
    """Withdraw an entry: from now on it finds nothing."""
    if _is_withdrawn(tx, entry):  # a status never goes back, so this needs no lock
        return
    seq = store.change(tx)
    if not _is_withdrawn(tx, entry):
        store.set_status(tx, entry, EntryStatus.WITHDRAWN, seq, now)
        record(tx, EntryWithdrawn(entry))


def _is_withdrawn(tx: Tx, entry: EntryId) -> bool:
    found = store.get(tx, entry)
    return found is None or found.status is EntryStatus.WITHDRAWN


def check(index: BankIndex, *pdqs: bytes) -> bool:
    """Return whether a picture with one of these exact hashes shows an active entry.

    A seed is known to nobody: anybody who has a picture can report it, and would learn here what others
    reported.
    """
    found = {touch.entry for touch in index.search(compare.stack(list(pdqs)), MATCH_RADIUS)}
    entries = [index.brief(number) for number in found]
    return any(entry is not None and entry.status is EntryStatus.ACTIVE for entry in entries)
