"""Killed between any two writes and run again, a capture ends durable with its entry, and once."""

import shutil
from datetime import timedelta

import psycopg
import pytest

from evidence import everything_on_disk
from fuses import FragileDatabase, Fuse, Killed
from house import House, picture
from platform_in_memory import WORDS, MemoryPlatform
from soaking import quick
from takeback.cases.model import DecisionReason
from takeback.errors import StorageUnavailable
from takeback.events import Captured, CapturedFor, CaptureFailed, EvidenceErased
from takeback.evidence import sealer as keepers
from takeback.evidence import service as evidence
from takeback.evidence import upkeep as captured
from takeback.infra.blobs import Blobs
from takeback.infra.db.pool import Database
from takeback.sightings import store as sightings
from takeback.workflow import evidence as capturing
from takeback.workflow import reports, upkeep
from takeback_verify.core.exhibit import parse_exhibit

HERS = picture(1)


def a_match_to_follow(house):
    house.platform.post(HERS)
    house.watch()
    house.report(HERS)
    reports.take_in(house.app)
    house.work("look_back")
    while (job := house.due()[0]).name != "follow" or not house.query(
        "select 1 from event where id = %s and kind = 'matched'", job.args["event"]
    ):
        house.do(job)


def a_capture_to_make(house):
    a_match_to_follow(house)
    house.do(house.due()[0])
    assert house.due()[0].name == "capture"


def a_capture_to_follow(house):
    a_capture_to_make(house)
    house.do(house.due()[0])


def a_copy_to_keep(house):
    a_capture_to_follow(house)
    house.do(house.due()[0])


def a_removal_to_make(house):
    a_copy_to_keep(house)
    house.work()
    house.decide(house.query("select id from submissions_report")[0][0])
    house.time.advance(timedelta(seconds=11))
    house.work("take_effect", "follow", "drop_copies")
    assert house.due()[0].name == "remove"


def a_word_of_a_minor_to_follow(house):
    a_copy_to_keep(house)
    house.work()
    report = house.query("select id from submissions_report")[0][0]
    house.decide(report, reason=DecisionReason.MAY_BE_A_MINOR)
    house.time.advance(timedelta(seconds=11))
    house.work("take_effect")
    assert house.due()[0].name == "follow"


def captured_ahead(house):
    house.platform.post(HERS)
    house.watch()
    with house.database.transaction() as tx:
        [[number]] = tx.execute("select id from sightings_post").fetchall()
        subject = capturing.subject_of(sightings.get(tx, number))
        evidence.want(tx, subject, CapturedFor.INVESTIGATION, house.time.now())
    house.work()
    house.time.advance(timedelta(days=15))


def parts_to_shred(house):
    captured_ahead(house)
    upkeep.keep_evidence(house.app)
    house.work("follow")
    assert house.due()[0].name == "shred"


def a_deletion_to_notice(house):
    a_copy_to_keep(house)
    house.work()
    for post in house.platform.posts():
        house.platform.delete(post, tell=False)


def first_job(house):
    house.do(house.due()[0])


def keep_evidence(house):
    upkeep.keep_evidence(house.app)


def ask_for_captured(house):
    upkeep.ask_for_captured(house.app)


STAGES = [
    (a_match_to_follow, first_job),
    (a_capture_to_make, first_job),
    (a_capture_to_follow, first_job),
    (a_copy_to_keep, first_job),
    (a_removal_to_make, first_job),
    (a_word_of_a_minor_to_follow, first_job),
    (captured_ahead, keep_evidence),
    (parts_to_shred, first_job),
    (a_deletion_to_notice, ask_for_captured),
]


@pytest.fixture
def scene(postgres, time, tmp_path, decoder, sealer):
    """A database and a house on it."""
    with postgres.fresh() as url, Database(url, max_size=2) as database:
        yield url, House(database, MemoryPlatform(), tmp_path / "data", decoder, time, sealer=sealer)


@pytest.mark.parametrize(
    ("stage", "step"), quick(*STAGES[::2], every=STAGES), ids=[stage.__name__ for stage, _ in STAGES]
)
def test_killed_at_any_statement_and_run_again_it_ends_the_same(scene, postgres, tmp_path, stage, step):
    url, house = scene
    stage(house)
    captures = 2 if stage is a_word_of_a_minor_to_follow else 1  # the second is of digests
    template, began = psycopg.conninfo.conninfo_to_dict(url)["dbname"], house.time.read()
    house.database.close()
    blobs, kept = tmp_path / "blobs", tmp_path / "kept"
    if blobs.exists():
        shutil.copytree(blobs, kept)

    def play(*kill_at: int) -> tuple[dict, list[list[int]]]:
        """(what there is in the end, statements by transaction) after kills at these statements in turn."""
        platform = house.platform.copy()
        house.time.set(began)
        shutil.rmtree(blobs, ignore_errors=True)
        if kept.exists():
            shutil.copytree(kept, blobs)
        with postgres.fresh(template) as copied:
            for number in kill_at:
                with FragileDatabase(copied, Fuse(number)) as fragile, pytest.raises(Killed):
                    step(house.on(fragile, platform))
            fuse = Fuse()
            with FragileDatabase(copied, fuse) as whole:
                again = house.on(whole, platform)
                step(again)
                transactions = list(fuse.transactions)
                again.work()
                assert len(again.events(Captured)) + len(again.events(CaptureFailed)) == captures
                assert len(again.events(EvidenceErased)) <= 1
                _whole(again, tmp_path)
                return again.state(), transactions

    expected, (first, *others) = play()
    # Killed in its first transaction it leaves nothing, so one database serves for all of those.
    for numbers in [first, *([number] for later in others for number in later)]:
        state, _ = play(*numbers)
        for what, rows in expected.items():
            assert state[what] == rows, f"{what}, killed at statement {numbers}"


def _whole(house, tmp_path) -> None:
    """Each exhibit's parts are there, as its document says; nothing on the disk can be read."""
    with house.database.transaction() as tx:
        numbers = [row[0] for row in tx.execute("select id from sightings_post")]
        exhibits = evidence.exhibits_of(tx, numbers)
    blobs = house.app.sealer.blobs
    for exhibit in exhibits:
        sizes = {part.name: blobs.size(part.blob) for part in exhibit.parts}
        rows = () if exhibit.erased else parse_exhibit(exhibit.document).parts
        assert sizes == {row.name: row.size for row in rows}
    disk = everything_on_disk(tmp_path / "blobs")
    assert HERS[:64] not in disk
    assert WORDS.encode() not in disk


@pytest.mark.parametrize("at", quick(1, 3, every=range(1, 6)))
def test_killed_between_two_parts_nothing_half_counts_and_it_is_made_again(
    scene, tmp_path, sealer, monkeypatch, at
):
    _, house = scene
    a_capture_to_make(house)
    written = []
    put, writing = Blobs.put, Blobs.writing

    def burn(name: str) -> None:
        written.append(name)
        if len(written) == at:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Blobs, "put", lambda self, name, data: (burn(name), put(self, name, data)))
        patch.setattr(Blobs, "writing", lambda self, name: (burn(name), writing(self, name))[1])
        with pytest.raises(Killed):
            house.run(house.due()[0])
    assert not house.events(Captured)
    house.work()
    assert len(house.events(Captured)) == 1
    _whole(house, tmp_path)
    strays = captured.tidy(house.database, sealer.blobs, house.time.now() + timedelta(hours=7))
    assert strays == at - 1
    _whole(house, tmp_path)


def test_a_full_disk_leaves_no_part_that_counts(scene, tmp_path, monkeypatch):
    _, house = scene
    a_capture_to_make(house)

    def broken(*_args: object, **_more: object) -> None:
        raise StorageUnavailable("no space left")

    monkeypatch.setattr(keepers, "seal_stream", broken)
    with pytest.raises(StorageUnavailable):
        house.run(house.due()[0])
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file() and "#" not in path.name]
