"""Take in what the portal put down: open it, see whether it can be acted on, and say so as an event."""

from datetime import datetime

from takeback.errors import NotFound
from takeback.events import ReportReceived, ReportUnusable
from takeback.ids import ReportId
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger.record import record
from takeback.infra.vault.unseal import Unsealer
from takeback.submissions import model, store
from takeback.submissions.model import Report

WAITING = store.WAITING
"""Answers something else when the portal put a report down."""


def take_in(database: Database, unsealer: Unsealer, now: datetime) -> int:
    """Take in every report that waits; how many there were. Several workers may do so at once.

    What an earlier version refused and this one can read waits again: its old event stays, a new one follows.
    """
    _wait_again(database, unsealer)
    count = 0
    while True:
        with database.transaction() as tx:
            waiting = store.next_waiting(tx)
            if waiting is None:
                return count
            report_id, sealed, received_at = waiting
            store.mark_taken_in(tx, report_id, now)
            fault = _fault(unsealer, sealed)
            if fault is not None:
                store.mark_unusable(tx, report_id, model.READER)
            record(
                tx,
                ReportReceived(report_id) if fault is None else ReportUnusable(report_id, fault),
                at=received_at,
            )
            count += 1


def _wait_again(database: Database, unsealer: Unsealer) -> None:
    """Try each report that only earlier readers refused, once for each version of the reader."""
    while True:
        with database.transaction() as tx:
            refused = store.next_refused_before(tx, model.READER)
            if refused is None:
                return
            report_id, sealed = refused
            if _fault(unsealer, sealed) is None:
                store.mark_waiting(tx, report_id)
            else:
                store.mark_unusable(tx, report_id, model.READER)


def _fault(unsealer: Unsealer, sealed: bytes) -> str | None:
    try:
        lacks = model.missing(model.decode(unsealer.unseal(sealed)))
    except ValueError as error:
        return str(error)
    return f"lacks {', '.join(lacks)}" if lacks else None


def opened(tx: Tx, unsealer: Unsealer, report_id: ReportId) -> tuple[Report, datetime]:
    """Return what a person told us, and when.

    Raises NotFound; ValueError if it was unusable to begin with.
    """
    row = store.get(tx, report_id)
    if row is None:
        raise NotFound("no such report")
    return model.decode(unsealer.unseal(row[0])), row[1]


def wipe_drafts(database: Database) -> None:
    """Delete what people typed on the portal and neither sent nor came back to."""
    with database.transaction() as tx:
        store.delete_expired_drafts(tx)
