"""One check of entries that were banked before reporters' numbers were checked (`rules.claim_refusal`).

A seed that cannot be eight flips of one picture is withdrawn, with its refusal. An active one removes
pictures, and somebody decided about it: it is named for a person.
"""

from datetime import datetime
from uuid import uuid5

from takeback.bank import rules, service, store
from takeback.bank.model import Entry, EntryStatus, Refusal, Refused
from takeback.events import JobGaveUp
from takeback.ids import EntryId
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.ledger.record import record
from takeback.signals.model import HASH_BYTES, Kind

CHECK_CLAIMS = "check_claims"
"""The name of this work."""
_LOOK_AT_IT = "it removes pictures, and its numbers are not those of one picture: look at its case"
_PAGE = 1000
_NAMES = tuple(f"picture {number}" for number in range(1, 11))
"""What a report's own pictures are called; what was read from a link was hashed here."""


def check_claims_once(database: Database) -> None:
    """Check the claims if nobody has yet, and name the active entries where people see what needs a
    person.
    """
    with database.transaction() as tx:
        if store.upkeep_done(tx, CHECK_CLAIMS):
            return
    active = check_claims(database, clock.now())
    with database.transaction() as tx:
        if store.insert_upkeep(tx, CHECK_CLAIMS, clock.now()):
            for entry in active:
                record(tx, JobGaveUp(CHECK_CLAIMS, f"entry={entry}", _LOOK_AT_IT))


def check_claims(database: Database, now: datetime) -> tuple[EntryId, ...]:
    """Withdraw the seeds whose numbers no picture has, and return such active entries. May be run again."""
    active: list[EntryId] = []
    last = 0
    while True:
        with database.transaction() as tx:
            page = store.pictures_after(tx, last, _PAGE)
            for entry in page:
                why = _why(entry)
                name = None if why is None else _claimed_as(entry)
                if name is None or why is None:
                    continue
                if entry.status is EntryStatus.ACTIVE:
                    active.append(entry.id)
                else:
                    service.withdraw(tx, entry.id, now)
                    service.refuse(tx, entry.report, Refused(name, why), now)
        if not page:
            return tuple(active)
        last = page[-1].number


def _why(entry: Entry) -> Refusal | None:
    flips = [entry.hashes[at : at + HASH_BYTES] for at in range(0, len(entry.hashes), HASH_BYTES)]
    if entry.kind is not Kind.PICTURE or entry.status is EntryStatus.WITHDRAWN:
        return None
    return rules.claim_refusal(flips, entry.quality, rules.NOTHING_IS_WELL_KNOWN)


def _claimed_as(entry: Entry) -> str | None:
    """Return which of the report's own pictures it is; None if it was read from a link."""
    return next((name for name in _NAMES if uuid5(entry.report, name) == entry.id), None)
