"""SQL of the reports' table. Rows are written by the portal alone, and only marked here."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from takeback.ids import ReportId
from takeback.infra.db.pool import Tx, scalar

WAITING: LiteralString = (
    "select id from submissions_report where taken_in_at is null order by received_at limit 1"
)
"""The oldest report that nobody has taken in."""


def next_waiting(tx: Tx) -> tuple[ReportId, bytes, datetime] | None:
    """The oldest report that nobody has taken in, held until the transaction ends: (id, sealed, received)."""
    return tx.execute(
        "select id, sealed, received_at from submissions_report where taken_in_at is null"
        " order by received_at limit 1 for update skip locked"
    ).fetchone()


def mark_taken_in(tx: Tx, report: ReportId, now: datetime) -> None:
    """A worker has opened the report."""
    tx.execute("update submissions_report set taken_in_at = %s where id = %s", [now, report])


def mark_unusable(tx: Tx, report: ReportId, reader: int) -> None:
    """This version of the reader could not open a report."""
    tx.execute("update submissions_report set unusable_by = %s where id = %s", [reader, report])


def next_refused_before(tx: Tx, reader: int) -> tuple[ReportId, bytes] | None:
    """The oldest report that only earlier readers refused, held until the transaction ends: (id, sealed)."""
    return tx.execute(
        "select id, sealed from submissions_report where unusable_by < %s"
        " order by received_at limit 1 for update skip locked",
        [reader],
    ).fetchone()


def mark_waiting(tx: Tx, report: ReportId) -> None:
    """A report that was refused waits for a worker once more."""
    tx.execute("update submissions_report set taken_in_at = null, unusable_by = null where id = %s", [report])


def get(tx: Tx, report: ReportId) -> tuple[bytes, datetime] | None:
    """(sealed, received) of one report."""
    return tx.execute("select sealed, received_at from submissions_report where id = %s", [report]).fetchone()


def delete_expired_drafts(tx: Tx) -> int:
    """Delete the portal's drafts whose time is over, by the database's clock; how many there were.

    One that the portal holds just now is deleted the next time: nobody waits for the portal.
    """
    return tx.execute(
        "delete from submissions_draft where locator = any(array(select locator from submissions_draft"
        " where expires_at <= now() for update skip locked))"
    ).rowcount


def arrival(tx: Tx, report: ReportId) -> tuple[datetime, tuple[bytes, ...], bool]:
    """(when it came, labels of its groups, whether it came by a link); an older portal tells no groups."""
    row = tx.execute(
        "select r.received_at, coalesce(a.groups, '{}'), coalesce(a.by_link, false)"
        " from submissions_report r left join submissions_arrival a on a.report_id = r.id where r.id = %s",
        [report],
    ).fetchone()
    assert row is not None
    return row[0], tuple(bytes(label) for label in row[1]), row[2]


def count_with(tx: Tx, label: bytes, but: Sequence[bytes], since: datetime, until: datetime) -> int:
    """Return how many reports came with a group, and not with one of the others."""
    return scalar(
        tx,
        "select count(*) from submissions_arrival where at > %s and at <= %s and %s = any(groups)"
        " and not groups && %s::bytea[]",
        [since, until, label, list(but)],
    )


def count_without_link(tx: Tx, since: datetime, until: datetime) -> int:
    """Return how many reports came that did not come by a link."""
    return scalar(
        tx,
        "select count(*) from submissions_report r where r.received_at > %s and r.received_at <= %s"
        " and not exists (select from submissions_arrival a where a.report_id = r.id and a.by_link)",
        [since, until],
    )


def came_with(tx: Tx, label: bytes, but: Sequence[bytes]) -> list[tuple[ReportId, datetime]]:
    """The reports of a group, and not of the others, and when they came, as far as that is still known."""
    return tx.execute(
        "select report_id, at from submissions_arrival where %s = any(groups) and not groups && %s::bytea[]"
        " order by at",
        [label, list(but)],
    ).fetchall()


def forget_arrivals(tx: Tx, before: datetime) -> None:
    """Delete which groups reports came with that came before, and the salts of earlier days."""
    tx.execute("delete from submissions_arrival where at < %s", [before])
    tx.execute("delete from submissions_salt where day < (now() at time zone 'utc')::date")
