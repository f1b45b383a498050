"""Features as bytes: the right form comes back unchanged, anything else is refused."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.signals.details.features import (
    MOST_PART_POINTS,
    BadFeatures,
    Features,
    describe,
    format_features,
    parse_features,
)
from takeback.signals.model import Box, Cut

GREY = np.random.default_rng(0).integers(0, 256, (120, 160), dtype=np.uint8)
GOOD = format_features(describe(GREY, [(Cut.PANEL, Box(10, 20, 80, 60))]))
HEAD, BOX = 15, 16
COUNT = (len(GOOD) - HEAD - 2 * BOX) // 81


@st.composite
def features(draw):
    width, height = draw(st.integers(1, 9000)), draw(st.integers(1, 9000))
    boxes = [Box(0, 0, width, height)]
    for _ in range(draw(st.integers(0, 5))):
        left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        boxes.append(Box(left, top, draw(st.integers(1, width - left)), draw(st.integers(1, height - top))))
    part = np.array(sorted(draw(st.lists(st.integers(0, len(boxes) - 1), max_size=40))), dtype=np.uint8)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    corners = np.array([(b.left, b.top, b.width, b.height) for b in boxes], dtype=np.float64)[part]
    at = corners[:, :2] + np.floor(rng.random((len(part), 2)) * corners[:, 2:])
    points = np.column_stack([at, rng.uniform(1, 900, len(part)), rng.uniform(0, 359, len(part))])
    bits = rng.integers(0, 256, (2, len(part), 32), dtype=np.uint8)
    return Features(width, height, tuple(boxes), part, points.astype(np.float32), bits[0], bits[1])


@given(features())
def test_features_survive_being_stored(value):
    data = format_features(value)
    read = parse_features(data)
    assert format_features(read) == data
    assert (read.width, read.height, read.parts) == (value.width, value.height, value.parts)
    for name in ("part", "points", "descriptors", "mirrored"):
        assert np.array_equal(getattr(read, name), getattr(value, name))


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(data):
    with pytest.raises(BadFeatures):
        parse_features(data)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_still_canonical(at, value):
    data = GOOD[:at] + bytes([value]) + GOOD[at + 1 :]
    try:
        read = parse_features(data)
    except BadFeatures:
        return
    assert format_features(read) == data


@given(st.integers(0, len(GOOD) - 1))
def test_a_torn_file_is_refused(length):
    with pytest.raises(BadFeatures):
        parse_features(GOOD[:length])


def test_bytes_behind_the_end_are_refused():
    with pytest.raises(BadFeatures):
        parse_features(GOOD + b"\0")


def with_number(column, number):
    """The first point with another x, y, diameter or angle."""
    at = HEAD + 2 * BOX + COUNT + 4 * column
    return GOOD[:at] + struct.pack(">f", number) + GOOD[at + 4 :]


@every("column", range(4))
@every("number", [float("nan"), float("inf"), -1.0, 1e30])
def test_impossible_numbers_are_refused(column, number):
    with pytest.raises(BadFeatures):
        parse_features(with_number(column, number))


def test_a_point_without_a_diameter_is_refused():
    with pytest.raises(BadFeatures, match="outside"):
        parse_features(with_number(2, 0.0))


def test_more_points_than_are_ever_described_are_refused():
    count = MOST_PART_POINTS + 1
    points = np.full((count, 4), 30, np.float32)
    bits = np.zeros((count, 32), np.uint8)
    boxes = (Box(0, 0, 160, 120), Box(10, 20, 80, 60))
    crowded = Features(160, 120, boxes, np.ones(count, np.uint8), points, bits, bits)
    with pytest.raises(BadFeatures, match="too many"):
        parse_features(format_features(crowded))


def test_another_version_says_what_to_do():
    with pytest.raises(BadFeatures, match="describe the picture again"):
        parse_features(b"TBF0" + GOOD[4:])
