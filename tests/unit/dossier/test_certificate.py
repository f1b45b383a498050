"""Certificates: each is marked as a draft, says its limits, and is the same for the same values."""

import io
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from uuid import UUID

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

import authorities
import others
from packages import World, uuid
from takeback.dossier import caseuco, papers
from takeback.dossier.certificate import LANGUAGES, certificate, wording
from takeback.dossier.collecting import sealed
from takeback.dossier.lettering import missing
from takeback.dossier.matter import Matter, Stamped
from takeback.dossier.model import Head
from takeback.dossier.sealing import KEY_FILE, DocumentSealer
from takeback.dossier.stamping import SealStamper
from takeback.dossier.tables import TABLES
from takeback.errors import ConfigurationError
from takeback.ground.ledger.proofs import ProvenEntry
from takeback.ground.ledger.timestamps import Authority
from takeback.ids import CaseId, DossierId
from takeback_verify.exhibit import parse_exhibit
from takeback_verify.leaf import Opening

MADE = datetime(2026, 3, 3, 13, tzinfo=UTC)
DURING = {"since": "2026-03-03T12:00:00Z", "until": "2026-03-03T12:01:00Z"}


def entry(place, kind, **body: str | int):
    return ProvenEntry(place, b"", bytes(32), Opening(place + 1, MADE + timedelta(seconds=place), kind, body))


@pytest.fixture
def matter(tmp_path):
    """One with everything in it, also what speaks against it."""
    exhibit = parse_exhibit(World(tmp_path / "world", authorities=[]).exhibit(0)["exhibit.json"])
    entries = (
        entry(3, "captured", capture=uuid(10), sighting=100, reason="match", exhibit="00" * 32),
        entry(5, "looked", case=uuid(1), what="picture", staff=uuid(7), reason="to_decide"),
        entry(6, "capture_failed", sighting=101, reason="gone"),
        entry(8, "watched", connector="m", shard="s", posts=3, gap_ms=2500, **DURING),
    )
    return Matter(
        head=Head(
            DossierId(UUID(uuid(2))), CaseId(UUID(uuid(1))), MADE, "Takeback", "takeback 0.1.0", "log.example"
        ),
        received_at=MADE,
        exhibits=(exhibit,),
        entries=entries,
        removals=(),
        stamps=(Stamped(9, "one", MADE), Stamped(9, "two", MADE)),
        keys=("log.example+00+key",),
        witnesses=("w1",),
        environment="Python 3, Linux",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_certificate_is_a_draft_and_the_same_for_the_same_values(language, matter):
    pdf = certificate(language, matter)
    assert pdf == certificate(language, matter)
    said = wording(language)
    assert any(word in said.notice for word in ("DRAFT", "草稿", "초안"))
    assert {section.table for section in said.sections} >= set(TABLES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_every_label(language):
    assert wording(language).labels.keys() == wording("en-US").labels.keys()


@pytest.mark.agrees("pdftotext")
def test_its_words_can_be_read_by_another_program(matter, tmp_path):
    for language, words in (("en-US", "28 U.S.C. § 1746"), ("zh-CN", "完整性校验值"), ("ko", "무결성")):
        path = tmp_path / f"{language}.pdf"
        path.write_bytes(certificate(language, matter))
        done = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True)
        text = done.stdout.decode()
        assert words in text, language
        assert matter.exhibits[0].capture in text.replace("- ", "-"), language
        assert "capture_failed" in text, language
        assert "2.5" in text, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fonts_have_each_letter_of_the_texts(language):
    """If not: tools/make_fonts.py."""
    text = resources.files("takeback.dossier").joinpath("texts", f"{language}.toml").read_text("utf-8")
    assert missing(language, text.replace("\n", "")) == set()


@pytest.mark.agrees("pdffonts")
@pytest.mark.parametrize(("language", "embedded"), [("zh-CN", {"Takebackzh-CN"}), ("ko", {"Takebackko"})])
def test_letters_are_embedded_and_others_are_left_to_the_reader(language, embedded, matter, tmp_path):
    assert fonts_of(certificate(language, matter), tmp_path) == (embedded, set())
    named = replace(matter, head=replace(matter.head, service="龘 <Takeback>"))
    found, left = fonts_of(certificate(language, named), tmp_path)
    assert found == embedded
    assert len(left) == 1


@pytest.mark.agrees("pdftotext")
def test_an_english_certificate_shows_a_name_in_other_letters(matter, tmp_path):
    named = replace(matter, head=replace(matter.head, service="龘 Takeback & Söhne"))
    (tmp_path / "it.pdf").write_bytes(certificate("en-US", named))
    done = subprocess.run(["pdftotext", tmp_path / "it.pdf", "-"], check=True, capture_output=True)
    assert "龘 Takeback & Söhne" in done.stdout.decode().replace("\n", " ")


def fonts_of(pdf, folder):
    """(names of the embedded fonts, of the others), without the tag of a part of one."""
    (folder / "it.pdf").write_bytes(pdf)
    done = subprocess.run(["pdffonts", folder / "it.pdf"], check=True, capture_output=True, text=True)
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    found = {name: cells[-5] for name, *cells in rows}
    return (
        {name.partition("+")[2] for name, embedded in found.items() if embedded == "yes"},
        {name for name, embedded in found.items() if embedded == "no"} - {"Helvetica"},  # named by ReportLab
    )


def test_the_seal_holds_and_is_the_services(matter, tmp_path):
    sealer = DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    pdf = sealer.seal(certificate("en-US", matter))
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
    changed = pdf.replace(b"/Helvetica", b"/Helvetics", 1)
    [spoilt] = PdfFileReader(io.BytesIO(changed)).embedded_signatures
    assert not validate_pdf_signature(spoilt, ValidationContext(trust_roots=[own], moment=MADE)).bottom_line


@pytest.fixture
def authority(tmp_path):
    """One that answers."""
    if authorities.MISSING:
        pytest.skip(authorities.MISSING)
    return authorities.Authority(tmp_path / "authority", "Test authority")


def test_an_authority_timestamps_the_seal_and_the_paper_says_so(matter, tmp_path, authority):
    sealer = DocumentSealer(tmp_path / "keys", "Takeback", MADE)
    with authority.serving() as url, closing(SealStamper(Authority("one", url, authority.roots))) as stamper:
        pdf = sealer.seal(certificate("en-US", matter, sealed_by="one"), stamper)
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
def test_where_no_authority_answers_nothing_is_called_timestamped(matter, tmp_path, authority, fault, caplog):
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
        pdf = sealed("ko", matter, sealer, left)
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


def test_papers_name_the_commands_of_other_programs(matter):
    said = papers.instructions(matter).decode()
    assert f"-attime {int(MADE.timestamp())}" in said
    assert "anchors/9.2.tsr" in said
    assert "age -d -i MY-KEY sealed/key.age" in said
    assert uuid(2) in papers.method(matter).decode()


@pytest.mark.agrees("case_validate")
def test_case_uco_is_valid_by_its_own_program(matter, tmp_path):
    path = tmp_path / "case.jsonld"
    path.write_bytes(caseuco.describe(matter))
    assert path.read_bytes() == caseuco.describe(matter)
    asked = [others.program("case_validate"), "--allow-info", path]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert "Conforms: True" in done.stdout, done.stdout
