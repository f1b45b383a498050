from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.entrypoints.portal.status_view import left, moment, status_view, wait
from takeback.entrypoints.portal.words import ENGLISH
from takeback.submissions.model import CaseStatus, CopyStatus, EvidenceStatus, NotLookedFor, ReportStatus
from takeback.submissions.submit import CASE_STATES, COPY_STATES, REFUSALS, parse_status

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


NOTHING_KEPT = EvidenceStatus(kept=False, decided=False, again_at=None, packages=())


def copy(place: int, state: str, found: timedelta = HOUR, unclear_at: datetime | None = None) -> CopyStatus:
    gone = NOON - timedelta(minutes=5) if state == "gone" else None
    return CopyStatus("matrix", place, state, NOON - found, NOON - timedelta(minutes=10), gone, unclear_at)


def report(
    status: str | None,
    *copies: CopyStatus,
    due: timedelta = 22 * HOUR,
    refused: tuple[NotLookedFor, ...] = (),
) -> ReportStatus:
    case = None if status is None else CaseStatus(status, NOON + due, NOON - HOUR)
    return ReportStatus(NOON - 2 * HOUR, case, copies, refused, NOTHING_KEPT)


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(hours=22, minutes=1), "at most 23 hours left"),
        (timedelta(hours=23), "at most 23 hours left"),
        (timedelta(minutes=61), "at most 2 hours left"),
        (timedelta(minutes=60), "at most 60 minutes left"),
        (timedelta(seconds=61), "at most 2 minutes left"),
        (timedelta(seconds=20), "at most 1 minute left"),
        (timedelta(), "at most 1 minute left"),
        (timedelta(hours=72), "at most 72 hours left"),
        (timedelta(days=6, seconds=1), "at most 7 days left"),
    ],
)
def test_the_countdown_never_says_less_than_there_is(time, words):
    assert left(time, ENGLISH) == words


def test_waiting_is_said_in_the_unit_that_fits():
    said = [wait(timedelta(seconds=s), ENGLISH) for s in (0.2, 1, 7, 61, 3601)]
    assert said == ["1 second", "1 second", "7 seconds", "2 minutes", "2 hours"]


def test_a_moment_says_that_it_is_utc():
    assert moment(NOON, ENGLISH) == "22 November 2026, 12:00 UTC"


def test_before_the_report_is_opened_nothing_is_promised_but_that_it_arrived():
    shown = status_view(report(None), NOON, ENGLISH)
    assert [line.mark for line in shown.lines] == ["done", "now"]
    assert (shown.left, shown.late, shown.places) == ("", "", ())


@pytest.mark.parametrize("why", REFUSALS)
@pytest.mark.parametrize("name", ["picture 2", "location 1.3", "location 1.3, the picture in it"])
def test_what_is_not_looked_for_is_told_with_its_reason(name, why):
    shown = status_view(report("open", refused=(NotLookedFor(name, why),)), NOON, ENGLISH)
    [said] = shown.not_looked_for
    assert said.startswith(("Picture 2: ", "What your link 1 shows: "))
    assert ENGLISH.say(f"status.refused.{why}") in said


COPIES = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(COPY_STATES), st.sampled_from([None, NOON])), max_size=6
)


@given(st.sampled_from(["removing", "removed"]), COPIES)
def test_after_a_decision_for_her_every_copy_has_its_place(status, copies):
    found = (copy(place, state, unclear_at=unclear) for place, state, unclear in copies)
    shown = status_view(report(status, *found), NOON, ENGLISH)
    assert shown.now
    assert sum(len(place.copies) for place in shown.places) == len(copies)
    assert len(shown.places) == len({place for place, _, _ in copies})


UNDECIDED = ("open", "second_look", "decided")


@given(st.sampled_from(UNDECIDED), COPIES, st.sampled_from(UNDECIDED), COPIES, st.sampled_from([22, -1]))
def test_before_a_decision_for_her_the_page_is_the_same_whatever_was_found(one, found, other, more, hours):
    """H8: even if the database told more than it does."""
    due = hours * HOUR
    pages = [
        status_view(
            report(status, *(copy(*each[:2], unclear_at=each[2]) for each in copies), due=due), NOON, ENGLISH
        )
        for status, copies in ((one, found), (other, more))
    ]
    assert pages[0] == pages[1]
    assert pages[0].places == ()


@given(st.sampled_from(["declined", "out_of_reach"]), COPIES)
def test_no_answer_that_is_not_for_her_says_whether_copies_were_found(status, copies):
    """H8: a decline is told, and what was found is not."""
    found = [copy(place, state, unclear_at=unclear) for place, state, unclear in copies]
    assert status_view(report(status, *found), NOON, ENGLISH) == status_view(report(status), NOON, ENGLISH)


@pytest.mark.parametrize("status", CASE_STATES)
@pytest.mark.parametrize("searched", [True, False])
@pytest.mark.parametrize("unusable", [True, False])
def test_every_state_has_words(status, searched, unusable):
    told = replace(report(status), searched=searched, unusable=unusable)
    shown = status_view(told, NOON, ENGLISH)
    assert shown.now
    assert shown.lines[0].text == "Your report arrived"


def test_where_nothing_can_be_looked_for_no_search_and_no_clock_is_claimed():
    """H4: a link to a place that nobody here is connected to."""
    for status in (*UNDECIDED, "out_of_reach"):
        shown = status_view(replace(report(status), searched=status == "out_of_reach"), NOON, ENGLISH)
        assert shown.now == "Nothing here can act on this report."
        assert (shown.left, shown.late, shown.places) == ("", "", ())
        assert len(shown.elsewhere) >= 3
        assert not [line for line in shown.lines if line.mark in {"now", "ahead"}]
        late = status_view(replace(report(status, due=-HOUR), searched=False), NOON, ENGLISH)
        assert late.late == ""


def test_a_report_that_nobody_can_read_is_not_being_opened_for_ever():
    """H5: the receipt says that it could not be read, and what to do."""
    shown = status_view(replace(report(None), unusable=True), NOON, ENGLISH)
    assert shown.now == "We could not read your report."
    assert "send a new report" in shown.more
    assert [line.mark for line in shown.lines] == ["done", "stuck"]
    assert "Being opened" not in [line.text for line in shown.lines]


@pytest.mark.parametrize("state", ["gone", "checking", "failed"])
def test_a_look_that_was_not_certain_is_told_as_one_and_not_as_gone(state):
    seen, unseen = copy(1, state, unclear_at=NOON), copy(1, "gone")
    shown = status_view(report("removed", seen, unseen), NOON, ENGLISH)
    last = shown.places[0].copies[0][1][-1]
    assert "certain" in last.text
    assert (last.at, last.mark) == (NOON, "stuck")
    assert "certain" in shown.now
    assert "certain" in shown.more
    assert "is gone" not in shown.now
    assert "were seen to be gone" in shown.lines[-1].text
    assert [line.text for line in shown.places[0].copies[1][1]] == ["Found", "Gone"]


def test_of_a_copy_that_was_gone_before_an_uncertain_look_both_are_said():
    ((_, lines),) = (
        status_view(report("removed", copy(1, "gone", unclear_at=NOON)), NOON, ENGLISH).places[0].copies
    )
    assert [line.text for line in lines[:2]] == ["Found", "Gone"]
    assert lines[1].at == NOON - timedelta(minutes=5)


@pytest.mark.parametrize("state", ["planned", "acting", "found"])
def test_a_copy_that_is_removed_once_more_is_not_uncertain(state):
    shown = status_view(report("removing", copy(1, state, unclear_at=NOON)), NOON, ENGLISH)
    assert "certain" not in shown.places[0].copies[0][1][-1].text


@pytest.mark.parametrize("status", ["removed", "declined"])
def test_nothing_counts_down_once_it_is_over(status):
    shown = status_view(report(status, due=-HOUR), NOON, ENGLISH)
    assert (shown.left, shown.late) == ("", "")


@pytest.mark.parametrize(
    ("status", "said"), [("open", "If anything that was found"), ("removing", "longer than")]
)
def test_a_missed_deadline_is_said(status, said):
    shown = status_view(report(status, due=-HOUR), NOON, ENGLISH)
    assert said in (shown.late or shown.left)
    assert bool(shown.late) == (status == "removing"), (
        "before a decision nobody may see whether it was missed"
    )
    assert "hours left" not in shown.left


def test_the_time_that_runs_is_said_with_what_it_is_for():
    shown = status_view(report("open"), NOON, ENGLISH)
    assert "at most 22 hours left" in shown.left
    assert "when your report arrived" in shown.left


def test_gone_carries_the_time_at_which_it_was_found_gone():
    ((name, lines),) = status_view(report("removed", copy(1, "gone")), NOON, ENGLISH).places[0].copies
    assert name == "Copy 1"
    assert lines[-1].at == NOON - timedelta(minutes=5)


def test_the_databases_answer_is_read_strictly():
    text = (
        '{"case": {"due_at": "2026-11-23T12:00:00.5+00:00", "status": "open",'
        ' "changed_at": "2026-11-22T12:00:00+00:00"},'
        ' "copies": [{"place": 1, "state": "gone", "gone_at": "2026-11-22T12:00:00+00:00", "found_at":'
        ' "2026-11-22T12:00:00+00:00", "connector": "matrix", "changed_at": "2026-11-22T12:00:00+00:00",'
        ' "unclear_at": null}],'
        ' "received_at": "2026-11-22T12:00:00.123456+00:00",'
        ' "refused": [{"name": "picture 1", "why": "well_known"}],'
        ' "evidence": {"kept": true, "decided": true, "again_at": null, "packages": [{"state": "ready",'
        ' "asked_at": "2026-11-22T12:00:00+00:00", "dossier": "6f0d8f3c-16e5-4c13-8ecf-0a3b6a30c11f",'
        ' "size": 110344, "expires_at": "2026-11-23T12:00:00+00:00", "taken_at": null}]}}'
    )
    found = parse_status(text)
    assert found.case is not None
    assert found.case.status == "open"
    assert found.copies[0].gone_at == NOON
    assert found.evidence.packages[0].size == 110344
    for broken in (
        text.replace('"open"', '"vanished"'),
        text.replace('"state": "gone"', '"state": "x"'),
        text.replace("well_known", "disliked"),
        text.replace('"ready"', '"lost"'),
        text.replace("6f0d8f3c-", "6f0d8f3c"),
        text[:-9],
        "{}",
    ):
        with pytest.raises(ValueError, match="not a status"):
            parse_status(broken)
