"""What becomes of a report, from the first word to the last look, told step by step."""

from datetime import timedelta

import pytest

from house import MIRA, NOOR, picture
from takeback.cases import deciding
from takeback.connectors.api import Action, Surface
from takeback.errors import NotAllowed, Refused
from takeback.events import (
    CaseOpened,
    CopyFound,
    DecisionEffective,
    DecisionUndone,
    EntryBanked,
    EntryWithdrawn,
    FoundAgain,
    FoundBy,
    FoundGone,
    Matched,
    RemovalFailed,
    RemovalPlanned,
    RemovalStepDone,
    ReportReceived,
    RetryAsked,
    Verdict,
)
from takeback.takedown import service as takedown
from takeback.takedown.model import TargetState
from takeback.workflow import reports

HERS, ANOTHERS = picture(1), picture(2)
MIRRORED = picture(1, mirrored=True)
SHARED, NOT_SHARED, CANNOT_TELL, OUT_OF_REACH = Verdict


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
    assert [type(event) for event in house.events()] == [
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
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed"])
    assert platform.removed(post)


def test_an_undone_decision_changes_nothing(house, platform, reported):
    report, post = reported
    decision = house.decide(report)
    with house.database.transaction() as tx:
        deciding.undo(tx, house.case_of(report), decision.id, staff=NOOR, now=house.time.now())
    house.after(hours=1)
    assert (house.status(report), house.entries(report)) == ("open", ["seed"])
    assert platform.untouched(post)
    assert house.events(DecisionUndone)
    assert not house.events(DecisionEffective)


def test_it_is_too_late_to_undo_what_has_taken_effect(house, reported):
    decision = house.decide(reported[0])
    house.after(seconds=11)
    with pytest.raises(Refused, match="too late"), house.database.transaction() as tx:
        deciding.undo(tx, decision.case, decision.id, staff=MIRA, now=house.time.now())


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
    assert [type(event) for event in house.events(*kinds)] == kinds


def test_what_is_gone_is_looked_for_again_and_again(house, removed):
    house.after(minutes=59)
    assert [event.round for event in house.events(FoundGone)] == [0]
    house.after(minutes=2)
    assert [event.round for event in house.events(FoundGone)] == [0, 1]
    house.after(hours=25)
    house.after(days=300)
    assert [event.round for event in house.events(FoundGone)] == [0, 1, 2]
    assert house.status(removed[0]) == "removed"


def test_a_copy_that_comes_back_is_removed_again(house, platform, removed):
    report, post = removed
    platform.bring_back(post)
    house.after(hours=2)
    assert [event.round for event in house.events(FoundAgain)] == [1]
    assert platform.removed(post)
    assert platform.done_to(post) == [Action.QUARANTINE_MEDIA, Action.REDACT_MESSAGE] * 2
    assert house.status(report) == "removed"


def test_a_removal_that_is_confirmed_and_does_nothing_is_not_called_removed(house, platform, reported):
    report, post = reported
    platform.resist(Action.QUARANTINE_MEDIA, post, times=1)
    house.decide(report)
    house.time.advance(timedelta(seconds=11))
    house.work("take_effect", "follow", "remove", "look")
    assert [type(event) for event in house.events(FoundAgain, FoundGone)] == [FoundAgain, FoundGone]
    assert house.status(report) == "removed"


def test_a_copy_that_cannot_be_removed_goes_to_a_person_after_five_times(house, platform, reported):
    report, post = reported
    platform.resist(Action.QUARANTINE_MEDIA, post, times=99)
    house.decide(report)
    house.after(seconds=11)
    assert len(house.events(FoundAgain)) == 5
    assert [(event.action, event.reason) for event in house.events(RemovalFailed)] == [
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
    assert [(event.action, event.reason) for event in house.events(RemovalFailed)] == [
        ("quarantine_media", "403")
    ]
    assert not platform.removed(post)
    [target] = removals(house, report)
    with house.database.transaction() as tx:
        takedown.retry(tx, target.target, staff=MIRA)
    with pytest.raises(Refused, match="under way"), house.database.transaction() as tx:
        takedown.retry(tx, target.target, staff=MIRA)
    assert house.events(RetryAsked) == [RetryAsked(target.target, house.case_of(report), MIRA)]
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
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed", "seed"])
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
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed", "seed"])
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
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "active", "seed", "seed"])


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
    house.work()
    assert (house.status(report), house.entries(report)) == ("removed", ["active", "seed", "seed"])
    assert platform.untouched(anothers)


def test_not_shared_without_consent_withdraws_the_entries_and_finds_nothing_more(house, platform, reported):
    report, post = reported
    house.decide(report, NOT_SHARED)
    house.after(seconds=11)
    assert (house.status(report), house.entries(report)) == ("declined", ["withdrawn"])
    platform.post(HERS)
    house.watch()
    assert list(house.copies(report)) == [post.message]
    assert len(house.events(EntryWithdrawn)) == 1
    assert len(house.events(Matched)) == 1


def test_a_look_back_that_comes_after_the_withdrawal_finds_nothing(house, platform):
    platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    reports.take_in(house.app)
    house.work("follow")
    house.decide(report, NOT_SHARED)
    house.time.advance(timedelta(seconds=11))
    house.work("take_effect", "follow")
    house.work()
    assert (house.copies(report), house.events(Matched)) == ({}, [])


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
        deciding.undo(tx, house.case_of(report), decision.id, staff=NOOR, now=house.time.now())
    assert house.status(report) == "second_look"
