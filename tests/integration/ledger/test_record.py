"""An event leaves a row, an entry, an opening and a job, together or not at all."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import psycopg
import pytest
from hypothesis import find
from hypothesis import strategies as st

import ledgers
from takeback.errors import NotFound
from takeback.events import (
    EVENTS,
    FOLLOWED,
    CaseOpened,
    ClockPassed,
    Decided,
    FoundBy,
    FoundGone,
    JobGaveUp,
    Matched,
    RemovalFailed,
    RemovalStepDone,
    ReportReceived,
    Verdict,
)
from takeback.ids import CaseId, EntryId, EventId, ReportId, SightingId, StaffId, TargetId
from takeback.infra.ledger import store
from takeback.infra.ledger.record import record
from takeback.jobs import after
from takeback_verify.core.errors import Malformed
from takeback_verify.core.leaf import Opening, opens, parse_leaf

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
CASE, OTHER = CaseId(UUID(int=1)), CaseId(UUID(int=2))
TARGET, STRANGER = TargetId(UUID(int=3)), TargetId(UUID(int=4))
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def counts(database):
    with database.transaction() as tx:
        return tuple(
            tx.execute(query).fetchone()[0]
            for query in (
                "select count(*) from event",
                "select count(*) from ledger_entry",
                "select count(*) from ledger_opening",
                "select count(*) from procrastinate_jobs where task_name = 'follow'",
            )
        )


def test_a_recorded_event_can_be_loaded_again(database):
    event = Decided(CASE, UUID(int=9), Verdict.CANNOT_TELL, StaffId(UUID(int=8)), AT)
    with database.transaction() as tx:
        number = record(tx, event, at=AT.astimezone(timezone(timedelta(hours=9))))
    with database.transaction() as tx:
        assert store.load(tx, number) == (event, AT)
        assert store.load(tx, number)[1].tzinfo is UTC
        with pytest.raises(NotFound):
            store.load(tx, EventId(999))


def test_the_entry_says_kind_and_time_and_commits_to_the_rest(database):
    with database.transaction() as tx:
        number = record(tx, CaseOpened(CASE, ReportId(UUID(int=7))), at=AT)
        leaf, position, salt = tx.execute(
            "select leaf, position, salt from ledger_entry e join ledger_opening o on o.entry_id = e.id"
        ).fetchone()
    body = {"case": str(CASE), "report": str(UUID(int=7))}
    assert position is None
    assert str(CASE).encode() not in leaf
    assert (parse_leaf(leaf).kind, parse_leaf(leaf).at) == ("case_opened", AT)
    assert opens(parse_leaf(leaf), salt, Opening(number, AT, "case_opened", body))


def test_the_same_event_recorded_twice_leaves_different_commitments(database):
    with database.transaction() as tx:
        record(tx, ledgers.an_event(), at=AT)
        record(tx, ledgers.an_event(), at=AT)
        assert len(set(tx.execute("select leaf from ledger_entry").fetchall())) == 2


def test_an_event_that_leads_somewhere_enqueues_its_job_and_any_other_enqueues_nothing(database):
    with database.transaction() as tx:
        for kind in set(EVENTS) - set(FOLLOWED):
            record(tx, find(st.from_type(kind), lambda _: True))
        leads = ReportReceived(ReportId(UUID(int=1)))
        number = record(tx, leads)
    with database.transaction() as tx:
        assert tx.execute("select task_name, args, priority from procrastinate_jobs").fetchall() == [
            ("follow", {"v": 1, "event": number}, after(leads))
        ]


def test_a_rolled_back_transaction_leaves_nothing(database):
    with database.transaction() as tx:
        record(tx, ledgers.an_event())
        tx.rollback()
    assert counts(database) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("event", "at", "error"),
    [
        (ReportReceived(ReportId(UUID(int=1))), datetime(2026, 1, 1), ValueError),  # noqa: DTZ001 -- the fault
        (Matched(EntryId(UUID(int=1)), SightingId(2**53), FoundBy.LIVE), AT, Malformed),
        (JobGaveUp("a", "b", "nul \x00"), AT, psycopg.DataError),
    ],
)
def test_what_has_no_canonical_form_is_not_recorded(database, event, at, error):
    with pytest.raises(error), database.transaction() as tx:
        record(tx, event, at=at)
    assert counts(database) == (0, 0, 0, 0)


def test_the_history_of_a_case_has_its_own_events_and_those_of_its_targets(database):
    events = [
        CaseOpened(CASE, ReportId(UUID(int=7))),
        CaseOpened(OTHER, ReportId(UUID(int=8))),
        RemovalStepDone(TARGET, "redact"),
        RemovalStepDone(STRANGER, "redact"),
        FoundGone(TARGET, CASE, 0),
        ReportReceived(ReportId(UUID(int=7))),
    ]
    with database.transaction() as tx:
        numbers = [record(tx, event, at=AT) for event in events]
    with database.transaction() as tx:
        history = store.history(tx, CASE, [TARGET])
        assert [(f.id, f.event, f.at) for f in history] == [(numbers[n], events[n], AT) for n in (0, 2, 4)]
        assert [f.event for f in store.history(tx, CASE)] == [events[0], events[4]]
        assert store.history(tx, CaseId(UUID(int=77)), [TargetId(UUID(int=78))]) == ()


def test_recent_events_come_newest_first_and_only_of_the_kinds_asked_for(database):
    events = [
        JobGaveUp("a", "b", "c"),
        ClockPassed(CASE, "house"),
        RemovalFailed(TARGET, "redact", "no right"),
        JobGaveUp("d", "e", "f"),
    ]
    with database.transaction() as tx:
        for event in events:
            record(tx, event)
    with database.transaction() as tx:
        kinds = (JobGaveUp, RemovalFailed)
        assert [f.event for f in store.recent(tx, kinds, 10)] == [events[3], events[2], events[0]]
        assert [f.event for f in store.recent(tx, kinds, 1)] == [events[3]]
        assert store.recent(tx, (), 10) == ()


@pytest.mark.parametrize(
    "statement",
    [
        "update event set kind = 'x'",
        "delete from event",
        "truncate event cascade",
        "update ledger_entry set leaf = 'x'",
        "update ledger_entry set event_id = event_id + 1",
        "update ledger_entry set position = 7 where position is not null",
        "update ledger_entry set position = null",
        "delete from ledger_entry",
        "truncate ledger_entry cascade",
        "update ledger_checkpoint set note = 'x'",
        "delete from ledger_checkpoint",
    ],
)
def test_the_tables_refuse_every_change_of_the_past(database, sequencer, statement):
    ledgers.record_events(database, 2)
    sequencer.sequence_once()
    before = counts(database)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"), database.transaction() as tx:
        tx.execute(statement)
    assert counts(database) == before
