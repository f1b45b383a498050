"""Time-stamping authorities for the demo and nothing else: real RFC 3161 by `openssl ts`, keys made here.

Nobody but this machine believes them, and their clock is this machine's. A real service names authorities of
other people.
"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from typing_extensions import override

from takeback.infra import clock

_VALID = timedelta(days=30)
_LONGEST_QUERY = 4096
_LONGEST_NAME = 64
_SECONDS = 30
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_CONFIG = """
[ tsa ]
default_tsa = t
[ t ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.13762.3
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def openssl() -> str | None:
    """The program that stamps; None if it is not installed."""
    return shutil.which("openssl")


class TestAuthority:
    """A test authority of the demo.

    Args:
        folder: for its keys; made.
        name: its name, which says that it is a test authority.
        program: of `openssl`.
    """

    def __init__(self, folder: Path, name: str, program: str) -> None:
        folder.mkdir(parents=True, mode=0o700)
        self._folder, self._program = folder, program
        self._alone = threading.Lock()  # the file with the next serial number
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root_name = named(f"{name}, root, believed by nobody but this demo")
        since, until = clock.now() - timedelta(days=1), clock.now() + _VALID
        root = root_certificate(root_name, root_key, since, until)
        leaf = certificate(named(name), root_name, key, since, until, ExtendedKeyUsageOID.TIME_STAMPING)
        self.root = root.public_bytes(Encoding.PEM)
        """PEM: what a verifier trusts."""
        lay_down(folder, leaf.sign(root_key, hashes.SHA256()), key)

    def answer(self, query: bytes) -> bytes:
        """The response to a query; one that refuses, if it is none."""
        with self._alone:
            return reply(self._program, self._folder, query)

    @contextmanager
    def serving(self) -> Generator[str]:
        """Its address, while it answers."""
        with serving(self.answer) as url:
            yield url


# --- what any authority is made of: the tests have their own ----------------------------------------------


def named(name: str) -> x509.Name:
    """A certificate's subject."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_LONGEST_NAME])])


def certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    since: datetime,
    until: datetime,
    purpose: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    """A certificate that signs no others, to be signed by its issuer."""
    return (
        _certificate(subject, issuer, key, since, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    )


def root_certificate(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
) -> x509.Certificate:
    """A certificate that signs itself and those right below it."""
    return (
        _certificate(name, name, key, since, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def lay_down(folder: Path, leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey, more: str = "") -> None:
    """Write what `openssl ts` reads: certificate, key, serial number, configuration with more lines."""
    (folder / "tsa.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tsa.key").write_bytes(private)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder) + more)


def reply(program: str, folder: Path, query: bytes) -> bytes:
    """What `openssl ts` answers by what was laid down there; one caller at a time."""
    (folder / "query").write_bytes(query)
    command = [program, "ts", "-reply", "-config", folder / "tsa.cnf"]
    files = ["-queryfile", folder / "query", "-out", folder / "reply"]
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603 - our own files
    return (folder / "reply").read_bytes()


@contextmanager
def serving(answer: Callable[[bytes], bytes | None]) -> Generator[str]:
    """An address where queries are answered (RFC 3161, section 3.4); None is answered by 503."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer one query."""
            length = int(self.headers["Content-Length"] or 0)
            if self.headers["Content-Type"] != _QUERY or length > _LONGEST_QUERY:
                self.send_error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
                return
            said = answer(self.rfile.read(length))
            if said is None:
                self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", _REPLY)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the demo speaks for itself."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/stamp"
        finally:
            server.shutdown()
            thread.join()


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


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
