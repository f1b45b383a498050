"""H8: what is handed out by receipt names no poster, unless a reviewer released it."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from canaries import found
from dossiers import checked, the_log
from house import MIRA, picture
from receipts import Her
from soaking import quick
from takeback.connectors.api import State, Vantage
from takeback.dossier import releasing, service
from takeback.errors import NotAllowed, NotFound, Refused
from takeback.events import PosterReleased
from takeback.ids import CaseId
from takeback.infra import clock
from takeback.workflow import reports
from takeback_verify.core import findings as verified
from takeback_verify.narration.report import format_report

HERS = picture(1)


def canary(chance: random.Random) -> str:
    """An account's id that nothing else is like."""
    letters = "".join(chance.choices("abcdefghijkmnopqrstuvwxyz0123456789", k=14))
    return f"@{chance.choice(('', 'Ä', '小', '.'))}{letters}:{chance.choice(('a', 'b'))}.example"


@pytest.fixture(params=range(3))
def posters(request) -> tuple[str, ...]:
    """Random accounts."""
    chance = random.Random(request.param)
    return tuple(canary(chance) for _ in range(2))


@pytest.fixture
def told(house, platform, time, portal, posters):
    """Her, whose picture two accounts posted; the platform names them where it can."""
    first, second = posters
    time.advance(timedelta(hours=-3))
    platform.post(HERS, sender=first)
    platform.post(HERS, sender=second, place=f"!room-of-{second.strip('@').partition(':')[0]}")
    house.watch()
    report = house.report(HERS)
    house.take_in()
    platform.fail("act", NotAllowed(f"403 {second} does not allow that"))
    shown = State.PRESENT, f"200 from {first}"
    platform.answer_instead(*[dict.fromkeys(Vantage, shown)] * 3)
    house.decide(report)
    house.after(seconds=11)
    house.after(hours=1, steps=2)
    time.set(datetime.now(UTC))
    return Her(house, portal, house.receipts[report], house.case_of(report))


def handed_out(house, her, trust) -> bytes:
    """What she gets, which proves itself."""
    her.asks()
    reports.take_in(house.app)
    data = her.waits()
    report = checked(data, trust)
    assert report.verdict is verified.Verdict.VALID, format_report(report)
    return data


@pytest.mark.agrees("pdftotext")
def test_a_package_by_receipt_names_no_poster_before_a_release_and_names_them_after(
    house, told, posters, tmp_path
):
    """H8: in no plain byte of it, in no spelling."""
    with the_log(house, tmp_path) as trust:
        before = handed_out(house, told, trust)
        for name in posters:
            assert found(before, name) == []
            assert found(before, name.strip("@").partition(":")[0]) == []
        house.query("update dossier_request set state = 'deleted'")
        with house.database.transaction() as tx:
            releasing.release(tx, told.case, by=MIRA, reason="for_a_court", now=clock.now())
        after = handed_out(house, told, trust)
    for name in posters:
        places = found(after, name)
        assert any(place.endswith("case.jsonld") for place in places)
        assert any(place.startswith("text of") and "ko.pdf" in place for place in places)


@pytest.mark.agrees("pdftotext")
def test_what_staff_make_stays_complete(house, told, posters, tmp_path):
    """H8: the console's and the command's package name the accounts."""
    with the_log(house, tmp_path):
        written = service.write(house.app, told.case, by=MIRA)
    data = service.blobs_of(house.app).get(written.blob)
    for name in posters:
        assert found(data, name)


def test_a_release_is_an_event_and_comes_once(house, told):
    with house.database.transaction() as tx:
        releasing.release(tx, told.case, by=MIRA, reason="for_a_court", now=clock.now())
    [event] = house.events(PosterReleased)
    assert (event.case, event.staff, event.reason) == (told.case, MIRA, "for_a_court")
    with house.database.transaction() as tx, pytest.raises(Refused):
        releasing.release(tx, told.case, by=MIRA, reason="for_a_court", now=clock.now())
    assert len(house.events(PosterReleased)) == 1


@pytest.mark.parametrize(
    "status", quick("open", "declined", every=["open", "second_look", "decided", "declined"])
)
def test_before_a_decision_in_her_favour_nothing_is_released(house, told, status):
    """H8: only after it took effect."""
    house.query("update cases_case set status = %s", status)
    with house.database.transaction() as tx, pytest.raises(Refused):
        releasing.release(tx, told.case, by=MIRA, reason="for_a_court", now=clock.now())
    assert house.events(PosterReleased) == []


def test_there_is_no_release_of_no_case(house):
    with house.database.transaction() as tx, pytest.raises(NotFound):
        releasing.release(tx, CaseId(MIRA), by=MIRA, reason="for_a_court", now=clock.now())
