"""What a page showed travels with a decision: written and read as the same, and nothing else is read."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.cases.page import Shown, format_shown, parse_shown

PAGES = st.builds(
    Shown,
    st.dictionaries(st.integers(1, 2**62), st.sampled_from(["", "m", "s", "x", "g"]), max_size=6).map(
        lambda each: tuple(each.items())
    ),
    st.none() | st.uuids(),
)


@given(PAGES)
def test_what_a_page_showed_is_read_as_it_was_written(page):
    assert parse_shown(format_shown(page)) == page


@every(
    "text",
    ["", "1", "- 0", "- 01", "- 1 1", "- 1 1x", "- 1y", "- 1  2", " - 1", "- 1 ", "- -1", "- \u0661", "- 1\n",
     "x 1", f"{UUID(int=5).hex} 1", f"{UUID(int=0xABC)}".upper() + " 1", "- " + "9" * 20],
)  # fmt: skip
def test_what_no_page_wrote_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_shown(text)


@given(st.text())
def test_any_text_is_read_strictly(text):
    try:
        page = parse_shown(text)
    except ValueError:
        return
    assert format_shown(page) == text
