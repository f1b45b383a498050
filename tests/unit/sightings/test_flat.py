"""The flat cache: it finds what it was given, whatever happens to its files and whoever else writes to it."""

import threading
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from takeback.errors import DamagedIndex
from takeback.sightings.flat import FlatSightings, Rows
from takeback.signals.index import compare

ORIGIN, ANOTHER = UUID(int=1), UUID(int=2)
DOTS = np.random.default_rng(4)
HASHES = DOTS.integers(0, 256, (500, 32), dtype=np.uint8)
FAMILIES = HASHES.copy()
FAMILIES[:, 6:] = FAMILIES[0, 6:]
"""At most 48 bits apart, and 24 on average."""


def rows(start, stop, hashes=HASHES):
    return Rows(np.arange(start, stop, dtype=np.int64) * 4096, hashes[start:stop])


@pytest.fixture
def flat(tmp_path):
    return FlatSightings(tmp_path / "flat", ORIGIN, seal_at=100)


def again(tmp_path):
    return FlatSightings(tmp_path / "flat", ORIGIN, seal_at=100)


def ids_near(flat, number):
    return (flat.search(HASHES[number : number + 1], 10).id // 4096).tolist()


def fill(flat, upto, step=30):
    for start in range(0, upto, step):
        assert flat.extend(rows(start, min(start + step, upto)), min(step, upto - start), start, start + step)


def test_an_empty_one_finds_nothing(flat):
    assert (flat.mark(), len(flat), ids_near(flat, 0)) == (0, 0, [])


def test_what_was_taken_in_is_found(flat):
    fill(flat, 250)
    assert len(flat) == 250
    assert len(flat.segments()) == 2
    assert [ids_near(flat, n) for n in (0, 99, 130, 249)] == [[0], [99], [130], [249]]
    assert ids_near(flat, 250) == []


def test_it_is_found_again_by_who_opens_the_folder_next(flat, tmp_path):
    fill(flat, 250)
    opened = again(tmp_path)
    assert (opened.mark(), len(opened)) == (270, 250)
    assert [ids_near(opened, n) for n in (0, 249)] == [[0], [249]]


def test_several_who_have_it_open_see_what_each_takes_in(flat, tmp_path):
    other = again(tmp_path)
    for turn, start in enumerate(range(0, 240, 30)):
        writer, reader = (flat, other) if turn % 2 else (other, flat)
        assert writer.extend(rows(start, start + 30), 30, start, start + 30)
        assert reader.mark() == start + 30
        assert ids_near(reader, start + 29) == [start + 29]


def test_who_comes_second_takes_nothing_in_twice(flat, tmp_path):
    other = again(tmp_path)
    assert flat.extend(rows(0, 30), 30, 0, 30)
    assert not other.extend(rows(0, 30), 30, 0, 30)
    assert other.extend(rows(30, 40), 10, other.mark(), 40)
    assert len(flat) == 40


def test_many_threads_at_once_take_everything_in_once(tmp_path):
    def take_in() -> None:
        mine = again(tmp_path)
        while (after := mine.mark()) < 300:
            mine.extend(rows(after, after + 10), 10, after, after + 10)

    threads = [threading.Thread(target=take_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = again(tmp_path).search(HASHES[:300], 0)
    assert sorted((found.id // 4096).tolist()) == list(range(300))


def test_a_page_without_hashes_moves_the_mark(flat):
    assert flat.extend(rows(0, 0), 5, 0, 5)
    assert (flat.mark(), len(flat)) == (5, 0)


def test_what_a_killed_writer_left_behind_the_end_is_written_over(flat, tmp_path):
    fill(flat, 60)
    [tail] = (tmp_path / "flat").glob("tail-*")
    with tail.open("ab") as file:
        file.write(b"half a row")
    opened = again(tmp_path)
    assert len(opened) == 60
    assert opened.extend(rows(60, 70), 10, 60, 70)
    assert [ids_near(again(tmp_path), n) for n in (59, 65)] == [[59], [65]]


def test_a_segment_that_was_written_and_never_named_goes(flat, tmp_path):
    fill(flat, 60)
    (tmp_path / "flat" / "segment-0-60-feed").mkdir()
    fill_more = flat.extend(rows(60, 70), 10, 60, 70)
    assert fill_more
    assert not (tmp_path / "flat" / "segment-0-60-feed").exists()


def damage_tail(folder):
    [tail] = folder.glob("tail-*")
    data = bytearray(tail.read_bytes())
    data[100] ^= 1
    tail.write_bytes(data)


def shorten_tail(folder):
    [tail] = folder.glob("tail-*")
    tail.write_bytes(tail.read_bytes()[:-1])


def remove_tail(folder):
    [tail] = folder.glob("tail-*")
    tail.unlink()


def remove_segment(folder):
    [segment, *_] = folder.glob("segment-*")
    segment.rename(folder / "elsewhere")


def damage_manifest(folder):
    (folder / "manifest.json").write_bytes(b"{")


def other_version(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))


DAMAGES = [damage_tail, shorten_tail, remove_tail, remove_segment, damage_manifest, other_version]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_is_told_and_never_read(flat, tmp_path, damage):
    fill(flat, 130)
    damage(tmp_path / "flat")
    opened = again(tmp_path)
    with pytest.raises(DamagedIndex):
        opened.search(HASHES[:1], 0)
    opened.clear()
    assert (opened.mark(), len(opened)) == (0, 0)
    fill(opened, 130)
    assert ids_near(opened, 129) == [129]


def test_a_cache_of_another_database_is_not_believed(flat, tmp_path):
    fill(flat, 30)
    with pytest.raises(DamagedIndex, match="another database"):
        FlatSightings(tmp_path / "flat", ANOTHER).mark()


def test_a_segment_is_replaced_by_what_is_left_of_it(flat, tmp_path):
    fill(flat, 250)
    first, second = flat.segments()
    assert flat.renew(first, rows(0, 3), 3)
    assert not again(tmp_path).renew(first, rows(0, 3), 3)
    assert [ids_near(flat, n) for n in (2, 3, 130, 249)] == [[2], [], [130], [249]]
    assert flat.segments()[0].sightings == 3
    assert flat.renew(second, rows(0, 0), 0)
    assert len(flat.segments()) == 1
    assert len(again(tmp_path)) == len(flat) == 3 + 250 - second.upto


STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["extend", "reopen", "search", "kill"]), st.integers(0, 40)),
    max_size=25,
)


@settings(suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_any_order_of_things_finds_what_brute_force_finds(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("flat")

    def opened() -> FlatSightings:
        return FlatSightings(folder, ORIGIN, seal_at=64)

    both, taken = [opened(), opened()], 0
    for who, what, size in steps:
        flat = both[who]
        match what:
            case "extend":
                end = min(taken + size, len(HASHES))
                assert flat.extend(rows(taken, end, FAMILIES), end - taken, taken, end)
                taken = end
            case "reopen":
                both[who] = opened()
            case "kill":  # between the tail and the manifest
                for tail in folder.glob("tail-*"):
                    with tail.open("ab") as file:
                        file.write(bytes(size))
            case "search":
                found = flat.search(FAMILIES[:7], 24)
                expected = compare.search(FAMILIES[:7], FAMILIES[:taken], 24)
                assert sorted(zip(found.query, found.id // 4096, found.distance, strict=True)) == list(
                    zip(expected.query, expected.row, expected.distance, strict=True)
                )
