"""What a match in an old archive leaves as evidence: the file as it lies there, and what it cannot prove."""

import hashlib
import io
import os
from datetime import UTC, datetime

import pytest
from warcio.archiveiterator import ArchiveIterator

from evidence import opened
from house import House, picture
from s3_in_memory import BUCKET, s3_in_memory
from takeback.connectors.api import Target
from takeback.connectors.archive import ArchiveConnector
from takeback.events import Captured, CapturedFor, CaptureFailed, DeletionObserved, SeenBy
from takeback.evidence import service as evidence
from takeback.evidence.sealer import HEADERS_PART, MESSAGE_PART, WARC_PART
from takeback.sightings import store as sightings
from takeback.workflow import evidence as capturing
from takeback.workflow import upkeep
from takeback_verify.core import canonical
from takeback_verify.core.exhibit import parse_exhibit

HERS, ANOTHERS = picture(1), picture(2)
WRITTEN = 1_400_000_000
"""Seconds since 1970: in May 2014."""


@pytest.fixture
def folder(tmp_path):
    """An old archive."""
    folder = tmp_path / "old"
    (folder / "2014").mkdir(parents=True)
    for name, data in (("2014/hers é.png", HERS), ("others.png", ANOTHERS)):
        (folder / name).write_bytes(data)
        os.utime(folder / name, (WRITTEN, WRITTEN))
    return folder


@pytest.fixture
def house(database, folder, tmp_path, decoder, time, sealer):
    """The service, with the archive as its only platform."""
    archive = ArchiveConnector("old", str(folder), 10**6)
    return House(database, archive, tmp_path / "data", decoder, time, sealer=sealer)


@pytest.fixture
def matched(house):
    """It was read, and what was in it reported: the report."""
    house.watch()
    report = house.report(HERS)
    house.take_in()
    return report


@pytest.mark.usefixtures("matched")
def test_a_match_is_captured_and_the_recipients_read_file_path_and_time(house, folder, sealer, people):
    assert house.events(CaptureFailed) == []
    [captured] = house.events(Captured)
    with house.database.transaction() as tx:
        [exhibit] = evidence.exhibits_of(tx, [captured.sighting])
    assert parse_exhibit(exhibit.document).connector == "archive:old"
    parts = opened(sealer, exhibit, people.lawyer)
    [resource] = [
        (record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read())
        for record in ArchiveIterator(io.BytesIO(parts[WARC_PART]))
        if record.rec_type == "resource"
    ]
    assert resource == ((folder / "2014" / "hers é.png").as_uri(), HERS)
    said = canonical.read(parts[MESSAGE_PART], "message")
    assert (said["place"], said["message"], said["sender"]) == ("2014", "2014/hers é.png", "")
    [row] = said["exchanges"]
    assert row["modified_at"] == said["posted_at"] == "2014-05-13T16:53:20.000000Z"
    assert row["body_sha256"] == hashlib.sha256(HERS).hexdigest()
    assert canonical.read(parts[HEADERS_PART], "headers")["exchanges"][0]["status"] is None


def test_the_copy_joins_its_case_and_a_file_that_goes_is_noticed(house, folder, matched):
    assert list(house.copies(matched)) == ["2014/hers é.png"]
    upkeep.ask_for_captured(house.app)
    assert house.events(DeletionObserved) == []
    (folder / "2014" / "hers é.png").unlink()
    upkeep.ask_for_captured(house.app)
    assert [event.by for event in house.events(DeletionObserved)] == [SeenBy.POLL]


def test_a_suspected_minors_file_is_named_by_its_digest_alone(house, sealer, people):
    house.watch()
    with house.database.transaction() as tx:
        [[number]] = tx.execute("select id from sightings_post where message like '2014%'").fetchall()
        post = sightings.get(tx, number)
        evidence.want(
            tx, capturing.subject_of(post), CapturedFor.MATCH, house.time.now(), suspected_minor=True
        )
    house.work()
    with house.database.transaction() as tx:
        [exhibit] = evidence.exhibits_of(tx, [number])
    parts = opened(sealer, exhibit, people.lawyer)
    [record] = [
        (record.rec_headers.get_header("WARC-Truncated"), record.content_stream().read())
        for record in ArchiveIterator(io.BytesIO(parts[WARC_PART]))
        if record.rec_type == "resource"
    ]
    assert record == ("unspecified", b"")
    said = canonical.read(parts[MESSAGE_PART], "message")
    assert said["taken_out"][0]["sha256"] == hashlib.sha256(HERS).hexdigest()


def test_a_file_in_an_object_store_is_recorded_with_its_address_and_time(monkeypatch):
    with s3_in_memory() as (files, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        files["old/2014/hers é.png"] = HERS
        archive = ArchiveConnector("old", f"s3://{BUCKET}/old/", 10**6)
        target = Target("2014", "2014/hers é.png", "2014/hers é.png")
        made = archive.record(target, 10**6)
        [file] = made.exchanges
        assert (made.picture, file.url) == (HERS, f"s3://{BUCKET}/old/2014/hers%20%C3%A9.png")
        assert file.modified_at == made.posted_at == datetime(2026, 1, 1, tzinfo=UTC), "as the store says"
        assert archive.exists("2014", target.message)
        del files["old/2014/hers é.png"]
        assert not archive.exists("2014", target.message)
