"""The published log: complete, written on, never half, and never two."""

import os
import struct

import pytest

import ledgers
from takeback.errors import LedgerBroken
from takeback.infra import files
from takeback.infra.db.pool import Database
from takeback.infra.ledger.export import export, tile_path
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.sequencer import Sequencer
from takeback_verify.core.checkpoint import open_checkpoint
from takeback_verify.core.leaf import parse_leaf
from takeback_verify.core.merkle import leaf_hash, root_of
from takeback_verify.core.note import parse_note


def read(folder, signer):
    """The published log as a stranger reads it: its leaves, checked against tiles and checkpoint."""
    checkpoint = open_checkpoint(parse_note((folder / "checkpoint").read_bytes()), signer.verifier)
    leaves = []
    for number in range(-(-checkpoint.size // 256)):
        width = min(256, checkpoint.size - number * 256)
        data = (folder / tile_path("entries", number, width)).read_bytes()
        bundle = []
        while data:
            (length,) = struct.unpack(">H", data[:2])
            bundle.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert len(bundle) == width
        hashes = b"".join(map(leaf_hash, bundle))
        assert (folder / tile_path("0", number, width)).read_bytes() == hashes
        leaves += bundle
    hashes = list(map(leaf_hash, leaves))
    assert root_of(hashes) == checkpoint.root
    full = [root_of(hashes[n : n + 256]) for n in range(0, checkpoint.size - 255, 256)]
    if full:
        assert (folder / tile_path("1", 0, len(full))).read_bytes() == b"".join(full)
    for leaf in leaves:
        parse_leaf(leaf)
    return leaves


@pytest.fixture
def sequencer(database, signer):
    return Sequencer(database, signer)


def test_a_log_is_published_and_written_on(database, sequencer, signer, tmp_path):
    folder, total = tmp_path / "log", 0
    assert export(database, folder) == 0
    for more in (1, 200, 60, 251, 5):
        ledgers.record_events(database, more)
        ledgers.sequence_all(sequencer)
        total += more
        assert export(database, folder) == total
        assert len(read(folder, signer)) == total
    assert not list(folder.rglob(".*"))
    assert not (folder / "tile/0/000.p").exists()
    assert (folder / "tile/0/000").is_file()


def test_what_is_published_is_not_written_again(database, sequencer, tmp_path):
    ledgers.record_events(database, 300)
    ledgers.sequence_all(sequencer)
    export(database, tmp_path / "log")
    before = (tmp_path / "log/tile/0/000").stat().st_ino
    ledgers.record_events(database, 1)
    ledgers.sequence_all(sequencer)
    export(database, tmp_path / "log")
    assert (tmp_path / "log/tile/0/000").stat().st_ino == before


def test_a_crash_at_any_file_leaves_the_old_log_and_is_made_up_for(
    database, sequencer, signer, tmp_path, monkeypatch
):
    folder = tmp_path / "log"
    ledgers.record_events(database, 255)
    ledgers.sequence_all(sequencer)
    export(database, folder)
    ledgers.record_events(database, 10)
    ledgers.sequence_all(sequencer)
    really = os.fsync
    for at in range(1, 20):
        left = [at]

        def full(descriptor, left=left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(28, "No space left on device")
            really(descriptor)

        monkeypatch.setattr(files.os, "fsync", full)
        try:
            export(database, folder)
        except OSError:
            assert len(read(folder, signer)) == 255
            continue
        finally:
            monkeypatch.undo()
        break
    assert at > 3
    assert len(read(folder, signer)) == 265


def test_a_folder_with_another_past_is_not_written_over(postgres, database, sequencer, signer, tmp_path):
    folder = tmp_path / "log"
    ledgers.record_events(database, 3)
    ledgers.sequence_all(sequencer)
    export(database, folder)
    (tmp_path / "keys" / "ledger.state").unlink()
    with postgres.fresh() as url, Database(url) as other:
        ledgers.record_events(other, 2)
        ledgers.sequence_all(Sequencer(other, signer))
        with pytest.raises(LedgerBroken, match="but the log has 2"):
            export(other, folder)
        ledgers.record_events(other, 2)
        ledgers.sequence_all(Sequencer(other, signer))
        with pytest.raises(LedgerBroken, match="did not grow out of"):
            export(other, folder)
    with postgres.fresh() as url, Database(url) as other:
        ledgers.record_events(other, 5)
        ledgers.sequence_all(Sequencer(other, Signer(tmp_path / "two", "log.example/two")))
        with pytest.raises(LedgerBroken, match=r"log\.example/test"):
            export(other, folder)
    (folder / "checkpoint").write_text("hello")
    with pytest.raises(LedgerBroken, match="no checkpoint"):
        export(database, folder)


def test_paths_are_those_of_the_specification():
    assert tile_path("0", 1234067) == "tile/0/x001/x234/067"
    assert tile_path("entries", 0, 17) == "tile/entries/000.p/17"
    assert tile_path("1", 999) == "tile/1/999"
    assert tile_path("1", 1000) == "tile/1/x001/000"
