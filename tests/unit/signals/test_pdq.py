"""PDQ is what `pdqhash` says it is, for every picture and every way to lay it down."""

import base64
import json
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.signals.model import Flip, Pdq
from takeback.signals.parts.decode import decode
from takeback.signals.pdq import hashing, reference
from takeback.signals.pdq.flips import flip_pixels
from takeback_dev.pictures import scene

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "pdq.json").read_text())
SIZES = [
    (5, 5), (5, 7), (13, 64), (63, 64), (64, 64), (64, 65), (65, 64), (127, 128), (128, 129), (129, 257),
    (200, 300), (256, 512), (511, 513), (37, 1200), (1300, 41), (5, 700), (600, 5), (640, 853),
]  # fmt: skip


def by_pdqhash(rgb):
    bits, quality = pdqhash.compute(np.ascontiguousarray(rgb))
    return Pdq(np.packbits(bits.astype(np.uint8)).tobytes(), quality)


def noise(rng, height, width):
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def waves(rng, height, width):
    down, across = np.mgrid[:height, :width]
    planes = []
    for _ in range(3):
        plane = np.zeros((height, width))
        for x, y, phase, size in rng.normal(0, 4, (6, 4)):
            plane += size * np.sin(2 * np.pi * (x * across / width + y * down / height) + phase)
        planes.append((plane - plane.min()) / np.ptp(plane) * 255)
    return np.stack(planes, axis=-1).astype(np.uint8)


def landscape(rng, height, width):
    return np.asarray(scene(int(rng.integers(1000)), max(64, width), max(64, height)))[:height, :width]


def flat(rng, height, width):
    return np.full((height, width, 3), rng.integers(0, 256, 3), dtype=np.uint8)


def symmetric(rng, height, width):
    half = waves(rng, height, (width + 1) // 2)
    return np.concatenate([half, half[:, ::-1]], axis=1)[:, :width]


def stripes(rng, height, width):
    line = (np.arange(width) // max(1, width // int(rng.integers(2, 60))) % 2 * 255).astype(np.uint8)
    return np.broadcast_to(line[None, :, None], (height, width, 3)).copy()


def tiles(rng, height, width):
    tall, wide = rng.integers(1, 60, 2)
    tile = noise(rng, tall, wide)
    return np.tile(tile, (height // tall + 1, width // wide + 1, 1))[:height, :width].copy()


def half_tiled(rng, height, width):
    """Of all that was tried, what makes the reference's sums drift farthest."""
    rgb = tiles(rng, height, width)
    rgb[:, int(rng.integers(width)) :] = rng.integers(0, 256, 3)
    return rgb


def ramp(rng, height, width):
    line = (np.arange(width) * int(rng.integers(100, 256)) // width).astype(np.uint8)
    return np.broadcast_to(line[None, :, None], (height, width, 3)).copy()


KINDS = [noise, waves, landscape, flat, symmetric, stripes, tiles, half_tiled, ramp]


@every("kind", KINDS, ids=lambda kind: kind.__name__)
@every("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_kind_and_size_hashes_as_the_reference_does(kind, size):
    rgb = kind(np.random.default_rng(size), *size)
    expected = by_pdqhash(rgb)
    assert hashing.hash_pixels(rgb) == expected
    assert reference.hash_pixels(rgb) == expected


@pytest.mark.parametrize("kind", [landscape, tiles], ids=lambda kind: kind.__name__)
def test_three_megapixels_hash_as_the_reference_does(kind):
    rgb = kind(np.random.default_rng(3), 1500, 2000)
    assert hashing.hash_pixels(rgb) == by_pdqhash(rgb)
    assert reference.hash_pixels(rgb) == by_pdqhash(rgb)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 130])
def test_the_height_of_the_strips_changes_nothing(rows, monkeypatch):
    rgb = landscape(np.random.default_rng(4), 641, 300)
    monkeypatch.setattr(reference, "_STRIP_PIXELS", rows * 300)
    assert reference.hash_pixels(rgb) == by_pdqhash(rgb)


def test_brightness_rounds_as_the_reference_does_in_every_colour():
    green, blue = np.indices((256, 256), dtype=np.uint8)
    for red in range(256):
        rgb = np.stack([np.full_like(green, red), green, blue], axis=-1)
        # As `pdqhash.compute` writes it.
        wide = (rgb[..., 0] * 0.299 + rgb[..., 1] * 0.587 + rgb[..., 2] * 0.114).astype(np.float32)
        assert np.array_equal(reference.luma(rgb), wide)


@given(st.integers(5, 400), st.integers(5, 400), st.sampled_from(KINDS), st.integers(0, 2**32))
def test_any_picture_hashes_as_the_reference_does(height, width, kind, seed):
    rgb = kind(np.random.default_rng(seed), height, width)
    assert hashing.hash_pixels(rgb) == by_pdqhash(rgb)


@given(st.integers(5, 200), st.integers(5, 200), st.sampled_from(KINDS), st.integers(0, 2**32))
def test_each_flip_hash_is_the_reference_hash_of_the_flipped_pixels(height, width, kind, seed):
    rgb = kind(np.random.default_rng(seed), height, width)
    flips = hashing.hash_pixels_flips(rgb)
    assert flips == tuple(by_pdqhash(flip_pixels(rgb, flip)) for flip in Flip)


@pytest.mark.parametrize("size", [(640, 853), (1201, 800), (64, 64), (65, 64)])
def test_each_flip_hash_of_a_landscape_is_that_of_the_flipped_pixels(size):
    rgb = landscape(np.random.default_rng(1), *size)
    assert hashing.hash_pixels_flips(rgb) == tuple(by_pdqhash(flip_pixels(rgb, flip)) for flip in Flip)


def test_flips_are_what_their_names_say():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    expected = {
        Flip.NONE: pixels,
        Flip.MIRROR: np.fliplr(pixels),
        Flip.UPSIDE_DOWN: np.flipud(pixels),
        Flip.ROTATE_180: np.rot90(pixels, 2),
        Flip.TRANSPOSE: pixels.T,
        Flip.ROTATE_90: np.rot90(pixels, 1),
        Flip.ROTATE_270: np.rot90(pixels, 3),
        Flip.ANTI_TRANSPOSE: np.rot90(pixels, 2).T,
    }
    for flip in Flip:
        assert np.array_equal(flip_pixels(pixels, flip), expected[flip])


def test_most_pictures_are_decided_by_the_fast_sums():
    certain = 0
    for seed in range(30):
        rgb = np.asarray(scene(seed, 320, 240))
        certain += hashing._decide(hashing._blocks(rgb, flips=False)[0], 320).certain
    assert certain >= 24


def test_the_fast_sums_stay_far_inside_their_noise_bound():
    rng = np.random.default_rng(9)
    worst = 0.0
    for kind in KINDS:
        for _ in range(4):
            rgb = kind(rng, *(int(side) for side in rng.integers(5, 700, 2)))
            fast, exact = hashing._blocks(rgb, flips=False)[0], reference.block(rgb)
            drift = np.abs(
                hashing._WIDE_DCT @ fast.astype(float) @ hashing._WIDE_DCT.T - reference.coefficients(exact)
            )
            worst = max(worst, float((drift.ravel() / hashing._COEFFICIENT_NOISE).max()))
            assert np.abs(fast - exact).max() < hashing._SAMPLE_NOISE / 2
    assert worst < 0.5


def test_a_side_below_five_pixels_gives_the_empty_hash():
    rgb = np.zeros((4, 900, 3), dtype=np.uint8)
    assert hashing.hash_pixels(rgb) == Pdq(bytes(32), 0) == by_pdqhash(rgb)
    assert set(hashing.hash_pixels_flips(rgb)) == {Pdq(bytes(32), 0)}


@pytest.mark.parametrize(
    "wrong", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))]
)
def test_pixels_of_another_form_are_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        hashing.hash_pixels(wrong)


def test_a_view_hashes_like_its_copy():
    rgb = landscape(np.random.default_rng(5), 300, 400)
    assert hashing.hash_pixels(rgb[::-1, ::2]) == by_pdqhash(rgb[::-1, ::2])


def test_a_negative_has_the_complement():
    rgb = landscape(np.random.default_rng(6), 300, 400)
    turned_over = bytes(byte ^ 0xFF for byte in hashing.hash_pixels(rgb).hash)
    negative = hashing.hash_pixels(255 - rgb).hash
    assert (int.from_bytes(turned_over) ^ int.from_bytes(negative)).bit_count() <= 4


@every("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_shared_vectors_hold(vector):
    data = base64.b64decode(vector["picture"])
    picture = decode(data)
    assert picture.rgb.shape == (vector["height"], vector["width"], 3)
    assert hashing.hash_pixels(picture.rgb) == Pdq(bytes.fromhex(vector["hash"]), vector["quality"])
    assert [flip.hash.hex() for flip in hashing.hash_pixels_flips(picture.rgb)] == vector["flips"]
