"""SQL of the dossiers."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from psycopg.rows import TupleRow

from takeback.dossier.model import (
    DossierState,
    Draft,
    Head,
    PackageText,
    PartFile,
    Request,
    RequestState,
    Standing,
)
from takeback.ids import CaseId, DossierId, EventId, ReportId, RequestId, StaffId
from takeback.infra.db.pool import Tx, column, scalar
from takeback_verify.core.listing import parse_listing

_STANDING = (
    "select id, case_id, state, asked_at, asked_by, access_event, event_id, blob, size, doing, names_posters,"
    " time_zone,"
    " exists (select from dossier_request q where q.dossier_id = dossier_package.id and q.own)"
    " from dossier_package "
)


def _standing(row: TupleRow | None) -> Standing | None:
    return None if row is None else Standing(row[0], row[1], DossierState(row[2]), *row[3:])


def insert(
    tx: Tx,
    dossier: DossierId,
    case: CaseId,
    by: StaffId | None,
    access: EventId,
    now: datetime,
    *,
    names_posters: bool,
    time_zone: str | None,
) -> bool:
    """Somebody wants a dossier; False if one of the case that names posters, or none, is under way."""
    added = tx.execute(
        "insert into dossier_package"
        " (id, case_id, state, asked_by, asked_at, access_event, names_posters, time_zone)"
        " values (%s, %s, 'asked', %s, %s, %s, %s, %s) on conflict do nothing",
        [dossier, case, by, now, access, names_posters, time_zone],
    )
    return added.rowcount == 1


def under_way(tx: Tx, case: CaseId, *, names_posters: bool) -> Standing | None:
    """The case's dossier of this kind that is asked for or committed, and not written."""
    row = tx.execute(
        _STANDING + "where case_id = %s and names_posters = %s and state in ('asked', 'committed')",
        [case, names_posters],
    ).fetchone()
    return _standing(row)


def get(tx: Tx, dossier: DossierId, *, lock: bool = False) -> Standing | None:
    """One dossier; with `lock`, nobody else may change it until the transaction ends."""
    row = tx.execute(_STANDING + "where id = %s" + (" for update" if lock else ""), [dossier]).fetchone()
    return _standing(row)


def of_case(tx: Tx, case: CaseId) -> tuple[Standing, ...]:
    """All dossiers of a case, the newest first."""
    rows = tx.execute(_STANDING + "where case_id = %s order by asked_at desc, id", [case])
    return tuple(found for row in rows if (found := _standing(row)) is not None)


def set_doing(tx: Tx, dossier: DossierId, doing: str) -> None:
    """Record for people what the package waits for."""
    tx.execute("update dossier_package set doing = %s where id = %s", [doing, dossier])


def set_committed(tx: Tx, draft: Draft, event: EventId, opened: Sequence[EventId]) -> None:
    """Keep all that the commitment covers until the zip is written."""
    dossier = draft.head.id
    tx.execute(
        "update dossier_package set state = 'committed', made_at = %s, listing = %s, event_id = %s"
        " where id = %s",
        [draft.head.made, draft.listing, event, dossier],
    )
    with tx.cursor() as cursor:
        cursor.executemany(
            "insert into dossier_paper (dossier_id, name, data) values (%s, %s, %s)",
            [(dossier, text.name, text.data) for text in draft.texts],
        )
        cursor.executemany(
            "insert into dossier_part (dossier_id, name, blob, size, sha256) values (%s, %s, %s, %s, %s)",
            [(dossier, part.name, part.blob, part.size, part.sha256) for part in draft.parts],
        )
        cursor.executemany(
            "insert into dossier_place (dossier_id, event_id) values (%s, %s)",
            [(dossier, each) for each in opened],
        )


def draft(tx: Tx, dossier: DossierId) -> Draft | None:
    """Return what a committed dossier covers; None if it is not committed (any more)."""
    row = tx.execute(
        "select listing, case_id, made_at from dossier_package where id = %s and state = 'committed'",
        [dossier],
    ).fetchone()
    if row is None:
        return None
    listing = bytes(row[0])
    head = parse_listing(listing)
    texts = tx.execute("select name, data from dossier_paper where dossier_id = %s", [dossier])
    parts = tx.execute("select name, blob, size, sha256 from dossier_part where dossier_id = %s", [dossier])
    return Draft(
        Head(dossier, row[1], head.made, head.service, head.software, head.log),
        listing,
        # Sorted here: the database's order of text is that of a language.
        tuple(sorted((PackageText(name, bytes(data)) for name, data in texts), key=lambda each: each.name)),
        tuple(sorted((PartFile(*part) for part in parts), key=lambda each: each.name)),
    )


def opened(tx: Tx, dossier: DossierId) -> tuple[EventId, ...]:
    """The events whose entries the package opens."""
    return tuple(
        column(tx, "select event_id from dossier_place where dossier_id = %s order by event_id", [dossier])
    )


def set_written(tx: Tx, dossier: DossierId, blob: str, size: int) -> bool:
    """The zip is whole and durable; False if another one was written meanwhile."""
    changed = tx.execute(
        "update dossier_package set state = 'written', blob = %s, size = %s, doing = ''"
        " where id = %s and state = 'committed'",
        [blob, size, dossier],
    )
    if changed.rowcount == 1:
        _forget_draft(tx, dossier)
    return changed.rowcount == 1


def set_abandoned(tx: Tx, dossier: DossierId) -> None:
    """A committed one can never be whole; nothing changes if it is anything else."""
    changed = tx.execute(
        "update dossier_package set state = 'abandoned', doing = '' where id = %s and state = 'committed'",
        [dossier],
    )
    if changed.rowcount == 1:
        _forget_draft(tx, dossier)


def _forget_draft(tx: Tx, dossier: DossierId) -> None:
    tx.execute("delete from dossier_paper where dossier_id = %s", [dossier])
    tx.execute("delete from dossier_part where dossier_id = %s", [dossier])
    tx.execute("delete from dossier_place where dossier_id = %s", [dossier])


def is_released(tx: Tx, case: CaseId) -> bool:
    """Return whether a reviewer let the person concerned be told which accounts posted."""
    found = tx.execute("select from dossier_poster_release where case_id = %s", [case])
    return found.fetchone() is not None


def insert_release(tx: Tx, case: CaseId, event: EventId, now: datetime) -> None:
    """A reviewer did."""
    tx.execute(
        "insert into dossier_poster_release (case_id, event_id, released_at) values (%s, %s, %s)",
        [case, event, now],
    )


# --- requests by receipt: rows are written by a function of the database, for the portal -------------------


_REQUEST = "select id, report_id, state, dossier_id from dossier_request "


def _request(row: TupleRow | None) -> Request | None:
    return None if row is None else Request(row[0], row[1], RequestState(row[2]), row[3])


WAITING: LiteralString = (
    "select id from dossier_request where state = 'asked' and dossier_id is null order by asked_at limit 1"
)
"""The oldest request whose access is not recorded."""


def next_request(tx: Tx) -> Request | None:
    """The oldest request whose access is not recorded, held until the transaction ends."""
    return _request(
        tx.execute(
            _REQUEST + "where state = 'asked' and dossier_id is null order by asked_at"
            " limit 1 for update skip locked"
        ).fetchone()
    )


def request(tx: Tx, request: RequestId) -> Request | None:
    """One request."""
    return _request(tx.execute(_REQUEST + "where id = %s", [request]).fetchone())


def set_taken_up(tx: Tx, request: RequestId, dossier: DossierId, *, own: bool) -> None:
    """The access is recorded, and this package is under way; `own`: begun for this request."""
    tx.execute("update dossier_request set dossier_id = %s, own = %s where id = %s", [dossier, own, request])


def pieces(tx: Tx, request: RequestId) -> int:
    """Return how many pieces lie there; they are put down in their order."""
    return scalar(tx, "select count(*) from dossier_piece where request_id = %s", [request])


def insert_piece(tx: Tx, request: RequestId, number: int, data: bytes) -> bool:
    """Put one piece down, or leave it as it lies there; False if the request is over."""
    held = tx.execute(
        "select from dossier_request where id = %s and state = 'asked' for share", [request]
    ).fetchone()
    if held is None:
        return False
    tx.execute(
        "insert into dossier_piece (request_id, number, data) values (%s, %s, %s) on conflict do nothing",
        [request, number, data],
    )
    return True


def set_ready(tx: Tx, request: RequestId, size: int, expires_at: datetime) -> None:
    """All pieces lie there; nothing changes if the request is over."""
    tx.execute(
        "update dossier_request set state = 'ready', size = %s, expires_at = %s"
        " where id = %s and state = 'asked'",
        [size, expires_at, request],
    )


def end_request(tx: Tx, request: RequestId, state: RequestState) -> None:
    """It comes to nothing; a trigger deletes the pieces."""
    tx.execute(
        "update dossier_request set state = %s where id = %s and state = 'asked'", [state.value, request]
    )


def end_requests(tx: Tx, report: ReportId) -> None:
    """Nothing is handed out of this report's case; a trigger deletes the pieces."""
    tx.execute(
        "update dossier_request set state = 'deleted' where report_id = %s and state in ('asked', 'ready')",
        [report],
    )


def expire_requests(tx: Tx, now: datetime) -> None:
    """Expire what was handed out; a trigger deletes the pieces."""
    tx.execute(
        "update dossier_request set state = 'deleted' where state = 'ready' and expires_at <= %s", [now]
    )


def packages_over(tx: Tx, limit: int) -> tuple[tuple[DossierId, str], ...]:
    """(dossier, blob) of packages that were begun for a request, and that none waits for or hands out."""
    rows = tx.execute(
        "select p.id, p.blob from dossier_package p where p.state = 'written'"
        " and exists (select from dossier_request q where q.dossier_id = p.id and q.own)"
        " and not exists (select from dossier_request q where q.dossier_id = p.id"
        " and q.state in ('asked', 'ready')) order by p.asked_at limit %s",
        [limit],
    )
    return tuple((row[0], row[1]) for row in rows)


def set_deleted(tx: Tx, dossier: DossierId) -> None:
    """The zip is no more."""
    tx.execute("update dossier_package set state = 'deleted', blob = null where id = %s", [dossier])
