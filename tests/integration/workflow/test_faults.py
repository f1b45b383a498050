"""What becomes of reports that lead nowhere, and of platforms and pictures that fail, told step by step."""

from datetime import timedelta

import pytest

from house import House, picture, plain
from platform_in_memory import MemoryPlatform, link
from takeback.cases.model import DecisionReason
from takeback.connectors.api import Action, Surface
from takeback.errors import Gone, NotAllowed, Refused, Unavailable, WhyUnreadable
from takeback.events import (
    FOLLOWED,
    CaseOpened,
    ClockPassed,
    CopyFound,
    EntryActivated,
    EntryBanked,
    EntryRefused,
    FoundAgain,
    FoundBy,
    FoundGone,
    LocationUnusable,
    Matched,
    PictureUnreadable,
    RemovalFailed,
    ReportReceived,
    ReportUnusable,
    Verdict,
)
from takeback.events.form import kind_of
from takeback.submissions.model import encode
from takeback.takedown import service as takedown
from takeback.takedown.model import TargetState
from takeback.workflow import dispatch

HERS, ANOTHERS = picture(1), picture(2)
MIRRORED = picture(1, mirrored=True)
SHARED, NOT_SHARED, CANNOT_TELL, OUT_OF_REACH = Verdict


def removals(house, report):
    with house.database.transaction() as tx:
        return takedown.progress(tx, house.case_of(report))


def test_a_report_with_nothing_but_a_link_finds_further_copies_by_its_picture(house, platform):
    named, other = platform.post(HERS), platform.post(MIRRORED)
    house.watch()
    report = house.report(links=[link(named)])
    house.take_in()
    assert house.copies(report) == {named.message: FoundBy.REPORT, other.message: FoundBy.LOOK_BACK}
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(named)
    assert platform.removed(other)
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed"])


def test_a_link_to_a_post_that_no_watcher_has_seen_yet_is_found_once(house, platform):
    named = platform.post(HERS)
    report = house.report(links=[link(named)])
    house.take_in()
    house.watch()
    assert house.copies(report) == {named.message: FoundBy.REPORT}
    assert len(house.events(CopyFound)) == 1


def test_a_link_to_a_picture_that_a_watcher_could_not_read_reads_it(house, platform):
    named = platform.post(HERS)
    platform.fail("fetch", *[Unavailable("503")] * 3)
    house.watch()
    report = house.report(links=[link(named)])
    house.take_in()
    house.after(minutes=5)
    assert house.query("select state from sightings_post") == [("read",)]
    house.decide(report)
    house.after(seconds=11)
    assert house.entries(report) == ["active", "seed"]


def test_links_that_lead_nowhere_are_said_to_be_unusable(house, platform):
    talk = platform.post()
    gone = link(platform.post(HERS)) + "9"
    report = house.report(links=["https://elsewhere.example/1", gone, link(talk)])
    house.take_in()
    assert [event.reason for event in house.events(LocationUnusable)] == [
        "location 1 is not on a connected platform",
        "location 2 is gone already",
        "location 3 shows no picture",
    ]
    assert (house.status(report), house.copies(report)) == ("open", {})
    with pytest.raises(Refused, match="No copy"):
        house.decide(report)
    house.decide(report, NOT_SHARED)


def test_a_platform_that_is_down_when_a_link_is_looked_up_is_asked_again(house, platform):
    named = platform.post(HERS)
    platform.fail("locate", Unavailable("429", retry_after=90), Unavailable("500"))
    report = house.report(links=[link(named)])
    house.take_in()
    house.after(seconds=80)
    assert house.copies(report) == {}
    house.after(seconds=11)
    house.after(seconds=5)
    assert list(house.copies(report)) == [named.message]
    assert not house.events(LocationUnusable)


def test_a_link_that_can_never_be_looked_up_is_told_to_a_person(house, platform):
    named = platform.post(HERS)
    platform.fail("locate", *[NotAllowed("403")] * 14)
    report = house.report(links=[link(named)])
    house.take_in()
    house.after(minutes=10, steps=20)
    assert [(event.job, event.reason) for event in house.gave_up()] == [("locate", "403")]
    assert house.copies(report) == {}


def test_a_picture_without_detail_is_not_banked(house, platform):
    platform.post(plain())
    house.watch()
    report = house.report(plain(), HERS)
    house.take_in()
    [refused] = house.events(EntryRefused)
    assert "picture 1" in refused.reason
    assert (house.status(report), house.entries(report)) == ("open", ["seed"])
    assert not house.events(Matched)


def test_what_cannot_be_opened_is_an_event_and_stops_nobody(house):
    for n, sealed in enumerate([b"x", b"age-encryption.org/v1\n-> X25519 x\n", bytes(5000)]):
        house.query(
            "insert into submissions_report (locator, sealed) values (%s, %s)", bytes([n]).rjust(32), sealed
        )
    report = house.report(HERS)
    house.query("update submissions_report set sealed = sealed || %s where id = %s", b"!", report)
    good = house.report(HERS)
    house.take_in()
    assert {event.reason for event in house.events(ReportUnusable)} == {"not sealed to this key, or damaged"}
    assert [event.report for event in house.events(ReportReceived)] == [good]
    assert len(house.events(ReportUnusable)) == 4


def test_a_report_that_lacks_a_statement_is_not_acted_on(house, monkeypatch):
    monkeypatch.setattr("takeback.submissions.submit.proven", encode)  # a portal that does not check
    house.report(HERS, statement_good_faith=False)
    house.take_in()
    assert [event.reason for event in house.events(ReportUnusable)] == ["lacks statement_good_faith"]
    assert not house.events(CaseOpened)


@pytest.mark.parametrize("call", ["act", "verify"])
def test_a_platform_that_is_down_is_asked_again_and_never_taken_for_empty(house, platform, reported, call):
    report, post = reported
    platform.fail(call, Unavailable("429", retry_after=60), Unavailable("500"), Unavailable("502"))
    house.decide(report)
    house.after(seconds=11)
    house.after(seconds=58)
    assert house.status(report) == "removing"
    assert not house.events(FoundGone)
    house.after(seconds=3, steps=4)
    assert (house.status(report), platform.removed(post)) == ("removed", True)
    assert not house.events(RemovalFailed)
    assert platform.done_to(post) == [Action.QUARANTINE_MEDIA, Action.REDACT_MESSAGE]


def test_a_look_that_shows_nothing_certain_is_repeated(house, platform, reported):
    report, _ = reported
    platform.blind(3)
    house.decide(report)
    house.after(seconds=11)
    assert house.status(report) == "removing"
    assert removals(house, report)[0].state is TargetState.CHECKING
    assert {look.state for look in removals(house, report)[0].looks} == {"absent", "undetermined"}
    house.after(seconds=10, steps=3)
    assert house.status(report) == "removed"
    assert [event.round for event in house.events(FoundGone)] == [0]


def test_looks_that_never_show_anything_certain_end_as_a_failed_removal(house, platform, reported):
    report, _ = reported
    platform.blind(99)
    house.decide(report)
    house.after(seconds=11)
    house.after(minutes=10, steps=20)
    assert [event.action for event in house.events(RemovalFailed)] == ["look"]
    assert [event.job for event in house.gave_up()] == ["look"]
    assert (house.status(report), house.events(FoundGone)) == ("removing", [])


def test_a_platform_that_is_down_for_one_recheck_does_not_end_the_rechecks(house, platform, removed):
    report, post = removed
    platform.blind(14)
    house.after(hours=2)
    house.after(minutes=10, steps=20)
    assert [event.job for event in house.gave_up()] == ["look"]
    assert house.status(report) == "removed"
    platform.bring_back(post)
    house.after(hours=25)
    assert [event.round for event in house.events(FoundAgain)] == [2]
    assert platform.removed(post)


def test_a_removal_that_fails_at_every_try_goes_to_a_person(house, platform, reported):
    report, _ = reported
    platform.fail("act", *[Unavailable("500")] * 14)
    house.decide(report)
    house.after(seconds=11)
    house.after(minutes=10, steps=20)
    assert [(event.action, event.reason) for event in house.events(RemovalFailed)] == [("remove", "500")]
    assert house.status(report) == "removing"


def test_a_platform_that_lies_about_gone_is_found_out(house, platform, reported):
    report, post = reported
    platform.fail("act", Gone("404"), Gone("404"))
    house.decide(report)
    house.after(seconds=11)
    assert [type(event) for event in house.events(FoundAgain, FoundGone)] == [FoundAgain, FoundGone]
    assert platform.removed(post)


def test_a_platform_that_cannot_take_media_away_is_not_asked_to(database, tmp_path, decoder, time):
    platform = MemoryPlatform(actions=(Action.REDACT_MESSAGE,), surfaces=(Surface.MESSAGE,))
    house = House(database, platform, tmp_path, decoder, time)
    post = platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    assert platform.done_to(post) == [Action.REDACT_MESSAGE]
    assert house.status(report) == "removed"


def test_a_case_is_removed_only_when_each_of_its_copies_is(house, platform):
    first, second = platform.post(HERS), platform.post(MIRRORED)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    platform.resist(Action.QUARANTINE_MEDIA, second, times=99)
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(first)
    assert house.status(report) == "removing"
    assert {target.state for target in removals(house, report)} == {TargetState.GONE, TargetState.FAILED}


def test_one_post_of_two_reports_is_removed_for_both(house, platform):
    post = platform.post(HERS)
    house.watch()
    reports = [house.report(HERS), house.report(MIRRORED)]
    house.take_in()
    for report in reports:
        house.decide(report)
    house.after(seconds=11)
    assert platform.removed(post)
    assert [house.status(report) for report in reports] == ["removed", "removed"]


def test_a_picture_that_could_not_be_fetched_is_compared_as_soon_as_it_can_be(house, platform, reported):
    report, _ = reported
    late = platform.post(MIRRORED)
    platform.fail("fetch", Unavailable("503"), Unavailable("503"))
    house.watch()
    assert late.message not in house.copies(report)
    house.after(seconds=5, steps=2)
    assert house.copies(report)[late.message] == FoundBy.LIVE
    assert not house.events(PictureUnreadable)


def test_a_picture_that_can_never_be_fetched_is_an_event(house, platform):
    platform.post(MIRRORED)
    platform.fail("fetch", *[Unavailable("503")] * 15)
    house.watch()
    house.after(minutes=10, steps=20)
    [event] = house.events(PictureUnreadable)
    assert event.reason == "503"
    assert ("unreadable", "platform_unavailable") in house.query("select state, reason from sightings_post")
    assert not house.gave_up()


def test_a_picture_that_is_gone_or_broken_is_unreadable_for_its_reason(house, platform):
    platform.post(b"", b"not a picture", HERS[:200])
    platform.fail("fetch", Gone("404"))
    house.watch()
    assert sorted(reason for (reason,) in house.query("select reason from sightings_post")) == sorted(
        [WhyUnreadable.GONE, WhyUnreadable.NOT_A_PICTURE, WhyUnreadable.DAMAGED]
    )


def test_a_deadline_that_passes_is_said_once(house, reported):
    report, _ = reported
    house.time.advance(timedelta(hours=23, minutes=59))
    house.pass_clocks()
    assert not house.events(ClockPassed)
    house.time.advance(timedelta(minutes=2))
    house.pass_clocks()
    house.pass_clocks()
    assert [event.clock for event in house.events(ClockPassed)] == ["house"]
    assert house.status(report) == "open"


@pytest.mark.usefixtures("removed")
def test_a_case_that_is_done_in_time_passes_no_deadline(house):
    house.time.advance(timedelta(days=3))
    house.pass_clocks()
    assert not house.events(ClockPassed)


def test_a_reason_that_does_not_go_with_the_verdict_is_refused(house, reported):
    with pytest.raises(Refused, match="does not go"):
        house.decide(reported[0], SHARED, reason=DecisionReason.NOT_INTIMATE)


@pytest.mark.usefixtures("removed")
def test_each_event_that_leads_somewhere_leads_there_once(house):
    kinds = [kind_of(each) for each in FOLLOWED]
    ids = [event for (event,) in house.query("select id from event where kind = any(%s) order by id", kinds)]
    before = house.state()
    for event in ids:
        dispatch.handle_event(house.app, event)
    assert house.state() == before


@pytest.mark.usefixtures("removed")
def test_activated_and_seed_are_each_said_once(house):
    banked, activated = house.events(EntryBanked), house.events(EntryActivated)
    assert (len(banked), len(activated)) == (2, 1)
    assert [event.entry for event in banked].index(activated[0].entry) == 1  # the reporter's never acts
