"""Another program, by other people, accepts what we publish: aics-tlog (Apache-2.0, Python 3.12)."""

import json
import subprocess

import pytest

import ledgers
import others
from takeback.infra.ledger.export import export
from takeback.infra.ledger.sequencer import Sequencer
from takeback.infra.ledger.witnesses import Witnesses
from takeback_verify.core.cosignature import format_cosigner_key
from takeback_verify.core.note import format_verifier_key
from takeback_verify.core.policy_text import parse_policy
from witnesses import WitnessProcess

pytestmark = pytest.mark.agrees(others.AICS)


@pytest.fixture
def oracle():
    """Runs aics-tlog; its answer."""

    def ask(*words: object) -> dict:
        command = [others.program(others.AICS), *map(str, words)]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        answer = json.loads(said.stdout)
        assert answer["ok"] is (said.returncode == 0)
        return answer

    return ask


@pytest.fixture
def log(database, signer, tmp_path):
    """300 entries, published at 258 and at 300, cosigned by a witness."""
    witness = WitnessProcess(
        tmp_path / "witness", "witness.example/w1", [format_verifier_key(signer.verifier)]
    )
    vkey = format_cosigner_key(witness.keys[0])
    asked = Witnesses(database, parse_policy(f"witness w {vkey} {witness.url}\nquorum w\n"))
    with witness.running():
        for more in (258, 42):
            ledgers.record_events(database, more)
            ledgers.sequence_all(Sequencer(database, signer))
            asked.ask_all()
            export(database, tmp_path / "log")
            (tmp_path / f"checkpoint.{more}").write_bytes((tmp_path / "log" / "checkpoint").read_bytes())
    asked.close()
    (tmp_path / "log.vkey").write_text(format_verifier_key(signer.verifier) + "\n")
    return tmp_path, vkey


def test_it_finds_every_entry_in_the_published_tiles_under_a_quorum(oracle, log):
    folder, witness = log
    trust = ["--vkey-file", folder / "log.vkey", "--witness-key", witness, "--quorum", 1]
    for index in (0, 1, 255, 256, 257, 258, 299):
        answer = oracle("verify-inclusion", "--tiles", folder / "log", "--index", index, *trust)
        assert answer["ok"], answer
    assert not oracle("verify-inclusion", "--tiles", folder / "log", "--index", 300, *trust)["ok"]


def test_it_finds_that_the_log_only_grew(oracle, log):
    folder, _ = log
    trust = ["--vkey-file", folder / "log.vkey"]
    old = ["--old-checkpoint", folder / "checkpoint.258"]
    assert oracle("verify-consistency", "--tiles", folder / "log", *old, *trust)["ok"]


def test_it_refuses_what_we_would_refuse(oracle, log):
    folder, witness = log
    trust = ["--vkey-file", folder / "log.vkey", "--witness-key", witness, "--quorum", 1]
    tile = folder / "log/tile/0/000"
    good = tile.read_bytes()
    tile.write_bytes(bytes(32) + good[32:])
    assert not oracle("verify-inclusion", "--tiles", folder / "log", "--index", 1, *trust)["ok"]
    tile.write_bytes(good)
    checkpoint = folder / "log" / "checkpoint"
    lines = checkpoint.read_text().split("\n")
    checkpoint.write_text("\n".join(line for line in lines if "witness" not in line))
    assert not oracle("verify-inclusion", "--tiles", folder / "log", "--index", 1, *trust)["ok"]
