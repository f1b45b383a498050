"""A stream has one watcher at a time, and who was slow writes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import synthetic
from takeback.bank.index import BankIndex
from takeback.connectors.api import StreamId
from takeback.errors import LeaseLost
from takeback.infra import clock
from takeback.matching import service as matching
from takeback.sightings import leases
from turns import State, Turns

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A, B = StreamId("a"), StreamId("b")
POST = synthetic.seen("!place", 1, bytes(32))


@pytest.fixture
def tx(database):
    """One transaction that knows stream A."""
    with database.transaction() as opened:
        leases.open_stream(opened, "memory", A, "start")
        yield opened


def take(tx, holder="x"):
    return leases.lease(tx, "memory", holder, MINUTE)


def pass_time(tx, length):
    """The database's clock cannot be moved, so what is written under it is."""
    tx.execute(
        "update sightings_stream set lease_until = lease_until - %(length)s,"
        " moved_at = moved_at - %(length)s, asked_at = asked_at - %(length)s,"
        " not_before = not_before - %(length)s,"
        " turn_at = turn_at - %(length)s"
        " where (connector, name) in (select connector, name from sightings_stream for update skip locked)",
        {"length": length},
    )


def commit(tx, lease, cursor="next", *, done=False):
    matching.commit_batch(tx, BankIndex(), lease, [POST], cursor, done=done, now=NOW)


def sightings(tx):
    return tx.execute("select count(*) from sightings_post").fetchone()[0]


def cursor_of(tx):
    return tx.execute("select cursor from sightings_stream").fetchone()[0]


def test_a_stream_is_leased_to_one_at_a_time(tx):
    lease = take(tx)
    assert (lease.connector, lease.stream, lease.cursor) == ("memory", A, "start")
    assert take(tx, "y") is None
    assert take(tx, "x") is None


def test_opening_a_stream_again_changes_nothing(tx):
    commit(tx, take(tx), "far")
    leases.open_stream(tx, "memory", A, "start")
    assert cursor_of(tx) == "far"


def test_another_platforms_stream_of_the_same_name_is_another_stream(tx):
    take(tx)
    leases.open_stream(tx, "other", A, None)
    assert leases.lease(tx, "other", "x", MINUTE).stream == A


def test_the_stream_that_waited_longest_comes_first(tx):
    leases.open_stream(tx, "memory", B, None)
    tx.execute("update sightings_stream set turn_at = %s where name = 'a'", [NOW])
    tx.execute("update sightings_stream set turn_at = %s where name = 'b'", [NOW - MINUTE])
    assert [take(tx).stream, take(tx).stream, take(tx)] == [B, A, None]


def test_a_lease_that_ended_is_given_to_the_next_with_the_next_epoch(tx):
    first = take(tx)
    pass_time(tx, MINUTE / 2)
    assert take(tx) is None
    pass_time(tx, MINUTE / 2)
    second = take(tx)
    assert second.epoch == first.epoch + 1


def test_a_renewed_lease_lasts(tx):
    lease = take(tx)
    leases.renew(tx, lease, 3 * MINUTE)
    pass_time(tx, 2 * MINUTE)
    assert take(tx) is None


def test_who_was_slow_can_neither_renew_nor_let_go_for_the_next(tx):
    old = take(tx)
    commit(tx, old, "first")
    pass_time(tx, 2 * MINUTE)
    new = take(tx, "y")
    assert new.cursor == "first"
    with pytest.raises(LeaseLost):
        leases.renew(tx, old, 9 * MINUTE)
    assert leases.renew_all(tx, [old, new], MINUTE) == {old}
    leases.release(tx, old)
    leases.put_off(tx, old, MINUTE, "late", 1)
    assert take(tx, "z") is None
    leases.renew(tx, new, 9 * MINUTE)
    assert cursor_of(tx) == "first"


def test_what_a_slow_one_tried_to_commit_is_not_there(database):
    with database.transaction() as tx:
        leases.open_stream(tx, "memory", A, "start")
        old = take(tx)
        pass_time(tx, 2 * MINUTE)
        take(tx, "y")
    with pytest.raises(LeaseLost), database.transaction() as tx:
        commit(tx, old)
    with database.transaction() as tx:
        assert (sightings(tx), cursor_of(tx)) == (0, "start")


def test_a_lease_of_the_future_is_worth_nothing_either(tx):
    with pytest.raises(LeaseLost):
        leases.move(tx, replace(take(tx), epoch=99), "x", done=False)


def test_a_lease_that_was_let_go_is_free_at_once_and_cannot_be_renewed(tx):
    lease = take(tx)
    leases.release(tx, lease)
    with pytest.raises(LeaseLost):
        leases.renew(tx, lease, 9 * MINUTE)
    assert leases.renew_all(tx, [lease], MINUTE) == {lease}
    assert take(tx, "y").epoch == lease.epoch + 1


def test_a_stream_that_is_done_is_never_leased_again(tx):
    commit(tx, take(tx), "end", done=True)
    pass_time(tx, timedelta(days=99))
    assert take(tx) is None
    leases.open_stream(tx, "memory", A, None)
    assert take(tx) is None
    assert leases.forget_finished(tx, "memory") == 0, "the connector names it again and again"


def test_two_who_ask_at_once_get_two_streams_or_none(database):
    with database.transaction() as tx:
        leases.open_stream(tx, "memory", A, None)
    got = []

    def asking(actor) -> None:
        with actor.transaction() as tx:
            got.append(take(tx))

    with Turns(database.url) as turns:
        first, second = turns.add(asking), turns.add(asking)
        turns.give(first)
        turns.give(first)  # it has its lease, and has not committed
        assert turns.until_stopped(second)
        turns.play(())
        assert first.state is State.DONE
        assert turns.blocked == 0
    assert sorted(lease is None for lease in got) == [False, True]


def test_of_two_holders_only_the_later_one_can_commit_however_they_meet(database):
    """The old one has inserted its sightings, and not moved the cursor, when the stream is leased again."""
    with database.transaction() as tx:
        leases.open_stream(tx, "memory", A, "start")
        old = take(tx)
    outcome = []

    def committing(actor) -> None:
        try:
            with actor.transaction() as tx:
                commit(tx, old, "old")
            outcome.append("committed")
        except LeaseLost:
            outcome.append("lost")

    for before in range(9):
        with Turns(database.url) as turns:
            slow = turns.add(committing)
            for _ in range(before + 1):
                turns.give(slow)
            if slow.state is State.DONE:
                break
            with database.transaction() as tx:
                pass_time(tx, 2 * MINUTE)
                later = take(tx, "y")  # None, if the old one has moved the cursor and holds the row
            turns.play(())
        with database.transaction() as tx:
            expected = ("committed", "old", 1) if later is None else ("lost", "start", 0)
            assert (outcome[-1], cursor_of(tx), sightings(tx)) == expected
        if later is None:
            break
    assert len(outcome) > 3


# --- the database's clock, and what is kept between turns ---------------------------------------------------


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(days=-400)])
def test_s5_a_watcher_whose_clock_is_wrong_holds_a_stream_as_long_as_any_other(database, monkeypatch, wrong):
    """S5: leases are by the database's clock, so a dead watcher of any clock is followed within its lease."""
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + wrong)
    with database.transaction() as tx:
        leases.open_stream(tx, "memory", A, "start")
        assert take(tx, "wrong") is not None
        assert take(tx, "right") is None, "the live lease holds"
        pass_time(tx, MINUTE)
        assert take(tx, "right") is not None


def test_s5_a_lease_written_by_a_wrong_clock_before_holds_nobody_off(tx):
    """S5: rows of earlier versions, or a database whose clock was set back."""
    take(tx)
    tx.execute("update sightings_stream set lease_until = now() + interval '55 minutes'")
    assert take(tx, "y") is not None


def test_s14_all_leases_of_a_watcher_are_renewed_in_one_statement(tx):
    """S14. What was answered is written down beside it, and ends a row of failures."""
    for number in range(300):
        leases.open_stream(tx, "memory", StreamId(str(number)), None)
    held = [take(tx) for _ in range(301)]
    tx.execute("update sightings_stream set failures = 3, trouble = 'away'")
    pass_time(tx, MINUTE / 2)
    assert leases.renew_all(tx, held, MINUTE, answered=held[:1]) == set()
    pass_time(tx, MINUTE / 2)
    assert take(tx, "y") is None
    rows = tx.execute("select name, failures, trouble from sightings_stream where asked_at is not null")
    assert rows.fetchall() == [(held[0].stream.name, 0, None)]


@pytest.mark.parametrize(
    ("asked", "obeyed"),
    [(timedelta(hours=1), timedelta(hours=1)), (timedelta(days=365), timedelta(days=7))],
)
def test_s5_a_wait_that_a_platform_asks_for_is_kept_and_obeyed_up_to_a_week(tx, asked, obeyed):
    """S14: a restarted watcher takes its leases here, so it obeys what another was told."""
    leases.put_off(tx, take(tx), asked, "The platform asked us to wait.", 1)
    second = timedelta(seconds=1)
    pass_time(tx, obeyed - second)
    assert take(tx, "restarted") is None
    assert leases.free(tx, "memory") == 0
    pass_time(tx, 2 * second)
    assert take(tx, "restarted").failures == 1


def test_s14_streams_that_were_read_to_their_end_are_deleted(tx):
    """S14: finished histories do not stay for ever; those that the connector names do."""
    for stream in (A, B):
        leases.open_stream(tx, "memory", stream, "x", ending=stream == B)
    for _ in range(2):
        commit(tx, take(tx), "end", done=True)
    assert leases.forget_finished(tx, "memory") == 0, "not yet"
    pass_time(tx, timedelta(hours=2))
    assert leases.forget_finished(tx, "memory") == 1
    assert leases.is_done(tx, "memory", A)
    assert not leases.is_done(tx, "memory", B)
