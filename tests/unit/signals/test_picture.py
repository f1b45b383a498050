"""All signals of a picture: the same parts whether read fast or exactly, and hashes that stand for them."""

import hashlib
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageOps

from signal_files import photo
from takeback.errors import Unreadable
from takeback.signals.model import MATCH_RADIUS, MIN_QUALITY, Cut
from takeback.signals.parts.decode import decode
from takeback.signals.parts.picture import read_picture, views_of
from takeback.signals.pdq.hashing import MAX_DOUBT, hash_pixels, hash_pixels_flips
from takeback_dev.pictures import encode

ORIENTATION = 0x0112
read = cache(read_picture)


def apart(one, other):
    return (int.from_bytes(one.hash) ^ int.from_bytes(other.hash)).bit_count()


def bordered(picture, border=80):
    return ImageOps.expand(picture, border, (20, 20, 20))


def collage(pictures):
    width, height = pictures[0].size
    sheet = Image.new("RGB", (len(pictures) * (width + 40) + 40, height + 80), (255, 255, 255))
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (40 + number * (width + 40), 40))
    return sheet


FILES = {
    "jpeg": lambda: encode(photo(960, 640, seed=2), "JPEG"),
    "large jpeg": lambda: encode(photo(1700, 1203, seed=3), "JPEG"),
    "large jpeg with a border": lambda: encode(bordered(photo(1700, 1203, seed=3), 111), "JPEG"),
    "collage": lambda: encode(collage([photo(900, 800, seed=4), photo(900, 800, seed=5)]), "JPEG"),
    "collage as png": lambda: encode(collage([photo(300, 260, seed=4), photo(300, 260, seed=5)]), "PNG"),
    "one colour": lambda: encode(Image.new("RGB", (300, 200), (9, 200, 9)), "JPEG"),
    "tiny": lambda: encode(photo(3, 9), "PNG"),
}


@cache
def file(name):
    """Made when a test asks for it."""
    return FILES[name]()


each_file = pytest.mark.parametrize("name", FILES)


@each_file
def test_exact_hashes_are_those_of_the_pixels_at_full_size(name):
    data = file(name)
    seen, rgb = read(data, exact=True), decode(data).rgb
    assert (seen.height, seen.width) == rgb.shape[:2]
    assert (seen.whole, seen.doubt, seen.flips) == (hash_pixels(rgb), 0, ())
    for part in seen.variants:
        assert (part.pdq, part.doubt, part.flips) == (hash_pixels(inside(rgb, part.box)), 0, ())


@each_file
def test_flips_are_those_of_the_pixels_at_full_size(name):
    data = file(name)
    seen, rgb = read(data, flips=True), decode(data).rgb
    assert seen.flips == hash_pixels_flips(rgb)
    assert (seen.whole, seen.doubt) == (seen.flips[0], 0)
    for part in seen.variants:
        assert part.flips == hash_pixels_flips(inside(rgb, part.box))
        assert (part.pdq, part.doubt) == (part.flips[0], 0)


@each_file
def test_fast_hashes_lie_within_their_doubt_of_the_exact_ones(name):
    data = file(name)
    fast, exact = read(data), read(data, exact=True)
    assert (fast.width, fast.height, fast.format) == (exact.width, exact.height, exact.format)
    assert [(part.cut, part.box) for part in fast.variants] == [
        (part.cut, part.box) for part in exact.variants
    ]
    assert apart(fast.whole, exact.whole) <= fast.doubt <= MAX_DOUBT
    for one, other in zip(fast.variants, exact.variants, strict=True):
        assert apart(one.pdq, other.pdq) <= one.doubt <= MAX_DOUBT


def inside(rgb, box):
    return np.ascontiguousarray(rgb[box.top : box.top + box.height, box.left : box.left + box.width])


def test_a_picture_is_found_within_its_border():
    original = read(file("large jpeg"), exact=True)
    seen = read(file("large jpeg with a border"))
    assert apart(seen.whole, original.whole) > MATCH_RADIUS
    trimmed = seen.variants[0]
    assert trimmed.cut is Cut.TRIMMED
    assert apart(trimmed.pdq, original.whole) <= MATCH_RADIUS


@pytest.mark.parametrize("name", ["collage", "collage as png"])
def test_pictures_are_found_in_a_collage(name):
    size = (900, 800) if name == "collage" else (300, 260)
    for seed in (4, 5):
        original = hash_pixels(np.asarray(photo(*size, seed=seed)))
        seen = read(file(name))
        assert min(apart(part.pdq, original) for part in seen.variants) <= MATCH_RADIUS


@each_file
def test_a_part_has_detail_lies_inside_and_is_no_second_whole(name):
    data = file(name)
    seen = read(data)
    before = [seen.whole]
    for part in seen.variants:
        assert part.pdq.quality >= MIN_QUALITY
        assert 0 <= part.box.left < part.box.left + part.box.width <= seen.width
        assert 0 <= part.box.top < part.box.top + part.box.height <= seen.height
        assert min(apart(part.pdq, other) for other in before) > 2
        before.append(part.pdq)


def test_parts_are_those_of_the_upright_picture():
    tag = Image.Exif()
    tag[ORIENTATION] = 6
    turned = bordered(photo(900, 600)).transpose(Image.Transpose.ROTATE_90)
    seen = read_picture(encode(turned, "JPEG", exif=tag))
    plain = read_picture(encode(bordered(photo(900, 600)), "JPEG"))
    assert (seen.width, seen.height) == (plain.width, plain.height)
    assert apart(seen.variants[0].pdq, plain.variants[0].pdq) <= 8


def test_what_is_no_picture_says_why():
    with pytest.raises(Unreadable, match="not_a_picture"):
        read_picture(b"no picture")
    with pytest.raises(Unreadable, match="too_many_pixels"):
        views_of(file("jpeg"), max_pixels=1000)
    with pytest.raises(Unreadable, match="too_many_bytes"):
        views_of(file("jpeg"), max_bytes=1000)
    with pytest.raises(Unreadable, match="damaged"):
        read_picture(file("jpeg")[:2000])


def test_the_public_name_loads_no_decoder_before_it_is_used_and_none_of_clips_or_details_then():
    program = """
import sys, takeback.signals
assert not {"PIL", "numpy", "cv2", "av"} & set(sys.modules)
from takeback.signals import read_picture
assert not {"cv2", "av", "pypdfium2"} & set(sys.modules)
print(read_picture(sys.stdin.buffer.read()).sha256.hex())
"""
    data = file("jpeg")
    run = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    assert run.stdout.decode().strip() == hashlib.sha256(data).hexdigest()
