"""A dossier of a whole case: other people's programs find it valid, and a kill anywhere loses nothing."""

import hashlib
import io
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

import authorities
import others
import waiting
from authorities import Authority
from dossiers import checked, the_log
from house import MIRA, NOOR
from mutants import as_attackers_do
from packages import rebagged, zipped
from pdf_seals import PdfFileReader
from takeback.app import keys_folder
from takeback.dossier import service
from takeback.dossier.model import DossierState
from takeback.errors import DamagedEvidence, NotFound, Refused, Unavailable
from takeback.events import Captured, DossierWritten, EvidenceAccessed
from takeback.evidence import service as evidence
from takeback.ids import CaseId
from takeback.infra import clock
from takeback.infra.ledger.keys import Signer
from takeback_verify.core.bag import BAG_FILES
from takeback_verify.core.canonical import read
from takeback_verify.core.findings import Verdict
from takeback_verify.core.listing import LISTING
from takeback_verify.unsealing import parse_identities

STAMP = "signature_time_stamp_token"
needs_openssl = pytest.mark.skipif(authorities.MISSING is not None, reason=str(authorities.MISSING))


def said(report):
    return "\n".join(f"{step.number}. {step.title}: {step.outcome} {step.said}" for step in report.steps)


def test_a_package_of_a_log_without_witnesses_is_valid(house, case, tmp_path):
    with the_log(house, tmp_path) as trust:
        written = service.write(house.app, case, by=MIRA)
    data = service.blobs_of(house.app).get(written.blob)
    assert len(data) == written.size
    report = checked(data, trust)
    assert report.verdict is Verdict.VALID, said(report)


@needs_openssl
def test_witnessed_and_stamped_it_is_valid_and_a_recipient_opens_it(house, case, people, tmp_path):
    with the_log(house, tmp_path, witness=True, authorities=2) as trust:
        written = service.write(house.app, case, by=MIRA)
    data = service.blobs_of(house.app).get(written.blob)
    keys = parse_identities(str(people.lawyer.pair))
    report = checked(data, trust, keys)
    assert report.verdict is Verdict.VALID, said(report)
    assert "authority-0 and authority-1 signed it" in said(report)
    assert "Confirmed by 1 witness" in said(report)
    assert "only the log itself says" not in said(report)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        papers = [packed.read(name) for name in packed.namelist() if name.endswith(".pdf")]
    assert len(papers) == 4
    for paper in papers:
        [seal] = PdfFileReader(io.BytesIO(paper)).embedded_signatures
        assert [each["type"].native for each in seal.signer_info["unsigned_attrs"]] == [STAMP]


@needs_openssl
def test_each_byte_of_it_is_covered(house, case, tmp_path):
    with the_log(house, tmp_path, witness=True, authorities=2) as trust:
        written = service.write(house.app, case, by=MIRA)
    package(house, written, tmp_path)
    top = tmp_path / "unpacked" / f"takeback-dossier-{written.dossier}"
    files = {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}
    assert checked(zipped(str(written.dossier), files), trust).verdict is Verdict.VALID
    for name, data in files.items():
        flipped = bytearray(data or b"\x00")  # a proof between equal trees is empty
        flipped[len(data) // 2] ^= 1
        for change in ({name: bytes(flipped)}, {name: data + b"\n"}, {}):
            tampered = {each: files[each] for each in files if each != name} | change
            if name == LISTING:
                rebagged(tampered, read(files[LISTING], LISTING))
            elif name not in BAG_FILES:
                as_attackers_do(tampered)
            report = checked(zipped(str(written.dossier), tampered), trust)
            assert report.verdict is not Verdict.VALID, (name, said(report))


@pytest.mark.soak
@needs_openssl
def test_of_many_timestamps_it_takes_few_and_each_is_named_or_its_own(house, case, tmp_path):
    with the_log(house, tmp_path, authorities=2) as trust:
        first = service.write(house.app, case, by=MIRA)
        second = service.write(house.app, case, by=NOOR)
    assert house.query("select count(distinct size) >= 3 from ledger_stamp") == [(True,)]
    for each in (first, second):
        with zipfile.ZipFile(io.BytesIO(package(house, each, tmp_path))) as packed:
            notes = [name for name in packed.namelist() if name.endswith(".note")]
        assert len(notes) <= 2, notes
    assert "existed by" in said(checked(package(house, second, tmp_path), trust))


@needs_openssl
def test_it_waits_for_each_authority_that_its_list_promises(house, case, tmp_path):
    both = [Authority(tmp_path / f"authority-{n}", f"Test {n}") for n in range(2)]
    both[1].failing = True
    with the_log(house, tmp_path, authorities=both) as trust:
        dossier = committed(house, case)
        waiting.until(
            lambda: service.advance(house.app, dossier) == "the authorities to timestamp it", timeout=30
        )
        both[1].failing = False
        written(house, dossier)
        done = service.advance(house.app, dossier)
    report = checked(package(house, done, tmp_path), trust)
    assert report.verdict is Verdict.VALID, said(report)


@needs_openssl
def test_with_other_authorities_than_promised_it_is_given_up(house, case, tmp_path):
    with the_log(house, tmp_path, authorities=2):
        dossier = committed(house, case)
        house.app.settings.timestamp_authorities = None
        with pytest.raises(Refused, match="Authorities were added or taken away"):
            written(house, dossier)
        assert not service.go_on(house.app, dossier)
        after = service.write(house.app, case, by=MIRA)
    assert after.dossier != dossier


@pytest.mark.agrees("bagit.py", "case_validate")
def test_other_peoples_programs_agree(house, case, tmp_path):
    with the_log(house, tmp_path):
        written = service.write(house.app, case, by=MIRA)
    package(house, written, tmp_path)
    bag = tmp_path / "unpacked" / f"takeback-dossier-{written.dossier}"
    asked = [others.program("bagit.py"), "--validate", bag]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 0
    done = subprocess.run(
        [others.program("case_validate"), "--allow-info", bag / "data" / "case.jsonld"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Conforms: True" in done.stdout, done.stdout


def test_who_asks_is_in_the_custody_record_and_the_log_commits_to_the_list(house, case, tmp_path):
    with the_log(house, tmp_path):
        written = service.write(house.app, case, by=MIRA, reason="court order")
    data = package(house, written, tmp_path)
    [asked] = house.events(EvidenceAccessed)
    assert (asked.what, asked.staff, asked.reason, asked.case) == ("dossier", MIRA, "court order", case)
    [wrote] = house.events(DossierWritten)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        folder = f"takeback-dossier-{written.dossier}/"
        assert hashlib.sha256(packed.read(f"{folder}data/dossier.json")).hexdigest() == wrote.manifest
        opened = packed.read(f"{folder}data/entries.jsonl").decode()
    assert "court order" in opened
    assert "rechecked" in opened
    with house.database.transaction() as tx:
        service.take_out(tx, written.dossier, by=None, reason="receipt")
    assert [event.reason for event in house.events(EvidenceAccessed)] == ["court order", "receipt"]


class Killed(BaseException):
    """The process is no more."""


def killed(*_: object, **__: object):
    raise Killed


@pytest.mark.parametrize(
    "where",
    [
        "_commit",
        "_prove",
        "_pack",
        "write_zip",
        "collecting.draft",
        "store.set_committed",
        "store.set_written",
    ],
)
def test_whoever_asks_again_after_a_kill_gets_one_whole_package(house, case, tmp_path, monkeypatch, where):
    with the_log(house, tmp_path) as trust:
        with monkeypatch.context() as patched:
            patched.setattr(f"takeback.dossier.service.{where}", killed)
            with pytest.raises(Killed):
                service.write(house.app, case, by=MIRA)
        assert not [row for row in house.query("select state from dossier_package") if row[0] == "written"]
        written = service.write(house.app, case, by=MIRA)
    assert checked(package(house, written, tmp_path), trust).verdict is Verdict.VALID
    assert len(house.events(EvidenceAccessed)) == len(house.events(DossierWritten)) == 1
    assert house.query("select count(*) from dossier_paper") == [(0,)]


@pytest.mark.soak
def test_two_who_ask_at_the_same_time_get_the_same_package(house, case, tmp_path):
    with the_log(house, tmp_path), ThreadPoolExecutor(2) as both:
        asked = [both.submit(service.write, house.app, case, by=who) for who in (MIRA, NOOR)]
        first, second = (each.result() for each in asked)
    assert first == second
    assert len(house.events(DossierWritten)) == 1
    assert [blob.name for blob in service.blobs_of(house.app).walk(service.FOLDER)] == [first.blob]


def test_evidence_that_is_erased_before_the_zip_is_written_spoils_it_and_the_next_says_so(
    house, case, tmp_path
):
    with the_log(house, tmp_path) as trust:
        dossier = committed(house, case)
        [captured] = house.events(Captured)
        with house.database.transaction() as tx:
            assert evidence.erase(tx, captured.capture, clock.now(), case=case)
        house.work("shred")
        with pytest.raises(Refused):
            written(house, dossier)
        after = service.write(house.app, case, by=MIRA)
        report = checked(package(house, after, tmp_path), trust)
    assert after.dossier != dossier
    assert report.verdict is Verdict.VALID, said(report)


def test_a_package_of_evidence_that_is_erased_is_destroyed_with_it(house, case, tmp_path):
    with the_log(house, tmp_path):
        before = service.write(house.app, case, by=MIRA)
    [captured] = house.events(Captured)
    with house.database.transaction() as tx:
        assert evidence.erase(tx, captured.capture, clock.now(), case=case)
    house.work("follow")
    house.work("destroy_packages")
    assert list(service.blobs_of(house.app).walk(service.FOLDER)) == []
    with house.database.transaction() as tx:
        assert [each.state for each in service.of_case(tx, case)] == [DossierState.DELETED]
        with pytest.raises(NotFound):
            service.take_out(tx, before.dossier, by=MIRA, reason="to_keep")


def test_evidence_that_is_erased_while_the_zip_is_written_takes_the_zip_along(
    house, case, tmp_path, monkeypatch
):
    whole = service.write_zip

    def erased_meanwhile(*given: object) -> None:
        whole(*given)
        [captured] = house.events(Captured)
        with house.database.transaction() as tx:
            assert evidence.erase(tx, captured.capture, clock.now(), case=case)
        house.work("follow")
        house.work("destroy_packages")

    monkeypatch.setattr(service, "write_zip", erased_meanwhile)
    with the_log(house, tmp_path), pytest.raises(Refused, match="was erased"):
        service.write(house.app, case, by=MIRA)
    assert list(service.blobs_of(house.app).walk(service.FOLDER)) == []


def test_a_part_that_was_changed_on_disk_is_never_packed(house, case, tmp_path):
    with the_log(house, tmp_path):
        dossier = committed(house, case)
        blobs = service.blobs_of(house.app)
        [(name,)] = house.query("select blob from evidence_part where name = 'open/headers.json'")
        blobs.put(name, blobs.get(name).replace(b"200", b"404"))
        with pytest.raises(DamagedEvidence):
            written(house, dossier)
    assert list(blobs.walk(service.FOLDER)) == []


def test_without_a_worker_the_wait_ends_and_nothing_is_lost(house, case, tmp_path):
    Signer(keys_folder(house.app.settings), house.app.settings.ledger_origin)
    heard = []
    with pytest.raises(Unavailable, match="is a worker running"):
        service.write(house.app, case, by=MIRA, say=heard.append, patience=timedelta(0))
    assert heard == ["the log to take in that it was asked for"]
    with the_log(house, tmp_path) as trust:
        later = service.write(house.app, case, by=NOOR)
    assert checked(package(house, later, tmp_path), trust).verdict is Verdict.VALID
    assert [event.staff for event in house.events(EvidenceAccessed)] == [MIRA]


def test_it_is_handed_out_in_pieces(house, case, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "PIECE_BYTES", 100_000)
    with the_log(house, tmp_path):
        written = service.write(house.app, case, by=MIRA)
    pieces = list(service.pieces(house.app, written))
    assert len(pieces) == -(-written.size // 100_000) > 1
    assert b"".join(pieces) == service.blobs_of(house.app).get(written.blob)
    service.blobs_of(house.app).delete(written.blob)
    with pytest.raises(NotFound):
        service.pieces(house.app, written)


def test_there_is_no_dossier_of_no_case(house):
    with pytest.raises(NotFound):
        service.write(house.app, CaseId(UUID(int=9)), by=MIRA)


def package(house, made, folder):
    """The package's bytes, which also lie unpacked in the folder."""
    data = service.blobs_of(house.app).get(made.blob)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        packed.extractall(folder / "unpacked")
    return data


def committed(house, case):
    """A dossier whose list is fixed and recorded."""
    with house.database.transaction() as tx:
        dossier = service.ask(tx, case, by=MIRA, reason="to_send", now=clock.now())

    def fixed() -> bool:
        service.advance(house.app, dossier)
        return bool(house.events(DossierWritten))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(service, "_prove", lambda *_: "nothing")
        waiting.until(fixed, timeout=30)
    return dossier


def written(house, dossier):
    """The same, written."""
    return waiting.until(lambda: isinstance(service.advance(house.app, dossier), service.Written), timeout=30)
