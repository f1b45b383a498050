"""The real watcher writes down what a batch could not see, together with the batch or not at all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import pytest

from house import picture
from quiet import QuietPlatform
from takeback.app import App
from takeback.connectors.api import Batch, StreamId, Survey, Unseen, UnseenKind
from takeback.entrypoints.watcher import watch
from takeback.sightings import leases, unseen
from waiting import until

SHUT = Unseen(UnseenKind.SHUT_OUT, "!cellar", "", "knock")


class Blind(QuietPlatform):
    """Says with each batch what it could not see."""

    told: tuple[Unseen, ...] = (SHUT, Unseen(UnseenKind.ADDRESS, "!square", "$1", "content.url"))

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        return replace(super().watch(stream, cursor), unseen=self.told, survey=Survey(2, 0, 1))


@pytest.fixture
def platform():
    return Blind()


@contextmanager
def a_watcher(house, monkeypatch):
    @contextmanager
    def opened_already(_: object) -> Iterator[App]:
        yield house.app

    monkeypatch.setattr(watch, "open_app", opened_already)
    stop = threading.Event()
    running = threading.Thread(target=watch.run, args=[house.app.settings, stop])
    running.start()
    try:
        yield
    finally:
        stop.set()
        running.join()


def rows(house):
    with house.database.transaction() as tx:
        return tx.execute("select kind, place, message, why from sightings_unseen order by 1").fetchall()


def test_what_a_batch_could_not_see_is_a_row_and_leaves_with_the_next_survey(house, platform, monkeypatch):
    """Carriers: the only trace of a room that shuts us out was a line in the log."""
    platform.post(picture(1))
    with a_watcher(house, monkeypatch):
        until(lambda: len(rows(house)) == 2)
        assert rows(house) == [
            ("address", "!square", "$1", "content.url"),
            ("shut_out", "!cellar", "", "knock"),
        ]
        platform.told = ()
        until(lambda: [row[0] for row in rows(house)] == ["address"])
    with house.database.transaction() as tx:
        assert unseen.counts(tx).surveys["memory"].survey == Survey(2, 0, 1)


def test_a_watcher_that_lost_its_lease_writes_nothing_of_it(house, platform, monkeypatch):
    def never(*_: object, **__: object) -> NoReturn:
        raise leases.LeaseLost("another watcher holds it")

    monkeypatch.setattr(leases, "move", never)
    asked = list[StreamId]()
    ask = platform.watch

    def asking(stream: StreamId, cursor: str | None) -> Batch:
        asked.append(stream)
        return ask(stream, cursor)

    monkeypatch.setattr(platform, "watch", asking)
    with a_watcher(house, monkeypatch):
        until(lambda: asked)
    assert rows(house) == []
