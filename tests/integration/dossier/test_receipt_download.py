"""The person concerned takes her evidence out by her receipt, through a role that can do just that."""

import io
import threading
import zipfile
from datetime import timedelta

import pytest

import waiting
from dossiers import checked, the_log
from house import MIRA, picture
from receipts import SMALL, Her
from takeback.dossier import receipt_download, releasing, service
from takeback.errors import DamagedEvidence, NotFound
from takeback.events import Captured, EvidenceAccessed, JobGaveUp, Verdict
from takeback.evidence import service as evidence
from takeback.infra import clock
from takeback.jobs import HandOut
from takeback.submissions import package, submit
from takeback.submissions.receipt import new_code
from takeback.workflow import dispatch, reports, upkeep
from takeback_verify.core import findings as verified


def its_day_is_over(house) -> None:
    """By the database's clock, and by that of the story."""
    house.query("update dossier_request set expires_at = now() - interval '1 hour'")


def accesses(house):
    return [(event.what, event.staff, event.reason) for event in house.events(EvidenceAccessed)]


def test_she_asks_waits_and_has_a_package_that_proves_itself_and_tells_of_her(house, her, tmp_path):
    assert (her.sees().kept, her.sees().decided, her.states()) == (True, True, [])
    with the_log(house, tmp_path) as trust:
        her.asks()
        reports.take_in(house.app)
        data = her.waits()
    report = checked(data, trust)
    assert report.verdict is verified.Verdict.VALID, report.steps
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        [entries] = [packed.read(name) for name in packed.namelist() if name.endswith("entries.jsonl")]
    assert b'"by_receipt"' in entries
    assert accesses(house) == [("dossier", None, "by_receipt")]
    [newest] = her.sees().packages
    assert newest.size == len(data) > 3 * SMALL
    assert newest.taken_at is not None
    assert newest.expires_at is not None
    assert abs(newest.expires_at - clock.now() - timedelta(hours=24)) < timedelta(minutes=2)
    with house.database.transaction() as tx:
        [standing] = service.of_case(tx, her.case)
    assert (standing.by, standing.by_receipt) == (None, True)


def test_that_she_asked_is_recorded_before_there_is_a_byte(house, her, tmp_path, monkeypatch):
    her.asks()
    assert her.states() == ["asked"]
    with the_log(house, tmp_path):
        copied = []
        insert = receipt_download.store.insert_piece

        def look_first(tx, request, number, data) -> bool:
            copied.append(accesses(house))
            return insert(tx, request, number, data)

        monkeypatch.setattr(receipt_download.store, "insert_piece", look_first)
        with pytest.raises(NotFound):
            her.takes_out()
        reports.take_in(house.app)
        with pytest.raises(NotFound):
            her.takes_out()
        her.waits()
    assert len(copied) > 3
    assert all(seen == [("dossier", None, "by_receipt")] for seen in copied)


def test_nothing_is_learnt_or_had_with_another_receipt(house, her, tmp_path):
    stranger = Her(house, her.database, new_code())
    stranger.asks()
    assert submit.status(stranger.database, stranger.pepper, stranger.receipt) is None
    assert house.query("select count(*) from dossier_request") == [(0,)]
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        her.waits()
    [mine] = her.sees().packages
    assert mine.dossier is not None
    with pytest.raises(NotFound):
        list(package.pieces(stranger.database, stranger.pepper, stranger.receipt, mine.dossier, 10))
    house.query("update submissions_report set expires_at = now()")
    with pytest.raises(NotFound):
        list(package.pieces(her.database, her.pepper, her.receipt, mine.dossier, 10))


def test_a_second_press_is_the_same_request_and_three_a_day_are_enough(house, her):
    her.asks()
    her.asks()
    assert her.states() == ["asked"]
    for _ in range(4):
        house.query("update dossier_request set state = 'failed'")
        her.asks()
    assert len(her.states()) == 3
    assert her.sees().again_at is not None
    house.query("update dossier_request set asked_at = asked_at - interval '24 hours'")
    assert her.sees().again_at is None
    her.asks()
    assert len(her.states()) == 4


def test_before_people_have_decided_nobody_is_told_where_copies_are(house, her):
    for status in ("open", "second_look", "decided", "declined"):
        house.query("update cases_case set status = %s", status)
        her.asks()
        assert (her.sees().decided, her.states()) == (False, [])
    house.query("update cases_case set status = 'removing'")
    her.asks()
    assert her.states() == ["asked"]


@pytest.mark.parametrize("change", ["state = 'failed', document = null", "suspected_minor = true"])
def test_where_nothing_is_kept_or_a_minor_may_be_shown_there_is_nothing_to_ask_for(house, her, change):
    house.query(f"update evidence_capture set {change}")
    her.asks()
    assert (her.sees().kept, her.states()) == (False, [])


@pytest.mark.soak
def test_after_a_day_it_is_deleted_and_can_be_asked_for_again(house, her, tmp_path):
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        her.waits()
        its_day_is_over(house)
        assert her.states() == ["deleted"]
        with pytest.raises(NotFound):
            her.takes_out()
        assert house.query("select count(*) > 3 from dossier_piece") == [(True,)]
        upkeep.keep_evidence(house.app)
        assert house.query("select count(*) from dossier_piece") == [(0,)]
        assert list(service.blobs_of(house.app).walk(service.FOLDER)) == []
        her.asks()
        reports.take_in(house.app)
        her.waits()
        upkeep.keep_evidence(house.app)
    assert her.states() == ["ready", "deleted"]
    assert len(list(service.blobs_of(house.app).walk(service.FOLDER))) == 1
    assert len(accesses(house)) == 2


def test_a_kill_while_the_zip_is_deleted_leaves_nothing_behind(house, her, tmp_path, monkeypatch):
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        her.waits()
    its_day_is_over(house)
    with monkeypatch.context() as patched:
        patched.setattr(receipt_download.store, "set_deleted", killed)
        with pytest.raises(Killed):
            upkeep.keep_evidence(house.app)
    upkeep.keep_evidence(house.app)
    assert house.query("select state, blob from dossier_package") == [("deleted", None)]
    assert list(service.blobs_of(house.app).walk(service.FOLDER)) == []


@pytest.mark.soak
def test_one_whose_time_is_over_makes_room_for_the_next_before_the_hour(house, her, tmp_path):
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        her.waits()
    its_day_is_over(house)
    her.asks()
    assert her.states() == ["asked", "deleted"]
    assert house.query("select count(*) from dossier_piece") == [(0,)]


def erase(house) -> None:
    [captured] = house.events(Captured)
    with house.database.transaction() as tx:
        evidence.erase(tx, captured.capture, clock.now())


def decline(house) -> None:
    [report] = house.receipts
    house.query("update cases_case set status = 'open'")
    house.decide(report, Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)


@pytest.mark.parametrize("ends", [erase, decline])
def test_what_is_erased_or_declined_is_handed_out_no_more(house, her, tmp_path, ends):
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        her.waits()
    ends(house)
    assert her.states() == ["deleted"]
    assert house.query("select count(*) from dossier_piece") == [(0,)]
    with pytest.raises(NotFound):
        her.takes_out()


def test_what_is_erased_while_it_is_copied_stays_away(house, her, tmp_path, monkeypatch):
    insert = receipt_download.store.insert_piece

    def erased_after_one(tx, request, number, data) -> bool:
        if number == 1:
            erase(house)
        return insert(tx, request, number, data)

    monkeypatch.setattr(receipt_download.store, "insert_piece", erased_after_one)
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        waiting.until(lambda: house.after(seconds=1) or her.states() == ["deleted"], timeout=60)
    assert house.query("select count(*) from dossier_piece") == [(0,)]
    assert not house.gave_up()


def served(house, her):
    """What the worker does until the package can be had; the package."""
    reports.take_in(house.app)
    return her.waits()


class Killed(BaseException):
    """The process is no more."""


def killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    ("where", "at"),
    [
        ("service.ask", 1),
        ("store.set_taken_up", 1),
        ("enqueue", 1),
        ("service.go_on", 1),
        ("service.go_on", 2),
        ("_copy", 1),
        ("store.insert_piece", 1),
        ("store.insert_piece", 3),
        ("store.set_ready", 1),
    ],
)
def test_a_kill_anywhere_loses_nothing_and_records_nothing_twice(
    house, her, tmp_path, monkeypatch, where, at
):
    real, calls = receipt_download, []
    for name in where.split("."):
        real = getattr(real, name)

    def killed_once(*args: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == at:
            raise Killed
        return real(*args, **more)

    her.asks()
    with the_log(house, tmp_path) as trust:
        monkeypatch.setattr(f"takeback.dossier.receipt_download.{where}", killed_once)
        with pytest.raises(Killed):
            served(house, her)
        data = served(house, her)  # another process
    assert checked(data, trust).verdict is verified.Verdict.VALID
    assert accesses(house) == [("dossier", None, "by_receipt")]


@pytest.mark.parametrize("released", [False, True])
def test_she_joins_what_a_reviewer_had_begun_only_where_she_may_be_told_who_posted(
    house, her, tmp_path, released
):
    """H8: a reviewer's package names the accounts; joining it is recorded, too."""
    with house.database.transaction() as tx:
        if released:
            releasing.release(tx, her.case, by=MIRA, reason="for_a_court", now=clock.now())
        theirs = service.ask(tx, her.case, by=MIRA, reason="to_keep", now=clock.now())
    her.asks()
    reports.take_in(house.app)
    assert accesses(house) == [("dossier", MIRA, "to_keep"), ("dossier", None, "by_receipt")]
    with the_log(house, tmp_path) as trust:
        data = her.waits()
    [newest] = her.sees().packages
    assert (newest.dossier == theirs) == released
    its_day_is_over(house)
    upkeep.keep_evidence(house.app)
    assert her.states() == ["deleted"]
    assert len(list(service.blobs_of(house.app).walk(service.FOLDER))) == released  # the reviewer's stays
    assert checked(data, trust).verdict is verified.Verdict.VALID


def test_one_that_is_too_large_is_not_copied(house, her, tmp_path, monkeypatch):
    monkeypatch.setattr(receipt_download, "LARGEST", 1000)
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        waiting.until(lambda: house.after(seconds=1) or her.states() == ["too_large"], timeout=60)
    assert house.query("select count(*) from dossier_piece") == [(0,)]
    with pytest.raises(NotFound):
        her.takes_out()


def test_when_every_try_failed_a_person_knows_and_she_may_ask_again(house, her):
    her.asks()
    reports.take_in(house.app)
    [(request,)] = house.query("select id from dossier_request")
    dispatch.give_up(house.app, HandOut(request), DamagedEvidence("not the same"))
    assert her.states() == ["failed"]
    assert [event.job for event in house.events(JobGaveUp)] == ["hand_out"]
    her.asks()
    assert her.states() == ["asked", "failed"]


def test_a_request_is_seen_by_who_looks(house, her):
    seen = house.app.database.look([receipt_download.WAITING], threading.Event(), every=60)
    next(seen)
    her.asks()
    next(seen)  # without waiting for the minute
    assert her.states() == ["asked"]


def test_a_package_of_one_case_is_not_anothers(house, her, tmp_path):
    other = house.report(picture(9))
    house.take_in()
    theirs = Her(house, her.database, house.receipts[other])
    with the_log(house, tmp_path):
        her.asks()
        reports.take_in(house.app)
        her.waits()
    [mine] = her.sees().packages
    assert mine.dossier is not None
    with pytest.raises(NotFound):
        list(package.pieces(theirs.database, theirs.pepper, theirs.receipt, mine.dossier, 10))
    assert theirs.states() == []
