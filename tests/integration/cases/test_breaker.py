"""What is removed without a person having seen it is bounded, and goes on with one word of hers."""

from datetime import timedelta
from uuid import uuid4

import pytest

from house import House, picture
from takeback.cases import breaker
from takeback.cases.breaker_rules import BreakerState
from takeback.errors import NotFound, Refused
from takeback.events import (
    BreakerOverdue,
    BreakerRearmed,
    BreakerReleased,
    BreakerStopped,
    BreakerTripped,
    RemovalPlanned,
    Verdict,
)
from takeback.ids import CaseId, StaffId
from takeback.workflow import decisions

MIRA, NOOR = (StaffId(uuid4()) for _ in range(2))
HERS, ANOTHERS = picture(1), picture(3)
REMOVALS, POSTERS = 4, 3


@pytest.fixture
def house(database, platform, tmp_path, decoder, time, sealer) -> House:
    """One that pauses soon."""
    made = House(database, platform, tmp_path / "data", decoder, time, sealer=sealer)
    made.app.settings.breaker_removals, made.app.settings.breaker_posters = REMOVALS, POSTERS
    return made


def flood(platform, many, *, posters=1, shown=HERS, place="!square"):
    """Posts of one picture."""
    return [platform.post(shown, sender=f"@stranger{n % posters}", place=place) for n in range(many)]


def answer(house, report, what, **how: object):
    with house.database.transaction() as tx:
        what(tx, house.case_of(report), staff=MIRA, now=house.time.now(), **how)
    house.work()


def go_on(house, report, was=BreakerState.PAUSED):
    answer(house, report, breaker.go_on, was=was)


def planned(house) -> list[int]:
    return [event.sighting for event in house.events(RemovalPlanned)]


def test_more_than_a_number_an_hour_waits_and_goes_on_with_one_word(house, platform, removed):
    """Issue 9, section 1: the breaker pauses at the number of the setting, and one answer lets all go on."""
    report, _ = removed
    posts = flood(platform, 9)
    house.watch()
    assert [platform.removed(post) for post in posts] == [True] * REMOVALS + [False] * 5
    [tripped] = house.events(BreakerTripped)
    assert (tripped.removals, tripped.posters, tripped.places) == (REMOVALS, 1, 1)
    assert house.status(report) == "removing"
    assert len(house.copies(report)) == 10
    go_on(house, report)
    assert all(platform.removed(post) for post in posts)
    assert house.status(report) == "removed"
    [released] = house.events(BreakerReleased)
    assert (released.staff, released.waiting) == (MIRA, 5)
    assert sorted(planned(house)) == sorted(set(planned(house)))
    more = flood(platform, 20, posters=20)
    house.watch()
    assert all(platform.removed(post) for post in more)
    assert len(house.events(BreakerTripped)) == 1


@pytest.mark.usefixtures("removed")
def test_more_than_a_number_of_posters_ever_waits_however_slowly_they_come(house, platform):
    for number in range(POSTERS):
        post = platform.post(HERS, sender=f"@stranger{number}")
        house.watch()
        assert platform.removed(post)
        house.after(hours=5)
    again = platform.post(HERS, sender="@stranger0")
    house.watch()
    assert platform.removed(again)
    next_ = platform.post(HERS, sender="@another")
    house.watch()
    assert platform.untouched(next_)
    [tripped] = house.events(BreakerTripped)
    assert (tripped.removals, tripped.posters) == (1, POSTERS)


@pytest.mark.soak
@pytest.mark.usefixtures("removed")
def test_an_hour_later_as_many_are_removed_again(house, platform):
    for _ in range(3):
        posts = flood(platform, REMOVALS)
        house.watch()
        assert all(platform.removed(post) for post in posts)
        house.after(minutes=61)
    assert house.events(BreakerTripped) == []


@pytest.mark.soak
def test_what_a_person_saw_is_never_held(house, platform):
    posts = flood(platform, 12, posters=12)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    assert all(platform.removed(post) for post in posts)
    assert house.status(report) == "removed"
    assert house.events(BreakerTripped) == []


@pytest.mark.soak
@pytest.mark.usefixtures("removed")
def test_other_cases_go_on(house, platform):
    other = platform.post(ANOTHERS)
    house.watch()
    another = house.report(ANOTHERS)
    house.take_in()
    house.decide(another)
    house.after(seconds=11)
    flood(platform, 9)
    more = flood(platform, 2, shown=ANOTHERS)
    house.watch()
    assert len(house.events(BreakerTripped)) == 1
    assert all(platform.removed(post) for post in [other, *more])


def test_stop_has_what_waits_wait_for_a_decision_which_removes_what_she_saw(house, platform, removed):
    report, _ = removed
    posts = flood(platform, 6)
    house.watch()
    answer(house, report, breaker.stop)
    assert house.status(report) == "open"
    [stopped] = house.events(BreakerStopped)
    assert stopped.waiting == 2
    assert platform.untouched(posts[-1])
    house.decide(report, staff=NOOR)
    house.after(seconds=11)
    assert all(platform.removed(post) for post in posts)
    assert house.status(report) == "removed"
    later = platform.post(HERS)
    house.watch()
    assert platform.untouched(later)
    assert house.status(report) == "open"
    go_on(house, report, was=BreakerState.STOPPED)
    assert platform.removed(later)
    assert house.status(report) == "removed"


@pytest.mark.soak
def test_a_decision_against_leaves_nothing_waiting(house, platform, removed):
    report, _ = removed
    posts = flood(platform, 6)
    house.watch()
    answer(house, report, breaker.stop)
    house.decide(report, Verdict.NOT_SHARED_WITHOUT_CONSENT)
    house.after(seconds=11)
    assert platform.untouched(posts[-1])
    with house.database.transaction() as tx:
        assert breaker.paused(tx) == ()
        assert breaker.held(tx, house.case_of(report)) == ()


@pytest.mark.soak
def test_two_who_answer_both_see_it_and_the_second_changes_nothing(house, platform, removed):
    report, _ = removed
    flood(platform, 6)
    house.watch()
    answer(house, report, breaker.stop)
    with pytest.raises(Refused, match="colleague has answered"):
        go_on(house, report)
    with pytest.raises(Refused, match="colleague has answered"):
        answer(house, report, breaker.stop)
    go_on(house, report, was=BreakerState.STOPPED)
    assert len(house.events(BreakerReleased, BreakerStopped)) == 2
    with pytest.raises(NotFound), house.database.transaction() as tx:
        breaker.stop(tx, CaseId(uuid4()), staff=MIRA, now=house.time.now())


@pytest.mark.soak
def test_an_administrator_has_it_counted_again(house, platform, removed):
    report, _ = removed
    flood(platform, 6)
    house.watch()
    with pytest.raises(Refused):
        answer(house, report, breaker.arm_again)
    go_on(house, report)
    answer(house, report, breaker.arm_again)
    assert house.events(BreakerRearmed)[0].staff == MIRA
    posts = flood(platform, REMOVALS)
    house.watch()
    assert all(platform.removed(post) for post in posts)
    last = platform.post(HERS)
    house.watch()
    assert platform.untouched(last)
    assert len(house.events(BreakerTripped)) == 2


def test_the_clock_passes_once_and_is_over_with_the_answer(house, platform, removed):
    report, _ = removed
    flood(platform, 6)
    house.watch()
    house.time.advance(timedelta(minutes=59))
    house.pass_clocks()
    assert house.events(BreakerOverdue) == []
    house.time.advance(timedelta(minutes=2))
    house.pass_clocks()
    house.pass_clocks()
    assert len(house.events(BreakerOverdue)) == 1
    with house.database.transaction() as tx:
        [paused] = breaker.paused(tx)
    assert (paused.overdue, paused.waiting, paused.case) == (True, 2, house.case_of(report))
    go_on(house, report)
    with house.database.transaction() as tx:
        assert breaker.paused(tx) == ()


def test_a_case_whose_copies_wait_is_not_called_removed(house, platform, removed):
    report, _ = removed
    flood(platform, 6)
    house.watch()
    house.after(hours=30)
    assert house.status(report) == "removing"


def test_what_was_held_and_is_excluded_waits_no_more(house, platform, removed):
    report, _ = removed
    posts = flood(platform, 5)
    house.watch()
    answer(house, report, breaker.stop)
    house.exclude(report, posts[-1])
    house.work()
    with house.database.transaction() as tx:
        assert breaker.held(tx, house.case_of(report)) == ()


@pytest.mark.soak
def test_very_many_that_go_on_are_planned_some_at_a_time_and_none_is_forgotten(
    house, platform, removed, monkeypatch
):
    monkeypatch.setattr(decisions, "PLANNED_AT_ONCE", 2)
    report, _ = removed
    posts = flood(platform, 12)
    house.watch()
    with house.database.transaction() as tx:
        breaker.go_on(tx, house.case_of(report), was=BreakerState.PAUSED, staff=MIRA, now=house.time.now())
    while jobs := house.due():
        house.do(jobs[0])
        if house.status(report) == "removed":
            assert all(platform.removed(post) for post in posts)
    assert all(platform.removed(post) for post in posts)
    assert house.status(report) == "removed"
    assert len(planned(house)) == 13
