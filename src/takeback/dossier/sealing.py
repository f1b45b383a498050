"""The service's seal on a PDF: PAdES, by a key of the service's own and a certificate that it issued itself.

It says that this service made the file, and nothing else; a person's signature is a person's to give. Where
an authority answers, the seal carries its time (PAdES B-T); else it has none (B-B), and the paper says which.
"""

import io
from datetime import datetime, timedelta
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from takeback.dossier.pades import (
    IncrementalPdfFileWriter,
    SigSeedSubFilter,
    SimpleCertificateStore,
    TimeStamper,
    signers,
)
from takeback.errors import ConfigurationError
from takeback.infra.vault.keys import write_once

KEY_FILE, CERTIFICATE_FILE = "document.key", "document.crt"
FIELD = "Seal"
REASON = "Seal of the service, not the signature of a person"
VALID_FOR = timedelta(days=20 * 365)
_LONGEST_NAME = 64  # X.520, ub-common-name


class DocumentSealer:
    """Who seals documents.

    Args:
        folder: where the key is; it and its certificate are made at the first use.
        service: the name in the certificate.
        now: from when on a new certificate is valid.

    Raises:
        ConfigurationError: key or certificate cannot be read or written.
    """

    def __init__(self, folder: Path, service: str, now: datetime) -> None:
        key_path, certificate_path = folder / KEY_FILE, folder / CERTIFICATE_FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = load_pem_private_key(write_once(key_path, _pem_of_new_key()).encode(), None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise ConfigurationError(f"{key_path} is not a key of an elliptic curve")
            issued = write_once(certificate_path, _pem_of_certificate(key, service, now))
            self.certificate = x509.load_pem_x509_certificate(issued.encode())
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(f"cannot use the key of documents, {key_path}: {error}") from error
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._signer = signers.SimpleSigner(
            asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER)),
            asn1_keys.PrivateKeyInfo.load(der),
            SimpleCertificateStore(),
        )

    def seal(self, pdf: bytes, stamper: TimeStamper | None = None) -> bytes:
        """The PDF with the seal, timestamped if there is who does it. Raises TimestampRequestError."""
        about = signers.PdfSignatureMetadata(
            field_name=FIELD, md_algorithm="sha256", reason=REASON, subfilter=SigSeedSubFilter.PADES
        )
        out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), about, self._signer, stamper)
        return out.getvalue()


def _pem_of_new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _pem_of_certificate(key: ec.EllipticCurvePrivateKey, service: str, now: datetime) -> str:
    """It signs itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, service[:_LONGEST_NAME])])
    usage = dict.fromkeys(
        (
            "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
            "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
