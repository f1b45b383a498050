"""SQL of what is asked for accounts: the table staff_request."""

from datetime import datetime
from uuid import UUID

from psycopg import sql
from psycopg.rows import TupleRow

from takeback.events import AccountChange
from takeback.ids import StaffId
from takeback.infra.db.pool import Tx
from takeback.staff.model import Ended, Request

_REQUESTS = sql.SQL("""
    select id, staff_id, name, change, asked_by, asked_at, ended, ended_by, ended_at, code_hash
    from staff_request {}
""")


def _request(row: TupleRow) -> Request:
    id_, staff, name, change, asked_by, asked_at, ended, *rest = row
    how = None if ended is None else Ended(ended)
    return Request(id_, StaffId(staff), name, AccountChange(change), asked_by, asked_at, how, *rest)


def add(tx: Tx, request: Request) -> None:
    """Keep a request."""
    tx.execute(
        "insert into staff_request (id, staff_id, name, change, asked_by, asked_at, ended, ended_by,"
        " ended_at, code_hash) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            request.id, request.staff, request.name, request.change.value, request.asked_by, request.asked_at,
            None if request.ended is None else request.ended.value, request.ended_by, request.ended_at,
            request.code_hash,
        ),
    )  # fmt: skip


def get(tx: Tx, request: UUID) -> Request | None:
    """Return one request."""
    return next(iter(_found(tx, sql.SQL("where id = %s"), request)), None)


def waiting(tx: Tx, since: datetime) -> tuple[Request, ...]:
    """Return those that were asked after `since` and wait, oldest first."""
    return _found(tx, sql.SQL("where ended is null and asked_at > %s order by asked_at, id"), since)


def recent(tx: Tx, since: datetime, limit: int) -> tuple[Request, ...]:
    """Return those that were asked after `since`, latest first."""
    return _found(tx, sql.SQL("where asked_at > %s order by asked_at desc, id limit %s"), since, limit)


def about(tx: Tx, staff: StaffId, since: datetime, limit: int) -> tuple[Request, ...]:
    """Return those that concern one person and were asked or ended after `since`, latest first."""
    where = sql.SQL(
        "where staff_id = %s and coalesce(ended_at, asked_at) > %s order by asked_at desc, id limit %s"
    )
    return _found(tx, where, staff, since, limit)


def _found(tx: Tx, where: sql.SQL, *values: object) -> tuple[Request, ...]:
    return tuple(map(_request, tx.execute(_REQUESTS.format(where), values)))


def end(tx: Tx, request: UUID, how: Ended, by: StaffId | None, now: datetime) -> None:
    """Write down how a request ended."""
    tx.execute(
        "update staff_request set ended = %s, ended_by = %s, ended_at = %s where id = %s",
        (how.value, by, now, request),
    )
