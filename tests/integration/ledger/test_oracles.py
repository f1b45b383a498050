"""Another program, by other people, accepts what we publish: aics-tlog (Apache-2.0, Python 3.12).

It is installed into a folder of its own under .cache, and never imported by us.
"""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

import pytest

import ledgers
from repository import ROOT
from takeback.ground.ledger.export import export
from takeback.ground.ledger.sequencer import Sequencer
from takeback.ground.ledger.witnesses import Witnesses
from takeback_verify.cosignature import format_cosigner_key
from takeback_verify.note import format_verifier_key
from takeback_verify.policy import parse_policy
from witnesses import WitnessProcess

WANTED = "aics-tlog==0.2.1"
FOLDER = ROOT / ".cache" / "oracle-tlog"


def _python() -> str | None:
    """A Python that the oracle runs on."""
    for name in ("python3.12", "python3.13"):
        if (found := shutil.which(name)) and subprocess.run([found, "-V"], check=False).returncode == 0:
            return found
    kept = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[2-9].*/bin/python"))
    return str(kept[0]) if kept else None


@pytest.fixture(scope="module")
def oracle():
    """Runs aics-tlog; its answer."""
    program = FOLDER / "bin" / "aics-tlog"
    FOLDER.parent.mkdir(exist_ok=True)
    with (FOLDER.parent / "oracle-tlog.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            python = _python()
            if python is None:
                pytest.skip("aics-tlog needs Python 3.12, which is not installed")
            made = subprocess.run([python, "-m", "venv", FOLDER], capture_output=True, check=False)
            command = [FOLDER / "bin" / "pip", "install", "--quiet", WANTED]
            if made.returncode or subprocess.run(command, capture_output=True, check=False).returncode:
                shutil.rmtree(FOLDER, ignore_errors=True)
                pytest.skip(f"{WANTED} cannot be installed here")

    def ask(*words: object) -> dict:
        said = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
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
            ledgers.record_facts(database, more)
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
