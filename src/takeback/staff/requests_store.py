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
    id_, staff, name, change, asked_by, asked_at, ended, ended_by, ended_at, code_hash = row
    how = None if ended is None else Ended(ended)
    return Request(
        id_,
        StaffId(staff),
        name,
        AccountChange(change),
        asked_by,
        asked_at,
        how,
        ended_by,
        ended_at,
        code_hash,
    )


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
    """One request."""
    row = tx.execute(_REQUESTS.format(sql.SQL("where id = %s")), (request,)).fetchone()
    return None if row is None else _request(row)


def waiting(tx: Tx, since: datetime) -> tuple[Request, ...]:
    """Those that were asked after `since` and wait, oldest first."""
    rows = tx.execute(
        _REQUESTS.format(sql.SQL("where ended is null and asked_at > %s order by asked_at, id")), (since,)
    )
    return tuple(_request(row) for row in rows)


def recent(tx: Tx, since: datetime, limit: int) -> tuple[Request, ...]:
    """Those that were asked or ended after `since`, latest first."""
    rows = tx.execute(
        _REQUESTS.format(sql.SQL("where asked_at > %s order by asked_at desc, id limit %s")), (since, limit)
    )
    return tuple(_request(row) for row in rows)


def about(tx: Tx, staff: StaffId, since: datetime, limit: int) -> tuple[Request, ...]:
    """Those that concern one person and were asked or ended after `since`, latest first."""
    rows = tx.execute(
        _REQUESTS.format(
            sql.SQL(
                "where staff_id = %s and coalesce(ended_at, asked_at) > %s"
                " order by asked_at desc, id limit %s"
            )
        ),
        (staff, since, limit),
    )
    return tuple(_request(row) for row in rows)


def end(tx: Tx, request: UUID, how: Ended, by: StaffId | None, now: datetime) -> None:
    """Write down how a request ended."""
    tx.execute(
        "update staff_request set ended = %s, ended_by = %s, ended_at = %s where id = %s",
        (how.value, by, now, request),
    )
