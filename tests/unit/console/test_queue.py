from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from takeback.cases.breaker import Paused
from takeback.cases.model import Case, CaseStatus, QueueRow
from takeback.entrypoints.console.queue import Show, Sort, View, select
from takeback.ids import CaseId, ReportId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def late(row: QueueRow) -> bool:
    return row.case.due_at <= NOW


@st.composite
def rows(draw: st.DrawFn) -> QueueRow:
    due = NOW + draw(st.timedeltas(timedelta(days=-5), timedelta(days=5)))
    opened = NOW - draw(st.timedeltas(timedelta(0), timedelta(days=5)))
    status = draw(st.sampled_from(CaseStatus))
    case = Case(
        CaseId(uuid4()), ReportId(uuid4()), opened, due, "house", status, overdue=False, changed_at=NOW
    )
    return QueueRow(case, draw(st.integers(0, 99)), draw(st.integers(0, 9)), draw(st.integers(0, 99)))


views = st.builds(View, st.sampled_from(Show), st.sampled_from(Sort), st.booleans())


@given(st.lists(rows()))
def test_every_case_either_waits_or_is_closed(given_rows: list[QueueRow]):
    waiting = select(given_rows, View(Show.WAITING), late=late)
    closed = select(given_rows, View(Show.CLOSED), late=late)
    assert len(waiting) + len(closed) == len(given_rows)


@given(st.lists(rows()))
def test_the_usual_order_is_least_time_left_first(given_rows: list[QueueRow]):
    due = [row.case.due_at for row in select(given_rows, View(), late=late)]
    assert due == sorted(due)


@given(st.lists(rows()), views)
def test_a_view_shows_no_row_twice_and_none_of_its_own(given_rows: list[QueueRow], view: View):
    shown = [row.case.id for row in select(given_rows, view, late=late)]
    assert len(shown) == len(set(shown))
    assert set(shown) <= {row.case.id for row in given_rows}


@given(views)
def test_a_views_address_leads_back_to_it(view: View):
    said = dict(parse_qsl(urlsplit(view.address).query))
    again = View(Show(said.get("show", "waiting")), Sort(said.get("sort", "time")), said.get("down") == "1")
    assert again == view


def test_asking_for_the_same_order_again_turns_it_around():
    view = View().sorted_by(Sort.COPIES)
    assert view.descending, "large numbers first"
    assert not view.sorted_by(Sort.COPIES).descending


@given(st.lists(rows(), min_size=1), views, st.data())
def test_a_paused_case_is_on_top_of_every_view_that_shows_it_and_never_called_closed(
    given_rows: list[QueueRow], view: View, data: st.DataObject
):
    picked = data.draw(st.lists(st.sampled_from(given_rows), unique_by=lambda row: row.case.id))
    paused = [Paused(row.case.id, 50, 20, 4, NOW, NOW, overdue=False, waiting=7) for row in picked]
    shown = [row.case.id for row in select(given_rows, view, late=late, paused=paused)]
    on_top = [each.case for each in paused if each.case in shown]
    assert shown[: len(on_top)] == on_top
    if view.show in {Show.WAITING, Show.PAUSED}:
        assert len(on_top) == len(paused)
    if view.show is Show.PAUSED:
        assert len(shown) == len(paused)
    if view.show is Show.CLOSED:
        assert on_top == []
