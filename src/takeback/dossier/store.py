"""SQL of the dossiers."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import TupleRow

from takeback.dossier.model import DossierState, Draft, Head, Paper, PartFile, Standing
from takeback.ground.db.pool import Tx
from takeback.ids import CaseId, DossierId, FactId, StaffId
from takeback_verify.listing import parse_listing

_STANDING = (
    "select id, case_id, state, asked_at, asked_by, access_fact, fact_id, blob, size, doing"
    " from dossier_package "
)


def _standing(row: TupleRow | None) -> Standing | None:
    return None if row is None else Standing(row[0], row[1], DossierState(row[2]), *row[3:])


def insert(
    tx: Tx, dossier: DossierId, case: CaseId, by: StaffId | None, access: FactId, now: datetime
) -> bool:
    """Somebody wants a dossier; False if one of the case is under way."""
    added = tx.execute(
        "insert into dossier_package (id, case_id, state, asked_by, asked_at, access_fact)"
        " values (%s, %s, 'asked', %s, %s, %s) on conflict do nothing",
        [dossier, case, by, now, access],
    )
    return added.rowcount == 1


def under_way(tx: Tx, case: CaseId) -> Standing | None:
    """The case's dossier that is asked for or committed, and not written."""
    return _standing(
        tx.execute(_STANDING + "where case_id = %s and state in ('asked', 'committed')", [case]).fetchone()
    )


def get(tx: Tx, dossier: DossierId, *, lock: bool = False) -> Standing | None:
    """One dossier; with `lock`, nobody else may change it until the transaction ends."""
    row = tx.execute(_STANDING + "where id = %s" + (" for update" if lock else ""), [dossier]).fetchone()
    return _standing(row)


def of_case(tx: Tx, case: CaseId) -> tuple[Standing, ...]:
    """All dossiers of a case, the newest first."""
    rows = tx.execute(_STANDING + "where case_id = %s order by asked_at desc, id", [case])
    return tuple(found for row in rows if (found := _standing(row)) is not None)


def set_doing(tx: Tx, dossier: DossierId, doing: str) -> None:
    """What is waited for, for people."""
    tx.execute("update dossier_package set doing = %s where id = %s", [doing, dossier])


def set_committed(tx: Tx, draft: Draft, fact: FactId, opened: Sequence[FactId]) -> None:
    """Keep all that the commitment covers until the zip is written."""
    dossier = draft.head.id
    tx.execute(
        "update dossier_package set state = 'committed', made_at = %s, listing = %s, fact_id = %s"
        " where id = %s",
        [draft.head.made, draft.listing, fact, dossier],
    )
    with tx.cursor() as cursor:
        cursor.executemany(
            "insert into dossier_paper (dossier_id, name, data) values (%s, %s, %s)",
            [(dossier, paper.name, paper.data) for paper in draft.papers],
        )
        cursor.executemany(
            "insert into dossier_part (dossier_id, name, blob, size, sha256) values (%s, %s, %s, %s, %s)",
            [(dossier, part.name, part.blob, part.size, part.sha256) for part in draft.parts],
        )
        cursor.executemany(
            "insert into dossier_place (dossier_id, fact_id) values (%s, %s)",
            [(dossier, each) for each in opened],
        )


def draft(tx: Tx, dossier: DossierId) -> Draft | None:
    """What a committed dossier covers; None if it is not committed (any more)."""
    row = tx.execute(
        "select listing, case_id, made_at from dossier_package where id = %s and state = 'committed'",
        [dossier],
    ).fetchone()
    if row is None:
        return None
    listing = bytes(row[0])
    said = parse_listing(listing)
    papers = tx.execute("select name, data from dossier_paper where dossier_id = %s", [dossier])
    parts = tx.execute("select name, blob, size, sha256 from dossier_part where dossier_id = %s", [dossier])
    return Draft(
        Head(dossier, row[1], said.made, said.service, said.software, said.log),
        listing,
        # Sorted here: the database's order of text is that of a language.
        tuple(sorted((Paper(name, bytes(data)) for name, data in papers), key=lambda each: each.name)),
        tuple(sorted((PartFile(*part) for part in parts), key=lambda each: each.name)),
    )


def opened(tx: Tx, dossier: DossierId) -> tuple[FactId, ...]:
    """The facts whose entries the package opens."""
    rows = tx.execute("select fact_id from dossier_place where dossier_id = %s order by fact_id", [dossier])
    return tuple(fact for (fact,) in rows)


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
    """It can never be whole."""
    tx.execute(
        "update dossier_package set state = 'abandoned', doing = '' where id = %s"
        " and state in ('asked', 'committed')",
        [dossier],
    )
    _forget_draft(tx, dossier)


def _forget_draft(tx: Tx, dossier: DossierId) -> None:
    tx.execute("delete from dossier_paper where dossier_id = %s", [dossier])
    tx.execute("delete from dossier_part where dossier_id = %s", [dossier])
    tx.execute("delete from dossier_place where dossier_id = %s", [dossier])
