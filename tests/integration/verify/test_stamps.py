"""Timestamps by authorities of many kinds: the program and the page in Chromium must agree on each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from playwright.sync_api import Page

import waiting
from authorities import YEAR, Authority
from mutants import Lab, stamped_by
from packages import Made
from takeback_verify.narration.report import format_report
from verifying import answer, by_program, opened

Secret = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class OldAuthority(Authority):
    """With other keys, and a certificate between root and signer, which its answers bring along."""

    def __init__(self, folder: Path, name: str, *, secret: Secret, may_sign: bool = True) -> None:
        super().__init__(folder, name)
        now = datetime.now(UTC)
        root_name, between_name, own_name = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {what}")])
            for what in ("root", "between, long for the order of DER", "x")
        )
        root_secret = rsa.generate_private_key(65537, 2048)
        between = rsa.generate_private_key(65537, 2048)
        ca = x509.BasicConstraints(ca=True, path_length=None)

        def certificate(subject: x509.Name, issuer: x509.Name, key: Secret) -> x509.CertificateBuilder:
            return (
                x509.CertificateBuilder()
                .subject_name(subject)
                .issuer_name(issuer)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - YEAR)
                .not_valid_after(now + YEAR)
            )

        self._root = (
            certificate(root_name, root_name, root_secret)
            .add_extension(ca, critical=True)
            .sign(root_secret, hashes.SHA384())
        )
        middle = (
            certificate(between_name, root_name, between)
            .add_extension(
                ca if may_sign else x509.BasicConstraints(ca=False, path_length=None), critical=True
            )
            .add_extension(x509.SubjectKeyIdentifier(b"b" * 600), critical=False)
            .sign(root_secret, hashes.SHA512())
        )
        leaf = (
            certificate(own_name, between_name, secret)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(between, hashes.SHA256())
        )
        (folder / "tsa.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / "chain.pem").write_bytes(middle.public_bytes(Encoding.PEM))
        config = folder / "tsa.cnf"
        config.write_text(
            config.read_text().replace("signer_digest", f"certs = {folder / 'chain.pem'}\nsigner_digest")
        )


def both(page: Page, page_file: Path, made: Made) -> tuple[str, str]:
    """What the program and the page say."""
    program = by_program(made.zip, made.trust)
    said = answer(opened(page, page_file), made.zip, made.trust)
    assert said["steps"], format_report(program)
    return program.verdict.words, said["verdict"]


def test_an_authority_whose_certificate_has_expired_since_is_still_good(
    page: Page, page_file: Path, lab: Lab, tmp_path: Path
) -> None:
    until = datetime.now(UTC) + timedelta(seconds=3)
    made = stamped_by(lab.bare, [Authority(tmp_path / n, f"Short {n}", until=until) for n in ("one", "two")])
    waiting.until(
        lambda: datetime.now(UTC) > until + timedelta(seconds=1), what="the certificates have expired"
    )

    assert both(page, page_file, made) == ("VALID", "VALID")


def test_a_timestamp_from_after_the_certificate_ended_is_not_good(
    page: Page, page_file: Path, lab: Lab, tmp_path: Path
) -> None:
    until = datetime.now(UTC) - timedelta(days=1)
    made = stamped_by(lab.bare, [Authority(tmp_path / n, f"Late {n}", until=until) for n in ("one", "two")])

    assert both(page, page_file, made) == ("INVALID", "INVALID")


def test_a_certificate_that_is_not_for_timestamps_is_not_good(
    page: Page, page_file: Path, lab: Lab, tmp_path: Path
) -> None:
    made = stamped_by(lab.bare, [Authority(tmp_path / "web", "Web server")])
    response = Authority(tmp_path / "other", "Other", embed_root=True).stamp(b"another text")
    name = next(name for name in made.files if name.endswith(".1.tsr"))
    made.files[name] = response

    assert both(page, page_file, made) == ("INVALID", "INVALID")


@pytest.mark.parametrize("kind", ["rsa", "p384"])
def test_other_keys_and_certificates_between_are_understood(
    page: Page, page_file: Path, lab: Lab, tmp_path: Path, kind: str
) -> None:
    secret = (
        rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP384R1())
    )
    made = stamped_by(lab.bare, [OldAuthority(tmp_path / "old", "Old authority", secret=secret)])

    assert both(page, page_file, made) == ("VALID", "VALID")


def test_a_certificate_between_that_may_not_sign_is_not_good(
    page: Page, page_file: Path, lab: Lab, tmp_path: Path
) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    made = stamped_by(lab.bare, [OldAuthority(tmp_path / "old", "Old", secret=secret, may_sign=False)])

    assert both(page, page_file, made) == ("INVALID", "INVALID")


def test_two_names_with_one_authority_do_not_count_as_two(
    page: Page, page_file: Path, lab: Lab, tmp_path: Path
) -> None:
    one = Authority(tmp_path / "one", "One")
    made = stamped_by(lab.bare, [one])
    made.trust = made.trust.replace(b'"timestamps":1', b'"timestamps":2')

    assert both(page, page_file, made) == ("CANNOT CHECK", "CANNOT CHECK")
