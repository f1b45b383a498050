"""The bank comes into memory from the database or from this machine's snapshot; it is the same bank."""

import os
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

import banks
import synthetic
from banks import shown, take_in
from takeback.bank import loading, snapshot, store
from takeback.bank import service as bank
from takeback.bank.index import BankIndex
from takeback.bank.model import EntryStatus
from takeback.ids import ReportId
from takeback.infra.db.pool import Database
from takeback.signals.index.compare import stack
from takeback.signals.index.engine import engine
from takeback.signals.model import HASH_BYTES

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MANY = range(1, 200)


@pytest.fixture(autouse=True)
def everything_is_much(monkeypatch):
    """A handful of entries is loaded, and kept, as a million would be."""
    monkeypatch.setattr(loading, "_FEW", 0)
    monkeypatch.setattr(snapshot, "LEAST", 1)


@pytest.fixture(params=["native", "none"])
def each_engine(request, monkeypatch) -> Iterator[str]:
    """The native index if it was built, and numpy."""
    if request.param == "none":
        monkeypatch.setenv("TAKEBACK_NATIVE", "none")
    engine.cache_clear()
    yield request.param
    monkeypatch.undo()
    engine.cache_clear()


def add(database: Database, count: int, dots: random.Random | None = None) -> list:
    """Bank pictures and clips of two to four frames by turns."""
    dots, added = dots or random.Random(uuid4().int), []
    for number in range(count):
        report = ReportId(UUID(int=dots.getrandbits(128)))
        with database.transaction() as tx:
            if number % 2:
                frames = [synthetic.an_image(dots) for _ in range(dots.randint(2, 4))]
                added.append(bank.add_clip(tx, report, "a", frames, 100, NOW))
            else:
                added.append(bank.add_seed(tx, report, "a", synthetic.an_image(dots), 100, NOW))
    return added


def move(database: Database, entry, how=bank.withdraw) -> None:
    with database.transaction() as tx:
        how(tx, entry, NOW)


def opened(database: Database, folder=None) -> BankIndex:
    """What a process has in memory when it has begun."""
    index = BankIndex(folder)
    return refreshed(database, index)


def refreshed(database: Database, index: BankIndex) -> BankIndex:
    with database.transaction() as tx:
        bank.refresh(tx, index)
    for thread in threading.enumerate():
        if thread.name == "takeback-bank-snapshot":
            thread.join()
    return index


def shows_the_bank(index: BankIndex, database: Database) -> bool:
    """Whether it has what the database has, read entry by entry."""
    with database.transaction() as tx:
        every = store.changes_since(tx, 0)
        head = store.stand(tx, 0).head
    truth = BankIndex()
    take_in(truth, every)
    rows = [e.hashes[at : at + HASH_BYTES] for e in every for at in range(0, len(e.hashes), HASH_BYTES)]
    found = [sorted(each.search(stack(rows), 0)) if rows else [] for each in (index, truth)]
    return (
        (index.version == head or index.seq == head.seq == 0)
        and len(index) == len(truth)
        and shown(index, MANY) == shown(truth, MANY)
        and found[0] == found[1]
    )


@pytest.fixture
def no_rows_are_read(monkeypatch):
    """From when this is called, hashes come from the snapshot only."""

    def forbid() -> None:
        def read(*_: object) -> None:
            raise AssertionError("rows were read from the database")

        monkeypatch.setattr(store, "all_signals", read)
        monkeypatch.setattr(store, "signals_of", lambda _, ids: iter(()) if not len(ids) else read())

    return forbid


@pytest.mark.usefixtures("each_engine")
@pytest.mark.parametrize("few", [0, 1000], ids=["the whole table", "entry by entry"])
def test_pictures_clips_and_what_was_withdrawn_are_loaded_as_they_are(database, monkeypatch, few):
    monkeypatch.setattr(loading, "_FEW", few)
    monkeypatch.setattr(store, "_BLOCKS", 1)
    entries = add(database, 12)
    move(database, entries[0], banks.activate)
    for entry in entries[:4]:
        move(database, entry)
    index = opened(database)
    assert len(index) == 8
    assert shows_the_bank(index, database)
    entries += add(database, 5)
    move(database, entries[4])
    move(database, entries[5], banks.activate)
    assert shows_the_bank(refreshed(database, index), database)


def test_an_empty_bank_is_loaded(database):
    assert shows_the_bank(opened(database), database)


@pytest.mark.parametrize(
    "broken",
    [
        "delete from bank_signal where entry_id = %s and flip = 3",
        "delete from bank_signal where entry_id = %s",
        "delete from bank_signal where entry_id = %s and flip = 7",
        "update bank_signal set frame = 1 where entry_id = %s and flip = 2",
    ],
)
@pytest.mark.parametrize("few", [0, 1000])
def test_an_entry_without_all_of_its_rows_is_not_passed_over(database, monkeypatch, few, broken):
    monkeypatch.setattr(loading, "_FEW", few)
    entries = add(database, 3)
    with database.transaction() as tx:
        tx.execute(broken, [entries[0]])
    with pytest.raises(ValueError, match="has not all of its rows"):
        opened(database)


@pytest.mark.usefixtures("each_engine")
def test_a_process_that_starts_again_reads_only_what_changed(database, tmp_path, no_rows_are_read):
    entries = add(database, 8)
    first = opened(database, tmp_path / "bank")
    assert first.kept == first.version
    move(database, entries[2])
    move(database, entries[3], banks.activate)
    assert shows_the_bank(refreshed(database, first), database)
    no_rows_are_read()
    second = opened(database, tmp_path / "bank")
    assert second.brief(entries_number(database, entries[3])).status is EntryStatus.ACTIVE
    assert shows_the_bank(second, database)


def entries_number(database: Database, entry) -> int:
    with database.transaction() as tx:
        return store.get(tx, entry).number


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_bank_and_snapshot_an_index_shows_the_bank(database, tmp_path, seed):
    dots, entries = random.Random(seed), []
    indexes = [BankIndex(tmp_path / "bank"), BankIndex(tmp_path / "bank"), BankIndex()]
    for _ in range(50):
        match dots.randrange(7):
            case 0 | 1:
                entries += add(database, dots.randint(1, 3), dots)
            case 2 if entries:
                move(database, dots.choice(entries), banks.activate)
            case 3 if entries:
                move(database, dots.choice(entries))
            case 4:
                indexes[0] = BankIndex(tmp_path / "bank")
            case 5:
                files = [p for p in (tmp_path / "bank").rglob("*") if p.is_file() and p.stat().st_size]
                if files and dots.random() < 0.5:
                    victim = dots.choice(files)
                    victim.rename(victim.with_name("torn"))  # who maps it keeps it
                    (victim.parent / victim.name).write_bytes(b"torn")
            case _:
                refreshed(database, dots.choice(indexes))
    assert all(shows_the_bank(refreshed(database, index), database) for index in indexes)


def test_another_databases_snapshot_is_not_used(postgres, database, tmp_path, caplog):
    add(database, 6)
    opened(database, tmp_path / "bank")
    with postgres.fresh() as url, Database(url) as other:
        add(other, 6)
        assert shows_the_bank(opened(other, tmp_path / "bank"), other)
    assert "of another database" in caplog.text


@pytest.fixture
def restored(postgres, database, database_url, tmp_path):
    """A database that went on after a snapshot was written, its back-up from before that, the folder."""
    add(database, 3)
    early = opened(database, tmp_path / "early")
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    database.close()
    with postgres.fresh(template=name) as url, Database(url) as backup, Database(database_url) as first:
        add(first, 2)
        late = opened(first, tmp_path / "late")
        yield backup, early, late


@pytest.mark.parametrize("more", [0, 1, 2, 5], ids=["older", "behind", "as far", "beyond"])
def test_a_database_that_was_restored_and_went_another_way_is_read_anew(restored, more, caplog):
    backup, _, late = restored
    add(backup, more)
    assert shows_the_bank(opened(backup, late.folder), backup)
    assert "of another past" in caplog.text


@pytest.mark.parametrize("more", [0, 1, 2, 5])
@pytest.mark.parametrize("few", [0, 1000])
def test_an_index_that_outlived_its_database_is_read_anew_and_not_written_down(
    restored, more, few, monkeypatch
):
    monkeypatch.setattr(loading, "_FEW", few)
    backup, _, late = restored
    add(backup, more)
    assert shows_the_bank(refreshed(backup, late), backup)
    assert shows_the_bank(opened(backup, late.folder), backup)


def test_what_was_written_before_the_back_up_holds_for_it(restored, no_rows_are_read):
    backup, early, _ = restored
    no_rows_are_read()
    assert shows_the_bank(opened(backup, early.folder), backup)


@pytest.mark.parametrize("piece", [snapshot.MANIFEST, "*/entries", "*/rows/index", "*/rows/segment-*"])
def test_a_torn_snapshot_is_said_taken_away_and_made_again(database, tmp_path, caplog, piece):
    add(database, 4)
    folder = tmp_path / "bank"
    opened(database, folder)
    (path,) = folder.glob(piece)
    path.write_bytes(path.read_bytes()[:-1])
    assert shows_the_bank(opened(database, folder), database)
    assert "is damaged and not used" in caplog.text
    assert not path.exists() or piece == snapshot.MANIFEST
    assert shows_the_bank(snapshot.open_latest(folder)[1], database)


def test_two_processes_share_the_snapshot_that_one_wrote(database, tmp_path):
    folder = tmp_path / "bank"
    add(database, 4)
    one, other = opened(database, folder), opened(database, folder)
    assert one.kept == other.kept
    lock = snapshot._lock(folder)  # a third one writes
    add(database, 4)
    refreshed(database, other)
    assert other.kept.seq == 4
    assert lock is not None
    os.close(lock)
    refreshed(database, one)
    written = snapshot.read(folder)
    refreshed(database, other)
    assert one.kept == other.kept == one.version
    assert snapshot.read(folder) == written, "it was not written twice"
    assert shows_the_bank(other, database)
    assert shows_the_bank(one, database)


def test_each_state_of_the_bank_has_a_token_that_stays(database):
    with database.transaction() as tx:
        before = store.stand(tx, 0).head
    add(database, 1)
    with database.transaction() as tx:
        head, there = store.stand(tx, before.seq)
        assert (head.seq, there) == (before.seq + 1, before.token)
        assert head.token not in {None, before.token}
        assert store.stand(tx, head.seq + 1).there is None
    for change in ("update bank_version set token = gen_random_uuid()", "delete from bank_version"):
        with pytest.raises(Exception, match="append-only"), database.transaction() as tx:
            tx.execute(change)
