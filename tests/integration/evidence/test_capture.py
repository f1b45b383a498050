"""A match is sealed as it was before anything else is done with it, told step by step."""

import hashlib
import io
from typing import Never

import pytest
from warcio.archiveiterator import ArchiveIterator

from evidence import Somebody, everything_on_disk, opened
from house import picture
from platform_in_memory import WORDS, link
from takeback.errors import NotAllowed, StorageUnavailable, Unavailable
from takeback.events import (
    Captured,
    CapturedFor,
    CaptureFailed,
    CopyFound,
    Matched,
    RemovalPlanned,
    RemovalStepDone,
)
from takeback.evidence import service as evidence
from takeback.evidence.sealer import HEADERS_PART, MESSAGE_PART, WARC_PART
from takeback.infra.vault.recipients import Directory, Member, Role, Use, format_directory
from takeback.jobs import Capture
from takeback.sightings import store as sightings
from takeback.workflow import evidence as capturing
from takeback.workflow import reports
from takeback_verify.core import canonical
from takeback_verify.core.exhibit import SALTS, commit_plaintext, parse_exhibit, parse_salts

HERS, ANOTHERS = picture(1), picture(2)


@pytest.fixture
def reported(house, platform):
    """A copy was posted, its picture reported, and nothing done since: (report, the post)."""
    post = platform.post(HERS)
    platform.post(ANOTHERS)
    house.watch()
    report = house.report(HERS)
    reports.take_in(house.app)
    return report, post


def exhibits(house):
    with house.database.transaction() as tx:
        sightings = [row[0] for row in tx.execute("select id from sightings_post order by id")]
        return evidence.exhibits_of(tx, sightings)


@pytest.mark.usefixtures("reported")
def test_a_match_is_sealed_first_and_joins_its_case_then(house):
    house.work()
    assert [type(event) for event in house.events(Matched, Captured, CopyFound)] == [
        Matched,
        Captured,
        CopyFound,
    ]
    [captured] = house.events(Captured)
    assert captured.reason is CapturedFor.MATCH
    [exhibit] = exhibits(house)
    assert (exhibit.capture, exhibit.sighting) == (captured.capture, captured.sighting)
    assert hashlib.sha256(exhibit.document).hexdigest() == captured.exhibit


def test_while_it_is_not_sealed_there_is_no_copy_and_nobody_can_decide(house, platform, reported):
    report, _ = reported
    platform.fail("record", Unavailable("503"), Unavailable("503"))
    house.work()
    assert (house.events(Matched) != [], house.copies(report)) == (True, {})
    house.after(seconds=2)
    house.after(seconds=3)
    assert len(house.copies(report)) == 1
    assert len(house.events(Captured)) == 1


def test_the_recipients_read_all_that_was_there_and_nobody_else(house, sealer, people, reported):
    house.work()
    [exhibit] = exhibits(house)
    for who in (people.lawyer, people.recovery):
        parts = opened(sealer, exhibit, who)
        bodies = [
            record.content_stream().read()
            for record in ArchiveIterator(io.BytesIO(parts[WARC_PART]))
            if record.rec_type == "response"
        ]
        assert bodies[1] == HERS
        assert WORDS.encode() in bodies[0]
        said = canonical.read(parts[MESSAGE_PART], "message")
        assert (said["sender"], said["message"]) == ("@poster", reported[1].message)
    with pytest.raises(ValueError, match="none of these keys"):
        opened(sealer, exhibit, Somebody(Role.LAWYER, "somebody-else"))


@pytest.mark.usefixtures("reported")
def test_every_byte_is_covered_by_what_the_log_commits_to(house, sealer, people):
    house.work()
    [exhibit] = exhibits(house)
    document = parse_exhibit(exhibit.document)
    files = {part.name: sealer.blobs.get(part.blob) for part in exhibit.parts}
    assert [part.name for part in document.parts] == list(files)
    for part in document.parts:
        assert (part.size, part.sha256) == (
            len(files[part.name]),
            hashlib.sha256(files[part.name]).digest(),
        )
    parts = opened(sealer, exhibit, people.lawyer)
    salts = parse_salts(parts[SALTS])
    committed = {part.name: part.commitment for part in document.parts if part.commitment is not None}
    assert salts.keys() == committed.keys() == {MESSAGE_PART, WARC_PART}
    for name, commitment in committed.items():
        assert commit_plaintext(salts[name], hashlib.sha256(parts[name]).digest()) == commitment
    [[kept]] = house.query("select count(*) from evidence_salt")
    assert kept == len(salts)


def test_no_plaintext_is_on_the_disk_and_what_is_open_tells_nothing(
    house, tmp_path, sealer, people, reported
):
    house.work()
    disk = everything_on_disk(tmp_path)
    [exhibit] = exhibits(house)
    shown = opened(sealer, exhibit, people.lawyer)[HEADERS_PART]
    for secret in (HERS[:64], WORDS.encode(), b"@poster", reported[1].message.encode(), b"only recipients"):
        assert secret not in disk
        assert secret not in shown
    assert canonical.read(shown, "headers")["exchanges"][0]["status"] == 200


def test_a_capture_that_fails_at_every_try_is_said_and_the_case_goes_on(house, platform, reported):
    report, post = reported
    platform.fail("record", *[NotAllowed("403")] * Capture.policy.tries)
    house.work()
    house.after(minutes=5, steps=10)
    [failed] = house.events(CaptureFailed)
    assert (failed.reason, house.events(Captured), exhibits(house)) == ("403", [], ())
    assert list(house.copies(report)) == [post.message]
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(post)


def test_a_message_that_is_gone_before_it_could_be_captured_is_said_at_once(house, platform, reported):
    report, post = reported
    platform.delete(post, tell=False)
    house.work()
    assert [event.reason for event in house.events(CaptureFailed)] == ["no such message"]
    assert list(house.copies(report)) == [post.message]


@pytest.mark.usefixtures("reported")
def test_a_full_disk_is_waited_for(house, sealer, monkeypatch):
    def full(_blobs: object, _name: str) -> Never:
        raise StorageUnavailable("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(type(sealer.blobs), "writing", full)
        house.work()
        assert house.events(Captured, CaptureFailed) == []
    house.after(seconds=2)
    assert len(house.events(Captured)) == 1


def test_removal_waits_for_a_capture_that_is_under_way(house, platform):
    """A copy that the reporter named joins its case at once; it is removed after it was captured."""
    named = platform.post(HERS)
    platform.fail("record", *[Unavailable("503")] * 5)
    report = house.report(links=[link(named)])
    house.take_in()
    house.decide(report)
    house.after(seconds=12)
    assert house.events(RemovalPlanned)
    assert platform.untouched(named)
    house.after(seconds=5, steps=10)
    order = [type(event) for event in house.events(Captured, RemovalStepDone)]
    assert order == [Captured, RemovalStepDone, RemovalStepDone]
    assert platform.removed(named)


def test_a_post_that_shows_two_entries_is_captured_once(house, platform):
    platform.post(HERS)
    house.watch()
    first, second = house.report(HERS), house.report(HERS)
    house.take_in()
    assert len(house.events(Matched)) == 2
    assert len(house.events(Captured)) == 1
    assert len(house.copies(first)) == len(house.copies(second)) == 1


def test_what_is_captured_for_a_case_is_sealed_to_its_own_recipients_too(house, platform, people, sealer):
    court = Somebody(Role.COURT, "district-court")
    platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    reports.take_in(house.app)
    house.work("follow")
    line = court.member()
    only = Member(line.role, line.name, line.key, Use.CASES, (house.case_of(report),))
    members = (people.lawyer.member(), people.recovery.member(), only)
    sealer.directory.write_text(format_directory(Directory(members)), encoding="ascii")
    house.work()
    [exhibit] = exhibits(house)
    assert opened(sealer, exhibit, court)[MESSAGE_PART]


def test_without_recipients_nothing_is_captured_and_all_else_goes_on(house, platform, sealer, reported):
    sealer.directory.unlink()
    report, post = reported
    house.work()
    assert (house.events(Captured, CaptureFailed), exhibits(house)) == ([], ())
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(post)


def test_a_suspected_minors_picture_is_not_sealed(house, platform, sealer, people):
    platform.post(HERS)
    house.watch()
    with house.database.transaction() as tx:
        [[number]] = tx.execute("select id from sightings_post").fetchall()
        subject = capturing.subject_of(sightings.get(tx, number))
        evidence.want(tx, subject, CapturedFor.MATCH, house.time.now(), suspected_minor=True)
    house.work()
    [exhibit] = exhibits(house)
    assert parse_exhibit(exhibit.document).suspected_minor
    parts = opened(sealer, exhibit, people.lawyer)
    assert all(HERS not in part for part in parts.values())
    said = canonical.read(parts[MESSAGE_PART], "message")
    assert said["exchanges"][said["file"]]["body_sha256"] == hashlib.sha256(HERS).hexdigest()
    bodies = [record.content_stream().read() for record in ArchiveIterator(io.BytesIO(parts[WARC_PART]))]
    assert HERS not in bodies
