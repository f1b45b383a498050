"""Cursors are written and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.connectors.matrix.removal import transaction_id
from takeback.connectors.matrix.stream import HistoryCursor
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
