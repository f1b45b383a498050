"""The demo's pictures do what the demo and the tests need of them."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from soaking import quick
from takeback.signals.index.compare import distances, stack
from takeback.signals.model import MATCH_RADIUS
from takeback.signals.parts.decode import decode
from takeback.signals.pdq.hashing import hash_pixels, hash_pixels_flips
from takeback_dev.pictures import edits, scene

SEEDS = range(20)


@pytest.fixture(scope="module")
def scenes():
    return [scene(seed) for seed in SEEDS]


def test_one_seed_is_one_picture():
    assert np.array_equal(np.asarray(scene(3)), np.asarray(scene(3)))
    assert not np.array_equal(np.asarray(scene(3)), np.asarray(scene(4)))


@pytest.mark.parametrize("size", [(64, 64), (960, 640), (333, 777), (1600, 200)])
def test_a_scene_has_the_size_asked_for(size):
    assert scene(1, *size).size == size


@pytest.mark.soak
def test_every_scene_has_enough_detail(scenes):
    assert min(hash_pixels(np.asarray(picture)).quality for picture in scenes) >= 80


def test_scenes_are_far_from_each_other_however_they_are_laid():
    hashes = []
    for seed in range(30):
        hashes += [flip.hash for flip in hash_pixels_flips(np.asarray(scene(seed, 480, 320)))]
    table = distances(stack(hashes[::8]), stack(hashes)).astype(int)
    for seed in range(30):
        table[seed, 8 * seed : 8 * seed + 8] = 256
    assert table.min() > 75
    plain = table[:, ::8]
    assert plain.min() > 80


@pytest.mark.parametrize("seed", quick(*list(SEEDS)[::5], every=SEEDS))
def test_every_edit_is_met_by_one_of_the_eight_flips_of_the_original(scenes, seed):
    files = edits(scenes[seed])
    original = stack([flip.hash for flip in hash_pixels_flips(decode(files["as posted"]).rgb)])
    for name, data in files.items():
        apart = distances(stack([hash_pixels(decode(data).rgb).hash]), original)
        assert apart.min() <= MATCH_RADIUS, name


def test_the_edits_are_what_their_names_say():
    files = {name: Image.open(BytesIO(data)) for name, data in edits(scene(5)).items()}
    assert next(iter(files)) == "as posted"
    assert files["rotated by tag"].getexif()[0x0112] == 6
    assert files["rotated by tag"].size == (640, 960)
    assert files["half the size"].size == (480, 320)
    assert files["cmyk"].mode == "CMYK"
    assert (files["palette"].format, files["palette"].mode) == ("PNG", "P")
