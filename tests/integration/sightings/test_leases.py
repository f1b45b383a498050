"""A shard has one watcher at a time, and who was slow writes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import synthetic
from takeback.bank.index import BankIndex
from takeback.connectors.api import Shard
from takeback.errors import LeaseLost
from takeback.join import service as join
from takeback.sightings import leases
from turns import State, Turns

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
A, B = Shard("a"), Shard("b")
POST = synthetic.seen("!place", 1, bytes(32))


@pytest.fixture
def tx(database):
    """One transaction that knows shard A."""
    with database.transaction() as opened:
        leases.open_shard(opened, "memory", A, "start")
        yield opened


def take(tx, holder="x", now=NOW):
    return leases.lease(tx, "memory", holder, now, MINUTE)


def commit(tx, lease, cursor="next", *, done=False):
    join.commit_batch(tx, BankIndex(), lease, [POST], cursor, done=done, now=NOW)


def sightings(tx):
    return tx.execute("select count(*) from sightings_post").fetchone()[0]


def cursor_of(tx):
    return tx.execute("select cursor from sightings_shard").fetchone()[0]


def test_a_shard_is_leased_to_one_at_a_time(tx):
    lease = take(tx)
    assert (lease.connector, lease.shard, lease.cursor) == ("memory", A, "start")
    assert take(tx, "y") is None
    assert take(tx, "x") is None


def test_opening_a_shard_again_changes_nothing(tx):
    commit(tx, take(tx), "far")
    leases.open_shard(tx, "memory", A, "start")
    assert cursor_of(tx) == "far"


def test_another_platforms_shard_of_the_same_name_is_another_shard(tx):
    take(tx)
    leases.open_shard(tx, "other", A, None)
    assert leases.lease(tx, "other", "x", NOW, MINUTE).shard == A


def test_the_shard_that_waited_longest_comes_first(tx):
    leases.open_shard(tx, "memory", B, None)
    tx.execute("update sightings_shard set moved_at = %s where name = 'a'", [NOW])
    tx.execute("update sightings_shard set moved_at = %s where name = 'b'", [NOW - MINUTE])
    assert [take(tx).shard, take(tx).shard, take(tx)] == [B, A, None]


def test_a_lease_that_ended_is_given_to_the_next_with_the_next_epoch(tx):
    first = take(tx)
    assert take(tx, now=NOW + MINUTE) is None
    second = take(tx, now=NOW + MINUTE + timedelta(microseconds=1))
    assert second.epoch == first.epoch + 1


def test_a_renewed_lease_lasts(tx):
    lease = take(tx)
    leases.renew(tx, lease, NOW + 3 * MINUTE)
    assert take(tx, now=NOW + 2 * MINUTE) is None


def test_who_was_slow_can_neither_renew_nor_let_go_for_the_next(tx):
    old = take(tx)
    commit(tx, old, "first")
    new = take(tx, "y", NOW + 2 * MINUTE)
    assert new.cursor == "first"
    with pytest.raises(LeaseLost):
        leases.renew(tx, old, NOW + 9 * MINUTE)
    leases.release(tx, old)
    assert take(tx, "z", NOW + 2 * MINUTE) is None
    leases.renew(tx, new, NOW + 9 * MINUTE)
    assert cursor_of(tx) == "first"


def test_what_a_slow_one_tried_to_commit_is_not_there(database):
    with database.transaction() as tx:
        leases.open_shard(tx, "memory", A, "start")
        old = take(tx)
        take(tx, "y", NOW + 2 * MINUTE)
    with pytest.raises(LeaseLost), database.transaction() as tx:
        commit(tx, old)
    with database.transaction() as tx:
        assert (sightings(tx), cursor_of(tx)) == (0, "start")


def test_a_lease_of_the_future_is_worth_nothing_either(tx):
    with pytest.raises(LeaseLost):
        leases.move(tx, replace(take(tx), epoch=99), "x", done=False, now=NOW)


def test_a_lease_that_was_let_go_is_free_at_once_and_cannot_be_renewed(tx):
    lease = take(tx)
    leases.release(tx, lease)
    with pytest.raises(LeaseLost):
        leases.renew(tx, lease, NOW + 9 * MINUTE)
    assert take(tx, "y").epoch == lease.epoch + 1


def test_a_shard_that_is_done_is_never_leased_again(tx):
    commit(tx, take(tx), "end", done=True)
    assert take(tx, now=NOW + timedelta(days=99)) is None
    leases.open_shard(tx, "memory", A, None)
    assert take(tx, now=NOW + timedelta(days=99)) is None


def test_two_who_ask_at_once_get_two_shards_or_none(database):
    with database.transaction() as tx:
        leases.open_shard(tx, "memory", A, None)
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
    """The old one has inserted its sightings and has not moved the cursor, when the shard is leased again."""
    with database.transaction() as tx:
        leases.open_shard(tx, "memory", A, "start")
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
            with (
                database.transaction() as tx
            ):  # nobody, if the old one has moved the cursor and holds the row
                later = take(tx, "y", NOW + 2 * MINUTE * (before + 1))
            turns.play(())
        with database.transaction() as tx:
            expected = ("committed", "old", 1) if later is None else ("lost", "start", 0)
            assert (outcome[-1], cursor_of(tx), sightings(tx)) == expected
        if later is None:
            break
    assert len(outcome) > 3
