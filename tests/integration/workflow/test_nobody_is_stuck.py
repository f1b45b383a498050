"""No false word about what was removed before, and no case that nobody can decide."""

import pytest

from house import MIRA, NOOR, picture
from takeback.cases import deciding
from takeback.cases.model import Reviewer
from takeback.connectors.api import Action
from takeback.errors import Refused, Unavailable
from takeback.events import (
    CaseReopened,
    DecisionObjected,
    DecisionReversed,
    EntryActivated,
    EntryWithdrawn,
    FoundGone,
    Planned,
    RemovalCalledOff,
    RemovalPlanned,
    RemovalStepDone,
    Reopened,
    StepEnd,
    Verdict,
)

SHARED, NOT_SHARED, CANNOT_TELL, OUT_OF_REACH = Verdict
HERS = picture(1)


# --- H3: the same picture reported again -------------------------------------------------------------


def test_h3_what_is_gone_already_is_found_gone_and_never_said_to_be_made_unreachable(
    house, platform, reported
):
    """H3: deciding a second report recorded "made unreachable, the platform says" of what was gone before."""
    first, post = reported
    second = house.report(HERS)
    house.take_in()
    house.decide(first)
    house.after(seconds=5)
    house.decide(second)
    house.after(seconds=6)
    assert (house.status(first), house.status(second)) == ("removed", "decided")
    before = len(house.events(RemovalStepDone))
    house.after(seconds=6)
    assert house.status(second) == "removed"
    assert [(event.case, event.what) for event in house.events(RemovalPlanned)] == [
        (house.case_of(first), Planned.REMOVAL),
        (house.case_of(second), Planned.LOOK),
    ]
    assert len(house.events(RemovalStepDone)) == before == 2
    assert house.case_of(second) in {event.case for event in house.events(FoundGone)}
    assert platform.done_to(post) == [Action.QUARANTINE_MEDIA, Action.REDACT_MESSAGE]


def test_h3_a_report_of_what_was_removed_before_waits_for_nothing(house, platform, removed):
    """H3: the second report said that copies were found and a person is going to check them."""
    _, gone = removed
    second = house.report(HERS)
    house.take_in()
    assert list(house.copies(second)) == [gone.message]
    with pytest.raises(Refused, match="No copy can be seen"):
        house.decide(second)
    platform.post(picture(1, mirrored=True), place="!elsewhere")
    house.watch()
    house.after(days=3)
    house.pass_clocks()
    assert not house.query("select 1 from cases_case where overdue")


def test_h3_a_step_that_somebody_did_before_is_said_to_be_so(house, platform, reported):
    report, post = reported
    platform.delete(post)
    house.decide(report)
    house.after(seconds=11)
    ends = {event.action: event.how for event in house.events(RemovalStepDone)}
    assert ends == {"quarantine_media": StepEnd.DONE, "redact_message": StepEnd.ALREADY}


def test_h3_two_open_reports_of_one_picture_end_without_a_false_word(house, platform):
    """Both are open, the first is decided: the second waits for nothing that is gone."""
    post = platform.post(HERS)
    house.watch()
    first, second = house.report(HERS), house.report(HERS)
    house.take_in()
    house.decide(first)
    house.decide(second)
    house.after(seconds=11)
    assert [house.status(each) for each in (first, second)] == ["removed", "removed"]
    done = [event for event in house.events(RemovalStepDone) if event.how is StepEnd.DONE]
    assert len(done) == 2
    assert platform.done_to(post).count(Action.QUARANTINE_MEDIA) <= 2
    house.pass_clocks()
    house.after(days=3)
    house.pass_clocks()
    assert not house.query("select 1 from cases_case where overdue")


# --- H10: no dead end ---------------------------------------------------------------------------------


def test_h10_after_two_who_cannot_tell_a_third_person_or_an_administrator_decides(house, reported):
    report, _ = reported
    for staff in (MIRA, NOOR):
        house.decide(report, CANNOT_TELL, staff)
        house.after(seconds=11)
    for staff in (MIRA, NOOR):
        with pytest.raises(Refused, match="somebody else"):
            house.decide(report, staff=staff)
    house.decide(report, staff=NOOR, admin=True)
    house.after(seconds=11)
    assert house.status(report) == "removed"


def test_h10_a_declined_case_is_decided_again_by_somebody_else_after_an_objection(house, platform, reported):
    """H10: a declined case could never be decided again, though the portal promised other eyes."""
    report, post = reported
    house.decide(report, NOT_SHARED)
    house.after(seconds=11)
    with house.database.transaction() as tx:
        deciding.reopen(
            tx, house.case_of(report), Reopened.OBJECTION, reviewer=Reviewer(NOOR), now=house.time.now()
        )
    assert house.events(CaseReopened)
    with pytest.raises(Refused, match="somebody else"):
        house.decide(report)
    house.decide(report, staff=NOOR)
    house.after(seconds=11)
    assert platform.removed(post)
    assert house.status(report) == "removed"
    later = platform.post(picture(1, mirrored=True))
    house.watch()
    assert platform.removed(later)


def test_h10_a_new_report_of_a_declined_picture_is_for_somebody_else(house, reported):
    report, _ = reported
    house.decide(report, NOT_SHARED)
    house.after(seconds=11)
    again = house.report(HERS)
    house.take_in()
    with pytest.raises(Refused, match="somebody else"):
        house.decide(again)
    house.decide(again, staff=NOOR)
    house.after(seconds=11)
    assert house.status(again) == "removed"


def test_h10_a_decision_that_took_effect_can_be_reversed(house, platform, removed):
    """H10: the signals are withdrawn, open removals are called off, and what was done stays done."""
    report, post = removed
    resisting = platform.post(picture(1, mirrored=True))
    platform.fail("act", Unavailable("503"))
    house.watch()
    with house.database.transaction() as tx:
        deciding.reverse(tx, house.case_of(report), reviewer=Reviewer(NOOR), now=house.time.now())
    house.work()
    assert house.events(DecisionReversed)
    assert len(house.events(EntryWithdrawn)) == 1
    assert house.active(report) == ()
    assert house.events(RemovalCalledOff)
    house.after(hours=1)
    assert platform.untouched(resisting)
    later = platform.post(HERS, place="!elsewhere")
    house.watch()
    house.after(hours=1)
    assert platform.untouched(later)
    assert house.status(report) == "open"
    house.decide(report)
    house.after(seconds=11)
    assert platform.removed(later)
    assert platform.removed(resisting)
    assert len(house.events(EntryActivated)) == 2
    assert platform.removed(post)


def test_h10_who_disagrees_after_it_took_effect_is_heard(house, removed):
    report, _ = removed
    with house.database.transaction() as tx:
        deciding.object_to(tx, house.case_of(report), NOT_SHARED, Reviewer(NOOR))
    assert [event.verdict for event in house.events(DecisionObjected)] == [NOT_SHARED]
    assert house.status(report) == "removed"


def test_h4_a_case_for_which_nothing_can_be_done_is_closed_as_such_and_opens_when_a_copy_is_found(
    house, platform
):
    """H4: the console could close it only as "not an intimate image"."""
    report = house.report(HERS, links=["https://unconnected.example/1"])
    house.take_in()
    house.decide(report, OUT_OF_REACH)
    house.after(seconds=11)
    assert house.status(report) == "out_of_reach"
    platform.post(HERS)
    house.watch()
    assert house.status(report) == "open"
    assert [event.why for event in house.events(CaseReopened)] == [Reopened.FOUND]
