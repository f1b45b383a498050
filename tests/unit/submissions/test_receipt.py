import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.errors import ConfigurationError
from takeback.submissions.receipt import (
    DIGITS,
    PEPPER_FILE,
    Misread,
    Pepper,
    check_digit,
    code_from,
    grouped,
    load_pepper,
    locator,
    new_code,
    read,
)

CODES = st.binary(min_size=32, max_size=32).map(code_from)


def test_the_check_digit_is_that_of_the_standards_own_example():
    # ISO/IEC 7064:2003, MOD 11,10: 0794 takes the check digit 5.
    assert check_digit("0794") == "5"


@given(CODES)
def test_what_is_written_in_groups_is_read_again(code):
    assert read(" ".join(grouped(code))) == code
    assert [len(group) for group in grouped(code)] == [4, 4, 4, 4, 4]


@given(CODES, st.sampled_from([" ", "-", "\N{EN DASH}", "\N{NO-BREAK SPACE}", "\t", "\n", "\u200f", ""]))
def test_spaces_dashes_and_invisible_marks_are_forgiven(code, between):
    assert read(between + between.join(code) + between) == code


@given(
    CODES,
    st.sampled_from(["\N{FULLWIDTH DIGIT ZERO}", "\N{ARABIC-INDIC DIGIT ZERO}", "\N{DEVANAGARI DIGIT ZERO}"]),
)
def test_digits_of_any_script_are_read(code, zero):
    assert unicodedata.decimal(zero) == 0
    assert read("".join(chr(ord(zero) + int(digit)) for digit in code)) == code


@given(CODES, st.integers(0, DIGITS - 1), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(code, place, by):
    wrong = str((int(code[place]) + by) % 10)
    assert read(code[:place] + wrong + code[place + 1 :]) is Misread.CHECK_DIGIT


def test_nearly_all_swaps_of_neighbours_are_noticed():
    swapped = noticed = 0
    for number in range(500):
        code = code_from(number.to_bytes(32) + b"x" * 32)
        for place in range(DIGITS - 1):
            if code[place] != code[place + 1]:
                swapped += 1
                other = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
                noticed += read(other) is Misread.CHECK_DIGIT
    assert noticed / swapped > 0.97


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Misread.EMPTY),
        (" - \n", Misread.EMPTY),
        ("1234", Misread.TOO_SHORT),
        ("1" * 21, Misread.TOO_LONG),
        ("1234 5678 9012 3456 789O", Misread.NOT_DIGITS),
        ("1234.5678.9012.3456.7890", Misread.NOT_DIGITS),
        ("²" * 20, Misread.NOT_DIGITS),
        ("½" * 20, Misread.NOT_DIGITS),
    ],
)
def test_anything_else_is_told_apart(text, why):
    assert read(text) is why


@given(st.text(max_size=60))
def test_whatever_is_typed_gets_an_answer(text):
    answer = read(text)
    assert isinstance(answer, Misread) or (len(answer) == DIGITS and answer.isascii() and answer.isdigit())


def test_new_receipts_differ_and_are_right():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(read(code) == code for code in codes)


def test_the_locator_needs_the_pepper():
    code = new_code()
    one, other = Pepper(b"a" * 32), Pepper(b"b" * 32)
    assert len(locator(one, code)) == 32
    assert locator(one, code) == locator(one, code)
    assert locator(one, code) != locator(other, code)


def test_the_pepper_is_read_from_its_file(tmp_path):
    (tmp_path / PEPPER_FILE).write_text("0a" * 32 + "\n")
    assert load_pepper(tmp_path) == b"\x0a" * 32


@pytest.mark.parametrize("text", ["", "0a" * 31, "not hexadecimal", "0a" * 33])
def test_a_damaged_pepper_is_named_with_what_to_do(tmp_path, text):
    (tmp_path / PEPPER_FILE).write_text(text)
    with pytest.raises(ConfigurationError, match="pepper"):
        load_pepper(tmp_path)


def test_a_missing_pepper_is_named_with_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match="takeback serve"):
        load_pepper(tmp_path)
