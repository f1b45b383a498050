"""A passkey device for tests, without a browser: what `navigator.credentials` would have made (WebAuthn)."""

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from takeback.staff.model import Site

_PRESENT_AND_VERIFIED = 0x05
_WITH_CREDENTIAL = 0x40


@dataclass
class Authenticator:
    """One device with one passkey for one site."""

    site: Site
    credential: bytes = field(default_factory=lambda: token_bytes(16))

    def __post_init__(self) -> None:
        self._key = generate_private_key(SECP256R1())

    def create(self, options: str) -> str:
        """Make the passkey; RegistrationResponseJSON."""
        point = self._key.public_key().public_numbers()
        key = encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        data = self._data(_PRESENT_AND_VERIFIED | _WITH_CREDENTIAL)
        data += bytes(16) + len(self.credential).to_bytes(2) + self.credential + key
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._said(clientDataJSON=_b64(client), attestationObject=_b64(attestation))

    def get(self, options: str, user: bytes) -> str:
        """Sign a challenge; AuthenticationResponseJSON."""
        client, data = self._client("webauthn.get", options), self._data(_PRESENT_AND_VERIFIED)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        return self._said(
            clientDataJSON=_b64(client),
            authenticatorData=_b64(data),
            signature=_b64(signature),
            userHandle=_b64(user),
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.site.host.encode()).digest() + bytes([flags]) + bytes(4)

    def _client(self, kind: str, options: str) -> bytes:
        challenge = json.loads(options)["challenge"]
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.site.origin}).encode()

    def _said(self, **response: str) -> str:
        return json.dumps(
            {
                "id": _b64(self.credential),
                "rawId": _b64(self.credential),
                "type": "public-key",
                "response": response,
            }
        )


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
