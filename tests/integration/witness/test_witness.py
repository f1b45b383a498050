"""A witness cosigns what contains all that it cosigned before, and nothing else, whatever happens to it."""

import base64
import os
import signal
import threading

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from takeback.entrypoints.cli import witness as command
from takeback.entrypoints.witness.app import MAX_BODY, create_app
from takeback.entrypoints.witness.folder import Folder, create
from takeback.errors import ConfigurationError
from takeback.infra import clock
from takeback.infra.outbound import OutboundClient
from takeback.infra.signing import CosignerSecret, SignerKey
from takeback_verify.core.checkpoint import Checkpoint, format_checkpoint
from takeback_verify.core.cosignature import (
    CosignerKind,
    format_cosigner_key,
    parse_cosigner_key,
    verify_cosignature,
)
from takeback_verify.core.merkle import leaf_hash, root_of
from takeback_verify.core.note import Note, format_note, format_verifier_key, parse_signature
from trees import prove_consistency
from witnesses import WitnessProcess

ORIGIN = "log.example/one"
LOG = SignerKey(ORIGIN, bytes(32))
VKEY = format_verifier_key(LOG.verifier)
LEAVES = [leaf_hash(b"%d" % n) for n in range(40)]
FORKED = [*LEAVES[:5], leaf_hash(b"other"), *LEAVES[6:]]


def signed(size, leaves=LEAVES, key=LOG, origin=ORIGIN):
    return key.sign(format_checkpoint(Checkpoint(origin, size, root_of(leaves[:size]))))


def body(old, size, leaves=LEAVES, proof=None, note=None):
    proof = prove_consistency(old, leaves[:size]) if proof is None else proof
    lines = [f"old {old}", *(base64.b64encode(node).decode() for node in proof), "", ""]
    return "\n".join(lines).encode() + format_note(signed(size, leaves) if note is None else note)


@pytest.fixture
def path(tmp_path):
    create(tmp_path / "witness", "witness.example/w1", post_quantum=True)
    Folder(tmp_path / "witness").add_log(VKEY)
    return tmp_path / "witness"


@pytest.fixture
def post(path):
    client = TestClient(create_app(Folder(path)))
    return lambda data: client.post("/add-checkpoint", content=data)


def cosigned(answer, note, folder):
    """The moments that each key signed."""
    signatures = tuple(parse_signature(line) for line in answer.text.splitlines())
    return [verify_cosignature(Note(note.text, signatures), key) for key in folder.public]


def test_it_cosigns_with_both_keys_and_remembers(post, path):
    folder = Folder(path)
    for old, size in ((0, 3), (3, 3), (3, 7), (7, 16), (16, 40)):
        answer = post(body(old, size))
        assert answer.status_code == 200
        assert all(abs(at - clock.now().timestamp()) < 60 for at in cosigned(answer, signed(size), folder))
        assert folder.last(ORIGIN).size == size


def test_an_empty_tree_can_be_cosigned(post):
    assert post(body(0, 0)).status_code == 200
    assert post(body(0, 4)).status_code == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (
            body(0, 3, note=signed(3, key=SignerKey("log.example/two", bytes(32)), origin="log.example/two")),
            404,
        ),
        (body(0, 3, note=signed(3, key=SignerKey(ORIGIN, b"x" * 32))), 403),
        (body(0, 3, note=signed(3, key=SignerKey("other", b"x" * 32))), 403),
        (body(0, 3, note=Note(signed(4).text, signed(3).signatures)), 403),
        (body(9, 5, proof=()), 400),
        (b"", 400),
        (b"old 0\n", 400),
        (body(0, 3).replace(b"old 0", b"old 00"), 400),
        (body(0, 3).replace(b"old 0", b"new 0"), 400),
        (body(5, 9, proof=[b"short"]), 400),
        (body(5, 9, proof=[bytes(32)] * 64), 400),
        (body(5, 9)[:-1], 400),
        (bytes(MAX_BODY + 1), 413),
        (body(0, 9), 409),
        (body(4, 9), 409),
        (body(6, 9), 409),
        (body(5, 9, proof=()), 422),
        (body(5, 9, proof=[bytes(32)] * 3), 422),
        (body(5, 9, proof=[*prove_consistency(5, LEAVES[:9]), bytes(32)]), 422),
        (body(5, 9, leaves=[leaf_hash(b"x"), *LEAVES[1:]]), 422),
    ],
)
def test_it_refuses_with_the_status_of_the_specification_and_forgets_nothing(post, path, data, status):
    assert post(body(0, 5)).status_code == 200
    answer = post(data)
    assert answer.status_code == status
    if status == 409:
        assert (answer.text, answer.headers["content-type"]) == ("5\n", "text/x.tlog.size")
    assert Folder(path).last(ORIGIN).size == 5
    assert post(body(5, 6)).status_code == 200


def test_a_log_that_shows_two_pasts_gets_one_cosigned(post, path):
    assert post(body(0, 5)).status_code == 200
    assert post(body(5, 9)).status_code == 200
    answer = post(body(9, 9, leaves=FORKED, proof=()))
    assert (answer.status_code, answer.text) == (409, "9\n")  # same size, other tree
    assert post(body(9, 12, leaves=FORKED)).status_code == 422  # grown from the other tree
    assert post(body(5, 12, leaves=FORKED)).status_code == 409  # a valid proof from before
    assert Folder(path).last(ORIGIN).root == root_of(LEAVES[:9])


def test_extension_lines_by_the_log_are_cosigned_as_they_are(post):
    note = LOG.sign(format_checkpoint(Checkpoint(ORIGIN, 3, root_of(LEAVES[:3]), ("beacon 1",))))
    assert post(body(0, 3, note=note)).status_code == 200


def test_two_logs_do_not_know_of_each_other(post, path):
    other = SignerKey("log.example/two", b"2" * 32)
    Folder(path).add_log(format_verifier_key(other.verifier))
    assert post(body(0, 5)).status_code == 200
    assert post(body(0, 9, note=signed(9, key=other, origin="log.example/two"))).status_code == 200
    assert Folder(path).last(ORIGIN).size == 5


def test_a_log_may_have_a_second_key(post, path):
    newer = CosignerSecret(ORIGIN, CosignerKind.ML_DSA_44, bytes(32))
    text = signed(3).text
    by_newer = Note(text, (newer.cosign(text, 1),))
    assert post(body(0, 3, note=by_newer)).status_code == 403
    Folder(path).add_log(format_cosigner_key(newer.public))
    assert post(body(0, 3, note=by_newer)).status_code == 200


def test_of_many_at_once_one_wins_and_none_goes_back(path):
    client = TestClient(create_app(Folder(path)))
    start, answers = threading.Barrier(8), []

    def ask(size) -> None:
        start.wait()
        answers.append((size, client.post("/add-checkpoint", content=body(0, size)).status_code))

    threads = [threading.Thread(target=ask, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [size for size, status in answers if status == 200]
    assert Folder(path).last(ORIGIN).size == won


def test_what_cannot_be_kept_is_not_cosigned(post, path, monkeypatch):
    assert post(body(0, 5)).status_code == 200

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("takeback.infra.files.os.fsync", full)
    assert post(body(5, 9)).status_code == 500
    monkeypatch.undo()
    assert Folder(path).last(ORIGIN).size == 5
    assert not list((path / "logs").glob(".*"))
    assert post(body(5, 9)).status_code == 200


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_a_damaged_memory_is_not_taken_for_a_new_log(post, path, damage):
    assert post(body(0, 5)).status_code == 200
    (note,) = (path / "logs").glob("*.note")
    note.write_bytes(format_note(signed(5, key=SignerKey(ORIGIN, b"x" * 32))) if damage is None else damage)
    assert post(body(0, 9)).status_code == 500
    assert post(body(5, 9)).status_code == 500


def test_a_witness_that_is_killed_at_any_moment_never_goes_back(tmp_path):
    process = WitnessProcess(tmp_path / "w", "witness.example/w1", [VKEY])
    promised = 0
    for round_ in range(3):
        with process.running() as running, OutboundClient(process.url) as client:
            answered = []

            def push(size=promised, client=client, answered=answered) -> None:
                try:
                    while size < len(LEAVES):
                        client.send("POST", "/add-checkpoint", content=body(size, size + 1))
                        size += 1
                        answered.append(size)
                except Exception:  # noqa: BLE001 - it was killed
                    return

            thread = threading.Thread(target=push)
            thread.start()
            while len(answered) < 2 + round_ and thread.is_alive():
                thread.join(0.001)
            os.kill(running.pid, signal.SIGKILL)
            thread.join()
        last = process.folder.last(ORIGIN).size
        assert last >= max(answered, default=promised)
        promised = last


# --- the command -------------------------------------------------------------------------------------------


def test_it_is_set_up_by_three_commands(tmp_path):
    run = CliRunner()
    where = str(tmp_path / "w")
    made = run.invoke(command.app, ["init", where, "--name", "witness.example/w1"])
    first, second = made.output.splitlines()
    assert parse_cosigner_key(first).kind is CosignerKind.ED25519
    assert parse_cosigner_key(second).kind is CosignerKind.ML_DSA_44
    assert run.invoke(command.app, ["key", where]).output == made.output
    assert run.invoke(command.app, ["add-log", where, VKEY]).output == f"watches {ORIGIN}\n"
    assert run.invoke(command.app, ["add-log", where, VKEY]).exit_code == 0
    assert run.invoke(command.app, ["status", where]).output == f"{ORIGIN}: nothing cosigned yet\n  {VKEY}\n"
    assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o077 == 0


def test_what_the_operator_can_mend_is_said(tmp_path):
    create(tmp_path / "w", "w1", post_quantum=False)
    assert len(Folder(tmp_path / "w").public) == 1
    with pytest.raises(ConfigurationError, match="already"):
        create(tmp_path / "w", "w1", post_quantum=False)
    with pytest.raises(ConfigurationError, match="name"):
        create(tmp_path / "x", "two words", post_quantum=False)
    with pytest.raises(ConfigurationError, match="witness init"):
        Folder(tmp_path / "y")
    with pytest.raises(ConfigurationError, match="verifier key"):
        Folder(tmp_path / "w").add_log("hello")
    (tmp_path / "w" / "witness.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Folder(tmp_path / "w")
