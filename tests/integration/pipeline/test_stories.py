"""What becomes of a report, from the first word to the last look, told step by step."""

from datetime import timedelta

import pytest

from house import MIRA, NOOR, House, picture, plain
from platform_in_memory import MemoryPlatform, link
from takeback import pipeline
from takeback.cases import service as cases
from takeback.cases.model import DecisionReason
from takeback.connectors.api import Action, Surface
from takeback.errors import Gone, NotAllowed, Refused, Unavailable, WhyUnreadable
from takeback.facts import (
    CaseOpened,
    ClockPassed,
    CopyFound,
    DecisionEffective,
    DecisionUndone,
    EntryActivated,
    EntryBanked,
    EntryRefused,
    EntryWithdrawn,
    FoundAgain,
    FoundBy,
    FoundGone,
    LocationUnusable,
    Matched,
    PictureUnreadable,
    RemovalFailed,
    RemovalPlanned,
    RemovalStepDone,
    ReportReceived,
    ReportUnusable,
    Verdict,
)
from takeback.takedown import service as takedown
from takeback.takedown.model import TargetState

HERS, ANOTHERS = picture(1), picture(2)
MIRRORED = picture(1, mirrored=True)
SHARED, NOT_SHARED, CANNOT_TELL = Verdict


@pytest.fixture
def reported(house, platform):
    """A copy was posted, its picture reported, and the case waits for a reviewer: (report, the post)."""
    post = platform.post(HERS)
    platform.post(ANOTHERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    return report, post


@pytest.fixture
def removed(house, reported):
    """The same, decided, removed and seen to be gone."""
    house.decide(reported[0])
    house.after(seconds=11)
    assert house.status(reported[0]) == "removed"
    return reported


def removals(house, report):
    with house.database.transaction() as tx:
        return takedown.progress(tx, house.case_of(report))


def test_a_report_becomes_a_case_and_finds_what_was_posted_before_it(house, platform):
    before, mirrored = platform.post(HERS), platform.post(MIRRORED, ANOTHERS)
    platform.post(ANOTHERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    assert house.status(report) == "open"
    assert house.copies(report) == {before.message: FoundBy.LOOK_BACK, mirrored.message: FoundBy.LOOK_BACK}
    assert house.entries(report) == ["seed"]
    assert [type(fact) for fact in house.facts()] == [
        ReportReceived,
        CaseOpened,
        EntryBanked,
        Matched,
        Matched,
        CopyFound,
        CopyFound,
    ]
    assert platform.untouched(before)
    assert platform.untouched(mirrored)


def test_a_copy_posted_before_the_decision_waits_for_it(house, platform, reported):
    report, _ = reported
    later = platform.post(MIRRORED)
    house.watch()
    assert house.copies(report)[later.message] == FoundBy.LIVE
    house.after(hours=1)
    assert platform.untouched(later)


def test_what_was_decided_happens_only_when_the_time_to_undo_has_passed(house, platform, reported):
    report, post = reported
    house.decide(report)
    house.after(seconds=9)
    assert (house.status(report), house.entries(report)) == ("decided", ["seed"])
    assert platform.untouched(post)
    house.after(seconds=2)
    assert (house.status(report), house.entries(report)) == ("removed", ["active"])
    assert platform.removed(post)


def test_an_undone_decision_changes_nothing(house, platform, reported):
    report, post = reported
    decision = house.decide(report)
    with house.database.transaction() as tx:
        cases.undo(tx, house.case_of(report), decision.id, staff=NOOR, now=house.time.now())
    house.after(hours=1)
    assert (house.status(report), house.entries(report)) == ("open", ["seed"])
    assert platform.untouched(post)
    assert house.facts(DecisionUndone)
    assert not house.facts(DecisionEffective)


def test_it_is_too_late_to_undo_what_has_taken_effect(house, reported):
    decision = house.decide(reported[0])
    house.after(seconds=11)
    with pytest.raises(Refused, match="too late"), house.database.transaction() as tx:
        cases.undo(tx, decision.case, decision.id, staff=MIRA, now=house.time.now())


def test_the_picture_is_taken_away_first_and_then_the_message(house, platform, reported):
    report, post = reported
    house.decide(report)
    house.after(seconds=11)
    assert platform.done_to(post) == [Action.QUARANTINE_MEDIA, Action.REDACT_MESSAGE]
    [target] = removals(house, report)
    assert target.state is TargetState.GONE
    assert {(look.surface, look.state) for look in target.looks} == {
        (Surface.MESSAGE, "absent"),
        (Surface.MEDIA, "absent"),
    }
    kinds = [RemovalPlanned, RemovalStepDone, RemovalStepDone, FoundGone]
    assert [type(fact) for fact in house.facts(*kinds)] == kinds


def test_what_is_gone_is_looked_for_again_and_again(house, removed):
    house.after(minutes=59)
    assert [fact.round for fact in house.facts(FoundGone)] == [0]
    house.after(minutes=2)
    assert [fact.round for fact in house.facts(FoundGone)] == [0, 1]
    house.after(hours=25)
    house.after(days=300)
    assert [fact.round for fact in house.facts(FoundGone)] == [0, 1, 2]
    assert house.status(removed[0]) == "removed"


def test_a_copy_that_comes_back_is_removed_again(house, platform, removed):
    report, post = removed
    platform.bring_back(post)
    house.after(hours=2)
    assert [fact.round for fact in house.facts(FoundAgain)] == [1]
    assert platform.removed(post)
    assert platform.done_to(post) == [Action.QUARANTINE_MEDIA, Action.REDACT_MESSAGE] * 2
    assert house.status(report) == "removed"


def test_a_removal_that_is_confirmed_and_does_nothing_is_not_called_removed(house, platform, reported):
    report, post = reported
    platform.resist(Action.QUARANTINE_MEDIA, post, times=1)
    house.decide(report)
    house.time.advance(timedelta(seconds=11))
    house.work("take_effect", "follow", "remove", "look")
    assert [type(fact) for fact in house.facts(FoundAgain, FoundGone)] == [FoundAgain, FoundGone]
    assert house.status(report) == "removed"


def test_a_copy_that_cannot_be_removed_goes_to_a_person_after_five_times(house, platform, reported):
    report, post = reported
    platform.resist(Action.QUARANTINE_MEDIA, post, times=99)
    house.decide(report)
    house.after(seconds=11)
    assert len(house.facts(FoundAgain)) == 5
    assert [(fact.action, fact.reason) for fact in house.facts(RemovalFailed)] == [
        ("remove", "still there after 5 removals")
    ]
    assert (house.status(report), removals(house, report)[0].state) == ("removing", TargetState.FAILED)
    house.after(days=30)
    assert platform.done_to(post).count(Action.QUARANTINE_MEDIA) == 5


def test_a_person_can_have_a_failed_removal_tried_again(house, platform, reported):
    report, post = reported
    platform.fail("act", NotAllowed("403"))
    house.decide(report)
    house.after(seconds=11)
    assert [(fact.action, fact.reason) for fact in house.facts(RemovalFailed)] == [
        ("quarantine_media", "403")
    ]
    assert not platform.removed(post)
    [target] = removals(house, report)
    with house.database.transaction() as tx:
        takedown.retry(tx, target.target, staff=MIRA)
    with pytest.raises(Refused, match="under way"), house.database.transaction() as tx:
        takedown.retry(tx, target.target, staff=MIRA)
    house.work()
    assert (house.status(report), platform.removed(post)) == ("removed", True)


def test_what_is_posted_after_the_decision_is_removed_without_a_person(house, platform, removed):
    report, _ = removed
    later = platform.post(MIRRORED, place="!elsewhere")
    house.watch()
    assert platform.removed(later)
    assert (house.status(report), len(house.copies(report))) == ("removed", 2)


def test_what_is_posted_while_a_decision_can_be_undone_is_removed_with_it(house, platform, reported):
    house.decide(reported[0])
    meanwhile = platform.post(MIRRORED)
    house.watch()
    assert platform.untouched(meanwhile)
    house.after(seconds=11)
    assert platform.removed(meanwhile)


def test_an_excluded_copy_is_left_alone_and_its_entry_stays_a_seed(house, platform):
    hers, anothers = platform.post(HERS), platform.post(ANOTHERS)
    house.watch()
    report = house.report(HERS, ANOTHERS)
    house.take_in()
    house.exclude(report, anothers)
    house.decide(report)
    house.after(seconds=11)
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed"])
    assert platform.removed(hers)
    assert platform.untouched(anothers)


def test_a_copy_of_a_picture_that_nobody_has_reviewed_goes_to_a_person(house, platform):
    # A report of two pictures: of the second there was no copy when the reviewer decided.
    platform.post(picture(3))
    house.watch()
    report = house.report(picture(3), picture(4))
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed"])
    unseen = platform.post(picture(4))
    house.watch()
    house.after(hours=2)
    assert platform.untouched(unseen)
    assert house.status(report) == "open"
    of_the_first = platform.post(picture(3, mirrored=True))
    house.watch()
    assert platform.removed(of_the_first)
    house.decide(report, staff=NOOR)
    house.after(seconds=11)
    assert platform.removed(unseen)
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "active"])


def test_a_case_that_came_back_for_another_picture_is_removed_again_once_that_is_excluded(house, platform):
    platform.post(HERS)
    house.watch()
    report = house.report(HERS, ANOTHERS)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    anothers = platform.post(ANOTHERS)
    house.watch()
    assert house.status(report) == "open"
    house.exclude(report, anothers)
    house.decide(report)
    house.after(seconds=11)
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed"])
    assert platform.untouched(anothers)


def test_not_shared_without_consent_withdraws_the_entries_and_finds_nothing_more(house, platform, reported):
    report, post = reported
    house.decide(report, NOT_SHARED)
    house.after(seconds=11)
    assert (house.status(report), house.entries(report)) == ("declined", ["withdrawn"])
    platform.post(HERS)
    house.watch()
    assert list(house.copies(report)) == [post.message]
    assert len(house.facts(EntryWithdrawn)) == 1
    assert len(house.facts(Matched)) == 1


def test_a_look_back_that_comes_after_the_withdrawal_finds_nothing(house, platform):
    platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    pipeline.take_in(house.app)
    house.work("follow")
    house.decide(report, NOT_SHARED)
    house.time.advance(timedelta(seconds=11))
    house.work("take_effect", "follow")
    house.work()
    assert (house.copies(report), house.facts(Matched)) == ({}, [])


def test_who_cannot_tell_passes_the_case_on_to_somebody_else(house, platform, reported):
    report, post = reported
    house.decide(report, CANNOT_TELL, staff=MIRA)
    house.after(seconds=11)
    assert house.status(report) == "second_look"
    assert platform.untouched(post)
    with pytest.raises(Refused, match="somebody else"):
        house.decide(report, SHARED, staff=MIRA)
    house.decide(report, SHARED, staff=NOOR)
    house.after(seconds=11)
    assert house.status(report) == "removed"


def test_undoing_a_second_look_leaves_the_case_at_the_second_look(house, reported):
    report, _ = reported
    house.decide(report, CANNOT_TELL, staff=MIRA)
    house.after(seconds=11)
    decision = house.decide(report, SHARED, staff=NOOR)
    with house.database.transaction() as tx:
        cases.undo(tx, house.case_of(report), decision.id, staff=NOOR, now=house.time.now())
    assert house.status(report) == "second_look"


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
    assert (house.status(report), house.entries(report)) == ("removed", ["active"])


def test_a_link_to_a_post_that_no_watcher_has_seen_yet_is_found_once(house, platform):
    named = platform.post(HERS)
    report = house.report(links=[link(named)])
    house.take_in()
    house.watch()
    assert house.copies(report) == {named.message: FoundBy.REPORT}
    assert len(house.facts(CopyFound)) == 1


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
    assert house.entries(report) == ["active"]


def test_links_that_lead_nowhere_are_said_to_be_unusable(house, platform):
    talk = platform.post()
    gone = link(platform.post(HERS)) + "9"
    report = house.report(links=["https://elsewhere.example/1", gone, link(talk)])
    house.take_in()
    assert [fact.reason for fact in house.facts(LocationUnusable)] == [
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
    assert not house.facts(LocationUnusable)


def test_a_link_that_can_never_be_looked_up_is_told_to_a_person(house, platform):
    named = platform.post(HERS)
    platform.fail("locate", *[NotAllowed("403")] * 14)
    report = house.report(links=[link(named)])
    house.take_in()
    house.after(minutes=10, steps=20)
    assert [(fact.job, fact.reason) for fact in house.gave_up()] == [("locate", "403")]
    assert house.copies(report) == {}


def test_a_picture_without_detail_is_not_banked(house, platform):
    platform.post(plain())
    house.watch()
    report = house.report(plain(), HERS)
    house.take_in()
    [refused] = house.facts(EntryRefused)
    assert "picture 1" in refused.reason
    assert (house.status(report), house.entries(report)) == ("open", ["seed"])
    assert not house.facts(Matched)


def test_what_cannot_be_opened_is_a_fact_and_stops_nobody(house):
    for n, sealed in enumerate([b"x", b"age-encryption.org/v1\n-> X25519 x\n", bytes(5000)]):
        house.query(
            "insert into intake_report (locator, sealed) values (%s, %s)", bytes([n]).rjust(32), sealed
        )
    report = house.report(HERS)
    house.query("update intake_report set sealed = sealed || %s where id = %s", b"!", report)
    good = house.report(HERS)
    house.take_in()
    assert {fact.reason for fact in house.facts(ReportUnusable)} == {"not sealed to this key, or damaged"}
    assert [fact.report for fact in house.facts(ReportReceived)] == [good]
    assert len(house.facts(ReportUnusable)) == 4


def test_a_report_that_lacks_a_statement_is_not_acted_on(house, monkeypatch):
    monkeypatch.setattr("takeback.intake.submit.missing", lambda _: ())  # a portal that does not check
    house.report(HERS, statement_good_faith=False)
    house.take_in()
    assert [fact.reason for fact in house.facts(ReportUnusable)] == ["lacks statement_good_faith"]
    assert not house.facts(CaseOpened)


@pytest.mark.parametrize("call", ["act", "verify"])
def test_a_platform_that_is_down_is_asked_again_and_never_taken_for_empty(house, platform, reported, call):
    report, post = reported
    platform.fail(call, Unavailable("429", retry_after=60), Unavailable("500"), Unavailable("502"))
    house.decide(report)
    house.after(seconds=11)
    house.after(seconds=58)
    assert house.status(report) == "removing"
    assert not house.facts(FoundGone)
    house.after(seconds=3, steps=4)
    assert (house.status(report), platform.removed(post)) == ("removed", True)
    assert not house.facts(RemovalFailed)
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
    assert [fact.round for fact in house.facts(FoundGone)] == [0]


def test_looks_that_never_show_anything_certain_end_as_a_failed_removal(house, platform, reported):
    report, _ = reported
    platform.blind(99)
    house.decide(report)
    house.after(seconds=11)
    house.after(minutes=10, steps=20)
    assert [fact.action for fact in house.facts(RemovalFailed)] == ["look"]
    assert [fact.job for fact in house.gave_up()] == ["look"]
    assert (house.status(report), house.facts(FoundGone)) == ("removing", [])


def test_a_platform_that_is_down_for_one_recheck_does_not_end_the_rechecks(house, platform, removed):
    report, post = removed
    platform.blind(14)
    house.after(hours=2)
    house.after(minutes=10, steps=20)
    assert [fact.job for fact in house.gave_up()] == ["look"]
    assert house.status(report) == "removed"
    platform.bring_back(post)
    house.after(hours=25)
    assert [fact.round for fact in house.facts(FoundAgain)] == [2]
    assert platform.removed(post)


def test_a_removal_that_fails_at_every_try_goes_to_a_person(house, platform, reported):
    report, _ = reported
    platform.fail("act", *[Unavailable("500")] * 14)
    house.decide(report)
    house.after(seconds=11)
    house.after(minutes=10, steps=20)
    assert [(fact.action, fact.reason) for fact in house.facts(RemovalFailed)] == [("remove", "500")]
    assert house.status(report) == "removing"


def test_a_platform_that_lies_about_gone_is_found_out(house, platform, reported):
    report, post = reported
    platform.fail("act", Gone("404"), Gone("404"))
    house.decide(report)
    house.after(seconds=11)
    assert [type(fact) for fact in house.facts(FoundAgain, FoundGone)] == [FoundAgain, FoundGone]
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
    assert not house.facts(PictureUnreadable)


def test_a_picture_that_can_never_be_fetched_is_a_fact(house, platform):
    platform.post(MIRRORED)
    platform.fail("fetch", *[Unavailable("503")] * 15)
    house.watch()
    house.after(minutes=10, steps=20)
    [fact] = house.facts(PictureUnreadable)
    assert fact.reason == "503"
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
    assert not house.facts(ClockPassed)
    house.time.advance(timedelta(minutes=2))
    house.pass_clocks()
    house.pass_clocks()
    assert [fact.clock for fact in house.facts(ClockPassed)] == ["house"]
    assert house.status(report) == "open"


@pytest.mark.usefixtures("removed")
def test_a_case_that_is_done_in_time_passes_no_deadline(house):
    house.time.advance(timedelta(days=3))
    house.pass_clocks()
    assert not house.facts(ClockPassed)


def test_a_reason_that_does_not_go_with_the_verdict_is_refused(house, reported):
    with pytest.raises(Refused, match="does not go"):
        house.decide(reported[0], SHARED, reason=DecisionReason.NOT_INTIMATE)


@pytest.mark.usefixtures("removed")
def test_each_fact_that_leads_somewhere_leads_there_once(house):
    ids = [fact for (fact,) in house.query("select id from fact order by id")]
    before = house.state()
    for fact in ids:
        pipeline.follow(house.app, fact)
    assert house.state() == before


@pytest.mark.usefixtures("removed")
def test_activated_and_seed_are_each_said_once(house):
    assert len(house.facts(EntryBanked)) == len(house.facts(EntryActivated)) == 1
