"""What must never be banked, and which part of a located picture is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic import an_image, bent
from takeback.bank import rules
from takeback.bank.model import Refusal
from takeback.signals.model import (
    MATCH_RADIUS,
    MIN_QUALITY,
    Box,
    Cut,
    Flip,
    Pdq,
    PictureSignals,
    Variant,
)

DOTS = random.Random(1)
FLIPS = an_image(DOTS)


def pdqs(quality=90) -> tuple[Pdq, ...]:
    return tuple(Pdq(DOTS.randbytes(32), quality) for _ in Flip)


def a_picture(*variants: Variant) -> PictureSignals:
    flips = pdqs()
    return PictureSignals(bytes(32), flips[0], 800, 600, "PNG", flips, variants)


def a_part(cut: Cut, width: int, height: int, quality=90) -> Variant:
    flips = pdqs(quality)
    return Variant(cut, Box(0, 0, width, height), flips[0], flips=flips)


def test_a_picture_that_stands_alone_is_taken_whole():
    picture = a_picture()
    assert rules.choose(picture) == rules.Chosen(Cut.WHOLE, picture.flips)


def test_of_a_screenshot_or_collage_the_largest_picture_in_it_is_taken():
    small, large = a_part(Cut.PANEL, 100, 300), a_part(Cut.PANEL, 400, 100)
    poor, trimmed = a_part(Cut.PANEL, 700, 500, quality=MIN_QUALITY - 1), a_part(Cut.TRIMMED, 780, 580)
    assert rules.choose(a_picture(trimmed, small, large, poor)) == rules.Chosen(Cut.PANEL, large.flips)


def test_a_border_is_left_out():
    trimmed = a_part(Cut.TRIMMED, 780, 580)
    assert rules.choose(a_picture(trimmed)) == rules.Chosen(Cut.TRIMMED, trimmed.flips)


@pytest.mark.parametrize("quality", [0, MIN_QUALITY - 1, MIN_QUALITY, 100])
def test_without_detail_nothing_is_banked(quality):
    refused = rules.refusal(FLIPS, quality, rules.NOTHING_IS_WELL_KNOWN)
    assert refused is (Refusal.TOO_LITTLE_DETAIL if quality < MIN_QUALITY else None)


@pytest.mark.parametrize("distance", [0, MATCH_RADIUS, MATCH_RADIUS + 1])
@pytest.mark.parametrize("flip", Flip)
def test_what_everybody_shares_is_not_banked_however_it_is_laid_down(flip, distance):
    famous = bent(FLIPS[flip], distance, random.Random(2))
    well_known = rules.parse_well_known(
        f"{DOTS.randbytes(32).hex()} a cat\n{famous.hex()} a landing on the moon\n"
    )
    refused = rules.refusal(FLIPS, 100, well_known)
    assert refused is (Refusal.WELL_KNOWN if distance <= MATCH_RADIUS else None)


@given(st.lists(st.binary(min_size=32, max_size=32)), st.sampled_from(["", "  # famous", "\tfamous"]))
def test_the_list_of_well_known_pictures_is_read_with_its_comments(hashes, comment):
    lines = "".join(f"{value.hex().upper()}{comment}\n\n" for value in hashes)
    found = rules.parse_well_known(f"# one a line\n{lines}")
    assert [row.tobytes() for row in found.hashes] == hashes


@pytest.mark.parametrize("line", ["abc", "x" * 64, "ab" * 33, "ab" * 32 + "#", "hello"])
def test_a_line_that_is_none_is_named(line):
    with pytest.raises(ValueError, match="line 2"):
        rules.parse_well_known(f"# heading\n{line}\n")


comments = st.text().map(rules.as_comment)
listed = st.builds(rules.Listed, st.binary(min_size=32, max_size=32), comments)


@given(st.lists(listed))
def test_lines_of_the_list_come_back_as_they_were(lines):
    text = "".join(map(rules.format_listed, lines))
    assert rules.parse_list(text) == tuple(lines)
    assert text.count("\n") == len(text.splitlines()) == len(lines)
    assert "".join(map(rules.format_listed, rules.parse_list(text))) == text


@given(st.text())
def test_any_name_can_be_a_comment(name):
    comment = rules.as_comment(name)
    assert rules.as_comment(comment) == comment
    assert comment.isprintable()


@pytest.mark.parametrize(
    "line",
    [
        rules.Listed(bytes(31)),
        rules.Listed(bytes(32), "two\nlines"),
        rules.Listed(bytes(32), " blank"),
        rules.Listed(bytes(32), "a  b"),
        rules.Listed(bytes(32), "\x1b[2J"),
        rules.Listed(bytes(32), "\u2028"),
    ],
)
def test_what_would_be_read_as_something_else_is_not_written(line):
    with pytest.raises(ValueError, match="no line"):
        rules.format_listed(line)
