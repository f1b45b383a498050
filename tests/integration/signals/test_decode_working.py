"""Decoding small reads the files that decoding reads, refuses those that it refuses, and shows the same."""

import io
import math

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from signal_files import gif_and_html, jpeg_and_zip, lying_jpeg, photo
from soaking import quick
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.parts.decode import FORMATS, MAX_BYTES, MAX_PIXELS, SHORT_SIDE, decode, working
from takeback_dev.pictures import encode

ORIENTATION = 0x0112
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL.*"),  # of damaged tags
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]
LUMA = np.array([0.299, 0.587, 0.114])


def large(width=1632, height=1224, seed=1):
    return photo(320, 240, seed).resize((width, height), Image.Resampling.BICUBIC)


def turned(orientation):
    tag = Image.Exif()
    tag[ORIENTATION] = orientation
    return tag


def means(full, scale):
    """The mean of each scale x scale pixels; the last ones of fewer."""
    height, width = full.shape
    rows = np.add.reduceat(full, np.arange(0, height, scale), axis=0)
    sums = np.add.reduceat(rows, np.arange(0, width, scale), axis=1)
    tall, wide = (np.minimum(scale, side - np.arange(0, side, scale)) for side in (height, width))
    return sums / np.multiply.outer(tall, wide)


def said(read, data, **limits: int):
    """What is said of a file: the size shown, or why it is refused."""
    try:
        result = read(data, **limits)
    except Unreadable as refused:
        return refused.why
    if read is decode:
        return *result.rgb.shape[:2], result.format
    return result.height, result.width, result.format


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ((749, 2000), 1), ((750, 2000), 2), ((2000, 1499), 2), ((1500, 1500), 4), ((2999, 3001), 4),
        ((4000, 3000), 8), ((6000, 6000), 8),
    ],
)  # fmt: skip
def test_a_jpeg_is_decoded_as_small_as_its_short_side_allows(size, scale):
    small = working(encode(large(*size), "JPEG"))
    assert (small.scale, small.width, small.height, small.format) == (scale, *size, "JPEG")
    assert small.grey.shape == (math.ceil(size[1] / scale), math.ceil(size[0] / scale))
    assert small.grey.dtype == np.uint8
    assert small.grey.flags.c_contiguous
    if scale > 1:
        assert min(small.grey.shape) >= SHORT_SIDE


@pytest.mark.soak
@pytest.mark.parametrize("size", [(1632, 1224), (801, 1199), (1501, 1502), (3001, 3003)])
@pytest.mark.parametrize("kind", ["4:4:4", "4:2:0", "grey", "progressive"])
def test_each_small_pixel_is_the_mean_of_those_it_stands_for(size, kind):
    image = large(*size).convert("L") if kind == "grey" else large(*size)
    options = {"4:4:4": {"subsampling": 0}, "progressive": {"progressive": True}}.get(kind, {})
    data = encode(image, "JPEG", quality=90, **options)
    small = working(data)
    off = np.abs(small.grey - means(decode(data).rgb @ LUMA, small.scale))
    # The last row and column know of pixels beyond the picture's edge.
    assert off[:-1, :-1].mean() < 0.6
    assert off[:-1, :-1].max() < 12
    assert off.mean() < 0.7


@pytest.mark.parametrize("orientation", quick(1, 6, every=range(1, 9)))
@pytest.mark.parametrize("size", [(1600, 1200), (1601, 1203)])
def test_a_turned_jpeg_is_set_upright(size, orientation):
    data = encode(large(*size), "JPEG", exif=turned(orientation))
    small, full = working(data), decode(data).rgb
    assert (small.height, small.width) == full.shape[:2]
    # A last row that stands for fewer pixels would come first: such a picture is decoded at full size.
    assert small.scale == (2 if size == (1600, 1200) or orientation in {1, 5} else 1)
    assert np.abs(small.grey - means(full @ LUMA, small.scale)).mean() < 0.7


@pytest.mark.parametrize("format_", FORMATS)
def test_other_formats_and_small_pictures_stay_at_full_size(format_):
    image = photo() if format_ == "JPEG" else large(800, 760)
    data = encode(image, format_)
    small = working(data)
    assert (small.scale, small.format) == (1, format_)
    assert (small.width, small.height) == image.size
    assert np.abs(small.grey - decode(data).rgb @ LUMA).max() < 0.502


def test_jpegs_whose_brightness_is_no_channel_are_read_in_full():
    inks = encode(large().convert("CMYK"), "JPEG")
    letters = encode(large(), "JPEG", keep_rgb=True)
    for data in (inks, letters):
        small = working(data)
        assert small.scale == 1
        assert np.abs(small.grey - decode(data).rgb @ LUMA).max() < 0.502


def test_adobes_marker_decides_what_the_channels_are():
    marker = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
    data = encode(large(), "JPEG")
    start = data.index(b"\xff\xdb")  # after JFIF's marker, which would have the last word
    for transform, scale in ((0, 1), (1, 2)):
        said_so = data[:2] + marker + bytes([transform]) + data[start:]
        small = working(said_so)
        assert small.scale == scale
        limit = 0.502 if scale == 1 else 12
        assert np.abs(small.grey - means(decode(said_so).rgb @ LUMA, scale))[:-1, :-1].max() < limit


@pytest.mark.soak
@pytest.mark.parametrize("sampling", ["444", "422", "420", "440", "411", "Gray"])
def test_every_sampling_of_colour_gives_pillows_pixels(sampling):
    rng = np.random.default_rng(3)
    for _ in range(12):
        width, height = (int(side) for side in rng.integers(1, 300, 2))
        pixels = np.ascontiguousarray(np.asarray(photo(320, 300))[:height, :width])
        data = simplejpeg.encode_jpeg(pixels, int(rng.integers(20, 99)), colorsubsampling=sampling)
        with Image.open(io.BytesIO(data)) as image:
            assert np.array_equal(decode(data).rgb, np.asarray(image.convert("RGB")))


def test_a_jpeg_of_two_pictures_shows_its_first():
    data = encode(large(seed=1), "MPO", save_all=True, append_images=[large(seed=2)])
    small = working(data)
    assert small.scale == 2
    assert small.format == decode(data).format
    assert np.abs(small.grey - means(decode(data).rgb @ LUMA, 2)).mean() < 0.7


@pytest.mark.parametrize("part", quick(0.01, 0.9, every=[0.01, 0.1, 0.5, 0.9, 0.999]))
@pytest.mark.parametrize("progressive", [False, True])
def test_half_a_large_jpeg_is_refused_as_decoding_refuses_it(part, progressive):
    data = encode(large(), "JPEG", progressive=progressive)
    cut = data[: int(len(data) * part)]
    assert said(working, cut) == said(decode, cut)
    assert said(working, cut) in {WhyUnreadable.DAMAGED, WhyUnreadable.NOT_A_PICTURE}


def test_the_end_of_a_file_decides_alike():
    data = encode(large(), "JPEG")
    for file in (
        *(data[:-cut] for cut in range(1, 9)),
        data + b"\0" * 9,
        data + data,
        data[:-2] + b"\xff\xd8",
    ):
        assert said(working, file) == said(decode, file)


@pytest.mark.parametrize("make", [lying_jpeg, jpeg_and_zip, gif_and_html, lambda: b"", lambda: b"x"])
def test_odd_files_are_judged_alike(make):
    assert said(working, make()) == said(decode, make())


def test_a_jpeg_that_promises_more_than_it_holds_is_left_to_decoding():
    small = working(lying_jpeg(3000, 3000))
    assert small.scale == 1
    assert small.grey.shape == decode(lying_jpeg(3000, 3000)).rgb.shape[:2]


def test_the_limits_are_those_of_decoding():
    data = encode(large(), "JPEG")
    for limits in (
        {"max_bytes": len(data) - 1, "max_pixels": MAX_PIXELS},
        {"max_bytes": MAX_BYTES, "max_pixels": 1632 * 1224 - 1},
        {"max_bytes": len(data), "max_pixels": 1632 * 1224},
    ):
        assert said(working, data, **limits) == said(decode, data, **limits)


LARGE = [
    encode(large(760, 755).convert("L"), "JPEG", quality=20),
    encode(large(755, 760), "JPEG", quality=20, subsampling=0),
    encode(large(760, 755), "JPEG", quality=20, progressive=True),
    encode(large(760, 755), "JPEG", quality=20, restart_marker_blocks=20, exif=turned(5)),
]


@given(st.data())
def test_a_mutated_jpeg_is_judged_alike(data):
    file = bytearray(data.draw(st.sampled_from(LARGE)))
    reach = data.draw(st.sampled_from([700, len(file)]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, reach - 1))
        file[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(file) - 1))
        del file[at : at + 3]
    limits = {"max_bytes": MAX_BYTES, "max_pixels": 2_000_000}
    assert said(working, bytes(file), **limits) == said(decode, bytes(file), **limits)
