"""Encrypts files as Matrix clients do ("Sending encrypted attachments"), apart from our reader."""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY = hashlib.sha256(b"a key of the tests").digest()
START = b"of tests" + bytes(8)


def encrypted(
    data: bytes, key: bytes = KEY, start: bytes = START, counter_bits: int = 64
) -> tuple[bytes, dict[str, object]]:
    """The ciphertext, and the EncryptedFile that opens it, without its `url`.

    Args:
        data: to be encrypted.
        key: 32 bytes.
        start: the counter's first value.
        counter_bits: how many of the counter's lowest bits run.
    """
    number = int.from_bytes(start, "big")
    low = (1 << counter_bits) - 1
    blocks = Cipher(AES(key), ECB()).encryptor()
    ciphertext = bytearray()
    for at in range(0, len(data), 16):
        pad = blocks.update(((number & ~low) | ((number + at // 16) & low)).to_bytes(16, "big"))
        ciphertext += bytes(one ^ other for one, other in zip(data[at : at + 16], pad, strict=False))
    return bytes(ciphertext), {
        "v": "v2",
        "key": {
            "kty": "oct",
            "alg": "A256CTR",
            "ext": True,
            "key_ops": ["encrypt", "decrypt"],
            "k": base64.urlsafe_b64encode(key).decode().rstrip("="),
        },
        "iv": base64.b64encode(start).decode().rstrip("="),
        "hashes": {"sha256": base64.b64encode(hashlib.sha256(ciphertext).digest()).decode().rstrip("=")},
    }
