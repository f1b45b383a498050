"""Everything that was committed before is asked: whole pictures, their parts, moments of clips, late ones."""

import random
from datetime import UTC, datetime

import numpy as np
import pytest

import synthetic
from takeback.ids import SightingId
from takeback.infra.db import locks
from takeback.infra.db.locks import Lock
from takeback.sightings import flat, store, sweep
from takeback.sightings.model import Later, Seen
from takeback.sightings.sweep import Near, Sweeper
from takeback.signals.index import compare
from takeback.signals.model import Box, Cut, Frame, Pdq, Variant
from turns import State, Turns

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DOTS = random.Random(6)
VALUE, OTHER = DOTS.randbytes(32), DOTS.randbytes(32)


@pytest.fixture
def sweeper(database, tmp_path):
    return Sweeper(database, tmp_path / "sightings")


def insert(database, *seen: Seen):
    with database.transaction() as tx:
        locks.share(tx, Lock.BANK)
        return store.insert(tx, "memory", seen, NOW)


def posts(start, stop, alike=0):
    dots = random.Random(start)
    return [
        synthetic.seen("!place", n, bytes(alike) + dots.randbytes(32 - alike)) for n in range(start, stop)
    ]


def near(sweeper, *values: bytes, radius=31):
    return sweeper.near(compare.stack(list(values)), radius)


def part(value, doubt=0):
    return Variant(Cut.PANEL, Box(1, 2, 30, 40), Pdq(value, 90), doubt)


def test_nothing_passed(sweeper):
    assert near(sweeper, VALUE) == []


def test_a_whole_a_part_and_a_moment_are_found_by_their_numbers(database, sweeper):
    close = synthetic.bent(VALUE, 9, DOTS)
    whole, collage, clip, _ = insert(
        database,
        synthetic.seen("!place", 1, close),
        synthetic.collage("!place", 2, OTHER, DOTS.randbytes(32), VALUE),
        synthetic.clip("!place", 3, DOTS.randbytes(32), DOTS.randbytes(32), VALUE),
        *posts(4, 5),
    )
    assert near(sweeper, OTHER, VALUE) == [
        Near(whole, 0, 1, 9),
        Near(collage, 0, 0, 0),
        Near(collage, 2, 1, 0),
        Near(clip, 3, 1, 0),
    ]
    with database.transaction() as tx:
        rows = store.many(tx, [collage, clip])
    assert rows[collage].part(2) == part(VALUE)
    assert rows[collage].part(0) is None
    assert rows[clip].part(3) == Frame(2000, Pdq(VALUE, 80))
    assert (rows[clip].hash, rows[clip].duration_ms, rows[clip].kind) == (None, 9000, "clip")


def test_it_answers_what_brute_force_answers(database, sweeper, monkeypatch):
    monkeypatch.setattr(sweep, "PAGE", 7)
    rows, ids = posts(0, 100, alike=25), []
    for start in range(0, 100, 25):
        ids += insert(database, *rows[start : start + 25])
        queries = [rows[n].reading.whole.hash for n in range(0, 100, 9)]
        found = near(sweeper, *queries, radius=28)
        stored = compare.stack([each.reading.whole.hash for each in rows[: start + 25]])
        expected = compare.search(compare.stack(queries), stored, 28)
        assert sorted((each.query, ids.index(each.sighting), each.distance) for each in found) == list(
            zip(expected.query, expected.row, expected.distance, strict=True)
        )


def test_what_was_read_late_is_found(database, sweeper):
    early = synthetic.seen("!place", 1, VALUE)
    [late] = insert(database, Seen(early.post, early.media, Later("503")))
    insert(database, *posts(2, 9))
    assert near(sweeper, VALUE) == []
    with database.transaction() as tx:
        assert store.set_read(tx, late, early.reading)
        assert not store.set_read(tx, late, early.reading)
    assert near(sweeper, VALUE) == [Near(late, 0, 0, 0)]


def test_what_was_hashed_again_counts_as_it_is_now(database, sweeper):
    fast = synthetic.collage("!place", 1, synthetic.bent(VALUE, 30, DOTS), OTHER, doubt=16)
    [sighting] = insert(database, fast)
    assert near(sweeper, VALUE, OTHER) == [Near(sighting, 0, 0, 30), Near(sighting, 1, 1, 0)]
    exact = synthetic.signals(synthetic.bent(VALUE, 2, DOTS))
    with database.transaction() as tx:
        assert store.set_exact(tx, sighting, exact)
    assert near(sweeper, VALUE, OTHER) == [Near(sighting, 0, 0, 2)]
    with database.transaction() as tx:
        assert store.get(tx, sighting).doubt == 0


def test_what_is_no_longer_kept_is_not_found_and_its_room_is_given_back(database, tmp_path, monkeypatch):
    monkeypatch.setattr(flat, "SEAL_AT", 20)
    monkeypatch.setattr(flat.FlatSightings.__init__, "__kwdefaults__", {"seal_at": 20})
    sweeper = Sweeper(database, tmp_path / "sightings")
    ids = insert(database, *posts(0, 30), synthetic.seen("!place", 99, VALUE))
    assert sweeper.extend() == 31
    with database.transaction() as tx:
        tx.execute("delete from sightings_post where id <> all(%s)", [[ids[3], ids[5]]])
    assert near(sweeper, VALUE) == []
    assert sweeper.tidy() == 1
    assert sweeper.extend() == 2
    assert sweeper.tidy() == 0
    assert near(sweeper, posts(0, 30)[3].reading.whole.hash) == [Near(ids[3], 0, 0, 0)]


@pytest.mark.parametrize("name", ["manifest.json", "tail-*"])
def test_a_damaged_cache_is_made_again(database, sweeper, tmp_path, name):
    [sighting] = insert(database, synthetic.seen("!place", 1, VALUE))
    sweeper.extend()
    [path] = (tmp_path / "sightings").glob(name)
    path.write_bytes(b"?")
    fresh = Sweeper(database, tmp_path / "sightings")
    assert near(fresh, VALUE) == [Near(sighting, 0, 0, 0)]
    assert near(sweeper, VALUE) == [Near(sighting, 0, 0, 0)]


def test_a_cache_that_is_ahead_of_a_restored_database_is_made_again(database, sweeper):
    ids = insert(database, *posts(0, 5), synthetic.seen("!place", 99, VALUE))
    sweeper.extend()
    with database.transaction() as tx:
        tx.execute("delete from sightings_post where id > %s", [ids[1]])
        tx.execute("select setval('sightings_signals', 2)")
    assert near(sweeper, VALUE) == []
    assert sweeper.extend() == 2


def test_another_databases_cache_is_not_believed(database, sweeper, tmp_path):
    insert(database, synthetic.seen("!place", 1, VALUE))
    sweeper.extend()
    with database.transaction() as tx:
        tx.execute("update sightings_origin set id = gen_random_uuid()")
    assert [each.distance for each in near(Sweeper(database, tmp_path / "sightings"), VALUE)] == [0]


def test_a_sighting_under_way_is_waited_for(database, tmp_path):
    """Its number may be lower than that of one that is committed: to read on without it would lose it."""
    found = []

    def passing(actor) -> None:
        with actor.transaction() as tx:
            locks.share(tx, Lock.BANK)
            store.insert(tx, "memory", [synthetic.seen("!place", 1, VALUE)], NOW)

    with Turns(database.url) as turns:
        slow = turns.add(passing)
        asking = turns.add(lambda actor: found.extend(near(Sweeper(actor, tmp_path / "s"), VALUE)))
        for _ in range(3):
            turns.give(slow)  # it has its number, and has not committed
        insert(database, *posts(2, 5))
        assert not turns.until_stopped(asking)
        assert turns.blocked > 0
        turns.play(())
        assert slow.state is asking.state is State.DONE
    assert [each.distance for each in found] == [0]


def test_ids_have_room_for_every_part(database, sweeper):
    [sighting] = insert(
        database, synthetic.clip("!place", 1, *[DOTS.randbytes(32) for _ in range(600)], VALUE)
    )
    assert near(sweeper, VALUE) == [Near(sighting, 601, 0, 0)]
    assert flat.PARTS > 4095
    assert np.iinfo(np.int64).max // flat.PARTS > 10**15
    assert SightingId(sighting) == sighting
