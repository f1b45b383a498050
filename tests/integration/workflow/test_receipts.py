"""A receipt tells nothing of what was found before people decided for the report, and the truth after."""

import json
import random
from collections.abc import Callable
from contextlib import nullcontext, suppress
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import MIRA, NOOR, picture
from made_flips import made_flips
from soaking import fewer_examples
from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import CaseStatus, DecisionReason, Reviewer
from takeback.entrypoints.portal.app import STATIC
from takeback.entrypoints.portal.links import links
from takeback.entrypoints.portal.pages import Pages
from takeback.entrypoints.portal.words import ENGLISH
from takeback.errors import Refused
from takeback.events import EntryRefused, Verdict
from takeback.infra import clock
from takeback.infra.assets import Assets
from takeback.infra.config import PortalSettings
from takeback.infra.db.pool import Database
from takeback.infra.vault import keys
from takeback.submissions import submit
from takeback.submissions.model import ReportedPicture
from takeback.submissions.receipt import ReceiptCode, load_pepper, locator, new_code

SHARED, NOT_SHARED, CANNOT_TELL = (
    Verdict.SHARED_WITHOUT_CONSENT,
    Verdict.NOT_SHARED_WITHOUT_CONSENT,
    Verdict.CANNOT_TELL,
)
SEEDS = count(1000)
CODE = new_code()


class Portal:
    """What the portal's role of the database is answered, and the page that becomes of it."""

    def __init__(self, house, database) -> None:
        self._house, self._database = house, database
        self._pepper = load_pepper(house.folder / keys.PORTAL_FOLDER)
        self._pages = Pages(
            PortalSettings(portal_keys=house.folder), Assets(STATIC), ENGLISH, links("memory://.*")
        )

    def answered(self, report) -> str:
        """The database's answer, byte for byte."""
        with self._database.transaction() as tx:
            code = locator(self._pepper, self._house.receipts[report])
            return str(tx.execute("select report_status(%s)::text", (code,)).fetchone()[0])

    def page(self, report, now) -> bytes:
        found = submit.parse_status(self.answered(report))
        return bytes(self._pages.status(ReceiptCode(CODE), found, now).body)


@pytest.fixture
def portal(house, postgres, database_url):
    """As a portal that was broken into would have it: the role's own connection."""
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with Database(postgres.url_of(name, "takeback_portal"), max_size=2) as opened:
        yield Portal(house, opened)


def at_one_time(house, *reports: object) -> None:
    """Both were received at the same moment."""
    ids = list(reports)
    house.query(
        "update submissions_report set received_at = (select max(received_at) from submissions_report)"
        " where id = any(%s)",
        ids,
    )


def left_open(_house, _report) -> None:
    """Nobody has looked."""


def second_look(house, report) -> None:
    """One could not tell."""
    house.decide(report, CANNOT_TELL)
    house.after(seconds=11)
    assert house.status(report) == "second_look"


def waiting_for(verdict: Verdict) -> Callable:
    def decided(house, report) -> None:
        """Decided, and not yet in effect."""
        house.decide(report, verdict)
        assert house.status(report) == "decided"

    return decided


def undone(house, report) -> None:
    """Decided, and taken back."""
    decision = house.decide(report)
    with house.database.transaction() as tx:
        deciding.undo(tx, house.case_of(report), decision.id, staff=MIRA, now=clock.now())
    assert house.status(report) == "open"


def twice(house, report) -> None:
    """One could not tell, another decided; not yet in effect."""
    second_look(house, report)
    house.decide(report, staff=NOOR)


def excluded(house, report) -> None:
    """A reviewer said of every copy that it is another picture."""
    with house.database.transaction() as tx:
        case = house.case_of(report)
        for copy in cases.copies(tx, case):
            cases.exclude(tx, case, copy.sighting, excluded=True, staff=MIRA, now=clock.now())


def late(house, _report) -> None:
    """The time that we set ourselves has passed."""
    house.after(hours=25)
    house.pass_clocks()


BEFORE = [
    left_open,
    second_look,
    waiting_for(SHARED),
    waiting_for(NOT_SHARED),
    waiting_for(CANNOT_TELL),
    undone,
    twice,
    excluded,
    late,
]


@given(
    st.sampled_from(BEFORE),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(["before", "after", "gone"]),
)
@fewer_examples
def test_before_a_decision_for_her_two_receipts_are_alike_but_for_nothing(
    house, platform, portal, state, copies, places, when
):
    """H8: none, one, many, in several places, posted before or after, removed by another case already."""
    hers = picture(next(SEEDS))
    if when != "after":
        for number in range(copies):
            platform.post(hers, place=f"!place{number % places}")
        house.watch()
    if when == "gone":
        another = house.report(hers)
        house.take_in()
        house.decide(another)
        house.after(seconds=11, steps=2)
    found, none = house.report(hers), house.report(picture(next(SEEDS)))
    at_one_time(house, found, none)
    house.take_in()
    if when == "after":
        for number in range(copies):
            platform.post(hers, place=f"!place{number % places}")
        house.watch()
    with suppress(Refused) if when == "gone" else nullcontext():  # nobody decides about what cannot be seen
        state(house, found)
    one, other = portal.answered(found), portal.answered(none)
    assert one == other
    assert json.loads(one)["copies"] == []
    now = clock.now()
    assert portal.page(found, now) == portal.page(none, now)


@pytest.mark.parametrize("state", BEFORE, ids=lambda state: state.__doc__)
def test_every_state_before_a_decision_for_her_reads_alike(house, platform, portal, state):
    """H8: each state once, whatever the search for examples chose."""
    hers = picture(next(SEEDS))
    platform.post(hers)
    platform.post(hers, place="!elsewhere")
    house.watch()
    found, none = house.report(hers), house.report(picture(next(SEEDS)))
    at_one_time(house, found, none)
    house.take_in()
    assert len(house.copies(found)) == 2
    state(house, found)
    now = clock.now()
    assert portal.answered(found) == portal.answered(none)
    assert portal.page(found, now) == portal.page(none, now)


def test_after_a_decision_for_her_she_sees_her_copies(house, platform, portal):
    """H8: she is told what was found, in how many places, and that it is gone."""
    hers = picture(next(SEEDS))
    for place in ("!one", "!one", "!two"):
        platform.post(hers, place=place)
    house.watch()
    report = house.report(hers)
    house.take_in()
    assert b"Place 1" not in portal.page(report, clock.now())
    house.decide(report)
    house.after(seconds=11)
    told = json.loads(portal.answered(report))
    assert told["case"]["status"] == "removed"
    assert sorted(copy["place"] for copy in told["copies"]) == [1, 1, 2]
    assert {copy["state"] for copy in told["copies"]} == {"gone"}
    page = portal.page(report, clock.now()).decode()
    assert "Every copy that was found is gone." in page
    assert "Place 2" in page


def test_what_was_found_since_a_decision_for_her_waits_for_the_next_one(house, platform, portal):
    """H8: a bait that was decided for opens no view on a second picture of the same report."""
    bait, target = picture(next(SEEDS)), picture(next(SEEDS))
    platform.post(bait)
    house.watch()
    report = house.report(bait, target)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    before = json.loads(portal.answered(report))
    platform.post(target, place="!elsewhere")
    house.watch()
    assert house.status(report) == "open"
    after = json.loads(portal.answered(report))
    assert [each["found_at"] for each in after["copies"]] == [each["found_at"] for each in before["copies"]]
    assert after["case"]["status"] == "removed"


@pytest.mark.parametrize("copies", [1, 3])
def test_a_decline_is_told_and_not_what_was_found(house, platform, portal, copies):
    """H8."""
    hers = picture(next(SEEDS))
    for _ in range(copies):
        platform.post(hers)
    house.watch()
    reports = [house.report(hers), house.report(picture(next(SEEDS)))]
    at_one_time(house, *reports)
    house.take_in()
    for report in reports:
        house.decide(report, NOT_SHARED)
    house.after(seconds=11)
    assert {house.status(report) for report in reports} == {"declined"}
    house.query("update cases_case set changed_at = opened_at")
    assert portal.answered(reports[0]) == portal.answered(reports[1])
    assert "It was decided that nothing is removed" in portal.page(reports[0], clock.now()).decode()


def test_a_decision_that_was_reversed_takes_back_what_is_told(house, platform, portal):
    """H8: nothing called off and nothing found is told while people decide once more."""
    hers = picture(next(SEEDS))
    platform.post(hers)
    house.watch()
    found, none = house.report(hers), house.report(picture(next(SEEDS)))
    at_one_time(house, found, none)
    house.take_in()
    house.decide(found)
    house.after(seconds=11)
    assert json.loads(portal.answered(found))["copies"] != []
    with house.database.transaction() as tx:
        deciding.reverse(tx, house.case_of(found), reviewer=Reviewer(NOOR), now=house.time.now())
    house.work()
    assert portal.answered(found) == portal.answered(none)


def test_what_a_reviewer_closed_as_out_of_reach_says_so(house, portal):
    """H4."""
    report = house.report(links=["https://t.me/somewhere/17"])
    house.take_in()
    house.decide(report, Verdict.OUT_OF_REACH, reason=DecisionReason.NOT_CONNECTED)
    house.after(seconds=11)
    assert house.status(report) == "out_of_reach"
    assert "Nothing here can act on this report." in portal.page(report, clock.now()).decode()


@pytest.mark.parametrize(
    "links", [["https://t.me/somewhere/17"], ["https://t.me/a/1", "memory://!square/none"]]
)
def test_a_link_that_leads_nowhere_shows_no_search_and_no_clock(house, portal, links):
    """H4: nothing is banked, nothing could be followed, and the page says so."""
    report = house.report(links=links)
    house.take_in()
    assert house.status(report) == CaseStatus.OPEN
    assert json.loads(portal.answered(report))["searched"] is False
    page = portal.page(report, clock.now()).decode()
    assert "Nothing here can act on this report." in page
    assert "Where else you can turn" in page
    for untrue in ("compare it with what is posted", "at most", "hours left", "is being worked on"):
        assert untrue not in page


def test_a_picture_beside_a_link_that_leads_nowhere_is_looked_for(house, portal):
    report = house.report(picture(next(SEEDS)), links=["https://t.me/somewhere/17"])
    house.take_in()
    assert json.loads(portal.answered(report))["searched"] is True


def test_a_link_that_could_not_be_asked_for_yet_is_not_given_up(house, platform, portal):
    """H4: while a platform is away nobody says that nothing can be done."""
    platform.fail("locate", *[OSError("away")] * 3)
    report = house.report(links=["memory://!square/none"])
    house.take_in()
    assert json.loads(portal.answered(report))["searched"] is True


DOTS = random.Random(8)
REAL = made_flips(DOTS)
MIXED = (REAL[0], *made_flips(DOTS)[1:])


@pytest.mark.parametrize(
    ("flips", "why", "said"),
    [
        (MIXED, "not_one_picture", "do not belong to one picture"),
        (tuple(DOTS.randbytes(32) for _ in range(8)), None, "what a picture is turned into"),
        ((b"\xab" * 32,) * 8, "not_a_pictures_numbers", "not what a picture is turned into"),
    ],
)
def test_numbers_that_are_not_one_pictures_are_refused_with_a_reason_that_she_can_read(
    house, portal, flips, why, said
):
    """H1: whoever sends eight hashes of eight pictures banks none of them, and reads why."""
    told = (ReportedPicture(tuple(flip.hex() for flip in flips), 100),)
    report = house.report(pictures=told)
    house.take_in()
    assert house.entries(report) == []
    [refused] = json.loads(portal.answered(report))["refused"]
    assert refused["name"] == "picture 1"
    assert refused["why"] == why or why is None
    assert [event.reason for event in house.events(EntryRefused)] == [f"picture 1: {refused['why']}"]
    if why is not None:
        assert said in portal.page(report, clock.now()).decode()


def test_the_numbers_of_one_picture_are_banked(house, portal):
    told = (ReportedPicture(tuple(flip.hex() for flip in REAL), 100),)
    report = house.report(pictures=told)
    house.take_in()
    assert house.entries(report) == ["seed"]
    assert json.loads(portal.answered(report))["refused"] == []
