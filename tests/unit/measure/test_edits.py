"""The edits are the same for the same seed, files that can be read, and what their names say."""

from functools import cache

import numpy as np
import pytest

from every import every
from takeback.signals.parts.decode import decode
from takeback.signals.pdq import hashing
from takeback_dev.measure.edits import EDITS, OTHERS, Edit, apply
from takeback_dev.pictures import scene


@cache
def pictures():
    """The one that is edited, and those that some edits put beside it."""
    return [np.asarray(scene(1 + number, 320, 240)) for number in range(1 + OTHERS)]


def named(name: str) -> Edit:
    (edit,) = (edit for edit in EDITS if f"{edit.group}: {edit.name}" == name)
    return edit


def made(edit: Edit, seed: int = 1, picture: str = "a"):
    return apply(edit, pictures()[0], pictures()[1:], seed=seed, picture=picture)


def bits_off(name: str) -> int:
    one, other = hashing.hash_pixels(decode(made(named(name))).rgb), hashing.hash_pixels(pictures()[0])
    return (int.from_bytes(one.hash) ^ int.from_bytes(other.hash)).bit_count()


def test_there_are_at_least_85_and_no_two_of_one_name():
    assert len(EDITS) >= 85
    assert len({(edit.group, edit.name) for edit in EDITS}) == len(EDITS)


@every("edit", EDITS, ids=lambda edit: f"{edit.group}, {edit.name}")
def test_an_edit_gives_a_readable_file_the_same_each_time_and_leaves_the_picture_alone(edit):
    before = pictures()[0].copy()
    file = made(edit)
    assert file == made(edit)
    assert min(decode(file).rgb.shape[:2]) >= 60
    assert np.array_equal(before, pictures()[0])


@pytest.mark.parametrize("name", ["stickers: one", "text: one line", "perspective: 12%", "noise: sigma 25"])
def test_another_seed_or_picture_is_edited_differently(name):
    assert len({made(named(name)), made(named(name), seed=2), made(named(name), picture="b")}) == 3


@pytest.mark.parametrize("name", ["recompress: JPEG 50", "resize: to 0.5", "file format: CMYK JPEG"])
def test_mild_edits_keep_the_hash_near(name):
    assert bits_off(name) <= 31


@pytest.mark.parametrize("name", ["mirror: left and right", "crop 40 %: left", "negative: negative"])
def test_strong_edits_do_not(name):
    assert bits_off(name) > 48
