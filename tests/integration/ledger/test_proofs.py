"""Proofs from tiles are the RFC's, for every size, on a log that is new, old or half filled."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledgers
from takeback.errors import NotFound
from takeback.infra.db.pool import Database
from takeback.infra.ledger import proofs, store, tiles
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.ledger.tiles import Tree
from takeback_verify.core.leaf import opens, parse_leaf
from takeback_verify.core.merkle import leaf_hash, root_of, verify_inclusion
from takeback_verify.core.policy import Log, Policy
from trees import prove_consistency, prove_inclusion

SIZE = 66_200
"""More than one tile of level 1."""


@pytest.fixture(scope="module")
def long(postgres):
    """A log of made leaves, with its database; tiles up to some place."""
    with postgres.fresh() as url, Database(url) as database:
        with database.transaction() as tx:
            tx.execute("set local session_replication_role = replica")
            tx.execute(
                """
                insert into ledger_entry (event_id, leaf, position)
                select n, convert_to('leaf ' || n, 'UTF8'), n from generate_series(0, %s - 1) n
                """,
                (SIZE,),
            )
            tiles.fill(tx, SIZE, 1000)
        yield database, [leaf_hash(b"leaf %d" % n) for n in range(SIZE)]


def kept(database):
    with database.transaction() as tx:
        return [store.tiles(tx, level) for level in range(3)]


def test_all_full_tiles_are_kept(long):
    assert kept(long[0]) == [SIZE // 256, SIZE // 65536, 0]


sizes = st.one_of(st.sampled_from([0, 1, 255, 256, 257, 511, 512, 65535, 65536, 65537]), st.integers(0, SIZE))


@given(sizes, st.data())
def test_every_proof_is_that_of_the_rfc(long, size, data):
    database, hashes = long
    with database.transaction() as tx:
        tree = Tree(tx, size)
        assert tree.root() == root_of(hashes[:size])
        first = data.draw(st.one_of(st.integers(0, size), sizes.map(lambda n: min(n, size))))
        assert proofs.consistency(tx, first, size) == prove_consistency(first, hashes[:size])
        if size:
            index = data.draw(st.integers(0, size - 1))
            (path,) = proofs.inclusion(tx, [index], size)
            assert path == prove_inclusion(index, hashes[:size])
            verify_inclusion(hashes[index], index, size, path, tree.root())


def test_a_proof_reads_few_rows(long):
    database, _ = long
    with database.transaction() as tx:
        tree = Tree(tx, SIZE)
        tree.inclusion(12345)
        assert len(tree._rows) <= 8
        tree.consistency(54321)
        assert len(tree._rows) <= 12


def test_missing_tiles_are_computed_and_later_filled(long):
    database, hashes = long
    with database.transaction() as tx:
        tx.execute("set local session_replication_role = replica")
        tx.execute("delete from ledger_tile where level = 1 or number >= 100")
        tree = Tree(tx, SIZE)
        assert tree.root() == root_of(hashes)
        assert tree.inclusion(40_000) == prove_inclusion(40_000, hashes)
    assert kept(database) == [100, 0, 0]
    for expected in ([150, 0, 0], [200, 0, 0], [250, 0, 0], [258, 1, 0]):
        with database.transaction() as tx:
            tiles.fill(tx, SIZE, 50)
        assert kept(database) == expected


def test_what_the_log_does_not_have_is_not_proven(long):
    with long[0].transaction() as tx:
        for ask in (
            lambda: proofs.inclusion(tx, [5], 5),
            lambda: proofs.inclusion(tx, [-1], 5),
            lambda: proofs.inclusion(tx, [0], SIZE + 1),
            lambda: proofs.consistency(tx, 6, 5),
            lambda: proofs.consistency(tx, 0, SIZE + 1),
        ):
            with pytest.raises(NotFound):
                ask()


def test_entries_come_with_what_opens_them_and_without_those_that_wait_or_were_erased(
    database, sequencer, signer
):
    events = ledgers.record_events(database, 7)
    sequencer.sequence_once()
    sequencer.sequence_once()
    ledgers.tamper(
        database,
        "delete from ledger_opening where entry_id = (select id from ledger_entry where position = 1)",
    )
    with database.transaction() as tx:
        entries = proofs.entries_of(tx, list(reversed(events)))
        assert [entry.index for entry in entries] == [0, 2, 3, 4, 5]
        assert all(opens(parse_leaf(entry.leaf), entry.salt, entry.opening) for entry in entries)
        assert json.loads(json.dumps(dict(entries[0].opening.body))) == entries[0].opening.body
        assert proofs.place_of(tx, events[3]) == 3
        with pytest.raises(NotFound):
            proofs.place_of(tx, events[6])
        receipt = proofs.receipt(tx, 4)
        assert receipt.note == proofs.final(tx, Policy((Log(signer.verifier), Log(signer.post_quantum))))
        with pytest.raises(NotFound):
            proofs.receipt(tx, 6)


def test_an_empty_log_has_no_last_word(database):
    with database.transaction() as tx:
        assert proofs.final(tx) is None
        assert proofs.anchors(tx) == ()
        assert proofs.consistency(tx, 0, 0) == ()


def test_the_sequencer_fills_tiles_as_it_goes_and_those_of_an_old_log(database, signer):
    ledgers.record_events(database, 600)
    ledgers.sequence_all(Sequencer(database, signer, batch=100))
    assert kept(database)[0] == 2
    ledgers.tamper(database, "delete from ledger_tile")
    assert Sequencer(database, signer).sequence_once() is None
    assert kept(database)[0] == 2
