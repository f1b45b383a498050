"""Long tables: each row is there once, on whatever page, under the head; no line is wider than its column."""

import io
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib.colors import black
from reportlab.platypus import SimpleDocTemplate

from takeback.dossier.pdf_fonts import printable, width_of
from takeback.dossier.pdf_table import RuledTable, broken, ruled_table
from takeback.dossier.wording import LANGUAGES


def table(rows) -> RuledTable:
    return ruled_table("en-US", 8, (60, 100), [("head", "of it"), *rows], black, black)


@pytest.mark.agrees("pdftotext")
def test_each_row_is_there_once_and_the_head_on_each_page(tmp_path):
    rows = [(str(number), "words and " * (number % 9)) for number in range(1000, 1400)]
    out = io.BytesIO()
    SimpleDocTemplate(out, invariant=1).build([table(rows)])
    (tmp_path / "it.pdf").write_bytes(out.getvalue())
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "it.pdf", "-"], check=True, capture_output=True)
    pages = done.stdout.decode().rstrip("\f").split("\f")
    assert len(pages) > 5
    assert all(page.split()[:3] == ["head", "of", "it"] for page in pages)
    numbers = [word for page in pages for word in page.split() if word.isdigit()]
    assert numbers == [number for number, _ in rows]


def test_what_fits_and_the_rest_are_as_high_as_the_whole_and_one_more_head():
    whole = table([("a", "b")] * 30)
    _, height = whole.wrap(0, 0)
    _, head = table([]).wrap(0, 0)
    first, rest = whole.split(0, height / 2)
    assert first.wrap(0, 0)[1] <= height / 2
    assert first.wrap(0, 0)[1] + rest.wrap(0, 0)[1] == pytest.approx(height + head)
    assert whole.split(0, head) == []


@given(st.sampled_from(LANGUAGES), st.text("ab 0\u4ef6\uc0ac\u9f98", max_size=60), st.integers(12, 90))
def test_no_line_is_wider_than_its_column_and_no_letter_is_lost(language, text, width):
    text = printable(text)
    lines = broken(language, text, 8, width)
    assert all(8 * sum(width_of(language, letter) for letter in line.rstrip()) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
