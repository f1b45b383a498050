"""Time-stamping authorities (RFC 3161) for tests: real certificates, real `openssl ts`, real HTTP.

    authority = Authority(tmp_path / "one", "Test authority 1")
    response = authority.stamp(b"text")          # a whole TimeStampResp, DER
    with authority.serving() as url: ...         # POST a query there
    authority.roots                              # what a verifier trusts: certificates, DER

A rogue one is simply another: it has a root of its own, and with `embed_root` puts it into its answers.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from takeback_dev.demo.authority import certificate, lay_down, named, reply, root_certificate, serving

MISSING = None if shutil.which("openssl") else "the program openssl is not installed"
"""Why there can be no authorities here; None if there can."""
YEAR = timedelta(days=365)
_LONG = "certification authority that only these tests know"  # longer than the leaf: DER wants sets in order


def query(text: bytes) -> bytes:
    """A request for a timestamp over a text, with a nonce."""
    return rfc3161_client.TimestampRequestBuilder().data(text).build().as_bytes()


class Authority:
    """One authority.

    Args:
        folder: for its keys and certificates.
        name: its common name.
        since, until: when its certificate is valid; default: a year around now.
        embed_root: whether its answers bring its root along.
        for_timestamps: whether its certificate may sign timestamps at all.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        embed_root: bool = False,
        for_timestamps: bool = True,
    ) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._alone = threading.Lock()  # the file with the next serial number
        now = datetime.now(UTC)
        self.until = until or now + YEAR
        self.asked = 0
        """Queries that came over HTTP."""
        self.failing = False
        """Whether it answers 503."""
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = named(f"{name} {_LONG}")
        self._root = root_certificate(root, root_key, now - 10 * YEAR, now + 10 * YEAR)
        purpose = ExtendedKeyUsageOID.TIME_STAMPING if for_timestamps else ExtendedKeyUsageOID.CLIENT_AUTH
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
        leaf = (
            certificate(named(name), root, key, since or now - YEAR, self.until, purpose)
            .add_extension(issuer, critical=False)
            .sign(root_key, hashes.SHA256())
        )
        self.root_pem.write_bytes(self._root.public_bytes(Encoding.PEM))
        lay_down(folder, leaf, key, f"certs = {self.root_pem}\n" if embed_root else "")

    @property
    def root_pem(self) -> Path:
        """The file with its root certificate."""
        return self._folder / "root.pem"

    @property
    def roots(self) -> tuple[bytes, ...]:
        """Its root certificate, DER."""
        return (self._root.public_bytes(Encoding.DER),)

    def stamp(self, text: bytes) -> bytes:
        """A response over a text."""
        return self.answer(query(text))

    def answer(self, asked: bytes) -> bytes:
        """The response to a query; a refusal if it is none."""
        with self._alone:
            return reply("openssl", self._folder, asked)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address, while it answers HTTP."""

        def answer(asked: bytes) -> bytes | None:
            self.asked += 1
            return None if self.failing else self.answer(asked)

        with serving(answer) as url:
            yield url
