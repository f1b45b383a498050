"""A snapshot of the bank: what was written is what is opened, or nothing is; whatever happens meanwhile."""

import os
import random
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks import changes_for, expected, shown, take_in, token
from takeback.bank import snapshot
from takeback.bank.index import BankIndex
from takeback.bank.model import FRAME_BYTES, NOTHING, Entry, EntryStatus, Version
from takeback.bank.snapshot import Manifest, format_manifest, parse_manifest
from takeback.errors import DamagedIndex
from takeback.ids import EntryId, ReportId
from takeback.signals.index.compare import stack
from takeback.signals.model import HASH_BYTES, Kind

SEED, ACTIVE, WITHDRAWN = EntryStatus
NUMBERS = range(1, 6)


def an_entry(number: int, status: EntryStatus, seq: int) -> Entry:
    """Of so many frames as its number says; the third one's id ends with zeros."""
    dots = random.Random(number)
    value = UUID(int=dots.getrandbits(128) if number != 3 else 0xABCD << 64)
    kind = Kind.PICTURE if number == 1 else Kind.CLIP
    hashes = dots.randbytes(number * FRAME_BYTES)
    return Entry(EntryId(value), number, ReportId(UUID(int=0)), status, kind, 100, seq, hashes)


@contextmanager
def a_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder / "bank"
    finally:
        shutil.rmtree(folder)


@contextmanager
def ending_at_flush(number: int) -> Iterator[None]:
    """As a crash would: from one flush of a file or folder on, nothing more is written."""
    left = [number]
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError("crash")
        flush(descriptor)

    with mock.patch("os.fsync", fsync):
        yield


def write(index: BankIndex) -> None:
    thread = snapshot.write_beside(index)
    assert thread is not None
    thread.join()


def found_in(index: BankIndex) -> list[tuple[int, int, int]]:
    """Which row of which entry each hash of all entries finds, exactly."""
    asked = stack(
        [
            entry.hashes[at : at + HASH_BYTES]
            for number in NUMBERS
            for entry in [an_entry(number, SEED, 1)]
            for at in range(0, len(entry.hashes), HASH_BYTES)
        ]
    )
    return sorted((t.entry, t.frame, t.flip) for t in index.search(asked, 0) if not t.negative)


OPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(NUMBERS), st.sampled_from([SEED, ACTIVE, WITHDRAWN])),
        st.tuples(st.just("crash"), st.integers(0, 12), st.none()),
        st.tuples(st.sampled_from(["write", "reopen", "catch up"]), st.none(), st.none()),
    ),
    max_size=25,
)


@given(OPS)
def test_an_index_of_a_snapshot_and_the_changes_since_is_one_that_was_read_afresh(ops):
    history: list[Entry] = []
    last: dict[int, Entry] = {}

    def catch_up(index: BankIndex) -> BankIndex:
        since = [entry for entry in last.values() if entry.seq > index.seq]
        upto = Version(len(history), token(len(history)))
        if since:
            assert index.apply(changes_for(index, since, upto))
        return index

    with a_folder() as folder:
        index = BankIndex(folder)
        for op, number, status in ops:
            match op:
                case "change":
                    old = last.get(number)
                    if old is None or old.status is not WITHDRAWN:
                        last[number] = an_entry(number, status, len(history) + 1)
                        history.append(last[number])
                case "write" if index.seq:
                    write(index)
                case "crash" if index.seq:
                    with ending_at_flush(number):
                        write(index)
                    index = BankIndex(folder)
                case "reopen":
                    index = BankIndex(folder)
                    if snapshot.read(folder) is not None:
                        assert index.become(snapshot.open_latest(folder)[1])
                case _:
                    catch_up(index)
        fresh = BankIndex()
        take_in(fresh, last.values())
        catch_up(index)
        assert (len(index), index.seq) == (len(fresh), len(history))
        assert shown(index, NUMBERS) == shown(fresh, NUMBERS) == expected(last)
        assert found_in(index) == found_in(fresh)


@given(st.data())
def test_threads_may_bring_their_changes_in_any_order(data):
    """Each reads what changed up to some head, and applies it when it comes to it."""
    last: dict[int, Entry] = {}
    index, waiting, seq = BankIndex(), [], 0
    for _ in range(data.draw(st.integers(1, 20))):
        if data.draw(st.booleans()) or not waiting:
            number = data.draw(st.sampled_from(NUMBERS))
            old = last.get(number)
            if old is None or old.status is not WITHDRAWN:
                seq += 1
                last[number] = an_entry(number, data.draw(st.sampled_from([SEED, ACTIVE, WITHDRAWN])), seq)
            since = [entry for entry in last.values() if entry.seq > index.seq]
            waiting.append(changes_for(index, since, Version(seq, token(seq))))
        else:
            index.apply(waiting.pop(data.draw(st.integers(0, len(waiting) - 1))))
            promised = {n: e for n, e in last.items() if e.seq <= index.seq}
            assert {n: b for n, b in shown(index, NUMBERS).items() if n in promised} == expected(promised)
    since = [entry for entry in last.values() if entry.seq > index.seq]
    assert index.apply(changes_for(index, since, Version(seq, token(seq))))
    assert shown(index, NUMBERS) == expected(last)
    rows = [(n, f, i) for n, e in expected(last).items() for f in range(e.frames) for i in range(8)]
    assert found_in(index) == sorted(rows)


@pytest.fixture
def written(tmp_path):
    """A folder with a snapshot of three entries, and the index that wrote it."""
    index = BankIndex(tmp_path / "bank")
    take_in(index, [an_entry(n, ACTIVE, n) for n in (1, 2, 3)])
    write(index)
    return index


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != snapshot.LOCK)


def test_only_its_user_may_read_a_snapshot(written):
    modes = {
        stat.S_IMODE(path.stat().st_mode) | (0o1000000 if path.is_dir() else 0)
        for path in [written.folder, *written.folder.rglob("*")]
    }
    assert modes == {0o1000700, 0o600}


def test_who_wrote_a_snapshot_uses_it_and_goes_on(written):
    assert written.kept == written.version == Version(3, token(3))
    take_in(written, [an_entry(1, WITHDRAWN, 4), an_entry(4, SEED, 5)])
    assert shown(written, NUMBERS).keys() == {2, 3, 4}
    _, again = snapshot.open_latest(written.folder)
    assert (again.version, shown(again, NUMBERS).keys()) == (Version(3, token(3)), {1, 2, 3})


def test_old_generations_and_what_a_crash_left_are_taken_away(written):
    (written.folder / "generation-0123456789abcdef").mkdir()
    take_in(written, [an_entry(4, SEED, 4)])
    write(written)
    assert len(list(written.folder.glob("generation-*"))) == 1
    assert len(snapshot.open_latest(written.folder)[1]) == 4


@given(st.data())
def test_a_snapshot_with_a_changed_or_missing_piece_is_not_opened(data):
    with a_folder() as folder:
        index = BankIndex(folder)
        take_in(index, [an_entry(n, ACTIVE, n) for n in (1, 2, 3)])
        write(index)
        path = data.draw(st.sampled_from(files_of(folder)))
        whole = path.read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        match data.draw(st.sampled_from(["cut", "turned", "gone", "longer"])):
            case "cut":
                path.write_bytes(whole[:at])
            case "turned":
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
            case "gone":
                path.unlink()
            case _:
                path.write_bytes(whole + b"\0")
        try:
            _, opened = snapshot.open_latest(folder)
        except DamagedIndex:
            return
        # Only bytes that fill a page up may differ.
        assert shown(opened, NUMBERS) == shown(index, NUMBERS)
        assert found_in(opened) == found_in(index)


def test_a_generation_with_another_ones_rows_is_not_opened(written, tmp_path):
    other = BankIndex(tmp_path / "other")
    take_in(other, [an_entry(n, ACTIVE, n) for n in (1, 2)])
    write(other)
    rows = [next(each.folder.glob("generation-*")) / snapshot.ROWS for each in (written, other)]
    shutil.rmtree(rows[0])
    rows[1].rename(rows[0])
    with pytest.raises(DamagedIndex, match="its rows are not those of its entries"):
        snapshot.open_latest(written.folder)


def test_one_writes_and_the_others_do_not_wait(written):
    lock = snapshot._lock(written.folder)
    assert lock is not None
    assert snapshot.write_beside(written) is None
    snapshot.discard(written.folder, None)  # it is being replaced anyway
    assert snapshot.read(written.folder) is not None
    os.close(lock)
    snapshot.discard(written.folder, Manifest(NOTHING, "", ""))  # somebody replaced it since
    assert snapshot.read(written.folder) is not None
    snapshot.discard(written.folder, snapshot.read(written.folder))
    assert snapshot.read(written.folder) is None
    assert files_of(written.folder) == []


def test_a_folder_that_cannot_be_written_is_said_and_not_tried_again_at_once(tmp_path, caplog):
    (tmp_path / "bank").write_text("a file")
    index = BankIndex(tmp_path / "bank")
    take_in(index, [an_entry(1, SEED, 1)])
    assert snapshot.write_beside(index) is None
    assert index.kept == index.version
    assert "no snapshot of the bank" in caplog.text


VERSIONS = st.builds(Version, st.integers(0, 2**63 - 1), st.uuids())
DIGITS = "0123456789abcdef"
MANIFESTS = st.builds(
    Manifest,
    VERSIONS,
    st.text(DIGITS, min_size=16, max_size=16).map("generation-{}".format),
    st.text(DIGITS, min_size=64, max_size=64),
)


@given(MANIFESTS)
def test_a_manifest_is_read_as_it_was_written(manifest):
    assert parse_manifest(format_manifest(manifest)) == manifest


@given(MANIFESTS, st.data())
def test_any_other_text_is_no_manifest(manifest, data):
    text = format_manifest(manifest)
    at = data.draw(st.integers(0, len(text) - 1))
    other = text[:at] + data.draw(st.text(DIGITS + " \n", max_size=2)) + text[at + 1 :]
    if other != text:
        with pytest.raises(ValueError, match=r"manifest|changed"):
            parse_manifest(other)


def test_a_snapshot_is_due_when_the_bank_has_changed_by_a_twentieth():
    at = Version(1_000_000, token(1))
    assert not snapshot.is_due(at, Version(950_001, token(2)), 1_000_000)
    assert snapshot.is_due(at, Version(950_000, token(2)), 1_000_000)
    assert not snapshot.is_due(Version(snapshot.LEAST - 1, token(1)), NOTHING, 5)
