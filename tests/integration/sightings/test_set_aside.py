"""Posts that cannot be processed, for a reason that nobody foresaw: the stream goes on; nothing is lost."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import House, Time, picture
from platform_in_memory import MemoryPlatform
from soaking import fewer_examples
from takeback.connectors.api import Batch, Deletion, Media, Post, StreamId, Unseen, UnseenKind
from takeback.entrypoints.watcher.ahead import Ahead
from takeback.entrypoints.watcher.batches import Batches
from takeback.entrypoints.watcher.database_clock import DatabaseClock
from takeback.events import BatchSetAside
from takeback.evidence.heartbeat import Heartbeat
from takeback.sightings import health, leases, set_aside

MINUTE = timedelta(minutes=1)
AT = datetime(2026, 1, 1, tzinfo=UTC)
PICTURE = picture(7)
STREAM = StreamId("live")


class Poisonous(MemoryPlatform):
    """Media whose address ends in "raise" break the connector as no platform should."""

    def fetch(self, media: str, max_bytes: int) -> bytes:
        if media.endswith("raise"):
            raise KeyError(media)
        return PICTURE[:max_bytes]


def post(number: int, how: str) -> Post:
    """Each kind of poison breaks at another place: reading, encoding, the database, an index."""
    sender = {"nul": "@a\0", "lone": "@\ud800"}.get(how, "@a")
    place = f"!{random.Random(number).randbytes(4000).hex()}" if how == "long" else "!square"
    return Post(place, f"$m{number}", sender, AT, (Media(f"memory:file/{number}.{how}"),))


@pytest.fixture
def house(database, tmp_path, decoder):
    return House(database, Poisonous(), tmp_path / "data", decoder, Time())


def batches_of(house):
    with house.database.transaction() as tx:
        return Batches(house.app, Ahead(house.app), DatabaseClock(tx))


def take(batches, house, batch):
    with house.database.transaction() as tx:
        leases.open_stream(tx, "memory", STREAM, None)
        lease = leases.lease(tx, "memory", "x", MINUTE)
    batches.take(house.platform, lease, lease.cursor, batch, Heartbeat())
    with house.database.transaction() as tx:
        leases.release(tx, lease, answered=True)


def try_all(batches, house):
    for _ in range(1000):
        if not batches.try_again({"memory": house.platform}):
            return
    raise AssertionError("it never ends")


def reset(house):
    with house.database.transaction() as tx:
        tx.execute("truncate sightings_post, sightings_stream, sightings_set_aside cascade")


POISON = st.sampled_from(["raise", "nul", "lone", "long"])


@given(pages=st.lists(st.lists(st.one_of(st.just("good"), st.just("good"), POISON), max_size=9), max_size=4))
@fewer_examples
def test_s14_every_post_is_sighted_but_the_poisonous_and_those_are_listed(house, pages):
    """S14: wherever poison stands in a stream, the stream is read to its end, and nothing else is lost."""
    reset(house)
    batches = batches_of(house)
    posts, number = {}, 0
    for page in pages:
        here = []
        for how in page:
            here.append(post(number, how))
            posts[number] = how
            number += 1
        take(batches, house, Batch(tuple(here), str(number)))
    try_all(batches, house)
    batches.close()
    good = {f"$m{each}" for each, how in posts.items() if how == "good"}
    bad = {f"$m{each}" for each, how in posts.items() if how != "good"}
    with house.database.transaction() as tx:
        assert {row[0] for row in tx.execute("select message from sightings_post")} == good
        listed = set_aside.listed(tx, 100)
        assert {each.message for each in listed} == bad
        assert all(each.count == 1 for each in listed)
        assert set_aside.counts(tx) == ({"memory": len(bad)} if bad else {})
        if pages:
            assert leases.lease(tx, "memory", "x", MINUTE).cursor == str(number)
        said = [each.words for each in health.troubles(tx, ()) if "could not be processed" in each.words]
        assert bool(said) is bool(bad)


def test_s14_what_was_set_aside_is_tried_again_and_leaves_the_list(house, monkeypatch):
    """S14: when the fault is mended, the post is sighted, and the event was recorded once for the stream."""
    batches = batches_of(house)
    take(batches, house, Batch((post(1, "raise"), post(2, "raise"), post(3, "good")), "3"))
    take(batches, house, Batch((post(4, "raise"),), "4"))
    assert [(each.pieces, each.error) for each in house.events(BatchSetAside)] == [(3, "KeyError")]
    try_all(batches, house)
    monkeypatch.setattr(Poisonous, "fetch", lambda *_: PICTURE)
    try_all(batches, house)
    with house.database.transaction() as tx:
        assert len(set_aside.listed(tx, 10)) == 3, "not before their pause is over"
        tx.execute("update sightings_set_aside set try_at = now()")
    try_all(batches, house)
    batches.close()
    with house.database.transaction() as tx:
        assert set_aside.listed(tx, 10) == []
    assert house.query("select count(*) from sightings_post") == [(4,)]


def test_s14_deletions_and_opened_streams_of_a_failed_batch_are_not_lost(house):
    """S14: everything that a batch says is a piece; so is what may not be written."""
    batches = batches_of(house)
    opens = ((StreamId("history:a"), "far"), (StreamId("history:\0"), "far"))
    strange = Unseen(UnseenKind.ADDRESS, "!square", "$\0", "url")
    batch = Batch((post(1, "good"),), "1", opens, deletions=(Deletion("!a", "$\0"),), unseen=(strange,))
    take(batches, house, batch)
    try_all(batches, house)
    batches.close()
    assert house.query("select message from sightings_post") == [("$m1",)]
    assert house.query("select name from sightings_stream where ending") == [("history:a",)]
    assert set_aside.as_batch(set_aside.pieces_of(batch), "1") == batch


text = st.text(alphabet=st.characters(codec=None), max_size=5)
media = st.builds(Media, text, text, st.none() | st.integers(0, 9))
moments = st.datetimes(timezones=st.just(UTC))
pieces = st.one_of(
    st.builds(Post, text, text, text, moments, st.lists(media, max_size=2).map(tuple)),
    st.builds(Deletion, text, text),
    st.builds(Unseen, st.sampled_from(UnseenKind), text, text, text),
    st.tuples(st.builds(StreamId, text), text),
)


@given(st.lists(pieces, max_size=5).map(tuple))
def test_pieces_come_back_as_they_were_whatever_their_letters(many):
    stored = set_aside.format_pieces(many)
    assert stored.isascii()
    assert "\0" not in stored
    assert set_aside.parse_pieces(stored) == many


def test_a_post_with_hundreds_of_files_holds_another_stream_back_by_a_few(house):
    """S14, since one event may cause 256 downloads: a stream has no more in the readers' queue than they do
    at once.
    """
    batches = batches_of(house)
    asked = []

    class Watching(Poisonous):
        def fetch(self, media: str, max_bytes: int) -> bytes:
            asked.append(media)
            return super().fetch(media, max_bytes)

    platform = Watching()
    many = tuple(Media(f"memory:file/{number}.good") for number in range(256))
    greedy = replace(post(1, "good"), media=many)
    house.platform = platform
    with house.database.transaction() as tx:
        leases.open_stream(tx, "memory", STREAM, None)
        leases.open_stream(tx, "memory", StreamId("other"), None)
        first, second = (leases.lease(tx, "memory", "x", MINUTE) for _ in range(2))
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(batches.take, platform, first, None, Batch((greedy,), "1"), Heartbeat())
        while len(asked) < 4:
            pass
        before = len(asked)
        honest = replace(post(2, "good"), media=(Media("memory:honest.good"),))
        pool.submit(batches.take, platform, second, None, Batch((honest,), "1"), Heartbeat()).result()
        assert asked.index("memory:honest.good") - before < 20
        slow.result()
    batches.close()
    assert house.query("select count(*) from sightings_post") == [(257,)]
