"""E1, E5: what a package's note may carry, and what the writer leaves out of it."""

import pytest

from takeback.infra.signing import CosignerSecret, SignerKey
from takeback_verify.core.checkpoint import Checkpoint, format_checkpoint
from takeback_verify.core.cosignature import CosignerKind
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.note import Note
from takeback_verify.core.policy import Log, Policy, Witness
from takeback_verify.core.strict_note import check_lines, known_lines

ORIGIN = "log.example/one"
LOG = SignerKey(ORIGIN, bytes(32))
LOG_PQ = CosignerSecret(ORIGIN, CosignerKind.ML_DSA_44, bytes(32))
ONE, TWO = (CosignerSecret(f"witness.example/{n}", CosignerKind.ED25519, bytes([n]) * 32) for n in (1, 2))
STRANGER = SignerKey("example.org/stranger", bytes([9]) * 32)
TEXT = format_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)))
POLICY = Policy((Log(LOG.verifier), Log(LOG_PQ.public)), (Witness("b", TWO.public), Witness("a", ONE.public)))
BY_LOG = (*LOG.sign(TEXT).signatures, LOG_PQ.cosign(TEXT, 0))
BY_WITNESSES = (ONE.cosign(TEXT, 7), TWO.cosign(TEXT, 7))
WHOLE = Note(TEXT, BY_LOG + BY_WITNESSES)


def test_the_writer_keeps_what_is_named_and_in_its_order() -> None:
    more = Note(TEXT, (*BY_WITNESSES[::-1], *STRANGER.sign(TEXT).signatures, *BY_LOG[::-1], *BY_LOG))

    assert known_lines(POLICY, more) == WHOLE
    assert known_lines(POLICY, more, witnesses=False) == Note(TEXT, BY_LOG)
    check_lines(POLICY, known_lines(POLICY, more))
    with pytest.raises(Malformed):
        known_lines(POLICY, STRANGER.sign(TEXT))


def test_every_line_is_named_once_and_in_order() -> None:
    check_lines(POLICY, WHOLE)
    for lines, said in (
        (BY_LOG + BY_WITNESSES[::-1], "not in their order"),
        (BY_LOG + BY_WITNESSES[:1] * 2, "not in their order"),
        (BY_LOG[::-1], "not in their order"),
        (BY_LOG[1:], "did not sign the whole"),
        (BY_LOG + STRANGER.sign(TEXT).signatures, "whom the trust file does not name"),
        ((*BY_LOG, ONE.cosign(TEXT.replace("5", "6"), 7)), "is wrong"),
    ):
        with pytest.raises(NotProven, match=said):
            check_lines(POLICY, Note(TEXT, lines))
