"""The real watcher: it captures ahead where somebody investigates, sees deletions, says what it watched."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from evidence import opened
from house import House, Time, picture
from quiet import QuietPlatform
from takeback.app import App
from takeback.entrypoints.watcher import watch
from takeback.errors import Unavailable
from takeback.events import Captured, CapturedFor, CaptureFailed, DeletionObserved, HeartbeatRecorded, SeenBy
from takeback.evidence import service as evidence
from takeback.evidence import watching
from takeback.evidence.sealer import MESSAGE_PART, WARC_PART
from takeback.infra import clock
from takeback.sightings import health
from takeback.workflow import upkeep
from takeback_verify.core import canonical
from takeback_verify.core.exhibit import parse_exhibit
from waiting import until

HERS, ANOTHERS = picture(1), picture(2)
SQUARE, ELSEWHERE = "!square", "!elsewhere"


@pytest.fixture
def platform():
    return QuietPlatform()


@pytest.fixture
def house(database, platform, tmp_path, decoder, sealer):
    """With the real clock."""
    return House(database, platform, tmp_path / "data", decoder, Time(), sealer=sealer)


@contextmanager
def a_watcher(house, monkeypatch):
    """Runs as the door does, in threads of this process."""

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


def investigate(house, place=SQUARE, *, minor=False):
    now = clock.now()
    with house.database.transaction() as tx:
        watching.investigate(tx, "memory", place, now, now + timedelta(days=1), suspected_minor=minor)


def exhibits(house):
    with house.database.transaction() as tx:
        return evidence.exhibits_of(tx, [row[0] for row in tx.execute("select id from sightings_post")])


def test_what_is_posted_where_somebody_investigates_is_captured_with_its_post(
    house, platform, sealer, people, monkeypatch
):
    investigate(house)
    with a_watcher(house, monkeypatch):
        post = platform.post(HERS, place=SQUARE)
        platform.post(ANOTHERS, place=ELSEWHERE)
        until(lambda: house.query("select count(*) from sightings_post") == [(2,)], 20)
    [captured] = house.events(Captured)
    assert captured.reason is CapturedFor.INVESTIGATION
    [exhibit] = exhibits(house)
    said = canonical.read(opened(sealer, exhibit, people.lawyer)[MESSAGE_PART], "message")
    assert said["message"] == post.message
    together = house.query(
        "select p.xmin = c.xmin from sightings_post p join evidence_capture c on c.sighting_id = p.id"
    )
    assert together == [(True,)], "one transaction"
    [[left]] = house.query("select expires_at - captured_at from evidence_capture")
    assert left == timedelta(days=14)


def test_an_investigation_that_begins_while_it_watches_is_known_within_moments(house, platform, monkeypatch):
    with a_watcher(house, monkeypatch):
        platform.post(HERS, place=SQUARE)
        until(lambda: house.query("select count(*) from sightings_post") == [(1,)], 20)
        investigate(house)

        def posted_and_captured() -> bool:
            platform.post(ANOTHERS, place=SQUARE)
            return bool(house.events(Captured))

        until(posted_and_captured, 20)


def test_what_the_platform_does_not_give_out_now_is_captured_by_a_job(house, platform, monkeypatch):
    investigate(house)
    platform.fail("record", Unavailable("503"))
    with a_watcher(house, monkeypatch):
        platform.post(HERS, place=SQUARE)
        until(lambda: house.query("select count(*) from sightings_post") == [(1,)], 20)
    assert not house.events(Captured, CaptureFailed)
    house.work()
    assert [event.reason for event in house.events(Captured)] == [CapturedFor.INVESTIGATION]
    [[expires]] = house.query("select expires_at from evidence_capture")
    assert expires > datetime.now(UTC) + timedelta(days=13)


def test_what_deleted_itself_is_said_to_be_gone(house, platform, monkeypatch):
    investigate(house)
    with a_watcher(house, monkeypatch):
        post = platform.post(HERS, place=SQUARE)
        until(lambda: house.events(Captured), 20)
        platform.delete(post)
        until(lambda: house.events(DeletionObserved), 20)
    [gone], [captured] = house.events(DeletionObserved), house.events(Captured)
    assert (gone.capture, gone.by) == (captured.capture, SeenBy.EVENT)
    upkeep.ask_for_captured(house.app)
    assert len(house.events(DeletionObserved)) == 1


def test_digests_only_seals_no_picture(house, platform, sealer, people, monkeypatch):
    investigate(house, minor=True)
    with a_watcher(house, monkeypatch):
        platform.post(HERS, place=SQUARE)
        until(lambda: house.events(Captured), 20)
    [exhibit] = exhibits(house)
    assert parse_exhibit(exhibit.document).suspected_minor
    assert HERS not in opened(sealer, exhibit, people.recovery)[WARC_PART]


def test_a_watcher_that_ends_says_what_it_watched(house, platform, monkeypatch):
    with a_watcher(house, monkeypatch):
        for _ in range(2):
            platform.post(HERS)
        until(lambda: house.query("select count(*) from sightings_post") == [(2,)], 20)
    [said] = house.events(HeartbeatRecorded)
    assert (said.connector, said.shard, said.posts) == ("memory", "live", 2)
    assert said.since < said.until


def beats(database):
    with database.transaction() as tx:
        return tx.execute(
            "select h.since, h.until, (f.body ->> 'gap_ms')::bigint from evidence_heartbeat h"
            " join event f on f.id = h.event_id order by h.event_id"
        ).fetchall()


@pytest.mark.parametrize("hours_ahead", ["0", "1"])
def test_killed_by_kill_9_the_heartbeats_show_the_gap_and_leave_no_hole(
    database, database_url, tmp_path, hours_ahead
):
    """S5: the clock of the one that is killed may be an hour ahead; the next goes on within the lease, and
    ages and heartbeats are by the database's clock.
    """
    tests = Path(__file__).parents[2]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tests),
        "TAKEBACK_DATABASE_URL": database_url,
        "TAKEBACK_DATA": str(tmp_path / "data"),
        "TAKEBACK_WATCHED_EVERY": "0.2",
        "TAKEBACK_LEASE_SECONDS": "1",
        "TAKEBACK_DECODERS": "1",
    }

    def start(hours: str) -> subprocess.Popen[bytes]:
        named = environment | {"TAKEBACK_CONNECTORS": "quiet", "TAKEBACK_QUIET_HOURS_AHEAD": hours}
        return subprocess.Popen(
            [sys.executable, "-m", "takeback.entrypoints.watcher"], env=named, cwd=tmp_path
        )

    first = start(hours_ahead)
    try:
        until(lambda: len(beats(database)) >= 2, 60)
        first.send_signal(signal.SIGKILL)
    finally:
        first.kill()
        first.wait()
    before = beats(database)
    with database.transaction() as tx:
        [stream] = health.streams(tx)
        assert abs(stream.age) < 60
        [[left]] = tx.execute("select lease_until - clock_timestamp() from sightings_stream").fetchall()
        assert left <= timedelta(seconds=1)
    second = start("0")
    try:
        until(lambda: len(beats(database)) >= len(before) + 2, 60)
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait()
    after = beats(database)
    assert all(one[1] == two[0] for one, two in pairwise(after))
    now = datetime.now(UTC)
    assert all(now - timedelta(minutes=5) < one[0] <= one[1] <= now + timedelta(minutes=1) for one in after)
    gap = after[len(before)][2]
    assert gap > 1000, "the lease of the killed one had to end first"
    assert all(one[2] < gap for one in after[: len(before)])
