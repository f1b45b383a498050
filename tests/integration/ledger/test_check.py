"""Whoever owns the database can change every row of it; each change is shown, by name."""

import hashlib
import tracemalloc

import pytest

import ledgers
from takeback.events import Timestamped
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.ledger import parties, store
from takeback.infra.ledger.check import Verdict, verify_ledger
from takeback.infra.ledger.keys import Signed, Signer
from takeback.infra.ledger.record import record
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.signing import CosignerSecret
from takeback_verify.core.checkpoint import Checkpoint
from takeback_verify.core.cosignature import CosignerKind, format_cosigner_key
from takeback_verify.core.leaf import Opening, format_leaf, seal
from takeback_verify.core.merkle import Frontier, leaf_hash
from takeback_verify.core.note import Note, format_note, format_signature, parse_note

LEAVES, PLACES, SIGNATURES, ROOTS, COVERAGE, COUNTS, OPENINGS, MEMORY, TILES, VOUCHED, PAST = range(1, 12)
"""The steps of the report."""


@pytest.fixture
def log(database, sequencer):
    """Seven entries under checkpoints of 3, 6 and 7."""
    ledgers.record_events(database, 7)
    ledgers.sequence_all(sequencer)
    return database


@pytest.mark.usefixtures("log")
def test_a_log_that_nobody_touched_is_valid(verified):
    report = verified()
    assert report.verdict is Verdict.VALID
    assert [step.number for step in report.steps] == list(range(1, 12))
    assert all(step.checked.endswith(".") and not step.wrong for step in report.steps)


@pytest.mark.parametrize(
    ("statement", "steps"),
    [
        ("""update event set body = jsonb_set(body, '{case}', '"other"') where id = 4""", {OPENINGS}),
        ("update event set body = body || '{\"more\": 1}' where id = 4", {OPENINGS}),
        ("update event set body = '[]' where id = 4", {OPENINGS}),
        ("update event set body = '1e400' where id = 4", {OPENINGS}),
        (
            "update event set body = jsonb_build_object('n', 10::numeric ^ 5000) where id = 4",
            {OPENINGS},
        ),
        ("update event set kind = 'case_closed' where id = 4", {OPENINGS}),
        ("update event set at = at + interval '1 microsecond' where id = 4", {OPENINGS}),
        ("update event set at = 'infinity' where id = 4", {OPENINGS}),
        ("update ledger_opening set salt = decode(repeat('00', 32), 'hex') where entry_id = 4", {OPENINGS}),
        ("update ledger_opening set salt = (select salt from ledger_opening where entry_id = 5)", {OPENINGS}),
        ("delete from event where id = 4", {OPENINGS}),
        ("update ledger_entry set leaf = leaf || ' ' where position = 3", {LEAVES, ROOTS, MEMORY}),
        ("update ledger_entry set leaf = '' where position = 3", {LEAVES, ROOTS, MEMORY}),
        (
            """
            update ledger_entry
            set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'opened', 'closed'), 'UTF8')
            where position = 3
            """,
            {ROOTS, OPENINGS, MEMORY},
        ),
        ("delete from ledger_entry where position = 3", {PLACES, ROOTS, COVERAGE, COUNTS, MEMORY}),
        ("delete from ledger_entry where position = 6", {ROOTS, COVERAGE, COUNTS, MEMORY}),
        ("delete from ledger_entry", {ROOTS, COVERAGE, COUNTS, MEMORY}),
        ("update ledger_entry set position = null where position = 6", {ROOTS, COVERAGE, MEMORY}),
        ("update ledger_entry set position = 99 where position = 6", {PLACES}),
        ("update ledger_entry set position = -1 where position = 0", {PLACES}),
        ("insert into event (kind, body, at) values ('case_opened', '{}', now())", {COUNTS}),
        (
            "update ledger_checkpoint set root = decode(repeat('00', 32), 'hex') where size = 6",
            {SIGNATURES, ROOTS},
        ),
        ("update ledger_checkpoint set size = 5 where size = 6", {SIGNATURES, ROOTS}),
        ("update ledger_checkpoint set size = 50 where size = 7", {SIGNATURES, ROOTS, COVERAGE}),
        ("update ledger_checkpoint set note = replace(note, 'log.', 'lot.') where size = 6", {SIGNATURES}),
        ("update ledger_checkpoint set note = '' where size = 6", {SIGNATURES}),
        ("update ledger_checkpoint set frontier = '{}' where size = 6", {ROOTS}),
        ("delete from ledger_checkpoint where size = 7", {COVERAGE}),
    ],
)
def test_every_change_by_the_owner_of_the_database_is_shown(log, verified, statement, steps):
    ledgers.tamper(log, statement)
    report = verified()
    assert report.verdict is Verdict.INVALID
    assert set(ledgers.wrong(report)) == steps


def test_swapped_places_are_shown(log, verified):
    ledgers.tamper(log, "update ledger_entry set position = -9 where position = 1")
    ledgers.tamper(log, "update ledger_entry set position = 1 where position = 5")
    ledgers.tamper(log, "update ledger_entry set position = 5 where position = -9")
    assert set(ledgers.wrong(verified())) == {ROOTS, MEMORY}


def test_a_second_entry_for_an_event_and_a_second_entry_at_a_place_are_shown(log, verified):
    ledgers.tamper(log, "alter table ledger_entry drop constraint ledger_entry_event_id_key")
    ledgers.tamper(log, "alter table ledger_entry drop constraint ledger_entry_position_key")
    ledgers.tamper(
        log,
        "insert into ledger_entry (event_id, leaf, position) "
        "select event_id, leaf, position from ledger_entry where position = 2",
    )
    assert set(ledgers.wrong(verified())) == {PLACES, ROOTS, COVERAGE, COUNTS, MEMORY}


def test_the_change_is_told_by_the_number_of_event_and_entry(log, verified):
    ledgers.tamper(log, "update event set kind = 'case_closed' where id = 4")
    (sentence,) = ledgers.wrong(verified())[OPENINGS]
    assert sentence.startswith("Entry 4 does not open to event 4")


def test_many_faults_are_counted_and_not_all_told(database, sequencer, verified):
    ledgers.record_events(database, 25)
    ledgers.sequence_all(sequencer)
    ledgers.tamper(database, "update event set kind = 'case_closed'")
    sentences = ledgers.wrong(verified())[OPENINGS]
    assert (len(sentences), sentences[-1]) == (11, "And 15 more like these.")


def test_an_erased_opening_is_counted_and_no_fault(log, verified):
    ledgers.tamper(log, "delete from ledger_opening where entry_id in (2, 5)")
    report = verified()
    assert (report.verdict, report.erased) == (Verdict.VALID, 2)


def forge(database, signer):
    """The whole log written anew after a change, consistent in itself, with `signer`'s signatures."""
    ledgers.tamper(database, "update event set kind = 'case_closed' where id = 4")
    with database.transaction() as tx:
        events = tx.execute("select id, at, kind, body from event order by id").fetchall()
    tree = Frontier()
    for number, at, kind, body in events:
        salt = hashlib.sha256(bytes(number)).digest()
        leaf = format_leaf(seal(salt, Opening(number, at, kind, body)))
        tree = tree.append(leaf_hash(leaf))
        ledgers.tamper(database, "update ledger_entry set leaf = %s where event_id = %s", [leaf, number])
        ledgers.tamper(database, "update ledger_opening set salt = %s where entry_id = %s", [salt, number])
        note = format_note(
            signer.sign(Checkpoint("log.example/test", tree.size, tree.root()), clock.now())
        ).decode()
        ledgers.tamper(
            database,
            "update ledger_checkpoint set root = %s, note = %s, frontier = %s where size = %s",
            [tree.root(), note, list(tree.peaks), tree.size],
        )


def test_a_forged_history_signed_by_another_key_is_shown(log, verified, tmp_path):
    forge(log, Signer(tmp_path / "forger", "log.example/test"))
    assert set(ledgers.wrong(verified())) == {SIGNATURES, MEMORY}


def test_a_forged_history_signed_by_the_stolen_key_is_shown_by_its_memory(log, verified, signer):
    forge(log, signer)
    assert set(ledgers.wrong(verified())) == {MEMORY}


def test_a_database_rolled_back_to_an_earlier_dump_is_shown(postgres, database_url, signer):
    with Database(database_url) as database:
        ledgers.record_events(database, 3)
        Sequencer(database, signer).sequence_once()
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with postgres.fresh(template=name) as dump, Database(dump) as earlier:
        with Database(database_url) as database:
            ledgers.record_events(database, 1)
            Sequencer(database, signer).sequence_once()
        report = verify_ledger(earlier, signer.verifier, now=clock.now(), last_signed=signer.last())
        assert set(ledgers.wrong(report)) == {MEMORY}
        without = verify_ledger(earlier, signer.verifier, now=clock.now())
        assert without.verdict is Verdict.VALID  # by itself an old state is a good one
        assert "not compared" in without.steps[MEMORY - 1].checked


@pytest.mark.usefixtures("log")
def test_a_memory_of_another_beginning_is_shown(verified, keys, signer):
    (keys / "ledger.state").unlink()
    signer.remember(Signed(4, bytes(32)))
    assert set(ledgers.wrong(verified())) == {MEMORY}


def test_the_check_sees_one_moment_while_others_write(log, signer, verified):
    with log.transaction() as tx:
        store.freeze(tx)
        assert store.count_events(tx) == 7
        ledgers.record_events(log, 3)
        Sequencer(log, signer).sequence_once()
        assert [e.position for e in store.every_entry(tx)] == list(range(7))
        assert [c.size for c in store.every_checkpoint(tx)] == [3, 6, 7]
    assert verified().size == 10


def test_the_check_of_a_longer_log_takes_no_more_memory(database, signer, verified):
    peaks = []
    for _ in range(2):
        with database.transaction() as tx:
            tx.execute(
                """
                insert into event (kind, body, at)
                select 'case_opened', '{}', now() from generate_series(1, 3000)
                """
            )
            tx.execute(
                "insert into ledger_entry (event_id, leaf) select id, %s from event "
                "where id not in (select event_id from ledger_entry)",
                (format_leaf(seal(bytes(32), Opening(1, clock.now(), "case_opened", {}))),),
            )
        ledgers.sequence_all(Sequencer(database, signer))
        tracemalloc.start()
        assert verified().verdict is Verdict.VALID
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


# --- what is kept beside the log ---------------------------------------------------------------------------


@pytest.fixture
def tiled(database, signer):
    """Two full tiles."""
    ledgers.record_events(database, 520)
    ledgers.sequence_all(Sequencer(database, signer))
    return database


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_tile set hashes = decode(repeat('00', 8192), 'hex') where number = 1",
        "update ledger_tile set root = decode(repeat('00', 32), 'hex') where number = 0",
        "update ledger_tile set number = 2 where number = 1",
        "update ledger_tile set level = 1 where number = 0",
        "insert into ledger_tile select 0, 7, hashes, root from ledger_tile where number = 1",
    ],
)
def test_a_false_tile_is_shown(tiled, verified, statement):
    assert verified().steps[TILES - 1].checked.startswith("Every one of 2 tiles")
    ledgers.tamper(tiled, statement)
    assert set(ledgers.wrong(verified())) == {TILES}


def test_a_tile_that_is_not_kept_yet_is_no_fault(tiled, verified):
    ledgers.tamper(tiled, "delete from ledger_tile where number = 1")
    assert verified().verdict is Verdict.VALID


@pytest.fixture
def vouched(log, signer):
    """A cosignature of checkpoint 6, and a response over it that the log speaks of."""
    witness = CosignerSecret("w", CosignerKind.ML_DSA_44, bytes(32))
    with log.transaction() as tx:
        note = store.checkpoint_of(tx, 6).note
        line = format_signature(witness.cosign(note.split("\n\n")[0] + "\n", 1))
        parties.insert_cosignature(tx, 6, format_cosigner_key(witness.public), line, clock.now())
        event = record(tx, Timestamped(6, "one", hashlib.sha256(b"response").hexdigest()))
        parties.insert_stamp(tx, 6, "one", clock.now(), b"response", event)
    ledgers.sequence_all(Sequencer(log, signer))
    return log


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_cosignature set size = 3",
        "update ledger_cosignature set line = 'hello'",
        "update ledger_cosignature set witness = 'hello'",
        "update ledger_stamp set response = 'other'",
        "update ledger_stamp set size = 3",
        "update ledger_stamp set authority = 'two'",
        "update ledger_stamp set event_id = 1",
    ],
)
def test_what_others_signed_cannot_be_changed_unseen(vouched, verified, statement):
    assert verified().verdict is Verdict.VALID
    ledgers.tamper(vouched, statement)
    assert set(ledgers.wrong(verified())) == {VOUCHED}


def test_from_the_second_key_s_first_checkpoint_on_all_carry_it(log, signer):
    def check() -> Verdict:
        return verify_ledger(log, signer.verifier, now=clock.now(), second=signer.post_quantum).verdict

    def strip(size) -> None:
        with log.transaction() as tx:
            note = parse_note(store.checkpoint_of(tx, size).note.encode())
        stripped = format_note(Note(note.text, note.signatures[:1])).decode()
        ledgers.tamper(log, "update ledger_checkpoint set note = %s where size = %s", (stripped, size))

    assert check() is Verdict.VALID
    strip(3)  # from before there was a second key
    assert check() is Verdict.VALID
    strip(7)
    assert check() is Verdict.INVALID
