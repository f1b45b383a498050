"""What one more copy costs a case that has many: from its match to its planned removal.

A case of rows: so many copies, of each of which the removal is done (`gone`), planned, or waits for the
breaker's answer (`held`). Then some copies more match, one after the other, and all events are followed.

Run: `python -m takeback_dev.bench.planning` (`--copies` for how many). With PYTHONPATH at the sources of
another edition it measures that one; run both in turn.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from takeback import events
from takeback.bank import store as bank
from takeback.events import FoundBy
from takeback.ids import CaseId, EntryId, EventId, ReportId, SightingId
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger.record import record
from takeback.signals.model import Kind
from takeback.workflow import decisions, dispatch

STATES = ("gone", "planned", "held")


class Built(NamedTuple):
    """A case, and the active entry that further copies match."""

    case: CaseId
    entry: EntryId


def build(database: Database, copies: int, state: str) -> Built:
    """Make a case of so many copies, which are all in one of `STATES`."""
    report, now = ReportId(uuid4()), clock.now()
    built = Built(CaseId(uuid4()), EntryId(uuid4()))
    values: dict[str, object] = {
        "case": built.case,
        "entry": built.entry,
        "report": report,
        "now": now,
        "many": copies,
    }
    with database.transaction() as tx:
        tx.execute(
            "insert into cases_case (id, report_id, opened_at, due_at, due_clock, status, changed_at)"
            " values (%(case)s, %(report)s, %(now)s, %(now)s, 'house', 'removing', %(now)s)",
            values,
        )
        seen = _sighting(tx)
        hashes = [bytes([flip]) * 32 for flip in range(8)]
        bank.insert(tx, built.entry, report, Kind.PICTURE, [hashes], 100, bank.change(tx), now, seen)
        _copies(tx, values | {"first": seen})
        _decide(tx, built, seen)
        if state == "held":
            _break(tx, values, "paused")
            tx.execute(
                "insert into cases_unseen (case_id, sighting_id, entry_id, held, came_at)"
                " select case_id, sighting_id, %(entry)s, true, %(now)s from cases_copy"
                " where case_id = %(case)s",
                values,
            )
        else:
            _break(tx, values, "released")
            _targets(tx, values | {"state": state})
    with database.transaction() as tx:
        decisions.carry_out(_app(database), tx, built.case, clock.now())  # once, over all
    with database.transaction() as tx:
        tx.execute("delete from procrastinate_jobs")
    return built


def add(database: Database, built: Built) -> None:
    """One copy more: it matches, and everything that follows is followed."""
    app = _app(database)
    with database.transaction() as tx:
        sighting = _sighting(tx)
        tx.execute(
            "insert into matching_match (sighting_id, entry_id, distance, flip, negative, cut, review_only,"
            " exact, stage, view, found_by, matched_at)"
            " values (%s, %s, 0, 0, false, 'whole', false, true, 1, '', 'live', now())",
            [sighting, built.entry],
        )
        record(tx, events.Matched(built.entry, sighting, FoundBy.LIVE))
    while waiting := _events(database):
        for event in waiting:
            dispatch.handle_event(app, EventId(event))


def _events(database: Database) -> list[int]:
    with database.transaction() as tx:
        rows = tx.execute(
            "delete from procrastinate_jobs where task_name = 'follow' returning (args ->> 'event')::bigint"
        )
        return sorted(row[0] for row in rows)


def _app(database: Database) -> Any:  # noqa: ANN401 - as much of an App as planning needs
    return SimpleNamespace(database=database, settings=Settings(_env_file=None), sealer=None)


def _sighting(tx: Tx) -> SightingId:
    row = tx.execute(
        "insert into sightings_post (connector, place, message, media, sender, posted_at, seen_at, state,"
        " reason) values ('memory', '!room', %s, 'media', '@one', now(), now(), 'unreadable', 'not asked')"
        " returning id",
        [f"${uuid4()}"],
    ).fetchone()
    assert row is not None
    return SightingId(row[0])


def _copies(tx: Tx, values: dict[str, object]) -> None:
    tx.execute(
        """
        with posted as (
            insert into sightings_post (connector, place, message, media, sender, posted_at, seen_at, state,
                                        reason)
            select 'memory', '!room', %(case)s || '/' || n, 'media', '@poster' || n %% 10, now(), now(),
                   'unreadable', 'not asked'
            from generate_series(2, %(many)s) n returning id),
        every as (select id from posted union all select %(first)s),
        matched as (
            insert into matching_match (sighting_id, entry_id, distance, flip, negative, cut, review_only,
            exact, stage, view, found_by, matched_at)
            select id, %(entry)s, 0, 0, false, 'whole', false, true, 1, '', 'live', now() from every)
        insert into cases_copy (case_id, sighting_id, entry_id, found_by, added_at, distance, flip)
        select %(case)s, id, %(entry)s, 'live', %(now)s, 0, 0 from every
        """,
        values,
    )


def _decide(tx: Tx, built: Built, seen: SightingId) -> None:
    decision = uuid4()
    tx.execute(
        "insert into cases_decision (id, case_id, verdict, reason, staff_id, decided_at, effective_at,"
        " state) values (%s, %s, 'shared_without_consent', 'intimate_and_no_consent', %s, now(), now(),"
        " 'effective')",
        [decision, built.case, UUID(int=1)],
    )
    tx.execute("insert into cases_decision_copy values (%s, %s)", [decision, seen])


def _break(tx: Tx, values: dict[str, object], state: str) -> None:
    tx.execute(
        "insert into cases_breaker (entry_id, case_id, state, tripped_at, answer_by, changed_at)"
        " values (%(entry)s, %(case)s, %(state)s, %(now)s, %(until)s, %(now)s)",
        values | {"state": state, "until": clock.now() + timedelta(hours=1)},
    )


def _targets(tx: Tx, values: dict[str, object]) -> None:
    tx.execute(
        """
        insert into takedown_target (id, case_id, sighting_id, connector, place, message, media, state,
                                     planned_at, changed_at)
        select gen_random_uuid(), k.case_id, p.id, p.connector, p.place, p.message, p.media, %(state)s,
               %(now)s, %(now)s
        from cases_copy k join sightings_post p on p.id = k.sighting_id where k.case_id = %(case)s
        """,
        values,
    )
    if values["state"] == "gone":
        tx.execute("update cases_copy set gone_at = %(now)s where case_id = %(case)s", values)


def measure(database: Database, copies: int, further: int) -> Iterator[tuple[str, float]]:
    """(state, milliseconds for each further copy)."""
    for state in STATES:
        built = build(database, copies, state)
        with database.transaction() as tx:
            tx.execute("analyze")
        add(database, built)
        began = time.perf_counter()
        for _ in range(further):
            add(database, built)
        yield state, (time.perf_counter() - began) / further * 1e3


def main() -> None:
    """Measure on a fresh embedded PostgreSQL, and print."""
    parser = argparse.ArgumentParser(prog="python -m takeback_dev.bench.planning", description=__doc__)
    parser.add_argument("--copies", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--further", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            migrate.upgrade(server.url)
            with Database(server.url) as database:
                for copies in asked.copies:
                    for state, each in measure(database, copies, asked.further):
                        print(f"{copies:>7} copies, {state:<8}{each:>10.1f} ms for one more", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
