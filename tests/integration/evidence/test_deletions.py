"""A captured message that disappears is said to have, once, and only if it was not we who removed it."""

from contextlib import suppress
from datetime import timedelta

import pytest

from house import picture
from takeback.errors import NotAllowed, Unavailable
from takeback.events import Captured, DeletionObserved, SeenBy
from takeback.evidence import service as evidence
from takeback.evidence import watching
from takeback.evidence.heartbeat import Heartbeat
from takeback.workflow import upkeep

HERS = picture(1)


@pytest.fixture
def captured(house, platform):
    """A copy that was captured, and waits for a reviewer: (report, the post)."""
    post = platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    assert house.events(Captured)
    return report, post


def observe(house, platform) -> None:
    """What the platform says of deletions, as the watcher takes it."""
    [stream] = platform.streams()
    batch = platform.watch(stream, None)
    for gone in batch.deletions:
        with house.database.transaction() as tx:
            now = house.time.now()
            evidence.observe_deletion(tx, platform.name, gone.place, gone.message, SeenBy.EVENT, now)


def test_what_the_platform_says_is_an_event_once(house, platform, captured):
    platform.delete(captured[1])
    for _ in range(3):
        observe(house, platform)
    upkeep.ask_for_captured(house.app)
    [gone] = house.events(DeletionObserved)
    [made] = house.events(Captured)
    assert (gone.capture, gone.sighting, gone.by) == (made.capture, made.sighting, SeenBy.EVENT)


def test_what_nobody_says_is_found_by_asking(house, platform, captured):
    upkeep.ask_for_captured(house.app)
    assert not house.events(DeletionObserved)
    platform.delete(captured[1], tell=False)
    for _ in range(3):
        upkeep.ask_for_captured(house.app)
    assert [event.by for event in house.events(DeletionObserved)] == [SeenBy.POLL]


def test_a_platform_that_is_down_is_not_taken_for_a_deletion(house, platform, captured):
    platform.delete(captured[1], tell=False)
    platform.fail("exists", Unavailable("503"))
    upkeep.ask_for_captured(house.app)
    assert not house.events(DeletionObserved)
    upkeep.ask_for_captured(house.app)
    assert house.events(DeletionObserved)


@pytest.mark.parametrize("fault", [NotAllowed("403"), Unavailable("no answer"), KeyError("event_id")])
def test_s11_one_message_that_may_not_be_asked_for_stops_nothing_else(house, platform, monkeypatch, fault):
    """S11: the others on its platform are asked for in the same round, and with the next it comes last."""
    monkeypatch.setattr("takeback.evidence.upkeep.AT_ONCE", 2)
    posts = [platform.post(picture(n)) for n in (1, 2, 3)]
    house.watch()
    house.report(*(picture(n) for n in (1, 2, 3)))
    house.take_in()
    exists = platform.exists

    def may_not(place, message) -> bool:
        if message == posts[0].message:
            raise fault
        return exists(place, message)

    monkeypatch.setattr(platform, "exists", may_not)
    for post in posts:
        platform.delete(post, tell=False)
    for found in (1, 2):
        with suppress(KeyError):  # what nobody foresaw is raised when the others were asked for
            upkeep.ask_for_captured(house.app)
        assert len(house.events(DeletionObserved)) == found


def test_s11_a_wait_that_the_platform_asks_for_is_kept_beside_the_polls(
    house, platform, captured, monkeypatch
):
    """S11: an hour is an hour, also for a worker that was restarted meanwhile."""
    asked = []
    exists = platform.exists
    monkeypatch.setattr(platform, "exists", lambda *where: asked.append(where) or exists(*where))
    platform.fail("exists", Unavailable("429", 3600))
    platform.delete(captured[1], tell=False)
    for _ in range(3):
        upkeep.ask_for_captured(house.app)
    assert len(asked) == 1
    [[left]] = house.query("select until - clock_timestamp() from sightings_hold")
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    house.query("update sightings_hold set until = clock_timestamp() returning 1")
    upkeep.ask_for_captured(house.app)
    assert house.events(DeletionObserved)


def test_our_own_removal_is_no_deletion(house, platform, captured):
    report, post = captured
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(post)
    platform.delete(post)
    observe(house, platform)
    upkeep.ask_for_captured(house.app)
    assert not house.events(DeletionObserved)


def test_a_message_of_two_pictures_is_ours_as_a_whole(house, platform):
    """One of them is removed, and its redaction takes the other with it."""
    post = platform.post(HERS, picture(2))
    house.watch()
    first, _ = house.report(HERS), house.report(picture(2))
    house.take_in()
    assert len(house.events(Captured)) == 2
    house.decide(first)
    house.after(seconds=11)
    platform.delete(post)
    observe(house, platform)
    upkeep.ask_for_captured(house.app)
    assert not house.events(DeletionObserved)


def test_it_tells_of_each_picture_of_the_message(house, platform):
    post = platform.post(HERS, picture(2))
    house.watch()
    house.report(HERS, picture(2))
    house.take_in()
    platform.delete(post)
    observe(house, platform)
    assert len({event.capture for event in house.events(DeletionObserved)}) == 2


def test_the_one_that_waited_longest_is_asked_for_first(house, platform, monkeypatch):
    monkeypatch.setattr("takeback.evidence.upkeep.AT_ONCE", 1)
    posts = [platform.post(picture(n)) for n in (1, 2, 3)]
    house.watch()
    house.report(*(picture(n) for n in (1, 2, 3)))
    house.take_in()
    for post in posts:
        platform.delete(post, tell=False)
    for asked in (1, 2, 3):
        upkeep.ask_for_captured(house.app)
        assert len(house.events(DeletionObserved)) == asked


def test_messages_that_are_part_of_nothing_are_not_asked_for(house, platform, captured):
    house.after(days=31)
    platform.delete(captured[1], tell=False)
    upkeep.ask_for_captured(house.app)
    assert not house.events(DeletionObserved)


def test_what_is_told_for_a_dossier(house, platform, captured):
    """The events of its evidence: captured, deleted, and the heartbeats that hold these moments."""
    heartbeat = Heartbeat()
    with house.database.transaction() as tx:
        [row] = tx.execute("select sighting_id, captured_at from evidence_capture").fetchall()
    minute = timedelta(minutes=1)
    for after in range(-3, 4):
        heartbeat.answered(row[1] + after * minute, row[1] + after * minute + minute / 2, 1)
        with house.database.transaction() as tx:
            watching.heartbeat(tx, "memory", "live", heartbeat)
    house.time.set(row[1] + 2.2 * minute)
    platform.delete(captured[1])
    observe(house, platform)
    with house.database.transaction() as tx:
        told = evidence.events_of(tx, [row[0]])
    kinds = [house.query("select kind, body from event where id = %s", event)[0] for event in told]
    assert [kind for kind, _ in kinds].count("captured") == 1
    assert [kind for kind, _ in kinds].count("deletion_observed") == 1
    beats = [body for kind, body in kinds if kind == "watched"]
    assert 3 <= len(beats) <= 5
