"""The index: what it finds, forgets and keeps, by every engine that this machine has."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hashes
from soaking import fewer_examples, quick
from takeback.signals.index import hamming as face
from takeback.signals.index.engine import Engine, Native, Numpy, _native
from takeback.signals.index.hamming import HammingIndex

PATHS = [] if _native is None else _native.paths()
ENGINES = [*PATHS, "none"]
LAYOUTS = ("multi", "flat")


def engine_of(name: str) -> Engine:
    return Numpy() if name == "none" else Native(name)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Each in turn is the engine of new indexes."""
    chosen = engine_of(request.param)
    monkeypatch.setattr(face, "engine", lambda: chosen)
    return chosen


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def filled(layout: str, ids: np.ndarray, rows: np.ndarray) -> HammingIndex:
    index = HammingIndex(layout=layout)
    index.add(ids, rows)
    return index


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("radius", quick(0, 31, 48, every=[0, 7, 15, 16, 31, 32, 48, 64]))
def test_it_finds_what_brute_force_finds(layout: str, radius: int, rng: np.random.Generator) -> None:
    rows = hashes.clustered(9000, rng)
    ids = rng.permutation(len(rows)).astype(np.int64)
    asked = np.concatenate([rows[::450], hashes.bent(rows[:20], rng.integers(0, 60, 20), rng)])
    index = filled(layout, ids[:7000], rows[:7000])
    index.add(ids[7000:], rows[7000:])
    assert hashes.same(index.search(asked, radius), hashes.brute_force(ids, rows, asked, radius))
    for query in asked[:3]:
        expected = hashes.brute_force(ids, rows, query[None], radius)
        assert hashes.same(index.search(query[None], radius), expected)


@pytest.mark.parametrize("path", PATHS)
def test_probing_finds_what_scanning_finds_at_every_radius(path: str, rng: np.random.Generator) -> None:
    native = Native(path)
    rows = hashes.clustered(300_000, rng)
    tables = native.check(rows, native.build(rows))
    asked = hashes.bent(rows[::100_000], np.array([3, 17, 29]), rng)
    many = hashes.bent(rows[::600], rng.integers(0, 40, 500), rng)
    planes = native.to_planes(rows[: len(rows) // 512 * 512])
    covered = len(planes) * 512
    for radius in range(65):
        radii = np.full(len(asked), radius, np.uint8)
        expected = ordered(native.scan_rows(rows, asked, radii))
        assert ordered(native.search(tables, asked, radii)) == expected
        assert ordered(native.scan_planes(planes, asked, radii)) == [x for x in expected if x[1] < covered]
    for radii in (np.full(500, 15, np.uint8), np.full(500, 31, np.uint8), rng.integers(0, 65, 500, np.uint8)):
        assert ordered(native.search(tables, many, radii)) == ordered(native.scan_rows(rows, many, radii))
        few = ordered(native.scan_rows(rows[:covered], many[:80], radii[:80]))
        assert ordered(native.scan_planes(planes, many[:80], radii[:80])) == few


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_query_may_have_its_own_radius(layout: str, rng: np.random.Generator) -> None:
    rows = hashes.clustered(9000, rng)
    asked = hashes.bent(rows[::300], rng.integers(0, 60, 30), rng)
    index = filled(layout, np.arange(9000), rows)
    radii = rng.integers(0, 65, 30, np.uint8)
    found = index.search(asked, radii)
    for number, radius in enumerate(radii.tolist()):
        mine = found.query == number
        alone = index.search(asked[number, None], radius)
        assert np.array_equal(found.id[mine], alone.id)
        assert np.array_equal(found.distance[mine], alone.distance)


@pytest.mark.usefixtures("engine")
def test_radii_of_another_number_or_form_are_refused(rng: np.random.Generator) -> None:
    index = filled("multi", np.arange(600), hashes.clustered(600, rng))
    asked = np.zeros((2, 32), np.uint8)
    for radii in (np.zeros(1, np.uint8), np.zeros((2, 1), np.uint8), np.zeros(2, np.int64)):
        with pytest.raises(ValueError, match="radii"):
            index.search(asked, radii)
    with pytest.raises(ValueError, match="radius"):
        index.search(asked, np.array([3, 65], np.uint8))


def ordered(hits) -> list[tuple[int, ...]]:
    return [] if hits is None else sorted(zip(*(column.tolist() for column in hits), strict=True))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_hash_is_found_as_soon_as_it_is_in(layout: str, rng: np.random.Generator) -> None:
    index = HammingIndex(layout=layout)
    for number, row in enumerate(hashes.clustered(1200, rng)[::40]):
        index.add(np.array([number]), row[None])
        assert number in index.search(row[None]).id
        assert len(index) == number + 1


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_removed_is_found_no_more_and_may_come_back(layout: str, rng: np.random.Generator) -> None:
    rows = rng.integers(0, 256, (6000, 32), dtype=np.uint8)
    ids = np.arange(len(rows), dtype=np.int64) // 2
    index = filled(layout, ids[:5000], rows[:5000])
    index.add(ids[5000:], rows[5000:])
    index.remove(np.array([7, 2800, 10**12]))
    assert len(index) == 5996
    gone = np.concatenate([rows[14:16], rows[5600:5602]])
    assert index.search(gone).id.size == 0
    index.add(np.array([7], np.int64), rows[15:16])
    index.settle()
    assert index.search(gone).id.tolist() == [7]
    index.remove(np.arange(3000))
    index.settle()
    assert len(index) == 0
    assert index.search(rows[:50]).id.size == 0


@pytest.mark.usefixtures("engine")
def test_pairs_come_by_query_then_by_id(rng: np.random.Generator) -> None:
    rows = np.repeat(rng.integers(0, 256, (3, 32), dtype=np.uint8), 4, axis=0)
    index = filled("multi", rng.permutation(12).astype(np.int64), rows)
    index.add(np.arange(12, 24)[::-1].copy(), rows)
    found = index.search(rows[::4])
    assert [len(found.id[found.query == query]) for query in range(3)] == [8, 8, 8]
    pairs = list(zip(found.query.tolist(), found.id.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert (found.query.dtype, found.id.dtype, found.distance.dtype) == (np.int64, np.int64, np.uint8)


@pytest.mark.usefixtures("engine")
def test_an_empty_index_and_an_empty_question_have_no_answer() -> None:
    index = HammingIndex()
    one = np.zeros((1, 32), np.uint8)
    assert index.search(one).id.size == 0
    index.add(np.empty(0, np.int64), one[:0])
    index.add(np.array([1]), one)
    assert index.search(one[:0]).id.size == 0


def test_what_is_not_a_table_of_hashes_is_refused() -> None:
    index = HammingIndex()
    one = np.zeros((1, 32), np.uint8)
    with pytest.raises(ValueError, match="uint8"):
        index.search(np.zeros((1, 31), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        index.search(np.zeros((1, 32), np.int8))
    with pytest.raises(ValueError, match="int64"):
        index.add(np.array([1, 2]), one)
    with pytest.raises(ValueError, match="int64"):
        index.add(np.array([1.0]), one)
    for radius in (-1, 65):
        with pytest.raises(ValueError, match="radius"):
            index.search(one, radius)
        with pytest.raises(ValueError, match="radius"):
            HammingIndex(radius)


@pytest.mark.skipif(not PATHS, reason="the native index is not built: there is no compiler")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_segments_stay_few_and_answers_right_while_it_grows(layout: str, rng: np.random.Generator) -> None:
    rows = rng.integers(0, 256, (60_000, 32), dtype=np.uint8)
    index = HammingIndex(layout=layout)
    for start in range(0, len(rows), 1000):
        index.add(np.arange(start, start + 1000), rows[start : start + 1000])
    index.settle()
    assert len(index._all) <= 5
    assert index.search(rows[::1000]).id.tolist() == list(range(0, 60_000, 1000))


@pytest.mark.skipif(not PATHS, reason="the native index is not built: there is no compiler")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_thread_searches_while_others_add_and_remove(layout: str, rng: np.random.Generator) -> None:
    rows = rng.integers(0, 256, (40_000, 32), dtype=np.uint8)
    stay = np.arange(0, 8000, dtype=np.int64)
    index = filled(layout, stay, rows[:8000])
    done = threading.Event()
    wrong: list[str] = []

    def ask() -> None:
        asked = rows[:8000:500]
        while not done.is_set():
            if index.search(asked).id.tolist() != stay[::500].tolist():
                wrong.append("a row that stays was missed or doubled")

    def change(first: int) -> None:
        for start in range(first, first + 16_000, 250):
            ids = np.arange(start, start + 250, dtype=np.int64)
            index.add(ids, rows[start : start + 250])
            if index.search(rows[start : start + 250 : 50]).id.tolist() != ids[::50].tolist():
                wrong.append("a row that was added is not found")
            index.remove(ids[::2])

    asking = threading.Thread(target=ask)
    changing = [threading.Thread(target=change, args=(first,)) for first in (8000, 24_000)]
    asking.start()
    for thread in changing:
        thread.start()
    for thread in changing:
        thread.join()
    done.set()
    asking.join()
    index.settle()
    assert not wrong
    assert len(index) == 24_000
    left = index.search(rows[8000:40_000:10])
    assert left.id.size == 0
    assert index.search(rows[8001:40_000:100]).id.tolist() == list(range(8001, 40_000, 100))


@fewer_examples
@given(seed=st.integers(0, 2**32), blocks=st.integers(0, 3))
@pytest.mark.parametrize("path", PATHS)
def test_planes_lead_back_to_rows_for_every_engine(path: str, seed: int, blocks: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 256, (blocks * 512, 32), dtype=np.uint8)
    planes = Native(path).to_planes(rows)
    for name in ENGINES:
        assert np.array_equal(engine_of(name).to_rows(planes), rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numpy_reads_what_native_wrote_and_the_other_way(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    rows = hashes.clustered(6000, rng)
    ids = np.arange(6000, dtype=np.int64)
    asked = rows[::300]
    expected = hashes.brute_force(ids, rows, asked, 40)
    for writer, reader in ((a, b) for a in ENGINES for b in ENGINES):
        folder = tmp_path / f"{writer}-{reader}"
        monkeypatch.setattr(face, "engine", lambda name=writer: engine_of(name))
        filled(layout, ids, rows).save(folder)
        monkeypatch.setattr(face, "engine", lambda name=reader: engine_of(name))
        opened = HammingIndex.open(folder)
        assert hashes.same(opened.search(asked, 40), expected)
        opened.add(np.array([9000]), rows[:1])
        assert opened.search(rows[:1], 0).id.tolist() == [0, 9000]
