"""A hash of a picture that was decoded small never lies further from the true one than it says."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from every import every
from soaking import quick
from takeback.signals.model import MIN_QUALITY, Box, Pdq
from takeback.signals.parts.decode import decode, working
from takeback.signals.pdq import hashing, reference, scaled
from takeback.signals.pdq.scaled import Working
from takeback_dev.pictures import encode, scene

SIZES = [(1632, 1224), (801, 1199), (1001, 1333), (1921, 1083), (1500, 2003), (512, 512)]


def grained(image, size):
    """Enlarged, with the detail that enlarging does not bring."""
    pixels = np.asarray(image.resize(size)).astype(np.int16)
    grain = np.random.default_rng(1).normal(0, 6, (*pixels.shape[:2], 1))
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def half_tone(image):
    grey = np.asarray(image.convert("L")).astype(float)
    down, across = np.mgrid[: image.height, : image.width]
    raster = 127.5 + 127.5 * np.sin(2 * np.pi * across / 7.3) * np.sin(2 * np.pi * down / 7.3)
    return Image.fromarray(((grey > raster) * 255).astype(np.uint8)).convert("RGB")


def page(image):
    image = image.copy()
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, image.width, image.height // 2), fill="white")
    for top in range(4, image.height // 2, 14):
        pen.text((8, top), "the quick brown fox jumps over the lazy dog " * 12, fill="black")
    return image


EDITS = {
    "plain": lambda image: image,
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(2),
    "bright": lambda image: ImageEnhance.Brightness(image).enhance(1.6),
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.3),
    "saturated": lambda image: ImageEnhance.Color(image).enhance(4),
    "sharp": lambda image: image.filter(ImageFilter.UnsharpMask(2, 300, 0)),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(4)),
    "dithered": lambda image: image.convert("1").convert("RGB"),
    "half-tone": half_tone,
    "page": page,
    "four levels": lambda image: ImageOps.posterize(image, 2),
    "negative": ImageOps.invert,
    "framed": lambda image: ImageOps.expand(image, 60, "white"),
    "grey": lambda image: image.convert("L"),
}


def apart(left, right):
    return (int.from_bytes(left.hash) ^ int.from_bytes(right.hash)).bit_count()


def parts(small, rng):
    """The whole and three parts, on the raster of the small picture."""
    yield None
    for _ in range(3):
        width, height = (int(rng.integers(min(40, side), side + 1)) for side in small.grey.shape[::-1])
        left, top = (
            int(rng.integers(0, side - taken + 1))
            for side, taken in zip(small.grey.shape[::-1], (width, height), strict=True)
        )
        scale = small.scale
        yield Box(
            left * scale,
            top * scale,
            min(width * scale, small.width - left * scale),
            min(height * scale, small.height - top * scale),
        )


def check(data, rng):
    """Each part's fast hash, and the exact one, and that the doubt covers what lies between."""
    rgb, small = decode(data).rgb, working(data)
    assert rgb.shape[:2] == (small.height, small.width)
    results = []
    for box in parts(small, rng):
        cut = rgb if box is None else rgb[box.top : box.top + box.height, box.left : box.left + box.width]
        fast, doubt = hashing.hash_working(small, box)
        exact = hashing.hash_pixels(cut)
        assert apart(fast, exact) <= doubt, (box, doubt)
        if doubt <= hashing.MAX_DOUBT:
            assert (fast.quality >= MIN_QUALITY) == (exact.quality >= MIN_QUALITY)
        results.append((apart(fast, exact), doubt))
    return results


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("seed", quick(0, every=range(2)))
def test_the_doubt_covers_what_decoding_small_changes(edit, seed):
    rng = np.random.default_rng([seed, *edit.encode()])
    size = SIZES[int(rng.integers(len(SIZES)))]
    image = EDITS[edit](grained(scene(int(rng.integers(1000)), 640, 480), size))
    options = {} if image.mode == "L" else {"subsampling": int(rng.integers(3))}
    quality, progressive = int(rng.integers(25, 98)), bool(rng.integers(2))
    check(encode(image, "JPEG", quality=quality, progressive=progressive, **options), rng)


@given(st.integers(0, 2**32), st.sampled_from(list(EDITS)), st.integers(40, 400), st.integers(40, 400))
def test_at_full_size_the_doubt_covers_rounding(seed, edit, width, height):
    image = EDITS[edit](scene(seed % 1000, max(64, width), max(64, height)))
    check(encode(image, "PNG"), np.random.default_rng(seed))


def test_a_photograph_is_in_little_doubt():
    doubts = []
    for seed in range(4):
        data = encode(grained(scene(seed, 640, 480), (1632, 1224)), "JPEG", quality=85)
        distance, doubt = check(data, np.random.default_rng(seed))[0]
        assert distance <= 4
        doubts.append(doubt)
    assert np.median(doubts) <= hashing.MAX_DOUBT


@every("length", [5, 7, 63, 64, 65, 127, 128, 129, 300, 640, 853, 1201, 3000])
@every("scale", [1, 2, 4, 8])
def test_the_weights_are_those_of_the_full_size_added_up(length, scale):
    full = np.zeros((64, length))
    for index, row in enumerate(full):
        outer = reference.box(length, reference.sample_at(length, index))
        for inner in (reference.box(length, middle) for middle in outer):
            row[inner.start : inner.stop] += 1 / (len(outer) * len(inner))
    folded = np.zeros((64, -(-length // scale)))
    places, weights = scaled.axis(length, scale)
    for row, where, weight in zip(folded, places, weights, strict=True):
        row[where] += weight[0]
    assert np.abs(folded - np.add.reduceat(full, np.arange(0, length, scale), axis=1)).max() < 1e-6


@given(st.integers(5, 900), st.integers(5, 900), st.sampled_from([1, 2, 4, 8]), st.integers(0, 2**32))
def test_even_blocks_lose_nothing(width, height, scale, seed):
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (-(-height // scale), -(-width // scale)), dtype=np.uint8)
    full = grey.repeat(scale, axis=0).repeat(scale, axis=1)[:height, :width]
    if width == height == 64 and scale > 1:
        return
    samples = reference.block(np.repeat(full[..., None], 3, axis=2))
    assert np.abs(scaled.block(grey, width, height, scale) - samples).max() < 0.01


def test_a_picture_turned_by_its_tag_is_hashed_upright():
    image = grained(scene(5, 640, 480), (1600, 1200))
    tag = Image.Exif()
    for orientation in range(1, 9):
        tag[0x0112] = orientation
        data = encode(image, "JPEG", quality=85, exif=tag)
        assert working(data).scale == 2
        check(data, np.random.default_rng(orientation))


def test_a_quality_near_the_limit_asks_for_the_exact_hash():
    rng = np.random.default_rng(0)
    seen = set()
    for contrast in np.linspace(0.02, 0.5, 40):
        tones = 128 + contrast * np.cumsum(rng.normal(0, 2, (500, 500)), axis=1)
        grey = np.clip(tones, 0, 255).astype(np.uint8)
        fast, doubt = hashing.hash_working(Working(grey, 1, 500, 500, "PNG"))
        near = abs(fast.quality - MIN_QUALITY) <= 8
        seen.add(near)
        assert (doubt == hashing.ASK_EXACTLY) == near
    assert seen == {True, False}


def test_a_part_of_which_too_little_is_left_asks_for_the_exact_hash():
    small = working(encode(grained(scene(1, 640, 480), (3000, 3000)), "JPEG"))
    assert small.scale == 8
    assert hashing.hash_working(small, Box(800, 800, 47 * 8, 900))[1] == hashing.ASK_EXACTLY
    assert hashing.hash_working(small, Box(800, 800, 64, 64))[1] == hashing.ASK_EXACTLY


def test_a_plain_area_is_all_doubt():
    assert hashing.hash_working(Working(np.full((400, 400), 90, np.uint8), 2, 800, 800, "JPEG"))[1] == 256


def test_a_strip_below_five_pixels_has_the_empty_hash():
    grey = np.zeros((300, 300), np.uint8)
    assert hashing.hash_working(Working(grey, 1, 300, 300, "PNG"), Box(0, 0, 300, 4)) == (
        Pdq(bytes(32), 0),
        0,
    )


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (Box(0, 0, 801, 600), "does not lie"),
        (Box(-2, 0, 100, 100), "does not lie"),
        (Box(0, 0, 100, 0), "does not lie"),
        (Box(0, 500, 100, 101), "does not lie"),
        (Box(3, 0, 100, 100), "multiple of 2"),
        (Box(2, 1, 100, 100), "multiple of 2"),
    ],
)
def test_a_box_off_the_picture_or_its_raster_is_refused(box, words):
    small = Working(np.zeros((300, 400), np.uint8), 2, 800, 600, "JPEG")
    with pytest.raises(ValueError, match=words):
        hashing.hash_working(small, box)


def test_sixty_four_pixels_a_side_are_taken_as_they_are():
    rgb = np.repeat(np.random.default_rng(2).integers(0, 256, (64, 64, 1), dtype=np.uint8), 3, axis=2)
    stored = io.BytesIO()
    Image.fromarray(rgb).save(stored, "PNG")
    fast, doubt = hashing.hash_working(working(stored.getvalue()))
    assert apart(fast, hashing.hash_pixels(rgb)) <= doubt <= hashing.MAX_DOUBT
