"""The log's key and its memory, on disk."""

import stat
import threading
from datetime import UTC, datetime

import pytest

from takeback.errors import ConfigurationError
from takeback.infra.ledger.keys import Signed, Signer, read_last_signed, read_verifier, read_verifiers
from takeback.infra.signing import CosignerSecret, format_cosigner_secret, parse_signer_key
from takeback_verify.core.checkpoint import Checkpoint, open_checkpoint
from takeback_verify.core.cosignature import CosignerKind, verify_cosignature
from takeback_verify.core.note import format_verifier_key
from takeback_verify.core.policy import Log, Policy, accept

ORIGIN = "log.example/one"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_key_is_made_at_the_first_use_and_kept(tmp_path):
    first = Signer(tmp_path / "keys", ORIGIN)
    again = Signer(tmp_path / "keys", ORIGIN)
    assert first.verifier == again.verifier == read_verifier(tmp_path / "keys")
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == [
        "ledger.key",
        "ledger.mldsa.key",
        "ledger.vkey",
    ]


def test_only_the_owner_may_read_the_key(tmp_path):
    Signer(tmp_path, ORIGIN)
    path = tmp_path / "ledger.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Signer(tmp_path, ORIGIN)


def test_many_who_start_together_have_the_same_key(tmp_path):
    start, made = threading.Barrier(8), []

    def make() -> None:
        start.wait()
        made.append(Signer(tmp_path, ORIGIN).verifier)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert set(made) == {read_verifier(tmp_path)}


def test_a_log_keeps_its_name(tmp_path):
    Signer(tmp_path, ORIGIN)
    with pytest.raises(ConfigurationError, match="TAKEBACK_LEDGER_ORIGIN"):
        Signer(tmp_path, "log.example/two")


def test_a_name_that_no_note_can_carry_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="name"):
        Signer(tmp_path, "two words")


@pytest.mark.parametrize("content", [b"", b"\xff", b"PRIVATE+KEY+log.example/one+00000000+AAAA\n"])
def test_a_damaged_key_is_refused_and_not_replaced(tmp_path, content):
    path = tmp_path / "ledger.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"ledger\.key"):
        Signer(tmp_path, ORIGIN)
    assert path.read_bytes() == content


def test_what_it_signs_others_can_open(tmp_path):
    signer = Signer(tmp_path, ORIGIN)
    checkpoint = Checkpoint(ORIGIN, 3, bytes(32))
    assert open_checkpoint(signer.sign(checkpoint, NOW), read_verifier(tmp_path)) == checkpoint
    assert parse_signer_key((tmp_path / "ledger.key").read_text().strip()).verifier == signer.verifier


def test_both_keys_sign_and_both_are_asked_for(tmp_path):
    signer = Signer(tmp_path, ORIGIN)
    note = signer.sign(Checkpoint(ORIGIN, 3, bytes(32)), NOW)
    first, second = read_verifiers(tmp_path)
    assert (first, second) == (signer.verifier, signer.post_quantum)
    assert verify_cosignature(note, second) == NOW.timestamp()
    assert len(accept(Policy((Log(first), Log(second))), note).logs) == 2


def test_a_log_from_before_the_second_key_gets_one_and_goes_on(tmp_path):
    old = Signer(tmp_path, ORIGIN).verifier
    (tmp_path / "ledger.mldsa.key").unlink()
    (tmp_path / "ledger.vkey").write_text(format_verifier_key(old) + "\n")
    assert read_verifiers(tmp_path) == (old, None)
    signer = Signer(tmp_path, ORIGIN)
    assert signer.verifier == old == read_verifier(tmp_path)
    assert read_verifiers(tmp_path) == (old, signer.post_quantum)
    assert stat.S_IMODE((tmp_path / "ledger.mldsa.key").stat().st_mode) == 0o600


def test_a_second_key_of_another_type_or_log_is_refused(tmp_path):
    Signer(tmp_path, ORIGIN)
    path = tmp_path / "ledger.mldsa.key"
    for name, kind in ((ORIGIN, CosignerKind.ED25519), ("log.example/two", CosignerKind.ML_DSA_44)):
        path.write_text(format_cosigner_secret(CosignerSecret(name, kind, bytes(32))) + "\n")
        with pytest.raises(ConfigurationError, match=r"ledger\.mldsa\.key"):
            Signer(tmp_path, ORIGIN)


def test_the_memory_only_moves_forward(tmp_path):
    signer = Signer(tmp_path, ORIGIN)
    assert signer.last() is None
    for size in (2, 5, 3, 5):
        signer.remember(Signed(size, bytes([size]) * 32))
    assert signer.last() == Signed(5, b"\x05" * 32) == read_last_signed(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_the_memory_keeps_the_largest_of_many_at_once(tmp_path):
    signers = [Signer(tmp_path, ORIGIN) for _ in range(4)]

    def remember(signer, turn) -> None:
        for size in range(turn, 100, 4):
            signer.remember(Signed(size, bytes([size]) * 32))

    threads = [threading.Thread(target=remember, args=(s, n)) for n, s in enumerate(signers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_last_signed(tmp_path) == Signed(99, bytes([99]) * 32)


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"root": "xx", "size": 1}', '{"size": 1}'])
def test_a_damaged_memory_is_not_taken_for_a_new_log(tmp_path, content):
    signer = Signer(tmp_path, ORIGIN)
    (tmp_path / "ledger.state").write_text(content)
    with pytest.raises(ConfigurationError, match=r"ledger\.state"):
        signer.last()
    with pytest.raises(ConfigurationError):
        signer.remember(Signed(7, bytes(32)))


def test_without_a_key_there_is_no_verifier_and_none_is_made(tmp_path):
    with pytest.raises(ConfigurationError, match="never started"):
        read_verifier(tmp_path)
    (tmp_path / "ledger.vkey").write_text("nonsense")
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_verifier(tmp_path)
    assert not (tmp_path / "ledger.key").exists()
