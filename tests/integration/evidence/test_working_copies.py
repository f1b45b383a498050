"""Working copies: for reviewers only, for some days, and never part of the evidence."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Never

import pytest

from dossiers import checked, the_log
from evidence import Somebody, opened
from house import MIRA, NOOR, House, picture
from platform_in_memory import link
from takeback.dossier import service as dossiers
from takeback.errors import NotFound, StorageUnavailable
from takeback.events import Captured, CapturedFor, CaptureFailed, Verdict
from takeback.evidence import sealer as keepers
from takeback.evidence import service as evidence
from takeback.infra.vault.copies import FOLDER, copy_of, living
from takeback.infra.vault.recipients import Role
from takeback.infra.vault.sealing import open_stream
from takeback.sightings import store as sightings
from takeback.workflow import evidence as capturing
from takeback.workflow import reports, upkeep
from takeback_verify.core import findings

HERS, ANOTHERS = picture(1), picture(2)


@pytest.fixture
def sealer(sealer, people):
    """With reviewers in the directory."""
    people.write(sealer.directory, reviewers=True)
    return sealer


@pytest.fixture
def captured(house, platform):
    """A copy was posted, reported and captured: (report, the post)."""
    post = platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    return report, post


def the_copy(house, sealer) -> bytes:
    [made] = house.events(Captured)
    return sealer.blobs.get(copy_of(sealer.blobs, made.capture, now=house.time.now()))


def copies(sealer) -> list[str]:
    return [blob.name for blob in sealer.blobs.walk(FOLDER)]


@pytest.mark.usefixtures("captured")
def test_the_reviewers_open_the_picture_and_nobody_else(house, sealer, people):
    sealed = the_copy(house, sealer)
    assert open_stream([people.reviewers.identity], sealed) == HERS
    for who in (people.lawyer, people.recovery, Somebody(Role.REVIEWERS, "others")):
        with pytest.raises(ValueError, match="none of these keys"):
            open_stream([who.identity], sealed)


@pytest.mark.usefixtures("captured")
def test_the_evidence_knows_nothing_of_it_and_opens_for_no_reviewer(house, sealer, people):
    with house.database.transaction() as tx:
        [exhibit] = evidence.exhibits_of(tx, [house.events(Captured)[0].sighting])
    assert all(part.blob.startswith("evidence/") for part in exhibit.parts)
    with pytest.raises(ValueError, match="none of these keys"):
        opened(sealer, exhibit, people.reviewers)
    assert opened(sealer, exhibit, people.lawyer)


def test_what_is_captured_for_an_investigation_leaves_one_too(house, platform, sealer, people):
    platform.post(ANOTHERS)
    house.watch()
    with house.database.transaction() as tx:
        [[number]] = tx.execute("select id from sightings_post").fetchall()
        subject = capturing.subject_of(sightings.get(tx, number))
        evidence.want(tx, subject, CapturedFor.INVESTIGATION, house.time.now())
    house.work()
    assert open_stream([people.reviewers.identity], the_copy(house, sealer)) == ANOTHERS


def test_of_a_suspected_minor_there_is_none(house, platform, sealer):
    platform.post(HERS)
    house.watch()
    with house.database.transaction() as tx:
        [[number]] = tx.execute("select id from sightings_post").fetchall()
        subject = capturing.subject_of(sightings.get(tx, number))
        evidence.want(tx, subject, CapturedFor.MATCH, house.time.now(), suspected_minor=True)
    house.work()
    assert house.events(Captured)
    assert copies(sealer) == []


def test_a_file_that_the_platform_no_longer_had_leaves_none(house, platform, sealer):
    post = platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    reports.take_in(house.app)
    platform._world.quarantined |= {media.address for media in post.media}
    house.work()
    assert house.copies(report)
    assert house.events(Captured)
    assert copies(sealer) == []


def test_without_reviewers_in_the_directory_there_is_none(house, platform, sealer, people):
    people.write(sealer.directory)
    platform.post(HERS)
    house.watch()
    house.report(HERS)
    house.take_in()
    assert house.events(Captured)
    assert copies(sealer) == []


def test_that_it_cannot_be_written_keeps_nothing_back(house, platform, sealer, monkeypatch):
    def full(*_: object, **__: object) -> Never:
        raise StorageUnavailable("no space left")

    monkeypatch.setattr(keepers, "keep_copy", full)
    platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    assert (len(house.events(Captured)), house.events(CaptureFailed)) == (1, [])
    assert house.copies(report)
    assert copies(sealer) == []


@pytest.mark.parametrize("days", [1, 3, 7])
def test_it_lives_as_long_as_was_set_and_an_hour_at_most(house, platform, sealer, days):
    sealer = replace(sealer, copies_live=timedelta(days=days))
    house = House(house.database, platform, house.folder, house.app.decoder, house.time, sealer=sealer)
    platform.post(HERS)
    house.watch()
    house.report(HERS)
    house.take_in()
    [made] = house.events(Captured)
    house.after(days=days, seconds=-2)
    upkeep.keep_evidence(house.app)
    assert list(living(sealer.blobs, now=house.time.now())) == [made.capture]
    house.after(seconds=3)
    with pytest.raises(NotFound):
        copy_of(sealer.blobs, made.capture, now=house.time.now())
    upkeep.keep_evidence(house.app)
    assert copies(sealer) == []


@pytest.mark.usefixtures("captured")
def test_it_goes_with_what_is_erased(house, sealer):
    [made] = house.events(Captured)
    with house.database.transaction() as tx:
        evidence.erase(tx, made.capture, house.time.now())
    house.work()
    assert copies(sealer) == []


@pytest.mark.parametrize("verdict", [Verdict.SHARED_WITHOUT_CONSENT, Verdict.NOT_SHARED_WITHOUT_CONSENT])
def test_once_a_case_is_decided_nobody_needs_it(house, sealer, captured, verdict):
    house.decide(captured[0], verdict)
    assert len(copies(sealer)) == 1
    house.after(seconds=11)
    house.after(seconds=2)
    assert copies(sealer) == []


def test_who_could_not_tell_leaves_it_for_another(house, sealer, captured):
    house.decide(captured[0], Verdict.CANNOT_TELL)
    house.after(seconds=11)
    house.after(seconds=2)
    assert len(copies(sealer)) == 1


def test_another_case_that_waits_keeps_it(house, sealer, captured):
    other = house.report(HERS)
    house.take_in()
    assert list(house.copies(other)) == [captured[1].message]
    house.decide(captured[0], Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)
    house.after(seconds=2)
    assert len(copies(sealer)) == 1
    house.decide(other, staff=NOOR)
    house.after(seconds=11)
    house.after(seconds=2)
    assert copies(sealer) == []


def test_h3_another_case_keeps_none_of_what_is_gone(house, sealer, captured):
    """H3: a second report waits for no copy that was removed."""
    other = house.report(HERS)
    house.take_in()
    assert list(house.copies(other)) == [captured[1].message]
    house.decide(captured[0])
    house.after(seconds=11)
    house.after(seconds=2)
    assert copies(sealer) == []


def test_a_copy_of_no_capture_is_tidied_away(house, platform, sealer, monkeypatch):
    named = platform.post(HERS)
    house.report(links=[link(named)])

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> Never:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "commit", kill)
        with pytest.raises(Killed):
            house.take_in()
    house.query("update evidence_capture set state = 'failed'")
    assert len(copies(sealer)) == 1
    house.time.advance(timedelta(hours=7))
    upkeep.keep_evidence(house.app)
    assert copies(sealer) == []


def test_a_package_does_not_hold_it(house, sealer, people, captured, tmp_path):
    case = house.case_of(captured[0])
    assert len(copies(sealer)) == 1
    sealed = the_copy(house, sealer)
    with the_log(house, tmp_path) as trust:
        written = dossiers.write(house.app, case, by=MIRA)
    data = sealer.blobs.get(written.blob)
    assert checked(data, trust, [people.lawyer.pair]).verdict is findings.Verdict.VALID
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert all(package.read(name) != sealed for name in package.namelist())
        assert not [name for name in package.namelist() if "cop" in name]
