"""SQL of the reports' table. Rows are written by the portal alone, and only marked here."""

from datetime import datetime
from typing import LiteralString

from takeback.ground.db.pool import Tx
from takeback.ids import ReportId

WAITING: LiteralString = "select id from intake_report where taken_in_at is null order by received_at limit 1"
"""The oldest report that nobody has taken in."""


def next_waiting(tx: Tx) -> tuple[ReportId, bytes, datetime] | None:
    """The oldest report that nobody has taken in, held until the transaction ends: (id, sealed, received)."""
    return tx.execute(
        "select id, sealed, received_at from intake_report where taken_in_at is null"
        " order by received_at limit 1 for update skip locked"
    ).fetchone()


def mark_taken_in(tx: Tx, report: ReportId, now: datetime) -> None:
    """A worker has opened the report."""
    tx.execute("update intake_report set taken_in_at = %s where id = %s", [now, report])


def mark_unusable(tx: Tx, report: ReportId, reader: int) -> None:
    """This version of the reader could not open a report."""
    tx.execute("update intake_report set unusable_by = %s where id = %s", [reader, report])


def next_refused_before(tx: Tx, reader: int) -> tuple[ReportId, bytes] | None:
    """The oldest report that only earlier readers refused, held until the transaction ends: (id, sealed)."""
    return tx.execute(
        "select id, sealed from intake_report where unusable_by < %s"
        " order by received_at limit 1 for update skip locked",
        [reader],
    ).fetchone()


def mark_waiting(tx: Tx, report: ReportId) -> None:
    """A report that was refused waits for a worker once more."""
    tx.execute("update intake_report set taken_in_at = null, unusable_by = null where id = %s", [report])


def get(tx: Tx, report: ReportId) -> tuple[bytes, datetime] | None:
    """(sealed, received) of one report."""
    return tx.execute("select sealed, received_at from intake_report where id = %s", [report]).fetchone()


def delete_expired_drafts(tx: Tx) -> int:
    """Delete the portal's drafts whose time is over, by the database's clock; how many there were.

    One that the portal holds just now is deleted the next time: nobody waits for the portal.
    """
    return tx.execute(
        "delete from intake_draft where locator = any(array(select locator from intake_draft"
        " where expires_at <= now() for update skip locked))"
    ).rowcount
