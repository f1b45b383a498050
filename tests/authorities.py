"""Time-stamping authorities (RFC 3161) for tests: real certificates, real `openssl ts`, real HTTP.

    authority = Authority(tmp_path / "one", "Test authority 1")
    response = authority.stamp(b"text")          # a whole TimeStampResp, DER
    with authority.serving() as url: ...         # POST a query there
    authority.roots                              # what a verifier trusts: certificates, DER

A rogue one is simply another: it has a root of its own, and with `embed_root` puts it into its answers.
"""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

MISSING = None if shutil.which("openssl") else "the program openssl is not installed"
"""Why there can be no authorities here; None if there can."""
YEAR = timedelta(days=365)
_LONG = "certification authority that only these tests know"  # longer than the leaf: DER wants sets in order

_CONFIG = """
[ tsa ]
default_tsa = t
[ t ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
{certs}
signer_digest = sha256
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


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
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = _named(f"{name} {_LONG}")
        self._root = (
            _certificate(root, root, root_key, now - 10 * YEAR, now + 10 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = ExtendedKeyUsageOID.TIME_STAMPING if for_timestamps else ExtendedKeyUsageOID.CLIENT_AUTH
        leaf = (
            _certificate(_named(name), root, key, since or now - YEAR, self.until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
            )
            .sign(root_key, hashes.SHA256())
        )
        self.root_pem.write_bytes(self._root.public_bytes(Encoding.PEM))
        (folder / "tsa.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "serial").write_text("01\n")
        certs = f"certs = {self.root_pem}" if embed_root else ""
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder, certs=certs))

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
            (self._folder / "query").write_bytes(asked)
            command = ["openssl", "ts", "-reply", "-config", self._folder / "tsa.cnf"]
            files = ["-queryfile", self._folder / "query", "-out", self._folder / "reply"]
            subprocess.run([*command, *files], check=True, capture_output=True, timeout=30)
            return (self._folder / "reply").read_bytes()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address, while it answers HTTP."""
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                authority.asked += 1
                proper = self.headers["Content-Type"] == "application/timestamp-query"
                if authority.failing or not proper:
                    self.send_error(503 if proper else 415)
                    return
                said = authority.answer(asked)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/stamp"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )
