"""That a place is under investigation, and is no more, is in the log, and in what tells of its captures."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from dossiers import checked, the_log
from evidence import opened
from house import MIRA, picture
from ledgers import sequence_all
from takeback.dossier import service as dossiers
from takeback.entrypoints.watcher.ahead import Ahead
from takeback.errors import Refused
from takeback.events import Captured, CapturedFor, HowEnded, InvestigationEnded, InvestigationStarted, Keeps
from takeback.evidence import service as evidence
from takeback.evidence import watching
from takeback.evidence.model import Investigation
from takeback.evidence.sealer import MESSAGE_PART
from takeback.infra.ledger import check
from takeback.infra.ledger.keys import Signer, read_last_signed
from takeback.infra.ledger.sequencer import Sequencer
from takeback.sightings import store as sightings
from takeback.workflow import evidence as capturing
from takeback.workflow import upkeep
from takeback_verify.core import findings as reports

HERS = picture(1)
SQUARE, ELSEWHERE = "!square", "!elsewhere"


@pytest.fixture
def investigate(house):
    def start(place=SQUARE, *, days=7, minor=False, by=None) -> Investigation:
        now = house.time.now()
        with house.database.transaction() as tx:
            end = now + timedelta(days=days)
            return watching.investigate(tx, "memory", place, now, end, suspected_minor=minor, by=by)

    return start


def stop(house, place=SQUARE, by=None) -> bool:
    with house.database.transaction() as tx:
        return watching.stop(tx, "memory", place, house.time.now(), by=by)


def told(house):
    return house.events(InvestigationStarted, InvestigationEnded)


def test_start_and_stop_are_events(house, investigate):
    made = investigate()
    assert told(house) == [InvestigationStarted("memory", SQUARE, made.ends_at, Keeps.EVERYTHING, None)]
    assert stop(house, by=MIRA)
    assert told(house)[1:] == [InvestigationEnded("memory", SQUARE, HowEnded.STOPPED, MIRA)]
    assert not stop(house)
    house.after(days=30)
    upkeep.keep_evidence(house.app)
    assert len(told(house)) == 2


def test_what_is_started_again_says_that_it_was_replaced(house, investigate):
    investigate()
    investigate(ELSEWHERE)
    made = investigate(minor=True, by=MIRA)
    assert told(house)[2:] == [
        InvestigationEnded("memory", SQUARE, HowEnded.REPLACED, MIRA),
        InvestigationStarted("memory", SQUARE, made.ends_at, Keeps.DIGESTS, MIRA),
    ]


def test_one_whose_time_is_over_says_so_once_and_when_it_was(house, investigate):
    made = investigate(days=1)
    house.after(hours=23)
    upkeep.keep_evidence(house.app)
    assert len(told(house)) == 1
    house.after(hours=2)
    for _ in range(2):
        upkeep.keep_evidence(house.app)
    assert told(house)[1:] == [InvestigationEnded("memory", SQUARE, HowEnded.EXPIRED, None)]
    assert house.query("select at from event where kind = 'investigation_ended'") == [(made.ends_at,)]
    assert not stop(house)


def test_one_of_before_there_were_such_events_is_left_alone(house):
    house.query(
        "insert into evidence_investigation (connector, place, began_at, ends_at) values"
        " ('memory', '!old', now() - interval '9 days', now() - interval '2 days')"
    )
    upkeep.keep_evidence(house.app)
    assert told(house) == []


def test_what_is_refused_leaves_no_event(house, investigate):
    with pytest.raises(Refused):
        investigate(days=0)
    assert told(house) == []


def test_the_log_opens_them_and_stays_valid(house, investigate, tmp_path):
    investigate()
    stop(house)
    house.work()
    signer = Signer(tmp_path / "ledger", "test.example/log")
    sequence_all(Sequencer(house.database, signer))
    kinds = house.query("select kind from event f join ledger_entry e on e.event_id = f.id order by f.id")
    assert kinds == [("investigation_started",), ("investigation_ended",)]
    last, now = read_last_signed(tmp_path / "ledger"), house.time.now()
    report = check.verify_ledger(house.database, signer.verifier, now=now, last_signed=last)
    assert report.verdict is check.Verdict.VALID, report


def events_told_of(house, post):
    """What a package tells of a post as evidence, by kind."""
    with house.database.transaction() as tx:
        found = sightings.find(tx, "memory", post.place, post.message, post.media[0].address)
        numbers = evidence.events_of(tx, [found.id])
        rows = tx.execute("select id, kind from event where id = any(%s) order by id", [list(numbers)])
        return [tuple(row) for row in rows]


def capture_ahead(house, post):
    """As the watcher does for a place under investigation, after the post was written down."""
    with house.database.transaction() as tx:
        found = sightings.find(tx, "memory", post.place, post.message, post.media[0].address)
        evidence.want(tx, capturing.subject_of(found), CapturedFor.INVESTIGATION, house.time.now())
    house.work()


def test_what_tells_of_a_capture_tells_of_the_investigation_that_it_was_made_in(house, platform, investigate):
    investigate(ELSEWHERE)
    investigate()
    stop(house)
    investigate()
    post = platform.post(HERS, place=SQUARE)
    house.watch()
    capture_ahead(house, post)
    stop(house)
    investigate()
    started, captured, ended = events_told_of(house, post)
    assert [started[1], captured[1], ended[1]] == ["investigation_started", "captured", "investigation_ended"]
    ours = house.query(
        "select start_event, end_event from evidence_investigation where place = %s order by id", SQUARE
    )
    assert ours[1] == (started[0], ended[0])


def test_of_a_match_it_tells_nothing_of_an_investigation(house, platform, investigate):
    investigate()
    post = platform.post(HERS, place=SQUARE)
    house.watch()
    house.report(HERS)
    house.take_in()
    assert [kind for _, kind in events_told_of(house, post)] == ["captured"]


def test_the_watcher_captures_under_it_and_leaves_reviewers_a_copy(
    house, platform, people, sealer, investigate
):
    people.write(sealer.directory, reviewers=True)
    investigate()
    post = platform.post(HERS, place=SQUARE)
    ahead = Ahead(house.app)
    with house.database.transaction() as tx:
        ahead.learn(watching.places(tx, house.time.now()))
    [todo] = ahead.todo(platform, [post], house.time.now())
    made = ahead.capture(todo)
    house.watch_once()
    with house.database.transaction() as tx:
        found = sightings.find(tx, "memory", post.place, post.message, post.media[0].address)
        ahead.commit(tx, [made], {(post.place, post.message, post.media[0].address): found.id})
    [captured] = house.events(Captured)
    assert [blob.name.endswith(f"/{captured.capture}.age") for blob in sealer.blobs.walk("copies")] == [True]
    with house.database.transaction() as tx:
        [exhibit] = evidence.exhibits_of(tx, [found.id])
    assert opened(sealer, exhibit, people.lawyer)[MESSAGE_PART]
    assert [kind for _, kind in events_told_of(house, post)] == ["investigation_started", "captured"]


def test_a_package_tells_of_it_and_checks(house, platform, people, sealer, investigate, tmp_path):
    house.time.set(datetime.now(UTC) - timedelta(days=2))
    investigate(days=1)
    post = platform.post(HERS, place=SQUARE)
    house.watch()
    capture_ahead(house, post)
    report = house.report(HERS)
    house.take_in()
    house.after(hours=25)
    upkeep.keep_evidence(house.app)
    house.work()
    house.time.set(datetime.now(UTC))
    with the_log(house, tmp_path, authorities=1) as trust:
        written = dossiers.write(house.app, house.case_of(report), by=MIRA)
    data = sealer.blobs.get(written.blob)
    checked_report = checked(data, trust, [people.lawyer.pair])
    assert checked_report.verdict is reports.Verdict.VALID, checked_report.steps
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        everything = b"".join(package.read(name) for name in package.namelist() if name.endswith(".jsonl"))
    assert everything.count(b'"investigation_started"') >= 1
    assert everything.count(b'"investigation_ended"') >= 1
