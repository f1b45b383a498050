"""Pictures inside what is shown are found: borders, captions, collages, pages, pictures on pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from takeback.signals.model import Box, Cut
from takeback.signals.parts.decode import decode
from takeback.signals.parts.panels import MOST_CUTS, SMALLEST_SIDE, cuts
from takeback_dev.pictures import encode, scene


def picture(seed=1, width=480, height=360):
    """A painted landscape with some texture, grey."""
    rng = np.random.default_rng(seed)
    grey = np.asarray(Image.fromarray(np.asarray(scene(seed, width, height))).convert("L"), dtype=np.int16)
    return np.clip(grey + rng.integers(-20, 21, grey.shape), 30, 225).astype(np.uint8)


def posted(grey):
    """As a platform serves it: a JPEG."""
    return np.asarray(
        Image.fromarray(decode(encode(Image.fromarray(grey).convert("RGB"), "JPEG", quality=80)).rgb).convert(
            "L"
        )
    )


def near(box, left, top, width, height, by=4):
    sides = (box.left, box.top, box.left + box.width, box.top + box.height)
    return max(abs(a - b) for a, b in zip(sides, (left, top, left + width, top + height), strict=True)) <= by


def found(grey, left, top, width, height, cut=None, by=4):
    return any(
        near(box, left, top, width, height, by) and cut in (None, kind) for kind, box in cuts(posted(grey))
    )


@pytest.mark.parametrize("colour", [0, 255, 128])
@pytest.mark.parametrize("border", [(60, 60), (0, 80), (80, 0)])
def test_a_border_is_stripped(colour, border):
    across, down = border
    page = np.asarray(ImageOps.expand(Image.fromarray(picture()), (across, down, across, down), colour))
    assert found(page, across, down, 480, 360, Cut.TRIMMED)


def test_a_border_in_a_border_is_stripped():
    inner = ImageOps.expand(Image.fromarray(picture()), 40, 0)
    assert found(np.asarray(ImageOps.expand(inner, 50, 255)), 90, 90, 480, 360, Cut.TRIMMED)


@pytest.mark.parametrize(("columns", "gap"), [(2, 12), (3, 8)])
def test_every_picture_of_a_collage_is_found(columns, gap):
    page = np.full((columns * (240 + gap) + gap, columns * (320 + gap) + gap), 255, dtype=np.uint8)
    places = []
    for index in range(columns * columns):
        row, column = divmod(index, columns)
        top, left = gap + row * (240 + gap), gap + column * (320 + gap)
        page[top : top + 240, left : left + 320] = picture(index, 320, 240)
        places.append((left, top, 320, 240))
    boxes = [box for _, box in cuts(posted(page))]
    assert all(any(near(box, *place) for box in boxes) for place in places)


def test_two_pictures_without_a_gap_are_parted_at_their_common_edge():
    dark = (picture(1, 400, 300) // 2).astype(np.uint8)
    light = np.clip(picture(2, 400, 300).astype(np.int16) + 40, 0, 255).astype(np.uint8)
    page = np.concatenate([dark, light], axis=1)
    assert found(page, 0, 0, 400, 300, Cut.PANEL)
    assert found(page, 400, 0, 400, 300, Cut.PANEL)


def test_a_picture_under_words_is_found():
    page = np.full((460, 480), 255, dtype=np.uint8)
    page[100:] = picture()
    for x in range(30, 400, 24):
        page[30:66, x : x + 14] = 0
    assert found(page, 0, 100, 480, 360)


def test_a_picture_on_another_picture_is_found():
    page = np.clip(picture(3, 800, 600).astype(np.int16) + 50, 0, 255).astype(np.uint8)
    page[150:450, 300:700] = picture(4, 400, 300) // 2
    assert found(page, 300, 150, 400, 300, Cut.PANEL)


def test_a_picture_in_a_large_screenshot_is_found_to_the_pixel():
    page = np.full((1800, 2560), 250, dtype=np.uint8)
    page[333:1053, 217:1177] = picture(5, 960, 720)
    assert found(page, 217, 333, 960, 720, by=2)


def test_trimmed_comes_first_and_once():
    page = np.asarray(ImageOps.expand(Image.fromarray(picture()), 60, 255))
    kinds = [kind for kind, _ in cuts(page)]
    assert kinds[0] is Cut.TRIMMED
    assert Cut.TRIMMED not in kinds[1:]


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((400, 400), np.uint8),
        np.full((64, 64), 255, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.zeros((63, 5000), np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (300, 2)),
    ],
    ids=["black", "white", "a pixel", "a line", "ramps"],
)
def test_flat_and_tiny_pictures_have_no_parts_of_nearly_their_own_size(grey):
    assert all(box.width * box.height < 0.95 * grey.size for _, box in cuts(grey))


def test_noise_has_no_parts():
    assert cuts(np.random.default_rng(1).integers(0, 256, (480, 640), dtype=np.uint8)) == ()


@st.composite
def pages(draw):
    """Rectangles of noise and colour on a ground, of any size."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    height, width = draw(st.integers(1, 900)), draw(st.integers(1, 900))
    page = np.full((height, width), draw(st.integers(0, 255)), dtype=np.uint8)
    for _ in range(draw(st.integers(0, 8))):
        left, top = int(rng.integers(width)), int(rng.integers(height))
        part = page[top : top + int(rng.integers(1, 400)), left : left + int(rng.integers(1, 400))]
        low, high = sorted(rng.integers(0, 256, 2))
        part[:] = rng.integers(low, high + 1, part.shape)
    return page


def _union_share(one: Box, other: Box) -> float:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    both = max(0, across) * max(0, down)
    return both / (one.width * one.height + other.width * other.height - both)


@given(pages())
def test_parts_lie_inside_are_few_large_and_unlike_each_other(page):
    before = page.copy()
    parts = cuts(page)
    assert np.array_equal(page, before)
    assert parts == cuts(page)
    assert len(parts) <= MOST_CUTS
    height, width = page.shape
    for _, box in parts:
        assert box.left >= 0
        assert box.top >= 0
        assert box.left + box.width <= width
        assert box.top + box.height <= height
        assert min(box.width, box.height) >= SMALLEST_SIDE - 8  # a side may move to a nearby step
    boxes = [Box(0, 0, width, height), *(box for _, box in parts)]
    assert all(_union_share(one, other) < 0.98 for place, one in enumerate(boxes) for other in boxes[:place])


@pytest.mark.parametrize("length", [64, 500, 3199, 3600, 4000, 31_000])
def test_a_strip_is_looked_at_whatever_its_shape(length):
    strip = np.random.default_rng(length).integers(0, 256, (SMALLEST_SIDE, length), dtype=np.uint8)
    for grey in (strip, np.ascontiguousarray(strip.T)):
        height, width = grey.shape
        for _, box in cuts(grey):
            assert box.left + box.width <= width
            assert box.top + box.height <= height
