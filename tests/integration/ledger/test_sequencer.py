"""Entries get their places once, without gap, whoever writes and whoever sequences, and however they die."""

import os
import random
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

import ledgers
import waiting
from takeback.errors import LedgerBroken
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.ledger import store
from takeback.infra.ledger.check import Verdict
from takeback.infra.ledger.keys import Signed, Signer
from takeback.infra.ledger.record import record
from takeback.infra.ledger.sequencer import Sequencer
from takeback_verify.core.checkpoint import Checkpoint
from takeback_verify.core.merkle import Frontier, leaf_hash
from takeback_verify.core.note import format_note

PROGRAM = Path(__file__).with_name("program.py")


def program(what, url, argument):
    """Another process of ours, and what it prints."""
    command = [sys.executable, str(PROGRAM), what, url, str(argument)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def how_many(database, query):
    with database.transaction() as tx:
        return tx.execute(query).fetchone()[0]


def waits(database):
    with database.transaction() as tx:
        return store.waiting(tx).count


def test_an_empty_log_is_valid_and_signs_nothing(database, sequencer, verified):
    assert sequencer.sequence_once() is None
    assert verified().verdict is Verdict.VALID
    assert how_many(database, "select count(*) from ledger_checkpoint") == 0


def test_entries_get_places_in_order_and_each_batch_a_checkpoint(database, sequencer, verified):
    numbers = ledgers.record_events(database, 7)
    checkpoints = ledgers.sequence_all(sequencer)
    assert [c.size for c in checkpoints] == [3, 6, 7]
    with database.transaction() as tx:
        placed = tx.execute("select event_id from ledger_entry order by position").fetchall()
    assert [event for (event,) in placed] == numbers
    report = verified()
    assert ledgers.wrong(report) == {}
    assert (report.verdict, report.size, report.root) == (Verdict.VALID, 7, checkpoints[-1].root)
    assert (report.events, report.checkpoints, report.waiting, report.erased) == (7, 3, 0, 0)


def test_a_transaction_that_commits_late_gets_a_later_place_and_nobody_waits_for_it(
    database, database_url, sequencer, verified
):
    with Database(database_url) as other, other.transaction() as late:
        early = record(late, ledgers.an_event())
        (later,) = ledgers.record_events(database, 1)
        assert early < later
        assert sequencer.sequence_once().size == 1
    assert sequencer.sequence_once().size == 2
    with database.transaction() as tx:
        assert tx.execute("select event_id from ledger_entry order by position").fetchall() == [
            (later,),
            (early,),
        ]
    assert verified().verdict is Verdict.VALID


def test_a_waiting_entry_is_counted_with_its_age_and_is_no_fault(database, sequencer, verified):
    ledgers.record_events(database, 2)
    sequencer.sequence_once()
    ledgers.record_events(database, 2)
    report = verified()
    assert (report.verdict, report.waiting, report.size) == (Verdict.VALID, 2, 2)
    assert timedelta(0) <= report.oldest_waits < timedelta(minutes=1)


def test_the_running_sequencer_signs_soon_after_the_commit(database, signer, verified):
    stop = threading.Event()
    thread = threading.Thread(target=Sequencer(database, signer).run, args=(stop,))
    thread.start()
    try:
        for size in range(1, 6):
            ledgers.record_events(database, 1)
            waiting.until(lambda size=size: (signer.last() or Signed(0, b"")).size >= size, timeout=3)
    finally:
        stop.set()
        thread.join(timeout=5)
    assert not thread.is_alive()
    assert verified().verdict is Verdict.VALID


def test_the_running_sequencer_outlives_a_lost_connection(database, signer, verified):
    stop = threading.Event()
    thread = threading.Thread(target=Sequencer(database, signer).run, args=(stop,))
    thread.start()
    try:
        for size in range(1, 4):
            with database.transaction() as tx:
                tx.execute(
                    """
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()
                    """
                )
            ledgers.record_events(database, 1)
            waiting.until(lambda size=size: (signer.last() or Signed(0, b"")).size >= size)
    finally:
        stop.set()
        thread.join(timeout=5)
    assert verified().verdict is Verdict.VALID


@pytest.mark.soak
def test_many_threads_and_processes_record_while_some_roll_back_and_two_sequence(
    database, database_url, keys, verified
):
    recorders = [program("record", database_url, n) for n in range(2)]
    sequencers = [program("sequence", database_url, keys) for _ in range(2)]
    kept, lock = [], threading.Lock()

    def write(seed) -> None:
        chance = random.Random(seed)
        for n in range(60):
            keep = chance.random() < 0.7
            with database.transaction() as tx:
                number = record(tx, ledgers.an_event(n))
                if not keep:
                    tx.rollback()
            if keep:
                with lock:
                    kept.append(number)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in recorders:
        kept += [int(line) for line in process.communicate(timeout=60)[0].split()]
        assert process.returncode == 0
    waiting.until(lambda: waits(database) == 0)
    for process in sequencers:
        process.terminate()
        process.communicate(timeout=30)
    with database.transaction() as tx:
        events = [event for (event,) in tx.execute("select event_id from ledger_entry order by event_id")]
    assert events == sorted(kept)
    report = verified()
    assert ledgers.wrong(report) == {}
    assert (report.verdict, report.size) == (Verdict.VALID, len(kept))


def test_a_sequencer_killed_at_any_moment_leaves_a_valid_log(database, database_url, signer, keys, verified):
    chance = random.Random(7)
    for _ in range(12):
        process = program("sequence-small", database_url, keys)
        process.stdout.readline()  # it runs
        ledgers.record_events(database, chance.randrange(1, 30))
        size = (signer.last() or Signed(0, b"")).size
        hurry = chance.randrange(0, 4)
        waiting.until(lambda size=size, hurry=hurry: (signer.last() or Signed(0, b"")).size >= size + hurry)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)
        assert ledgers.wrong(verified()) == {}
    ledgers.sequence_all(Sequencer(database, signer))
    report = verified()
    assert (report.verdict, report.waiting, report.size) == (Verdict.VALID, 0, report.events)


def test_a_crash_between_the_commit_and_the_memory_is_made_up_for(
    database, keys, sequencer, signer, verified
):
    ledgers.record_events(database, 3)
    sequencer.sequence_once()
    memory = (keys / "ledger.state").read_bytes()
    ledgers.record_events(database, 3)
    sequencer.sequence_once()
    (keys / "ledger.state").write_bytes(memory)  # as if killed after the commit
    assert verified().verdict is Verdict.VALID
    assert sequencer.sequence_once() is None
    assert signer.last().size == 6
    (keys / "ledger.state").unlink()  # as on a new machine with the old key
    ledgers.record_events(database, 1)
    assert sequencer.sequence_once().size == 7
    assert verified().verdict is Verdict.VALID


def refused(sequencer, match, database):
    """It refuses, again and again, and changes nothing."""
    ledgers.record_events(database, 1)
    before = how_many(database, "select count(*) from ledger_checkpoint"), waits(database)
    for _ in range(2):
        with pytest.raises(LedgerBroken, match=match):
            sequencer.sequence_once()
    assert before == (how_many(database, "select count(*) from ledger_checkpoint"), waits(database))


def test_it_refuses_when_the_database_was_rolled_back_to_an_earlier_dump(postgres, database_url, signer):
    with Database(database_url) as database:
        sequencer = Sequencer(database, signer)
        ledgers.record_events(database, 3)
        sequencer.sequence_once()
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with postgres.fresh(template=name) as dump:
        with Database(database_url) as database:
            ledgers.record_events(database, 3)
            Sequencer(database, signer).sequence_once()
        with Database(dump) as database:
            refused(Sequencer(database, signer), "older", database)
            ledgers.record_events(database, 9)  # catching up in size does not help
            refused(Sequencer(database, signer), "older", database)


def test_it_refuses_when_the_database_is_empty_but_the_key_has_signed(database, sequencer, signer):
    signer.remember(Signed(5, bytes(32)))
    refused(sequencer, "older", database)


def test_it_refuses_when_the_log_was_rewritten_with_the_same_size(database, sequencer, signer, keys):
    ledgers.record_events(database, 3)
    sequencer.sequence_once()
    (keys / "ledger.state").unlink()
    signer.remember(Signed(3, bytes(32)))
    refused(sequencer, "not the one", database)


def test_it_refuses_when_the_last_checkpoint_was_removed(database, sequencer):
    ledgers.record_events(database, 6)
    ledgers.sequence_all(sequencer)
    ledgers.tamper(database, "delete from ledger_checkpoint where size = 6")
    refused(sequencer, "covers 3", database)


def test_it_refuses_when_a_sequenced_entry_was_removed(database, sequencer):
    ledgers.record_events(database, 3)
    sequencer.sequence_once()
    ledgers.tamper(database, "delete from ledger_entry where position = 2")
    refused(sequencer, "2 entries have a place", database)


def test_it_refuses_a_checkpoint_of_another_key(database, sequencer, tmp_path):
    ledgers.record_events(database, 3)
    checkpoint = sequencer.sequence_once()
    note = Signer(tmp_path / "other", "log.example/test").sign(checkpoint, clock.now())
    forge_note(database, note)
    refused(sequencer, "not signed by", database)


def test_it_refuses_a_checkpoint_that_its_note_does_not_say(database, sequencer, signer):
    ledgers.record_events(database, 3)
    sequencer.sequence_once()
    forge_note(database, signer.sign(Checkpoint("log.example/test", 3, bytes(32)), clock.now()))
    refused(sequencer, "is not what its signed note says", database)


def test_it_refuses_a_frontier_that_leads_elsewhere(database, sequencer):
    ledgers.record_events(database, 3)
    sequencer.sequence_once()
    ledgers.tamper(database, "update ledger_checkpoint set frontier = array[%s, %s]", [bytes(32), bytes(32)])
    refused(sequencer, "another root", database)
    ledgers.tamper(database, "update ledger_checkpoint set frontier = array[%s]", [bytes(32)])
    refused(sequencer, "subtrees", database)


def test_it_refuses_a_note_that_is_none(database, sequencer):
    ledgers.record_events(database, 3)
    sequencer.sequence_once()
    ledgers.tamper(database, "update ledger_checkpoint set note = 'hello'")
    refused(sequencer, "a note is", database)


def test_it_refuses_to_sign_what_is_not_a_leaf(database, sequencer):
    ledgers.record_events(database, 1)
    ledgers.tamper(database, "update ledger_entry set leaf = 'x'")
    refused(sequencer, "not a leaf", database)


def test_a_batch_of_any_size_is_one_frontier(database, signer, verified):
    ledgers.record_events(database, 50)
    checkpoints = ledgers.sequence_all(Sequencer(database, signer, batch=7))
    assert [c.size for c in checkpoints] == [7, 14, 21, 28, 35, 42, 49, 50]
    with database.transaction() as tx:
        leaves = [leaf for (leaf,) in tx.execute("select leaf from ledger_entry order by position")]
        stored = store.last_checkpoint(tx)
    assert Frontier(stored.size, stored.peaks) == Frontier().extend(map(leaf_hash, leaves))
    assert verified().verdict is Verdict.VALID


def forge_note(database, note):
    """Put another note in the place of the last one."""
    ledgers.tamper(database, "update ledger_checkpoint set note = %s", [format_note(note).decode()])
