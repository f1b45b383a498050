"""What was banked is in every watcher's memory within a second, without being asked for."""

import random
import threading
from typing import Self
from uuid import UUID

import synthetic
from banks import activate
from takeback.bank import service as bank
from takeback.bank.index import BankIndex
from takeback.bank.model import EntryStatus
from takeback.bank.store import CHANGED
from takeback.ids import ReportId
from takeback.infra import clock
from takeback.signals.index.compare import stack
from waiting import until

REPORT = ReportId(UUID(int=1))


class Watcher:
    """What each watching process does to keep the bank at hand; it would look by itself after an hour."""

    def __init__(self, database) -> None:
        self.index, self.rounds = BankIndex(), 0
        self._database, self._stop = database, threading.Event()
        self._thread = threading.Thread(target=self._keep)

    def _keep(self) -> None:
        for _ in self._database.look([CHANGED], self._stop, every=3600):
            with self._database.transaction() as tx:
                bank.refresh(tx, self.index)
            self.rounds += 1

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: self.rounds, what="it listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_a_change_of_the_bank_is_in_every_index_within_a_second(database):
    flips = synthetic.an_image(random.Random(1))
    with Watcher(database) as one, Watcher(database) as other:
        with database.transaction() as tx:
            entry = bank.add_seed(tx, REPORT, "a", flips, 100, clock.now())
        assert at_hand_in_a_second(database, one, other, flips) is EntryStatus.SEED
        with database.transaction() as tx:
            activate(tx, entry, clock.now())
        assert at_hand_in_a_second(database, one, other, flips) is EntryStatus.ACTIVE
        with database.transaction() as tx:
            bank.withdraw(tx, entry, clock.now())
        assert at_hand_in_a_second(database, one, other, flips) is None


def at_hand_in_a_second(database, one, other, flips):
    """How both watchers know the picture, once they are where the bank is."""
    with database.transaction() as tx:
        seq = tx.execute("select seq from bank_head").fetchone()[0]
    until(lambda: one.index.seq == other.index.seq == seq, 1)
    [known], [there] = (
        {each.index.brief(touch.entry).status for touch in each.index.search(stack([flips[5]]))} or {None}
        for each in (one, other)
    )
    assert known == there
    assert bank.check(one.index, flips[5]) is (known is EntryStatus.ACTIVE)
    return known


def test_an_aborted_change_is_in_no_index(database):
    flips = synthetic.an_image(random.Random(2))
    with Watcher(database) as watcher:
        with database.transaction() as tx:
            bank.add_seed(tx, REPORT, "a", flips, 100, clock.now())
            tx.rollback()
        with database.transaction() as tx:
            bank.add_seed(tx, REPORT, "b", flips, 100, clock.now())
        until(lambda: len(watcher.index) == 1)
        assert watcher.index.seq == 1


def test_a_lost_connection_is_made_again_and_nothing_is_missed(database):
    flips = synthetic.an_image(random.Random(3))
    with Watcher(database) as watcher:
        with database.transaction() as tx:
            tx.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and query like 'listen%'"
            )
            bank.add_seed(tx, REPORT, "a", flips, 100, clock.now())
        until(lambda: len(watcher.index) == 1)
