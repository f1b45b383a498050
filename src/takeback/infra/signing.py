"""Secret keys that sign notes and checkpoints (C2SP signed-note, tlog-cosignature), and how files keep them.

`takeback_verify` checks these signatures and has no code that makes one: whoever verifies needs no secret.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from takeback_verify.core.cosignature import (
    CosignerKey,
    CosignerKind,
    check_cosigner,
    kind_of,
    signed_message,
)
from takeback_verify.core.errors import Malformed
from takeback_verify.core.note import (
    ED25519,
    Note,
    Signature,
    VerifierKey,
    check_name,
    encode,
    format_key,
    key_id,
    split_ed25519,
    split_key,
)

SECRET_PREFIX = "PRIVATE+KEY+"  # noqa: S105 -- the format's first words, not a secret
"""What a secret key starts with where it is written down."""

_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class SignerKey:
    """The secret half of a key and its name. Raises Malformed for an impossible name or length."""

    name: str
    seed: bytes = field(repr=False)
    """Ed25519 private key, 32 bytes (RFC 8032)."""

    def __post_init__(self) -> None:
        """Refuse what the format cannot spell."""
        check_name(self.name)
        if len(self.seed) != _SEED_BYTES:
            raise Malformed("an Ed25519 private key is 32 bytes")

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._key().public_key().public_bytes_raw())

    def sign(self, text: str) -> Note:
        """Return a note with one signature. Raises Malformed when the text cannot be a note's."""
        signature = Signature(self.name, self.verifier.id, self._key().sign(encode(text)))
        return Note(text, (signature,))

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class CosignerSecret:
    """The secret half of a cosigner's key and its name. Raises Malformed for an impossible one."""

    name: str
    kind: CosignerKind
    seed: bytes = field(repr=False)
    """32 bytes: the private key (RFC 8032), or the seed that it is made from (FIPS 204)."""

    def __post_init__(self) -> None:
        """Refuse what the format cannot spell."""
        check_cosigner(self.name, self.kind)
        if len(self.seed) != _SEED_BYTES:
            raise Malformed(f"a secret key is {_SEED_BYTES} bytes")

    @property
    def public(self) -> CosignerKey:
        """The public half."""
        return CosignerKey(self.name, self.kind, self._halves()[0])

    def cosign(self, text: str, seconds: int) -> Signature:
        """Return the signature over a checkpoint's text at a moment, in seconds since 1970.

        Raises:
            Malformed: the text is not a checkpoint, or the moment or a name cannot be written.
        """
        public, sign = self._halves()
        message = signed_message(CosignerKey(self.name, self.kind, public), text, seconds)
        identity = key_id(self.name, bytes([self.kind]) + public)
        return Signature(self.name, identity, struct.pack(">Q", seconds) + sign(message))

    def _halves(self) -> tuple[bytes, Callable[[bytes], bytes]]:
        """Return the raw public key, and what signs."""
        if self.kind is CosignerKind.ED25519:
            ed25519 = Ed25519PrivateKey.from_private_bytes(self.seed)
            return ed25519.public_key().public_bytes_raw(), ed25519.sign
        ml_dsa = MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return ml_dsa.public_key().public_bytes_raw(), ml_dsa.sign


def format_signer_key(key: SignerKey) -> str:
    """Return the key as files keep it: PRIVATE+KEY+name+id+base64, as other programs for notes do."""
    return SECRET_PREFIX + format_key(key.name, key.verifier.id, ED25519 + key.seed)


def parse_signer_key(text: str) -> SignerKey:
    """Return the key that `format_signer_key` wrote. Raises Malformed, and never repeats the text."""
    key = SignerKey(*split_ed25519(_without_prefix(text)))
    if format_signer_key(key) != text:
        raise Malformed("the signer key's id does not belong to it")
    return key


def format_cosigner_secret(secret: CosignerSecret) -> str:
    """Return the secret key as files keep it: PRIVATE+KEY+name+id+base64."""
    return SECRET_PREFIX + format_key(secret.name, secret.public.id, bytes([secret.kind]) + secret.seed)


def parse_cosigner_secret(text: str) -> CosignerSecret:
    """Return the key that `format_cosigner_secret` wrote. Raises Malformed, and never repeats the text."""
    name, typed = split_key(_without_prefix(text))
    secret = CosignerSecret(name, kind_of(typed), typed[1:])
    if format_cosigner_secret(secret) != text:
        raise Malformed("the secret key's id does not belong to it")
    return secret


def _without_prefix(text: str) -> str:
    if not text.startswith(SECRET_PREFIX):
        raise Malformed(f"a signer key starts with {SECRET_PREFIX}")
    return text.removeprefix(SECRET_PREFIX)
