"""Whatever dies between whichever two writes: one log, each event once, and proofs that hold."""

import contextlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledgers
import waiting
from fuses import FragileDatabase, Fuse, Killed
from soaking import fewer_examples, quick
from takeback.infra import files
from takeback.infra.db.pool import Database
from takeback.infra.ledger import proofs, store, tiles
from takeback.infra.ledger.keys import Signed, Signer
from takeback.infra.ledger.sequencer import Sequencer
from takeback_verify.core.checkpoint import parse_checkpoint
from takeback_verify.core.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from takeback_verify.core.policy import Log, Policy, accept

ORIGIN = "log.example/test"


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    """Tiles are filled by the thousands of entries; here by the handful, through all levels."""
    monkeypatch.setattr(tiles, "WIDTH", 4)
    monkeypatch.setattr(tiles, "HEIGHT", 2)


@pytest.fixture
def unlimited(database):
    """A table that takes small tiles."""
    with database.transaction() as tx:
        tx.execute("alter table ledger_tile drop constraint ledger_tile_hashes_check")
    return database


@pytest.mark.parametrize("waiting_entries", quick(5, every=[1, 5, 20]))
def test_a_sequencer_that_is_killed_between_any_two_writes_leaves_the_log_whole(
    unlimited, database_url, signer, waiting_entries
):
    at = 0
    while True:
        at += 1
        ledgers.record_events(unlimited, waiting_entries)
        with FragileDatabase(database_url, Fuse(at)) as fragile:
            try:
                ledgers.sequence_all(Sequencer(fragile, signer, batch=7))
            except Killed:
                died = True
            else:
                died = False
        with unlimited.transaction() as tx:
            size = store.placed(tx)
            last = store.last_checkpoint(tx)
            assert (0 if last is None else last.size) == size
            if last is not None:
                tree = tiles.Tree(tx, size)
                assert tree.root() == last.root
        ledgers.sequence_all(Sequencer(unlimited, signer, batch=7))
        if not died:
            break
    assert at > 6
    with unlimited.transaction() as tx:
        size = store.placed(tx)
        assert store.tiles(tx, 0) == size // 4
        assert store.tiles(tx, 1) == size // 16
        rows = store.leaves(tx, 0, size)
        root = tiles.Tree(tx, size).root()
        for index, path in enumerate(proofs.inclusion(tx, range(size), size)):
            verify_inclusion(leaf_hash(rows[index]), index, size, path, root)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.integers(1, 9)),
        st.tuples(st.just("sequence"), st.integers(0, 25)),
        st.tuples(st.just("forget"), st.just(0)),
        st.tuples(st.just("drop tiles"), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=10,
)


@given(steps)
@fewer_examples
def test_any_order_of_entries_kills_restarts_and_proofs_is_one_log(postgres, tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("keys")
    with postgres.fresh() as url, Database(url) as database:
        with database.transaction() as tx:
            tx.execute("alter table ledger_tile drop constraint ledger_tile_hashes_check")
        seen = [(0, EMPTY_ROOT)]
        for what, number in steps:
            signer = Signer(folder, ORIGIN)
            match what:
                case "record":
                    ledgers.record_events(database, number)
                case "sequence":
                    with FragileDatabase(url, Fuse(number)) as fragile, contextlib.suppress(Killed):
                        ledgers.sequence_all(Sequencer(fragile, signer, batch=3))
                case "forget":
                    (folder / "ledger.state").unlink(missing_ok=True)
                case "drop tiles":
                    ledgers.tamper(database, "delete from ledger_tile where number >= %s", [number])
                    ledgers.tamper(database, "delete from ledger_tile where level > 0")
            policy = Policy((Log(signer.verifier), Log(signer.post_quantum)))
            with database.transaction() as tx:
                note = proofs.final(tx)
                if note is None:
                    continue
                checkpoint = accept(policy, note).checkpoint
                for size, root in seen:
                    path = proofs.consistency(tx, size, checkpoint.size)
                    verify_consistency(size, checkpoint.size, path, root, checkpoint.root)
                receipt = proofs.receipt(tx, checkpoint.size // 2)
            verify_inclusion(
                leaf_hash(receipt.extra), receipt.index, checkpoint.size, receipt.path, checkpoint.root
            )
            seen.append((checkpoint.size, checkpoint.root))


def test_while_what_was_signed_cannot_be_remembered_nothing_more_is_signed(
    database, signer, keys, monkeypatch
):
    """The disk with the key is full; it has room again; the log goes on, and was never wrong."""
    ledgers.record_events(database, 1)
    Sequencer(database, signer).sequence_once()
    full = threading.Event()
    really = files.os.fsync

    def fsync(descriptor) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")
        really(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)
    full.set()
    stop = threading.Event()
    thread = threading.Thread(target=Sequencer(database, signer).run, args=[stop])
    thread.start()
    try:
        ledgers.record_events(database, 1)
        waiting.until(lambda: signed(database) == 2)  # committed before it could be remembered
        ledgers.record_events(database, 1)
        for _ in range(2):  # it looks, and refuses
            with pytest.raises(OSError, match="No space"):
                Sequencer(database, signer).sequence_once()
        assert (signed(database), signer.last().size) == (2, 1)
        assert not list(keys.glob(".*"))
        full.clear()
        waiting.until(lambda: (signer.last() or Signed(0, b"")).size == 3)
    finally:
        stop.set()
        thread.join()
    with database.transaction() as tx:
        assert parse_checkpoint(proofs.final(tx).text).size == 3


def signed(database):
    with database.transaction() as tx:
        return store.last_checkpoint(tx).size
