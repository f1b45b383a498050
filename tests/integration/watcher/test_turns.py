"""The real watcher, in threads of this process: turns, lost leases, asked waits, threads that die."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from house import House, Time, picture
from quiet import QuietPlatform
from takeback.app import App
from takeback.bank import service as bank
from takeback.connectors.api import Batch, Examined, StreamId, Trouble, TroubleKind
from takeback.entrypoints.watcher import streams, watch
from takeback.errors import NotAllowed, Unavailable
from takeback.events import WatcherFailed
from takeback.sightings import health, leases
from waiting import until

LIVE = "select {} from sightings_stream where name = 'live'"
HER = picture(1)


class Town(QuietPlatform):
    """With histories: those in `endless` never end, others have three pages."""

    def __init__(self, histories: int = 0, endless: int = 0) -> None:
        super().__init__()
        self.histories, self.endless = histories, endless
        self.asked = Counter[str]()
        self.at_once, self.most = 0, 0
        self.turn = threading.Lock()

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        with self.turn:
            self.asked[stream.name] += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            if stream.name == "live":
                batch = super().watch(stream, cursor)
                opens = tuple((StreamId(f"history:{number}"), "0") for number in range(self.histories))
                return batch if cursor else Batch(batch.posts, batch.cursor, opens)
            page, endless = int(cursor or 0) + 1, int(stream.name.partition(":")[2]) < self.endless
            threading.Event().wait(0.01)
            return Batch((), str(page), done=page == 3 and not endless)
        finally:
            with self.turn:
                self.at_once -= 1


@pytest.fixture
def platform():
    return Town()


@pytest.fixture
def house(database, platform, tmp_path, decoder):
    made = House(database, platform, tmp_path / "data", decoder, Time())
    made.app.settings.lease_seconds = 0.6
    return made


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


def post_and_see(house, platform, number=1):
    before = house.query("select count(*) from sightings_post")[0][0]
    platform.post(picture(number))
    until(lambda: house.query("select count(*) from sightings_post") == [(before + 1,)], 20)


def words(house) -> str:
    with house.database.transaction() as tx:
        return " ".join(each.words for each in health.troubles(tx, house.app.connectors))


def test_s5_a_lost_lease_ends_its_thread_and_is_told_once(house, platform, monkeypatch, caplog):
    """S5: after an outage another watcher has the lease; the old one logged that every 3 s for ever."""
    caplog.set_level(logging.WARNING)
    with a_watcher(house, monkeypatch):
        post_and_see(house, platform)
        house.query(
            "update sightings_stream set epoch = epoch + 1, holder = 'another',"
            " lease_until = clock_timestamp() + interval '5 minutes'"
        )
        until(lambda: "another has the lease" in caplog.text, 20)
        asked = platform.asked["live"]
        until(lambda: platform.at_once == 0, 20)
        time.sleep(2)  # several renewals: nothing more is said, nothing more is asked
        assert platform.asked["live"] <= asked + 1
        assert caplog.text.count("another has the lease") == 1
        house.query("update sightings_stream set holder = null, lease_until = null")
        post_and_see(house, platform, 2)


def test_s5_an_hours_wait_is_obeyed_by_a_watcher_that_was_started_again(house, platform, monkeypatch):
    """S5: it was clipped to thirty seconds, and forgotten. Health says it in words."""
    platform.fail("watch", Unavailable("429", 3600))
    for _ in range(2):
        with a_watcher(house, monkeypatch):
            until(lambda: house.query(LIVE.format("trouble is not null")) == [(True,)], 20)
            time.sleep(1)
    assert platform.asked["live"] == 1
    assert "not watched for 60 minutes more. The platform asked us to wait for 60 minutes." in words(house)
    house.query("update sightings_stream set not_before = clock_timestamp()")
    with a_watcher(house, monkeypatch):
        post_and_see(house, platform)
        until(lambda: "asked us to wait" not in words(house), 20)


def test_s5_a_years_wait_is_told_and_not_believed(house, platform, monkeypatch):
    """S5: it is asked again after a week."""
    platform.fail("watch", Unavailable("429", 365 * 86_400))
    with a_watcher(house, monkeypatch):
        until(lambda: house.query(LIVE.format("trouble is not null")) == [(True,)], 20)
    said = words(house)
    assert "asked us to wait for 365 days" in said
    assert "asked again in 7 days" in said


def test_s14_a_stream_that_breaks_is_an_event_and_is_read_on(house, platform, monkeypatch):
    """S14: what nobody foresaw killed its thread without an event."""
    platform.fail("watch", KeyError("chunk"), KeyError("chunk"))
    with a_watcher(house, monkeypatch):
        post_and_see(house, platform)
    assert house.events(WatcherFailed) == [WatcherFailed("memory live", "KeyError")], (
        "once for the row of them"
    )
    assert house.query(LIVE.format("failures")) == [(0,)]


@pytest.mark.parametrize(
    ("part", "where"), [("bank", "refresh"), ("streams 0", "free"), ("leases", "renew_all")]
)
def test_s14_a_part_that_dies_is_an_event_and_is_started_again(house, platform, monkeypatch, part, where):
    """S14, for the threads beside the streams."""
    room = bank if part == "bank" else leases
    real, died = getattr(room, where), []

    def dies(*args: object, **named: object) -> object:
        if len(died) < 2:
            died.append(1)
            raise RuntimeError("of a post: not for the log")
        return real(*args, **named)

    monkeypatch.setattr(room, where, dies)
    with a_watcher(house, monkeypatch):
        post_and_see(house, platform)
        until(lambda: len(house.events(WatcherFailed)) == 2, 20)
        post_and_see(house, platform, 2)
    assert house.events(WatcherFailed) == 2 * [WatcherFailed(part, "RuntimeError")]


@pytest.mark.parametrize("platform", [Town(histories=60, endless=12)])
def test_s14_any_number_of_streams_by_a_bounded_number_of_threads(house, platform, monkeypatch):
    """S14: streams that never end keep neither the others nor the live one waiting."""
    monkeypatch.setattr(streams, "TURN", 0.2)
    house.app.settings.watch_threads = 4
    with a_watcher(house, monkeypatch):
        until(lambda: len(platform.asked) == 61, 60, "each had a turn")
        for number in range(3):
            post_and_see(house, platform, number)
        until(
            lambda: house.query("select count(*) from sightings_stream where ending and done") == [(48,)],
            60,
            "those that end were read",
        )
        assert sum(thread.name.startswith("memory") for thread in threading.enumerate()) <= 4
    assert platform.most <= 4
    greedy = [platform.asked[f"history:{number}"] for number in range(12)]
    assert min(greedy) * 8 > max(greedy), "and share what is left"


@pytest.mark.parametrize("platform", [Town(histories=1)])
def test_s14_a_history_that_may_not_be_read_stops_nothing_else(house, platform, monkeypatch):
    """S14: it is tried again, with growing pauses, and told."""
    watch_ = platform.watch

    def refused(stream, cursor) -> Batch:
        if stream.name != "live":
            raise NotAllowed("403 M_FORBIDDEN")
        return watch_(stream, cursor)

    monkeypatch.setattr(platform, "watch", refused)
    with a_watcher(house, monkeypatch):
        until(lambda: house.query("select failures > 1 from sightings_stream where ending") == [(True,)], 20)
        post_and_see(house, platform)
        assert "The past of 1 place on memory cannot be read now" in words(house)


def test_s6_what_a_platform_lacks_is_in_the_database_while_it_is_watched(house, platform, monkeypatch):
    """S6: health and console read it there."""
    lacks = Trouble(TroubleKind.DIRECTORY_EMPTY, "The directory is empty.", serious=False)
    monkeypatch.setattr(Town, "health", lambda _: (lacks,), raising=False)
    assert isinstance(platform, Examined)
    with a_watcher(house, monkeypatch):
        until(lambda: "The directory is empty." in words(house), 20)
    house.query("update sightings_platform set examined_at = examined_at - interval '10 minutes'")
    assert "The directory" not in words(house), "it was said too long ago"
