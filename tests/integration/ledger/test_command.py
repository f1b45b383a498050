"""`takeback ledger`, as an operator or an auditor runs it: the exit code is the answer."""

import json

import pytest
from typer.testing import CliRunner

import ledgers
from takeback.entrypoints.cli import ledger
from takeback.infra import clock
from takeback.infra.ledger import parties
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.parties import Role
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.signing import CosignerSecret
from takeback_verify.core.checkpoint import open_checkpoint
from takeback_verify.core.cosignature import CosignerKind, format_cosigner_key
from takeback_verify.core.leaf import parse_leaf
from takeback_verify.core.merkle import leaf_hash, verify_inclusion
from takeback_verify.core.note import format_verifier_key, parse_note, parse_verifier_key
from takeback_verify.core.policy import accept
from takeback_verify.core.policy_text import parse_policy
from takeback_verify.core.tlog_proof import parse_tlog_proof


@pytest.fixture
def run(database_url, tmp_path, monkeypatch):
    """Runs `takeback ledger ...` against the test's database and folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAKEBACK_DATABASE_URL", database_url)
    monkeypatch.setenv("TAKEBACK_DATA", str(tmp_path))
    return lambda *words: CliRunner().invoke(ledger.app, list(words))


@pytest.fixture
def started(database, signer):
    """Two entries under one checkpoint."""
    ledgers.record_events(database, 2)
    Sequencer(database, signer).sequence_once()
    return database


@pytest.mark.usefixtures("started")
def test_a_good_log_is_valid_and_the_exit_code_0(run):
    result = run("verify")
    assert (result.exit_code, result.output.split()[0]) == (0, "VALID")
    assert "2 entries, root " in result.output
    assert "8. yes The log contains the 2 entries that its key remembers to have signed." in result.output


def test_waiting_entries_are_mentioned(run, started):
    ledgers.record_events(started, 1)
    result = run("verify")
    assert result.exit_code == 0
    assert "1 more entries wait for their place, the oldest for " in result.output


def test_a_changed_log_is_invalid_and_the_exit_code_1(run, started):
    ledgers.tamper(started, "update event set kind = 'case_closed' where id = 1")
    result = run("verify")
    assert (result.exit_code, result.output.split()[0]) == (1, "INVALID")
    assert "Entry 1 does not open to event 1" in result.output


def test_a_program_gets_one_line_of_json(run, started):
    result = run("verify", "--json")
    answer = json.loads(result.output)
    assert (result.exit_code, result.output.count("\n")) == (0, 1)
    assert (answer["result"], answer["size"], answer["events"], answer["waiting"]) == ("VALID", 2, 2, 0)
    ledgers.tamper(started, "delete from ledger_entry where position = 0")
    result = run("verify", "--json")
    assert (result.exit_code, json.loads(result.output)["result"]) == (1, "INVALID")


def test_without_a_key_the_log_cannot_be_checked_and_the_exit_code_is_2(run, tmp_path):
    result = run("verify")
    assert result.exit_code == 2
    assert "CANNOT CHECK: there is no " in result.stderr
    assert json.loads(run("verify", "--json").stdout)["result"] == "CANNOT CHECK"
    assert not (tmp_path / "keys" / "ledger.key").exists()


@pytest.mark.usefixtures("started")
def test_an_unreachable_database_is_not_an_invalid_log(run, monkeypatch):
    monkeypatch.setenv("TAKEBACK_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert run("verify").exit_code == 2


@pytest.mark.usefixtures("started")
def test_a_key_from_elsewhere_decides(run, tmp_path, signer):
    good = format_verifier_key(signer.verifier)
    other = format_verifier_key(Signer(tmp_path / "other", "log.example/test").verifier)
    assert run("verify", "--key", good).exit_code == 0
    assert run("verify", "--key", other).exit_code == 1
    assert run("verify", "--key", good[:-1]).exit_code == 2


@pytest.mark.usefixtures("started")
def test_others_can_check_what_is_shown_with_the_key_that_is_shown(run):
    note, key = run("show").stdout, run("key").stdout.strip()
    assert open_checkpoint(parse_note(note.encode()), parse_verifier_key(key)).size == 2


@pytest.mark.usefixtures("signer")
def test_an_empty_log_has_nothing_to_show(run):
    assert "empty" in run("show").stdout
    assert run("verify").exit_code == 0


# --- what others check by ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("started")
def test_a_receipt_proves_an_entry_to_one_who_has_the_policy(run, tmp_path):
    policy = parse_policy(run("policy").stdout)
    assert [type(log.key).__name__ for log in policy.logs] == ["VerifierKey", "CosignerKey"]
    assert run("prove", "1").stdout == "1.tlog-proof\n"
    event = run("prove", "1", "--event", "--out", str(tmp_path / "first"))
    assert event.exit_code == 0
    for path, index in ((tmp_path / "1.tlog-proof", 1), (tmp_path / "first", 0)):
        proof = parse_tlog_proof(path.read_bytes())
        checkpoint = accept(policy, proof.note).checkpoint
        assert proof.index == index
        leaf = leaf_hash(proof.extra)
        verify_inclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root)
        assert parse_leaf(proof.extra).kind == "case_opened"
    missing = run("prove", "2")
    assert (missing.exit_code, "covers entry 2" in missing.stderr) == (2, True)
    assert run("prove", "99", "--event").exit_code == 2


@pytest.mark.usefixtures("started")
def test_both_keys_are_shown(run, signer):
    assert run("key", "--post-quantum").stdout == format_cosigner_key(signer.post_quantum) + "\n"


@pytest.mark.usefixtures("started")
def test_the_status_says_what_waits_and_who_fails(run, database, tmp_path, monkeypatch):
    assert run("status").output == "2 entries are signed.\n"
    witness = CosignerSecret("witness.example", CosignerKind.ED25519, bytes(32)).public
    vkey = format_cosigner_key(witness)
    (tmp_path / "policy").write_text(f"witness w {vkey} http://127.0.0.1:1\nquorum w\n")
    monkeypatch.setenv("TAKEBACK_WITNESS_POLICY", str(tmp_path / "policy"))
    ledgers.record_events(database, 1)
    said = run("status")
    assert (said.exit_code, said.output.splitlines()[2:]) == (
        0,
        ["The quorum of witnesses covers 0; 2 wait for it.", "witness w: never asked."],
    )
    assert "1 more wait for their place" in said.output
    with database.transaction() as tx:
        parties.failed(tx, Role.WITNESS, vkey, "no answer", clock.now())
        parties.failed(tx, Role.AUTHORITY, "one", "503", clock.now())
    said = run("status")
    assert said.exit_code == 1
    assert "witness w: covers 0 of 2 entries. FAILS since" in said.output
    assert "authority one: covers 0 of 2 entries. FAILS since" in said.output
    assert "The last timestamp covers 0; 2 wait for the next." in said.output
    with database.transaction() as tx:
        parties.contradicted(tx, vkey, "it has seen more", clock.now())
    assert "CONFLICT: it has seen more. Nothing is signed" in run("status").output
    assert run("prove", "0").exit_code == 2  # no quorum, no receipt
