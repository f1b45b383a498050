"""The second stage finds what no hash of the whole survives, and agrees to nothing else."""

import cv2
import numpy as np
import pytest

from takeback.signals.details.features import (
    MIN_INLIERS,
    MOST_PART_POINTS,
    MOST_PARTS,
    MOST_POINTS,
    agree,
    describe,
    format_features,
)
from takeback.signals.model import Box, Cut


def scene(seed, width=512, height=384):
    """A made-up picture: soft ground, and shapes with edges, corners and grain."""
    rng = np.random.default_rng(seed)
    ground = cv2.resize(rng.integers(40, 200, (6, 8), dtype=np.uint8), (width, height))
    for _ in range(70):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        size = rng.integers(8, 60, 6)
        grey = int(rng.integers(256))
        if rng.random() < 0.5:
            corners = np.array([[x, y], [x + size[0], y + size[1]], [x - size[2], y + size[3]]])
            cv2.fillPoly(ground, [corners.astype(np.int32)], grey)
        else:
            axes = (int(size[4]), int(size[5]) // 2)
            cv2.ellipse(ground, (x, y), axes, float(rng.integers(180)), 0, 360, grey, -1)
    grain = rng.normal(0, 5, ground.shape)
    return np.clip(cv2.GaussianBlur(ground, (0, 0), 1) + grain, 0, 255).astype(np.uint8)


def rotated(grey, degrees):
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(grey, turn, (width, height))


def leaning(grey):
    height, width = grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    moved = corners + np.array([[40, 20], [-15, 45], [-50, -25], [20, -40]], dtype=np.float32)
    return cv2.warpPerspective(grey, cv2.getPerspectiveTransform(corners, moved), (width, height))


def with_stickers(grey):
    grey = grey.copy()
    for x, y in ((100, 90), (300, 200), (420, 80), (200, 320)):
        cv2.circle(grey, (x, y), 48, 220, -1)
        cv2.circle(grey, (x, y), 40, 30, 3)
    return grey


def lettered(grey, words):
    grey = grey.copy()
    cv2.rectangle(grey, (0, 300), (511, 383), 0, -1)
    cv2.putText(grey, words, (10, 352), cv2.FONT_HERSHEY_DUPLEX, 1.1, 255, 2, cv2.LINE_AA)
    return grey


def page(grey, seed=0):
    """A small picture among what every page of that site shows, and where it lies."""
    rng = np.random.default_rng(1000 + seed)
    shown = np.full((900, 1280), 250, np.uint8)
    for row in range(4):
        words = "".join(chr(letter) for letter in rng.integers(97, 123, 60))
        at = (40, 60 + row * 36)
        cv2.putText(shown, words, at, cv2.FONT_HERSHEY_DUPLEX, 0.9, 20, 1, cv2.LINE_AA)
    small = cv2.resize(grey, (320, 240), interpolation=cv2.INTER_AREA)
    shown[400:640, 200:520] = small
    return shown, Box(200, 400, 320, 240)


EDITS = {
    "cropped": lambda grey: grey[70:330, 90:450],
    "turned by seven degrees": lambda grey: rotated(grey, 7),
    "leaning": leaning,
    "under stickers": with_stickers,
    "a quarter of the size": lambda grey: cv2.resize(grey, (128, 96), interpolation=cv2.INTER_AREA),
    "dark": lambda grey: (grey * 0.4).astype(np.uint8),
    "stretched": lambda grey: cv2.resize(grey, (690, 384)),
    "on its side": lambda grey: np.rot90(grey).copy(),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("mirrored", [False, True])
def test_an_edited_copy_agrees(edit, mirrored):
    grey = scene(1)
    changed = edit(np.ascontiguousarray(grey[:, ::-1]) if mirrored else grey)

    found = agree(describe(changed), describe(grey))

    assert found is not None
    assert found.mirrored is mirrored
    assert found.inliers >= MIN_INLIERS


def test_unrelated_pictures_do_not_agree():
    known = [describe(scene(seed)) for seed in range(8)]
    assert not [
        (one, other)
        for one, query in enumerate(known)
        for other, picture in enumerate(known)
        if one != other and agree(query, picture)
    ]


def test_a_small_picture_on_a_page_is_found_in_its_part():
    shown, box = page(scene(2))

    found = agree(describe(shown, [(Cut.PANEL, box)]), describe(scene(2)))

    assert found is not None
    assert found.box == box


def test_pages_of_one_site_with_other_pictures_do_not_agree():
    first, box = page(scene(3))
    second, _ = page(scene(4))
    cuts = [(Cut.PANEL, box)]

    assert agree(describe(second, cuts), describe(scene(3))) is None
    assert agree(describe(second, cuts), describe(first, cuts)) is None, "only the page's own words agree"
    assert agree(describe(first, cuts), describe(first, cuts)) is not None


def test_the_same_words_under_other_pictures_do_not_agree():
    words = "WHEN YOU SEE IT TWICE"
    known, query = lettered(scene(5), words), lettered(scene(6), words)
    assert agree(describe(query), describe(known)) is None


def test_the_same_logo_on_other_pictures_does_not_agree():
    known, query = scene(7), scene(8)
    logo = scene(9, 96, 72)
    known[20:92, 20:116] = logo
    query[250:322, 380:476] = logo
    assert agree(describe(query), describe(known)) is None


def stuck(grey, places):
    """With the same sticker at places: left, top, side."""
    sticker = scene(99, 128, 128)
    for left, top, side in places:
        small = cv2.resize(sticker, (side, side), interpolation=cv2.INTER_AREA)
        grey[top : top + side, left : left + side] = small
    return grey


@pytest.mark.parametrize("places", [((30, 30, 110), (360, 240, 110)), ((30, 30, 130), (30, 240, 130))])
def test_the_same_large_stickers_on_other_pictures_do_not_agree(places):
    known = [describe(stuck(scene(seed), places)) for seed in range(12)]
    assert not [
        (one, other)
        for one, query in enumerate(known)
        for other, picture in enumerate(known)
        if one != other and agree(query, picture)
    ]
    assert all(agree(query, describe(scene(seed))) for seed, query in enumerate(known))


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (400, 400), dtype=np.uint8)


def checkered(side):
    down, across = np.mgrid[:400, :400]
    return (((down // side + across // side) % 2) * 255).astype(np.uint8)


CRAFTED = {
    "noise": noise(1),
    "coarse noise": cv2.resize(noise(2)[:100, :100], (400, 400)),
    "a checkerboard": checkered(20),
    "a fine checkerboard": checkered(5),
    "one dot": np.pad(np.full((4, 4), 255, np.uint8), 198),
    "nothing": np.zeros((400, 400), np.uint8),
    "sixty-four copies of one corner": np.tile(scene(10, 50, 50), (8, 8)),
}


@pytest.mark.parametrize("grey", CRAFTED.values(), ids=CRAFTED.keys())
def test_a_crafted_pattern_agrees_with_no_picture(grey):
    crafted = describe(grey, [(Cut.PANEL, Box(0, 0, 200, 200))])
    for seed in range(4):
        known = describe(scene(seed))
        assert agree(crafted, known) is None
        assert agree(known, crafted) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (7, 9), (31, 40), (64, 2000)])
def test_pictures_of_any_shape_are_described(size):
    grey = np.random.default_rng(3).integers(0, 256, size, dtype=np.uint8)
    features = describe(grey)
    assert features.parts == (Box(0, 0, size[1], size[0]),)
    agree(features, features)


def test_the_same_pixels_give_the_same_bytes():
    shown, box = page(scene(11))
    first = format_features(describe(shown, [(Cut.PANEL, box)]))
    assert format_features(describe(shown.copy(), [(Cut.PANEL, box)])) == first


def test_parts_and_points_are_limited():
    shown = np.tile(noise(4), (4, 4))
    boxes = [
        (Cut.PANEL, Box(left, top, 300, 300)) for left in range(0, 1300, 310) for top in range(0, 1300, 310)
    ]
    features = describe(shown, boxes)
    assert len(features.parts) == 1 + MOST_PARTS
    counts = np.bincount(features.part)
    assert counts[0] <= MOST_POINTS
    assert counts[1:].max() <= MOST_PART_POINTS


def test_parts_that_gain_nothing_are_left_out():
    boxes = [Box(0, 0, 500, 380), Box(100, 100, 200, 200), Box(104, 100, 200, 200), Box(0, 0, 200, 20)]
    features = describe(scene(12), [(Cut.PANEL, box) for box in boxes])
    assert features.parts[1:] == (Box(100, 100, 200, 200),)
