"""What was captured ahead lives for some days; what is erased leaves nothing to be read, and a valid log."""

from datetime import timedelta

import pytest

from evidence import everything_on_disk
from house import MIRA, picture
from ledgers import sequence_all
from takeback.cases import service as cases
from takeback.connectors.api import Target
from takeback.errors import StorageUnavailable
from takeback.events import Captured, CapturedFor, EvidenceErased, Verdict
from takeback.evidence import service as evidence
from takeback.evidence import upkeep as captured
from takeback.evidence.model import Wanted
from takeback.infra.ledger import check
from takeback.infra.ledger.keys import Signer, read_last_signed
from takeback.infra.ledger.sequencer import Sequencer
from takeback.sightings import store as sightings
from takeback.workflow import evidence as capturing
from takeback.workflow import reports, upkeep

HERS = picture(1)
DAYS = timedelta(days=14)


@pytest.fixture
def ahead(house, platform):
    """Something was captured because its place is under investigation: the post."""
    post = platform.post(HERS)
    house.watch()
    with house.database.transaction() as tx:
        [[number]] = tx.execute("select id from sightings_post").fetchall()
        subject = capturing.subject_of(sightings.get(tx, number))
        evidence.want(tx, subject, CapturedFor.INVESTIGATION, house.time.now())
    house.work()
    assert [event.reason for event in house.events(Captured)] == [CapturedFor.INVESTIGATION]
    return post


def exhibits(house):
    with house.database.transaction() as tx:
        return evidence.exhibits_of(tx, [row[0] for row in tx.execute("select id from sightings_post")])


def files(tmp_path):
    return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("ahead")
def test_it_is_shredded_when_its_time_is_over(house, tmp_path):
    before = everything_on_disk(tmp_path / "blobs")
    upkeep.keep_evidence(house.app)
    house.after(days=13)
    upkeep.keep_evidence(house.app)
    house.work()
    assert everything_on_disk(tmp_path / "blobs") == before
    house.after(days=2)
    upkeep.keep_evidence(house.app)
    house.work()
    [captured], [erased] = house.events(Captured), house.events(EvidenceErased)
    assert (erased.capture, erased.case) == (captured.capture, None)
    assert files(tmp_path) == []
    assert house.query("select count(*) from evidence_salt") == [(0,)]
    [exhibit] = exhibits(house)
    assert (exhibit.erased, exhibit.document, exhibit.parts) == (True, b"", ())
    upkeep.keep_evidence(house.app)
    assert len(house.events(EvidenceErased)) == 1


@pytest.mark.usefixtures("ahead")
def test_what_joined_a_case_stays(house, tmp_path):
    house.report(HERS)
    house.take_in()
    house.after(days=300)
    upkeep.keep_evidence(house.app)
    house.work()
    assert not house.events(EvidenceErased)
    assert len(house.events(Captured)) == 1
    assert files(tmp_path)


@pytest.mark.usefixtures("ahead")
def test_what_was_erased_is_captured_anew_for_a_case(house):
    house.after(days=15)
    upkeep.keep_evidence(house.app)
    house.work()
    house.report(HERS)
    house.take_in()
    reasons = [event.reason for event in house.events(Captured)]
    assert reasons == [CapturedFor.INVESTIGATION, CapturedFor.MATCH]
    assert [exhibit.erased for exhibit in exhibits(house)] == [True, False]


@pytest.mark.usefixtures("ahead")
def test_the_log_stays_valid_and_says_nothing_of_what_was_erased(house, tmp_path):
    signer = Signer(tmp_path / "ledger", "test.example/log")
    sequence_all(Sequencer(house.database, signer))
    house.after(days=15)
    upkeep.keep_evidence(house.app)
    house.work()
    sequence_all(Sequencer(house.database, signer))
    opened = {
        row[0]
        for row in house.query(
            "select f.kind from event f join ledger_entry e on e.event_id = f.id"
            " join ledger_opening o on o.entry_id = e.id"
        )
    }
    assert "captured" not in opened
    assert "evidence_erased" in opened
    last, now = read_last_signed(tmp_path / "ledger"), house.time.now()
    report = check.verify_ledger(house.database, signer.verifier, now=now, last_signed=last)
    assert report.verdict is check.Verdict.VALID, report


@pytest.mark.usefixtures("ahead")
def test_a_disk_that_fails_while_shredding_is_tried_again(house, tmp_path, sealer, monkeypatch):
    house.after(days=15)
    with monkeypatch.context() as patch:
        deleted = []

        def delete(_blobs: object, name: str) -> None:
            deleted.append(name)
            raise StorageUnavailable("read-only")

        patch.setattr(type(sealer.blobs), "delete", delete)
        captured.expire(house.database, house.time.now())
        house.work()
    assert deleted[0].endswith("sealed.key.age")
    assert files(tmp_path)
    house.after(minutes=1)
    assert files(tmp_path) == []


@pytest.mark.usefixtures("ahead")
def test_files_that_no_capture_names_go_and_others_stay(house, tmp_path, sealer):
    kept = files(tmp_path)
    sealer.blobs.put("evidence/lost/attempt/sealed.key.age", b"of a process that was killed")
    assert captured.tidy(house.database, sealer.blobs, house.time.now()) == 0
    assert captured.tidy(house.database, sealer.blobs, house.time.now() + timedelta(hours=7)) == 1
    assert files(tmp_path) == kept


def test_a_second_worker_that_seals_the_same_changes_nothing(house, platform, sealer, tmp_path):
    platform.post(HERS)
    house.watch()
    house.report(HERS)
    reports.take_in(house.app)
    house.work("follow", "look_back", "read_exactly")
    [[number]] = house.query("select sighting_id from evidence_capture where state = 'wanted'")
    with house.database.transaction() as tx:
        wanted = evidence.wanted(tx, number)
    assert isinstance(wanted, Wanted)
    house.work("capture")
    before = exhibits(house)
    target = platform.posts()[0]
    recording = platform.record(Target(target.place, target.message, target.media[0].address), 10**6)
    sealed = sealer.seal(wanted, (), recording, house.time.now())
    with house.database.transaction() as tx:
        assert not evidence.commit(tx, sealed, wanted)
    assert exhibits(house) == before
    assert len(house.events(Captured)) == 1
    parts = len(before[0].parts)
    assert captured.tidy(house.database, sealer.blobs, house.time.now() + timedelta(hours=7)) == parts
    assert len(files(tmp_path)) == parts


@pytest.mark.usefixtures("ahead")
def test_a_captured_sighting_is_not_moved_away_before_it_is_erased(house):
    needed = "select sightings_is_needed(id) from sightings_post"
    assert house.query(needed) == [(True,)]
    house.after(days=15)
    upkeep.keep_evidence(house.app)
    house.work()
    assert house.query(needed) == [(False,)]


@pytest.fixture
def reported(house, platform):
    """A copy was captured and waits for a reviewer: the report."""
    platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    assert house.events(Captured)
    return report


def a_month_later(house):
    house.after(days=30)
    upkeep.keep_evidence(house.app)
    house.work()


def test_what_was_not_shared_without_consent_is_shredded_after_some_days(house, tmp_path, reported):
    house.decide(reported, Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)
    upkeep.keep_evidence(house.app)
    assert not house.events(EvidenceErased)
    a_month_later(house)
    assert len(house.events(EvidenceErased)) == 1
    assert files(tmp_path) == []


def test_what_was_shared_without_consent_stays(house, tmp_path, reported):
    house.decide(reported)
    house.after(seconds=11)
    a_month_later(house)
    assert not house.events(EvidenceErased)
    assert files(tmp_path)


def test_an_excluded_copy_is_shredded_after_some_days(house, platform, reported):
    house.exclude(reported, platform.posts()[0])
    house.work()
    a_month_later(house)
    assert len(house.events(EvidenceErased)) == 1


def test_an_exclusion_that_was_undone_keeps_it(house, platform, reported):
    house.exclude(reported, platform.posts()[0])
    house.work()
    with house.database.transaction() as tx:
        case = house.case_of(reported)
        [copy] = cases.copies(tx, case)
        cases.exclude(tx, case, copy.sighting, excluded=False, staff=MIRA, now=house.time.now())
    house.work()
    a_month_later(house)
    assert not house.events(EvidenceErased)


def test_what_another_case_needs_is_kept(house, platform, reported):
    house.report(HERS)
    house.take_in()
    house.exclude(reported, platform.posts()[0])
    house.work()
    a_month_later(house)
    assert not house.events(EvidenceErased)
