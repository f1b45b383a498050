"""The log and its witnesses: cosigned soon, checked before kept, and no second history."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import ledgers
import waiting
from takeback.errors import ConfigurationError, LedgerBroken
from takeback.infra.db.pool import Database
from takeback.infra.ledger import parties, proofs, store
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.parties import Role
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.ledger.witnesses import Witnesses, load_policy, split_address
from takeback.infra.signing import CosignerSecret
from takeback_verify.core.checkpoint import parse_checkpoint
from takeback_verify.core.cosignature import CosignerKind, format_cosigner_key
from takeback_verify.core.errors import NotProven
from takeback_verify.core.merkle import verify_consistency
from takeback_verify.core.note import format_signature, format_verifier_key
from takeback_verify.core.policy import Log, Policy, Quorum, Witness, accept
from takeback_verify.core.policy_text import format_policy, parse_policy
from witnesses import WitnessProcess

ORIGIN = "log.example/test"


@pytest.fixture
def witness(tmp_path, signer):
    return WitnessProcess(tmp_path / "witness", "witness.example/w1", [format_verifier_key(signer.verifier)])


@pytest.fixture
def policy(witness, signer):
    """One witness under both its keys: two names, both are needed."""
    first, second = witness.keys
    return parse_policy(
        f"log {format_verifier_key(signer.verifier)}\nlog {format_cosigner_key(signer.post_quantum)}\n"
        f"witness w {format_cosigner_key(first)} {witness.url}\n"
        f"witness q {format_cosigner_key(second)} {witness.url}/\n"
        "group both all w q\nquorum both\n"
    )


@pytest.fixture
def asked(database, policy):
    made = Witnesses(database, policy)
    yield made
    made.close()


def party(database):
    with database.transaction() as tx:
        return {each.name: each for each in parties.all_parties(tx)}


def last_word(database, policy):
    with database.transaction() as tx:
        return proofs.final(tx, policy)


def test_checkpoints_are_cosigned_while_they_come_and_a_quorum_is_found(
    database, signer, witness, policy, asked
):
    stop = threading.Event()
    sequencer = Sequencer(database, signer, heed=asked.keys)
    threads = [threading.Thread(target=part.run, args=[stop]) for part in (sequencer, asked)]
    with witness.running():
        for thread in threads:
            thread.start()
        try:
            for size in range(1, 4):
                ledgers.record_events(database, 1)
                waiting.until(
                    lambda size=size: (
                        (note := last_word(database, policy)) and parse_checkpoint(note.text).size >= size
                    )
                )
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    accepted = accept(policy, last_word(database, policy))
    assert len(accepted.logs) == 2
    assert [name for name, _ in accepted.witnesses] == ["w", "q"]
    assert {each.size for each in party(database).values()} == {3}


def test_one_that_is_away_keeps_nothing_waiting_and_is_said_to_be_away(
    database, signer, witness, policy, asked
):
    ledgers.record_events(database, 2)
    sequencer = Sequencer(database, signer, heed=asked.keys)
    assert sequencer.sequence_once().size == 2
    asked.ask_all()
    assert all(each.failing_since and "no answer" in each.failure for each in party(database).values())
    assert last_word(database, policy) is None
    assert last_word(database, None) is not None
    ledgers.record_events(database, 1)
    assert sequencer.sequence_once().size == 3
    with witness.running():
        asked.ask_all()
    assert all(each.failing_since is None and each.size == 3 for each in party(database).values())
    assert parse_checkpoint(last_word(database, policy).text).size == 3


def test_it_finds_out_from_which_size_to_begin(database, sequencer, witness, asked):
    ledgers.record_events(database, 5)
    ledgers.sequence_all(sequencer)
    with witness.running():
        asked.ask_all()
        ledgers.tamper(database, "delete from ledger_cosignature")
        ledgers.record_events(database, 5)
        ledgers.sequence_all(sequencer)
        asked.ask_all()
    assert {each.size for each in party(database).values()} == {10}


def test_a_database_set_back_with_the_key_s_memory_is_noticed_before_anything_is_signed(
    postgres, database_url, keys, signer, witness, policy
):
    """The operator restores an old dump of everything that is his; the witness remembers."""
    with Database(database_url) as database:
        ledgers.record_events(database, 3)
        Sequencer(database, signer).sequence_once()
    old_state = (keys / "ledger.state").read_bytes()
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with postgres.fresh(template=name) as dump, witness.running():
        with Database(database_url) as database:
            ledgers.record_events(database, 3)
            Sequencer(database, signer).sequence_once()
            asked = Witnesses(database, policy)
            asked.ask_all()
            asked.close()
        (keys / "ledger.state").write_bytes(old_state)
        with Database(dump) as database:
            asked = Witnesses(database, policy)
            asked.ask_all()
            ledgers.record_events(database, 1)
            with pytest.raises(LedgerBroken, match="has cosigned 6 entries, but the log has 3"):
                Sequencer(database, signer, heed=asked.keys).sequence_once()
            asked.close()


@pytest.mark.parametrize("more", [0, 4])
def test_a_history_rewritten_with_the_real_key_is_shown_by_the_witness_and_by_the_verifier(
    postgres, database, keys, signer, witness, policy, more
):
    """The operator has the key and the database, and makes another past, as long or longer."""
    ledgers.record_events(database, 6)
    Sequencer(database, signer).sequence_once()
    asked = Witnesses(database, policy)
    with witness.running():
        asked.ask_all()
        asked.close()
        honest = parse_checkpoint(last_word(database, policy).text)
        (keys / "ledger.state").unlink()
        with postgres.fresh() as url, Database(url) as other:
            ledgers.record_events(other, 6 + more)
            Sequencer(other, signer).sequence_once()
            asked = Witnesses(other, policy)
            asked.ask_all()
            asked.close()
            assert last_word(other, policy) is None
            forged = parse_checkpoint(last_word(other, None).text)
            # The signature is good; the past is not.
            accept(Policy((Log(signer.verifier), Log(signer.post_quantum))), last_word(other, None))
            with other.transaction() as tx:
                proof = proofs.consistency(tx, 6, 6 + more)
            with pytest.raises(NotProven):
                verify_consistency(6, 6 + more, proof, honest.root, forged.root)
            ledgers.record_events(other, 1)
            with pytest.raises(LedgerBroken, match=r"another log of 6|did not grow out of"):
                Sequencer(other, signer, heed=asked.keys).sequence_once()
            assert Sequencer(other, signer).sequence_once() is not None  # one who heeds nobody goes on


class Liar:
    """A witness that answers what it is told to."""

    def __init__(self) -> None:
        self.says = (200, "text/plain", b"")
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, body = liar.says
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/prefix"


def test_what_a_witness_answers_is_checked_before_it_is_kept(database, sequencer):
    ledgers.record_events(database, 2)
    sequencer.sequence_once()
    key = CosignerSecret("w", CosignerKind.ED25519, bytes(32))
    other = CosignerSecret("w", CosignerKind.ED25519, b"o" * 32)
    with database.transaction() as tx:
        text = store.last_checkpoint(tx).note.split("\n\n")[0] + "\n"
    liar = Liar()
    thread = threading.Thread(target=liar.server.serve_forever, args=(0.05,))
    thread.start()
    asked = Witnesses(database, Policy((), (Witness("w", key.public, liar.url),)))
    try:
        for says in (
            (200, "text/plain", b""),
            (200, "text/plain", b"\xff\n"),
            (200, "text/plain", b"hello\n"),
            (200, "text/plain", format_signature(other.cosign(text, 1)).encode()),
            (200, "text/plain", format_signature(key.cosign(text.replace("2", "3"), 1)).encode()),
            (200, "text/plain", format_signature(key.cosign(text, 1)).encode()),  # in 1970
            (404, "text/plain", b"unknown\n"),
            (403, "text/plain", b"no\n"),
            (409, "text/plain", b"1\n"),
            (409, "text/x.tlog.size", b"-1\n"),
            (409, "text/x.tlog.size", b"one\n"),
            (500, "text/plain", b""),
        ):
            liar.says = says
            asked.ask_all()
            (state,) = party(database).values()
            assert (state.role, state.size, state.conflict) == (Role.WITNESS, 0, None)
            assert state.failing_since is not None
    finally:
        asked.close()
        liar.server.shutdown()
        thread.join()
        liar.server.server_close()


# --- the policy of our own log -----------------------------------------------------------------------------


def test_without_a_policy_nobody_is_asked(database, signer):
    policy = load_policy(None, (signer.verifier, signer.post_quantum))
    assert policy == Policy((Log(signer.verifier), Log(signer.post_quantum)))
    Witnesses(database, policy).ask_all()
    assert party(database) == {}


def test_a_policy_without_our_log_gets_it(tmp_path, signer):
    path = tmp_path / "policy"
    key = CosignerSecret("w", CosignerKind.ED25519, bytes(32)).public
    witness = Witness("w", key, "http://w.example")
    written = Policy((), (witness,), Quorum("w", 1, (witness,)))
    path.write_text(format_policy(written))
    loaded = load_policy(path, (signer.verifier, signer.post_quantum))
    assert [log.key for log in loaded.logs] == [signer.verifier, signer.post_quantum]
    assert (loaded.witnesses, loaded.quorum) == (written.witnesses, written.quorum)


def test_a_policy_of_another_key_of_ours_or_none_at_all_is_refused(tmp_path, signer):
    other = Signer(tmp_path / "other", ORIGIN)
    (tmp_path / "policy").write_text(format_policy(Policy((Log(other.verifier),))))
    for path in (tmp_path / "policy", tmp_path / "missing", tmp_path):
        with pytest.raises(ConfigurationError, match="TAKEBACK_WITNESS_POLICY"):
            load_policy(path, (signer.verifier, signer.post_quantum))


def test_addresses_are_an_origin_and_a_prefix():
    assert split_address("https://w.example:8/a/b/") == ("https://w.example:8", "/a/b")
    with pytest.raises(ConfigurationError):
        split_address("https://w.example/?a=b")


def test_the_command_teaches_how_to_run_one():
    said = subprocess.run(
        [sys.executable, "-c", "from takeback.entrypoints.cli.main import main; main()", "witness", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for word in ("init", "add-log", "run", "never", "backup"):
        assert word in said.lower()
