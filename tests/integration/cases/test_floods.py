"""S3: floods of reports are held together and shown as one thing; others go on, and no receipt tells."""

import random
import re
from datetime import timedelta
from uuid import uuid4

import pytest

from house import House, picture
from takeback.bank.model import EntryStatus
from takeback.cases import floods
from takeback.cases import service as cases
from takeback.cases.breaker_rules import BreakerState
from takeback.entrypoints.console import flood_words
from takeback.entrypoints.portal.networks import ONION, of_address
from takeback.errors import LinkEnded, Refused
from takeback.events import (
    FloodBegan,
    FloodKept,
    FloodKind,
    FloodLetIn,
    LocationUnusable,
    ReportHeld,
    ReportLetIn,
    Verdict,
)
from takeback.ids import ReportId, StaffId
from takeback.infra import clock
from takeback.infra.vault import keys
from takeback.submissions import links, receipt, submit
from takeback.submissions.arrivals import Labels
from takeback.submissions.groups import Group
from takeback.submissions.receipt import load_pepper

MIRA = StaffId(uuid4())
HERS = picture(1)
MOST = 3
"""Reports that may come from one narrow network; 12 from the widest."""
NETWORKS = (Group.NETWORK, Group.WIDER, Group.WIDEST)


@pytest.fixture
def house(database, platform, tmp_path, decoder, time, sealer) -> House:
    made = House(database, platform, tmp_path / "data", decoder, time, sealer=sealer)
    made.app.settings.flood_reports = MOST
    return made


@pytest.fixture
def coming(house):
    """Labels of an address, as the portal makes them."""
    labels = Labels(house.database, load_pepper(house.folder / keys.PORTAL_FOLDER))

    def of(address: str) -> list[bytes]:
        return labels.of(zip(NETWORKS, of_address(address).networks, strict=True))

    return of


@pytest.fixture
def onion(house):
    labels = Labels(house.database, load_pepper(house.folder / keys.PORTAL_FOLDER))
    return labels.of([(Group.ONION, ONION.networks[0])])


def somewhere(dots: random.Random) -> str:
    """An address of one /32 of IPv6, in a network of its own."""
    return f"2001:db8:{dots.randrange(65536):x}:{dots.randrange(65536):x}::{dots.randrange(65536):x}"


def waiting(house):
    with house.database.transaction() as tx:
        return floods.waiting(tx)


def queue(house):
    with house.database.transaction() as tx:
        return {row.case.report for row in cases.queue(tx, include_closed=True)}


def seeds(house, reports) -> int:
    return sum(house.entries(report).count(EntryStatus.SEED) for report in reports)


def act(house, what, *args: object):
    with house.database.transaction() as tx:
        what(tx, *args, staff=MIRA, now=clock.now())
    house.work()


@pytest.mark.parametrize("at_once", [True, False])
def test_s3_a_flood_is_one_thing_in_the_queue_and_no_seed_and_others_go_on(house, platform, coming, at_once):
    """S3: 170 reports from one IPv6 /32 in 108 s all entered: 1,588 seeds; there is no breaker.

    Whether the worker opens them one by one as they come, or all at once after it was away.
    """
    platform.post(HERS)
    house.watch()
    dots, flood, honest = random.Random(7), [], []
    for number in range(20):
        flood.append(house.report(HERS, HERS, groups=coming(somewhere(dots))))
        if number % 5 == 0:
            honest.append(house.report(HERS, groups=coming(f"198.51.{number}.1")))
        if not at_once:
            house.take_in()
    house.take_in()
    [one] = waiting(house)
    assert (one.kind, one.state, one.reports, one.pictures) == (
        FloodKind.NETWORK,
        BreakerState.PAUSED,
        20,
        40,
    )
    assert flood_words.headline(one).startswith("20 reports came in a minute from one network; 40 pictures")
    assert seeds(house, flood) == 0
    assert queue(house) == set(honest)
    assert seeds(house, honest) == len(honest)
    assert all(house.copies(report) for report in honest)
    assert len(house.events(FloodBegan)) == 1
    assert {event.report for event in house.events(ReportHeld)} == set(flood)


def test_s3_of_narrow_networks_that_flood_one_after_the_other_one_thing_is_made(house, coming):
    """S3: shown as one thing, however the flood spreads over its network."""
    flood = [
        house.report(HERS, groups=coming(f"2001:db8:{third:x}:1::{last:x}"))
        for third in range(5)
        for last in range(MOST + 1)
    ]
    house.take_in()
    assert [each.reports for each in waiting(house)] == [len(flood)]
    assert seeds(house, flood) == 0


def test_s3_clocks_run_from_receipt_and_are_shown(house, coming):
    """S3, S16: the law's clocks run from receipt all the same."""
    flood = [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST + 1)]
    house.take_in()
    rows = house.query(
        "select c.due_at - r.received_at, c.due_at from cases_case c"
        " join submissions_report r on r.id = c.report_id where r.id = any(%s)",
        flood,
    )
    assert {row[0] for row in rows} == {timedelta(hours=24)}
    assert waiting(house)[0].due_at == min(row[1] for row in rows)


def test_s3_a_receipt_does_not_tell_that_a_report_is_held(house, coming):
    """S3, H8: the status page is no oracle, and says that something is looked for."""

    honest = house.report(HERS, groups=coming("198.51.100.1"))
    flood = [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST + 2)]
    house.take_in()
    assert waiting(house)[0].reports == len(flood)
    pepper, times = load_pepper(house.folder / keys.PORTAL_FOLDER), re.compile(r"20\d\d-[^\"]+")

    def told(report: ReportId) -> str:
        locator = receipt.locator(pepper, house.receipts[report])
        [(text,)] = house.query("select report_status(%s)::text", locator)
        return times.sub("", text)

    assert {told(each) for each in flood} == {told(honest)}
    assert '"searched": true' in told(honest)


def test_s3_let_in_all_are_looked_for_and_what_the_group_sends_later_goes_in(house, platform, coming):
    post = platform.post(HERS)
    house.watch()
    flood = [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST + 2)]
    house.take_in()
    [one] = waiting(house)
    act(house, floods.let_all_in, one.id)
    assert waiting(house) == ()
    assert queue(house) == set(flood)
    assert all(house.copies(report).keys() == {post.message} for report in flood)
    assert seeds(house, flood) == len(flood)
    later = house.report(HERS, groups=coming("192.0.2.1"))
    house.take_in()
    assert seeds(house, [later]) == 1
    [answered] = house.events(FloodLetIn)
    assert (answered.staff, answered.waiting) == (MIRA, len(flood))
    assert {event.report for event in house.events(ReportLetIn)} == set(flood)


def test_s3_some_are_let_in_the_others_stay_held_and_can_be_let_in_later(house, coming):
    flood = [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST + 2)]
    house.take_in()
    [one] = waiting(house)
    act(house, floods.let_these_in, one.id, [flood[0], flood[-1]])
    assert queue(house) == {flood[0], flood[-1]}
    with pytest.raises(Refused):
        act(house, floods.let_these_in, one.id, [flood[0]])
    act(house, floods.keep, one.id)
    with pytest.raises(Refused):
        act(house, floods.keep, one.id)
    later = house.report(HERS, groups=coming("192.0.2.1"))
    house.take_in()
    assert [(each.state, each.reports) for each in waiting(house)] == [(BreakerState.STOPPED, MOST + 1)]
    assert len(house.events(FloodKept)) == 1
    act(house, floods.let_all_in, one.id)
    assert queue(house) == {*flood, later}


def test_s3_what_somebody_decided_about_is_not_held_afterwards(house, platform, coming):
    platform.post(HERS)
    house.watch()
    first = house.report(HERS, groups=coming("192.0.2.1"))
    house.take_in()
    house.decide(first)
    others = [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST)]
    house.take_in()
    assert waiting(house)[0].reports == len(others)
    house.after(seconds=11)
    assert house.status(first) == "removed"


def test_s3_what_a_person_let_in_is_not_held_again_with_a_wider_network(house, coming):
    first = [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST + 1)]
    house.take_in()
    act(house, floods.let_all_in, waiting(house)[0].id)
    first += [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST)]
    others = [house.report(HERS, groups=coming(f"192.0.2.{2 + n}")) for n in range(2 * MOST + 1)]
    house.take_in()
    assert [each.reports for each in waiting(house)] == [len(others)]
    assert seeds(house, first) == len(first)


def test_s3_of_a_held_report_that_was_declined_nothing_is_looked_for_when_it_is_let_in(house, coming):
    flood = [house.report(HERS, groups=coming("192.0.2.1")) for _ in range(MOST + 1)]
    house.take_in()
    house.decide(flood[-1], Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)
    act(house, floods.let_all_in, waiting(house)[0].id)
    assert (seeds(house, flood[:-1]), seeds(house, flood[-1:])) == (MOST, 0)


def test_s3_links_of_held_reports_are_not_followed(house, coming):
    flood = [house.report(links=["memory://nothing"], groups=coming("192.0.2.1")) for _ in range(MOST + 1)]
    house.take_in()
    assert len(house.events(LocationUnusable)) <= MOST  # before it was known as a flood
    act(house, floods.let_all_in, waiting(house)[0].id)
    assert {event.report for event in house.events(LocationUnusable)} == set(flood)


def test_s3_reports_behind_an_onion_address_have_a_bound_of_their_own(house, onion, coming):
    """S3: behind an onion address all visitors are one network."""
    house.report(HERS, groups=coming("192.0.2.1"))
    for _ in range(4 * MOST):
        house.report(HERS, groups=onion)
    house.take_in()
    assert waiting(house) == ()
    house.report(HERS, groups=onion)
    house.take_in()
    assert [(each.kind, each.reports) for each in waiting(house)] == [(FloodKind.ONION, 4 * MOST + 1)]


def test_s3_what_comes_from_everywhere_at_once_is_held_over_the_bound_for_all(house, coming):
    first = [house.report(HERS, groups=coming(f"10.{n}.0.1")) for n in range(10 * MOST)]
    over = [house.report(HERS, groups=coming(f"11.{n}.0.1")) for n in range(3)]
    house.take_in()
    assert [(each.kind, each.reports) for each in waiting(house)] == [(FloodKind.ALL, 3)]
    assert (seeds(house, first), seeds(house, over)) == (len(first), 0)
    house.query("update submissions_report set received_at = received_at - interval '11 minutes'")
    later = house.report(HERS, groups=coming("12.0.0.1"))
    house.take_in()
    assert seeds(house, [later]) == 1


def test_s3_a_shelter_with_a_link_of_sixty_hands_in_sixty_in_a_burst(house, coming):
    """S3: a shelter's 13th report in a burst is refused."""
    with house.database.transaction() as tx:
        link, token = links.make(tx, "a shelter", 60, timedelta(days=5), by=MIRA, now=clock.now())
    hashed = submit.link_hash(token)
    assert submit.link_stands(house.database, token)
    reports = [house.report(HERS, groups=coming("192.0.2.1"), link=hashed, account=str(n)) for n in range(60)]
    house.take_in()
    assert len(set(reports)) == 60
    assert seeds(house, reports) == 60
    assert waiting(house) == ()
    assert not submit.link_stands(house.database, token)
    with pytest.raises(LinkEnded):
        house.report(HERS, link=hashed)
    with house.database.transaction() as tx:
        [found] = links.lately(tx, clock.now())
    assert (found.id, found.used, found.made_by) == (link, 60, MIRA)
    assert token not in str(house.query("select * from submissions_link"))


def test_s3_the_same_report_again_counts_once_against_a_link(house):
    with house.database.transaction() as tx:
        link, token = links.make(tx, "a shelter", 1, timedelta(days=5), by=MIRA, now=clock.now())
    locator, hashed = bytes(32), submit.link_hash(token)
    put = "select report_put(%s, 'sealed', '{}', %s)"
    assert [house.query(put, locator, hashed)[0][0] for _ in range(3)] == [True] * 3
    assert house.query(put, bytes([1]) * 32, hashed) == [(False,)]
    assert house.query("select used from submissions_link") == [(1,)]
    with house.database.transaction() as tx:
        links.revoke(tx, link, by=MIRA, now=clock.now())
    assert house.query("select count(*) from submissions_report") == [(1,)]


@pytest.mark.parametrize(("note", "allowed", "days"), [("", 5, 5), ("x", 0, 5), ("x", 1001, 5), ("x", 5, 0)])
def test_a_link_that_makes_no_sense_is_refused(house, note, allowed, days):
    with house.database.transaction() as tx, pytest.raises(Refused):
        links.make(tx, note, allowed, timedelta(days=days), by=MIRA, now=clock.now())


def test_s3_which_group_a_report_came_with_is_forgotten_after_a_day(house, coming):
    """S3: labels change with the day, and neither they nor what made them is kept."""
    for _ in range(MOST + 1):
        house.report(HERS, groups=coming("192.0.2.1"))
    house.take_in()
    labels = Labels(house.database, load_pepper(house.folder / keys.PORTAL_FOLDER))
    assert labels.of([(Group.NETWORK, "x")]) == labels.of([(Group.NETWORK, "x")])
    floods.forget_arrivals(house.database, clock.now() + timedelta(days=1, minutes=11))
    assert house.query("select count(*) from submissions_arrival") == [(0,)]
    assert house.query("select label from cases_flood") == [(None,)]
    house.query("update submissions_salt set day = day - 1")
    before = house.query("select salt from submissions_salt")
    after = house.query("select report_salt()")
    assert house.query("select salt from submissions_salt") == after != before
    assert waiting(house)[0].reports == MOST + 1
