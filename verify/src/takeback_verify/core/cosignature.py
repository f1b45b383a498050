"""Signatures on checkpoints that say when (C2SP tlog-cosignature v1): Ed25519 (0x04) and ML-DSA-44 (0x06).

A witness signs: at this moment, this was the largest tree of that log that I saw, and it grew out of all
that I saw before. ML-DSA-44 (FIPS 204) withstands quantum computers, and signs a structure of its own, so
that logs sign with it in the same form; there it says no more than "this is my tree". Ed25519 covers every
line of the note's text, ML-DSA-44 covers origin, size and root only.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from takeback_verify.core.checkpoint import Checkpoint, parse_checkpoint
from takeback_verify.core.errors import Malformed, NotProven
from takeback_verify.core.note import (
    Note,
    Signature,
    check_name,
    format_key,
    key_id,
    split_key,
)

MAX_SECONDS = 2**63 - 1
"""Latest moment that a cosignature can speak of, in seconds since 1970."""
MAX_NAME = 255
"""Longest name of a cosigner or a log in an ML-DSA-44 signature, in bytes of UTF-8."""

_TIME_BYTES = 8
_LABEL = b"subtree/v1\n\x00"


class CosignerKind(IntEnum):
    """Type byte of a key that cosigns."""

    ED25519 = 4
    ML_DSA_44 = 6


_PUBLIC_BYTES = {CosignerKind.ED25519: 32, CosignerKind.ML_DSA_44: 1312}
_SIGNATURE_BYTES = {CosignerKind.ED25519: 64, CosignerKind.ML_DSA_44: 2420}


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """The public half of a cosigner's key and its name. Raises Malformed for an impossible one."""

    name: str
    kind: CosignerKind
    public: bytes
    """32 bytes (Ed25519) or 1312 bytes (ML-DSA-44)."""

    def __post_init__(self) -> None:
        """Refuse what the format cannot spell."""
        check_cosigner(self.name, self.kind)
        if len(self.public) != _PUBLIC_BYTES[self.kind]:
            raise Malformed(f"a public key of type {self.kind} is {_PUBLIC_BYTES[self.kind]} bytes")

    @property
    def id(self) -> bytes:
        """Which key, not a proof of it: 4 bytes."""
        return key_id(self.name, bytes([self.kind]) + self.public)


def verify_cosignature(note: Note, key: CosignerKey) -> int:
    """Check that `key` signed the checkpoint in the note. Signatures by other keys are not looked at.

    Returns:
        When, by the signer's own clock, in seconds since 1970; the earliest moment, if it signed more than
        once. 0 (possible with ML-DSA-44 only in the format, and never by a witness): no moment is claimed.

    Raises:
        NotProven: this key did not sign it, or one of the signatures in its name is wrong.
        Malformed: the text is not a checkpoint.
    """
    own = [s for s in note.signatures if s.name == key.name and s.key_id == key.id]
    if not own:
        raise NotProven(f"the checkpoint is not signed by {key.name} ({key.id.hex()})")
    return min(_verify_one(signature, note.text, key) for signature in own)


def format_cosigner_key(key: CosignerKey) -> str:
    """The public key as people pass it on: name+id+base64."""
    return format_key(key.name, key.id, bytes([key.kind]) + key.public)


def parse_cosigner_key(vkey: str) -> CosignerKey:
    """Return the value that `format_cosigner_key` wrote. Raises Malformed for anything else."""
    name, typed = split_key(vkey)
    key = CosignerKey(name, kind_of(typed), typed[1:])
    if format_cosigner_key(key) != vkey:
        raise Malformed("the key's id does not belong to it; was it copied in full?")
    return key


def _verify_one(signature: Signature, text: str, key: CosignerKey) -> int:
    if len(signature.blob) != _TIME_BYTES + _SIGNATURE_BYTES[key.kind]:
        raise NotProven(f"the signature by {key.name} has the wrong length")
    (seconds,) = struct.unpack(">Q", signature.blob[:_TIME_BYTES])
    if seconds > MAX_SECONDS:
        raise NotProven(f"the signature by {key.name} is of a moment that cannot be")
    message, raw = signed_message(key, text, seconds), signature.blob[_TIME_BYTES:]
    try:
        if key.kind is CosignerKind.ED25519:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw, message)
        else:
            MLDSA44PublicKey.from_public_bytes(key.public).verify(raw, message)
    except (InvalidSignature, ValueError) as error:  # ValueError: no point of the curve, no key at all
        raise NotProven(f"the signature by {key.name} is wrong") from error
    return seconds


def signed_message(key: CosignerKey, text: str, seconds: int) -> bytes:
    """Return what is signed: "signed message" of each type in C2SP tlog-cosignature. Raises Malformed."""
    if not 0 <= seconds <= MAX_SECONDS:
        raise Malformed(f"a moment of {seconds} seconds since 1970 cannot be written")
    checkpoint = parse_checkpoint(text)
    if key.kind is CosignerKind.ED25519:
        return f"cosignature/v1\ntime {seconds}\n{text}".encode()
    return _structure(key.name, checkpoint, seconds)


def _structure(name: str, checkpoint: Checkpoint, seconds: int) -> bytes:
    """`cosigned_message` of the specification, big-endian: a subtree from leaf 0 is the whole checkpoint."""
    return b"".join(
        [
            _LABEL,
            _counted(name),
            struct.pack(">Q", seconds),
            _counted(checkpoint.origin),
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        ]
    )


def _counted(name: str) -> bytes:
    data = name.encode()
    if not 1 <= len(data) <= MAX_NAME:
        raise Malformed(f"a name of {len(data)} bytes; 1 to {MAX_NAME} can be signed")
    return bytes([len(data)]) + data


def check_cosigner(name: str, kind: CosignerKind) -> None:
    """Refuse a name that a key of this kind cannot have. Raises Malformed."""
    check_name(name)
    if kind is CosignerKind.ML_DSA_44:
        _counted(name)


def kind_of(typed: bytes) -> CosignerKind:
    """Return the kind of a key from its first byte. Raises Malformed for a key that cannot cosign."""
    try:
        return CosignerKind(typed[0])
    except (IndexError, ValueError) as error:
        raise Malformed("only Ed25519 (type 4) and ML-DSA-44 (type 6) keys cosign") from error
