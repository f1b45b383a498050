"""Where somebody shown may be younger than 18: digests only, what was sealed is destroyed, nobody looks."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from dossiers import checked, the_log
from evidence import everything_on_disk, opened
from house import MIRA, NOOR, picture
from ledgers import sequence_all
from platform_in_memory import link
from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import DecisionReason, LookReason
from takeback.dossier import service as dossiers
from takeback.dossier.destroying import destroy_packages
from takeback.dossier.model import DossierState
from takeback.errors import NotFound, Refused, Unavailable
from takeback.events import (
    Captured,
    CaptureFailed,
    EvidenceErased,
    FoundGone,
    MediaRevealed,
    RemovalStepDone,
    Verdict,
)
from takeback.evidence import service as evidence
from takeback.evidence.sealer import MESSAGE_PART, WARC_PART
from takeback.infra.ledger import check
from takeback.infra.ledger.keys import Signer, read_last_signed
from takeback.infra.ledger.sequencer import Sequencer
from takeback.sightings import store as sightings
from takeback.workflow import evidence as capturing
from takeback.workflow import reports
from takeback_verify.core import canonical
from takeback_verify.core.exhibit import parse_exhibit

HERS, ANOTHERS = picture(1), picture(2)


@pytest.fixture
def sealer(sealer, people):
    """With reviewers in the directory."""
    people.write(sealer.directory, reviewers=True)
    return sealer


@pytest.fixture
def captured(house, platform):
    """A copy was posted, reported, and captured with its picture: (report, the post)."""
    post = platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    assert len(house.events(Captured)) == 1
    return report, post


def says_minor(house, report) -> None:
    house.decide(report, reason=DecisionReason.MAY_BE_A_MINOR)


def exhibits(house, *, erased: bool = False):
    with house.database.transaction() as tx:
        every = evidence.exhibits_of(tx, [row[0] for row in tx.execute("select id from sightings_post")])
    return [each for each in every if each.erased is erased]


def names_on_disk(tmp_path, *words: str):
    files = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    return [path for path in files if any(word in str(path) for word in words)]


def test_what_was_sealed_is_destroyed_and_digests_are_captured_in_its_place(
    house, sealer, people, captured, tmp_path
):
    before = {path: path.read_bytes() for path in names_on_disk(tmp_path, "evidence", "copies")}
    assert any("copies" in str(path) for path in before)
    says_minor(house, captured[0])
    house.after(seconds=11)
    first, second = house.events(Captured)
    [erased] = house.events(EvidenceErased)
    assert (erased.capture, erased.case) == (first.capture, house.case_of(captured[0]))
    assert not [path for path in before if path.exists()]
    assert names_on_disk(tmp_path, str(first.capture), "copies") == []
    [exhibit] = exhibits(house)
    assert (exhibit.capture, parse_exhibit(exhibit.document).suspected_minor) == (second.capture, True)
    parts = opened(sealer, exhibit, people.lawyer)
    assert all(HERS not in part for part in parts.values())
    said = canonical.read(parts[MESSAGE_PART], "message")
    assert said["exchanges"][said["file"]]["body_sha256"] == hashlib.sha256(HERS).hexdigest()
    assert said["taken_out"][0]["sha256"] == hashlib.sha256(HERS).hexdigest()
    [kept] = house.query(
        "select kept_at is not null, expires_at from evidence_capture where state = 'captured'"
    )
    assert kept == (True, None)


def test_the_picture_goes_from_the_platform_after_its_digests_were_sealed(house, platform, captured):
    says_minor(house, captured[0])
    house.after(seconds=11)
    house.after(seconds=2)
    order = [type(event) for event in house.events(EvidenceErased, Captured, RemovalStepDone, FoundGone)]
    assert order == [Captured, EvidenceErased, Captured, RemovalStepDone, RemovalStepDone, FoundGone]
    assert platform.removed(captured[1])
    assert house.status(captured[0]) == "removed"


def test_packages_that_hold_the_picture_are_destroyed_and_a_new_one_holds_digests(
    house, sealer, people, captured, tmp_path
):
    case = house.case_of(captured[0])
    house.time.set(datetime.now(UTC))
    with the_log(house, tmp_path) as trust:
        before = dossiers.write(house.app, case, by=MIRA)
        says_minor(house, captured[0])
        house.after(seconds=11)
        with pytest.raises(NotFound):
            sealer.blobs.get(before.blob)
        after = dossiers.write(house.app, case, by=MIRA)
    for _ in range(2):  # also when it is done again
        destroy_packages(house.app, case, house.time.read() - timedelta(hours=1))
    data = sealer.blobs.get(after.blob)
    report = checked(data, trust, [people.lawyer.pair])
    assert report.verdict is check.Verdict.VALID, report.steps
    with house.database.transaction() as tx:
        states = [each.state for each in dossiers.of_case(tx, case)]
    assert states == [DossierState.WRITTEN, DossierState.DELETED]
    _, second = house.events(Captured)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = [name for name in package.namelist() if name.endswith("exhibit.json")]
    assert [str(second.capture) in name for name in names] == [True]


def test_undone_in_time_nothing_is_destroyed(house, captured, tmp_path):
    before = everything_on_disk(tmp_path / "blobs")
    decision = house.decide(captured[0], reason=DecisionReason.MAY_BE_A_MINOR)
    with house.database.transaction() as tx:
        deciding.undo(tx, house.case_of(captured[0]), decision.id, staff=MIRA, now=house.time.now())
    house.after(seconds=11)
    assert house.events(EvidenceErased) == []
    assert everything_on_disk(tmp_path / "blobs") == before


def test_what_is_found_later_is_never_sealed_with_its_picture(
    house, platform, sealer, people, captured, tmp_path
):
    says_minor(house, captured[0])
    house.after(seconds=11)
    later = platform.post(HERS)
    house.watch()
    house.after(seconds=2)
    assert platform.removed(later)
    assert len(house.events(EvidenceErased)) == 1, "there was no picture to destroy"
    found = exhibits(house)
    assert [parse_exhibit(each.document).suspected_minor for each in found] == [True, True]
    assert all(HERS not in opened(sealer, each, people.recovery)[WARC_PART] for each in found)
    assert names_on_disk(tmp_path, "copies") == []


def test_a_copy_of_another_case_that_shows_the_same_loses_its_picture_too(house, captured):
    """Somebody else reported it as well: what one person saw in it counts for both."""
    other = house.report(HERS)
    house.take_in()
    assert list(house.copies(other)) == [captured[1].message]
    says_minor(house, captured[0])
    house.after(seconds=11)
    assert [parse_exhibit(each.document).suspected_minor for each in exhibits(house)] == [True]


def test_what_was_captured_before_it_joined_such_a_case_is_destroyed(house, platform, captured):
    says_minor(house, captured[0])
    house.after(seconds=11)
    others = platform.post(ANOTHERS)
    first = house.report(ANOTHERS)
    house.watch()
    house.take_in()
    assert [parse_exhibit(each.document).suspected_minor for each in exhibits(house)] == [True, False]
    assert list(house.copies(first)) == [others.message]
    with house.database.transaction() as tx:
        found = sightings.find(tx, "memory", others.place, others.message, others.media[0].address)
        cases.add_located(tx, captured[0], found.id, house.time.now())
    house.work()
    assert [parse_exhibit(each.document).suspected_minor for each in exhibits(house)] == [True, True]


def test_a_capture_that_waits_is_made_of_digests(house, platform):
    named = platform.post(HERS)
    platform.fail("record", *[Unavailable("503")] * 4)
    report = house.report(links=[link(named)])
    house.take_in()
    says_minor(house, report)
    house.after(seconds=11)
    assert house.events(Captured, CaptureFailed) == []
    house.after(seconds=30, steps=4)
    [exhibit] = exhibits(house)
    assert parse_exhibit(exhibit.document).suspected_minor
    assert house.events(EvidenceErased) == []
    assert platform.removed(named)


@pytest.mark.usefixtures("captured")
def test_what_is_being_sealed_just_then_does_not_count_and_leaves_nothing(
    house, platform, tmp_path, monkeypatch
):
    """The job has read what is wanted, and recorded the picture; now somebody says it."""
    named = platform.post(ANOTHERS)
    report = house.report(links=[link(named)])
    reports.take_in(house.app)
    house.work("follow", "locate")
    [[sighting]] = house.query("select sighting_id from evidence_capture where state = 'wanted'")
    commit = evidence.commit

    def late(tx, sealed, wanted, expires_at=None) -> bool:
        with monkeypatch.context() as patch:
            patch.setattr(evidence, "commit", commit)
            with house.database.transaction() as other:
                evidence.keep_no_picture(
                    other, wanted.subject.sighting, house.case_of(report), house.time.now()
                )
        return commit(tx, sealed, wanted, expires_at)

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "commit", late)
        capturing.capture(house.app, sighting)
    assert names_on_disk(tmp_path, *[str(row[0]) for row in house.query(
        "select id from evidence_capture where state = 'wanted'")]) == []  # fmt: skip
    house.work()
    digests = [parse_exhibit(each.document).suspected_minor for each in exhibits(house)]
    assert digests == [False, True]


def test_where_the_message_is_gone_by_then_that_is_said_and_nothing_is_kept(
    house, platform, captured, tmp_path
):
    platform.delete(captured[1], tell=False)
    says_minor(house, captured[0])
    house.after(seconds=11)
    assert [event.reason for event in house.events(CaptureFailed)] == ["no such message"]
    assert exhibits(house) == []
    assert names_on_disk(tmp_path, "evidence", "copies") == []


def test_nobody_looks_any_more_and_no_later_decision_takes_it_back(house, captured):
    report, case = captured[0], house.case_of(captured[0])
    with house.database.transaction() as tx:
        [copy] = cases.copies(tx, case)
        cases.look(tx, case, copy.sighting, staff=MIRA, reason=LookReason.TO_DECIDE, now=house.time.now())
    says_minor(house, report)
    house.after(seconds=11)
    with house.database.transaction() as tx:
        tx.execute("update cases_case set status = 'open' where id = %s", [case])
    house.decide(report, Verdict.NOT_SHARED_WITHOUT_CONSENT, staff=NOOR)
    house.after(seconds=11)
    with house.database.transaction() as tx:
        assert cases.may_show_a_minor(tx, case)
        with pytest.raises(Refused, match="Nobody here looks"):
            cases.look(
                tx,
                case,
                copy.sighting,
                staff=NOOR,
                reason=LookReason.SECOND_OPINION,
                now=house.time.now(),
            )
    assert len(house.events(MediaRevealed)) == 1


@pytest.mark.parametrize(
    ("reason", "kept"), [(DecisionReason.MAY_BE_A_MINOR, 0), (DecisionReason.MADE_IN_SECRET, 1)]
)
def test_no_details_are_kept_of_it(house, captured, reason, kept):
    house.decide(captured[0], reason=reason)
    house.after(seconds=11)
    house.after(seconds=2)
    assert house.events(RemovalStepDone)
    assert house.query("select count(*) from matching_details") == [(kept,)]


def test_the_log_stays_valid_and_says_nothing_of_what_was_destroyed(house, captured, tmp_path):
    signer = Signer(tmp_path / "ledger", "test.example/log")
    sequence_all(Sequencer(house.database, signer))
    says_minor(house, captured[0])
    house.after(seconds=11)
    sequence_all(Sequencer(house.database, signer))
    opened_now = house.query(
        "select f.body ->> 'capture' from event f join ledger_entry e on e.event_id = f.id"
        " join ledger_opening o on o.entry_id = e.id where f.kind = 'captured'"
    )
    _, second = house.events(Captured)
    assert opened_now == [(str(second.capture),)]
    last, now = read_last_signed(tmp_path / "ledger"), house.time.now()
    report = check.verify_ledger(house.database, signer.verifier, now=now, last_signed=last)
    assert report.verdict is check.Verdict.VALID, report


def test_what_is_excluded_is_somebody_elses_and_stays(house, platform, captured):
    second = platform.post(HERS)
    house.watch()
    house.exclude(captured[0], second)
    says_minor(house, captured[0])
    house.after(seconds=11)
    digests = [parse_exhibit(each.document).suspected_minor for each in exhibits(house)]
    assert sorted(digests) == [False, True]
