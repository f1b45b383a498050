"""Certificates: each is marked as a draft, says its limits, and is the same for the same values."""

import io
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509

import authorities
import others
from case_summaries import MADE, a_case_summary
from packages import uuid
from pdf_seals import PdfFileReader, ValidationContext, validate_pdf_signature
from takeback.dossier import caseuco, package_texts
from takeback.dossier.certificate import certificate
from takeback.dossier.collecting import sealed
from takeback.dossier.sealing import KEY_FILE, DocumentSealer
from takeback.dossier.stamping import SealStamper
from takeback.dossier.tables import TABLES
from takeback.dossier.wording import LANGUAGES, wording
from takeback.errors import ConfigurationError
from takeback.infra.ledger.timestamps import Authority


@pytest.fixture
def summary(tmp_path):
    """One with everything in it, also what speaks against it."""
    return a_case_summary(tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_certificate_is_a_draft_and_the_same_for_the_same_values(language, summary):
    pdf = certificate(language, summary)
    assert pdf == certificate(language, summary)
    said = wording(language)
    assert any(word in said.notice for word in ("DRAFT", "草稿", "초안"))
    assert {table for section in said.sections for table in section.tables} >= set(TABLES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_every_label(language):
    assert wording(language).labels.keys() == wording("en-US").labels.keys()


@pytest.mark.agrees("pdftotext")
def test_its_words_can_be_read_by_another_program(summary, tmp_path):
    for language, words in (("en-US", "28 U.S.C. § 1746"), ("zh-CN", "完整性校验值"), ("ko", "무결성")):
        path = tmp_path / f"{language}.pdf"
        path.write_bytes(certificate(language, summary))
        done = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True)
        text = done.stdout.decode()
        assert words in text, language
        assert summary.exhibits[0].capture in text.replace("- ", "-"), language
        assert "capture_failed" in text, language
        assert "2.5" in text, language


def test_the_seal_holds_and_is_the_services(summary, tmp_path):
    sealer = DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    pdf = sealer.seal(certificate("en-US", summary))
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    again = DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    assert again.certificate == sealer.certificate
    own = signature.signer_cert
    status = validate_pdf_signature(
        signature, ValidationContext(trust_roots=[own], moment=MADE, allow_fetching=False)
    )
    assert status.intact
    assert status.valid
    assert own.subject.human_friendly == "Common Name: Takeback"
    changed = pdf.replace(b"/TrueType", b"/TrueTypo", 1)
    assert changed != pdf
    [spoilt] = PdfFileReader(io.BytesIO(changed)).embedded_signatures
    assert not validate_pdf_signature(spoilt, ValidationContext(trust_roots=[own], moment=MADE)).bottom_line


@pytest.fixture
def authority(tmp_path):
    """One that answers."""
    if authorities.MISSING:
        pytest.skip(authorities.MISSING)
    return authorities.Authority(tmp_path / "authority", "Test authority")


def test_an_authority_timestamps_the_seal_and_the_paper_says_so(summary, tmp_path, authority):
    sealer = DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    with authority.serving() as url, closing(SealStamper(Authority("one", url, authority.roots))) as stamper:
        pdf = sealer.seal(certificate("en-US", summary, sealed_by="one"), stamper)
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    root = x509.Certificate.load(authority.roots[0])
    seals = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    stamps = ValidationContext(trust_roots=[root], allow_fetching=False)
    status = validate_pdf_signature(signature, seals, stamps)
    assert status.bottom_line
    assert status.timestamp_validity.intact
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.trusted
    assert abs(status.timestamp_validity.timestamp - datetime.now(UTC)) < timedelta(minutes=5)
    other = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    assert not validate_pdf_signature(signature, seals, other).timestamp_validity.trusted


@pytest.mark.agrees("pdftotext")
@pytest.mark.parametrize("fault", ["failing", "another root", "nobody there", "nonsense"])
def test_where_no_authority_answers_nothing_is_called_timestamped(
    summary, tmp_path, authority, fault, caplog
):
    sealer = DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    roots = authority.roots
    if fault == "another root":
        roots = authorities.Authority(tmp_path / "other", "Other").roots
    authority.failing = fault == "failing"
    if fault == "nonsense":
        authority.answer = lambda _: b"nonsense"
    with authority.serving() as url:
        left = [
            SealStamper(Authority("one", url if fault != "nobody there" else "http://127.0.0.1:1", roots))
        ]
        [stamper] = left
        pdf = sealed("ko", summary, sealer, left)
    stamper.close()
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    seals = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    status = validate_pdf_signature(signature, seals)
    assert status.bottom_line
    assert status.timestamp_validity is None
    assert left == []
    assert "one gave no timestamp" in caplog.text
    (tmp_path / "it.pdf").write_bytes(pdf)
    text = subprocess.run(
        ["pdftotext", tmp_path / "it.pdf", "-"], check=True, capture_output=True
    ).stdout.decode()
    assert "전자 인장에는 기관의 타임스탬프가 없습니다" in text.replace("\n", " ")


def test_the_key_is_for_nobody_else(tmp_path):
    DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    assert (tmp_path / "keys" / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_said(tmp_path):
    DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    (tmp_path / "keys" / KEY_FILE).write_text("no key")
    with pytest.raises(ConfigurationError):
        DocumentSealer(tmp_path / "keys", "Takeback", MADE)


def test_papers_name_the_commands_of_other_programs(summary):
    said = package_texts.instructions(summary).decode()
    assert f"-attime {int(MADE.timestamp())}" in said
    assert "anchors/9.2.tsr" in said
    assert "age -d -i MY-KEY sealed/key.age" in said
    assert uuid(2) in package_texts.method(summary).decode()


@pytest.mark.agrees("case_validate")
def test_case_uco_is_valid_by_its_own_program(summary, tmp_path):
    path = tmp_path / "case.jsonld"
    path.write_bytes(caseuco.describe(summary))
    assert path.read_bytes() == caseuco.describe(summary)
    asked = [others.program("case_validate"), "--allow-info", path]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert "Conforms: True" in done.stdout, done.stdout
