"""What lies on disk is the index that was saved, or it is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hashes
from soaking import fewer_examples
from takeback.errors import DamagedIndex
from takeback.signals.index import storage
from takeback.signals.index.hamming import HammingIndex
from takeback.signals.index.segment import Layout, Saved
from takeback.signals.index.storage import Manifest, format_manifest, parse_manifest

LAYOUTS = ("multi", "flat")
ROWS = hashes.clustered(5000, np.random.default_rng(5))
IDS = np.arange(5000, dtype=np.int64)


@pytest.fixture(params=LAYOUTS)
def index(request: pytest.FixtureRequest) -> HammingIndex:
    """Rows with tables or planes, some in a delta, some removed."""
    made = HammingIndex(layout=request.param, radius=30)
    made.add(IDS[:4500], ROWS[:4500])
    made.add(IDS[4500:], ROWS[4500:])
    made.remove(np.array([3, 4700]))
    return made


def test_an_index_is_what_it_was_when_it_is_opened(index: HammingIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    HammingIndex.verify(tmp_path)
    opened = HammingIndex.open(tmp_path)
    assert (len(opened), opened._layout, opened._radius) == (4998, index._layout, 30)
    for radius in (0, 31, 48):
        assert hashes.same(opened.search(ROWS[::100], radius), index.search(ROWS[::100], radius))
    assert opened.search(ROWS[[3, 4700]], 0).id.size == 0


def test_saving_again_writes_only_what_is_new(index: HammingIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    opened = HammingIndex.open(tmp_path)
    before = {path.name for path in tmp_path.glob("segment-*")}
    opened.add(np.array([9000]), ROWS[:1])
    opened.save(tmp_path)
    after = {path.name for path in tmp_path.glob("segment-*")}
    assert before < after
    assert len(after) == len(before) + 1
    assert 9000 in HammingIndex.open(tmp_path).search(ROWS[:1]).id
    opened.remove(IDS)
    opened.settle()
    opened.save(tmp_path)
    assert len(list(tmp_path.iterdir())) <= 3
    assert len(HammingIndex.open(tmp_path)) == 1


def test_an_empty_index_can_be_saved(tmp_path: Path) -> None:
    HammingIndex().save(tmp_path / "new" / "folder")
    assert len(HammingIndex.open(tmp_path / "new" / "folder")) == 0


def test_a_folder_without_an_index_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DamagedIndex, match="missing; delete the folder and build"):
        HammingIndex.open(tmp_path)


def segment_of(folder: Path) -> Path:
    return max(folder.glob("segment-*"), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("cut", [1, 4096, 100_000, None])
def test_a_torn_segment_is_refused(index: HammingIndex, tmp_path: Path, cut: int | None) -> None:
    index.save(tmp_path)
    data = segment_of(tmp_path).read_bytes()
    segment_of(tmp_path).write_bytes(b"" if cut is None else data[:-cut])
    with pytest.raises(DamagedIndex, match="torn"):
        HammingIndex.open(tmp_path)


def test_a_missing_segment_is_refused(index: HammingIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    segment_of(tmp_path).unlink()
    for look in (HammingIndex.open, HammingIndex.verify):
        with pytest.raises(DamagedIndex, match="missing"):
            look(tmp_path)


def test_another_indexs_segment_is_refused(index: HammingIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "one")
    other = HammingIndex(layout=index._layout)
    other.add(IDS[:4500], ROWS[500:])
    other.save(tmp_path / "other")
    segment_of(tmp_path / "one").write_bytes(segment_of(tmp_path / "other").read_bytes())
    with pytest.raises(DamagedIndex, match="another header"):
        HammingIndex.open(tmp_path / "one")


@pytest.mark.parametrize(
    ("at", "said"), [(0, "not a segment"), (8, "version"), (17, "header"), (4000, "header")]
)
def test_a_changed_header_is_refused(index: HammingIndex, tmp_path: Path, at: int, said: str) -> None:
    index.save(tmp_path)
    change(segment_of(tmp_path), at)
    with pytest.raises(DamagedIndex, match=said):
        HammingIndex.open(tmp_path)


def change(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


@fewer_examples
@given(where=st.floats(0, 1, exclude_max=True))
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_changed_bit_is_found_by_verify_and_never_read_beyond(
    layout: str, where: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("index")
    index = HammingIndex(layout=layout)
    index.add(IDS, ROWS)
    index.save(folder)
    path = segment_of(folder)
    change(path, 4096 + int((path.stat().st_size - 4096) * where))
    try:
        HammingIndex.verify(folder)
        padding = 1
    except DamagedIndex:
        padding = 0
    try:
        found = HammingIndex.open(folder).search(ROWS, 31)
    except DamagedIndex:
        return
    assert np.all(found.distance <= 31)
    if padding:
        assert hashes.same(found, hashes.brute_force(IDS, ROWS, ROWS, 31))


def test_numbers_that_point_nowhere_are_refused_when_they_are_met(tmp_path: Path) -> None:
    index = HammingIndex()
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 256, (20_000, 32), dtype=np.uint8)
    index.add(np.arange(20_000), rows)
    if index._all[0].columns is None:
        pytest.skip("the native index is not built: numpy has no tables")
    index._all[0].columns.numbers[:] = 0xFFFFFFF0
    with pytest.raises(DamagedIndex, match="does not exist"):
        index.search(rows[:1])
    index.save(tmp_path)
    with pytest.raises(DamagedIndex, match="does not exist"):
        HammingIndex.open(tmp_path).search(rows[:1])


@pytest.mark.parametrize("line", range(6))
def test_a_changed_manifest_is_refused(index: HammingIndex, tmp_path: Path, line: int) -> None:
    index.save(tmp_path)
    path = tmp_path / storage.MANIFEST
    lines = path.read_text().splitlines(keepends=True)
    if line < len(lines):
        del lines[line]
        path.write_text("".join(lines))
        with pytest.raises(DamagedIndex, match=r"manifest|checksum"):
            HammingIndex.open(tmp_path)


def test_a_manifest_of_another_version_is_refused_by_name(index: HammingIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    path = tmp_path / storage.MANIFEST
    path.write_text(path.read_text().replace("index 1", "index 2", 1))
    with pytest.raises(DamagedIndex, match="version 2"):
        HammingIndex.open(tmp_path)


def test_changed_removals_are_refused(index: HammingIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    change(next(tmp_path.glob("removed-*")), 0)
    for look in (HammingIndex.open, HammingIndex.verify):
        with pytest.raises(DamagedIndex, match="changed"):
            look(tmp_path)


def saved(kind: str) -> st.SearchStrategy[Saved]:
    names = st.binary(min_size=8, max_size=8).map(lambda name: f"{kind}-{name.hex()}")
    return st.builds(Saved, names, st.binary(min_size=32, max_size=32).map(bytes.hex))


MANIFESTS = st.builds(
    Manifest,
    st.sampled_from(Layout),
    st.integers(0, 64),
    st.lists(st.tuples(saved("segment"), st.none() | saved("removed")), max_size=4).map(tuple),
)


@given(MANIFESTS)
def test_a_manifest_survives_its_format(manifest: Manifest) -> None:
    assert parse_manifest(format_manifest(manifest)) == manifest


@given(MANIFESTS, st.data())
def test_a_manifest_with_a_changed_character_is_not_read(manifest: Manifest, data: st.DataObject) -> None:
    text = format_manifest(manifest)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda each: each != text[at]))
    with pytest.raises(ValueError, match=r"index|version|line|changed"):
        parse_manifest(text[:at] + other + text[at + 1 :])
