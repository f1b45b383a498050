"""Cursors are written and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.connectors.matrix.removal import transaction_id
from takeback.connectors.matrix.stream import HistoryCursor
from takeback.connectors.matrix.user_reports import LATE_IDS, ReportCursor
from takeback.errors import PlatformError

TOKENS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(TOKENS.filter(bool), TOKENS, TOKENS, st.booleans())
def test_a_history_cursor_is_read_back(room: str, start: str, stop: str, created: bool):
    cursor = HistoryCursor(room, start, stop, created)
    assert HistoryCursor.parse(cursor.format()) == cursor
    assert cursor.stream() == HistoryCursor.parse(cursor.format()).stream()


@given(st.text())
def test_no_text_breaks_the_reader(text: str):
    try:
        HistoryCursor.parse(text)
    except PlatformError:
        return


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"room": 1}', '{"room": ""}'])
def test_a_foreign_cursor_is_refused(text: str):
    with pytest.raises(PlatformError):
        HistoryCursor.parse(text)


@given(st.text(), st.text())
def test_a_key_has_one_transaction_id_of_its_own(one: str, other: str):
    assert (transaction_id(one) == transaction_id(other)) == (one == other)
    assert transaction_id(one).isalnum()


IDS = st.integers(0, 10**17)


@given(IDS, st.frozensets(IDS, max_size=5))
def test_a_report_cursor_is_read_back(last: int, missing: frozenset[int]):
    cursor = ReportCursor(last, missing)
    assert ReportCursor.parse(cursor.format()) == cursor


@given(st.permutations(list(range(1, LATE_IDS))), st.lists(st.integers(1, 10), min_size=1))
def test_each_report_is_handed_out_once_though_some_appear_late(order: list[int], steps: list[int]):
    cursor, handed_out, there = ReportCursor(), [], set()
    waiting = list(order)
    for step in [*steps, len(order)]:
        there |= set(waiting[:step])
        del waiting[:step]
        fresh = {identity for identity in there if cursor.lacks(identity)}
        handed_out += sorted(fresh)
        cursor = ReportCursor.parse(cursor.after(fresh).format())
    assert sorted(handed_out) == sorted(order)


@pytest.mark.parametrize("text", ["", "-", "1-", "x", "1 2", "-1", "\u0661", "9" * 30])
def test_a_foreign_report_cursor_is_refused(text: str):
    with pytest.raises(PlatformError):
        ReportCursor.parse(text)
