"""The second stage: many small details and their places, for copies that no hash of the whole survives.

Crops, turns by a few degrees, stickers, perspective and photographs of a screen move every bit of a global
hash, but leave most corners of the picture where they were, relative to each other. ORB (Rublee, Rabaud,
Konolige and Bradski, ICCV 2011) describes each by 256 bits; `geometry` asks whether the places agree. Details
take some 50 KB a picture and milliseconds per pair, so they are compared with few known pictures, never a
bank. They tell much about a picture, so they stay sealed with the case, are never exchanged, and are deleted
with it.

A known picture counts as a whole: describe what was reported, cut out of its screenshot. Of a query the parts
count too, scaled up, so that a small picture on a page has points of its own.

What agrees is a reason for a person to look, nothing more: two photographs of one building agree as well.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from takeback.signals.details import geometry
from takeback.signals.details.geometry import SIDE, Bits, Described, Floats, Frame, Inner, Pairs, Places
from takeback.signals.model import HASH_BYTES, Box, Cut
from takeback.signals.parts.decode import MAX_PIXELS
from takeback.when_used import when_used

if TYPE_CHECKING:
    import cv2
else:
    cv2 = when_used("cv2")

MIN_INLIERS = 14
"""Distinct places that must agree; set beforehand. Unrelated photographs that pass all else reach 8."""
MOST_POINTS, MOST_PART_POINTS, MOST_PARTS = 500, 200, 5
"""Of the whole, of a part, and how many parts."""
_WHOLE_SIDE, _PART_SIDE = 640, 448
"""Pixels: the longer side at which corners are looked for."""
_MOST_ENLARGED = 4.0
_SMALLEST_PART = 48
"""Pixels: the shorter side of a part worth looking at."""
_LARGEST_PART = 0.75
"""Of the whole's longer side; a larger part gains no resolution."""
_SAME_PART = 0.6
"""Overlap of two boxes as a share of their union."""
_LEVELS, _STEP, _RIM, _PATCH, _CORNER = 8, 1.3, 20, 31, 8
"""ORB's: octaves and their ratio, unused pixels at the rim, a descriptor's width, grey levels of a corner."""
_CANDIDATES = 2
"""Corners found for each that is kept."""
_CELLS = 6
"""Corners are taken evenly from 6 x 6 cells and all octaves, or lettering would take them all."""
_FIRST, _FIRST_PART, _FIRST_KNOWN = 300, 100, 250
"""Points that are compared to guess where to look: of a query, of its part, of what is known."""
_HYPOTHESES = 3
"""Guesses that are looked at closely, the most promising first."""
_LEAST_SIZE = 0.01
_MAGIC = b"TBF1"
_HEAD = struct.Struct("!4sIIBH")
_BOX = struct.Struct("!IIII")
_POINT_BYTES = 1 + 4 * 4 + 2 * HASH_BYTES


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The details of a picture: columns of one length. Compare two by their bytes."""

    width: int
    """Pixels of the picture that was described."""
    height: int
    parts: tuple[Box, ...]
    """The whole first."""
    part: Bits
    """[n]: number of the part that a point was found in; ascending, and the most telling points first."""
    points: Floats
    """[n, 4]: x and y in pixels of the whole, diameter in the same pixels, angle in degrees, 0 to 360."""
    descriptors: Bits
    """[n, 32]"""
    mirrored: Bits
    """[n, 32]: the same points described in the mirrored picture."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a query shows what is known."""

    inliers: int
    """Distinct places that agree, `MIN_INLIERS` or more."""
    mirrored: bool
    box: Box
    """The part of the query that shows it."""
    share: float
    """Of the known picture's points that should be seen there, how many are."""


class BadFeatures(ValueError):
    """Bytes that are not features as this version writes them."""


def describe(grey: NDArray[np.uint8], cuts: Sequence[tuple[Cut, Box]] = ()) -> Features:
    """Describe a picture, uint8 [height, width], and those of its parts that gain by being looked at closely.

    The same pixels give the same features, on one thread.
    """
    cv2.setNumThreads(1)
    height, width = grey.shape
    parts = (Box(0, 0, width, height), *_telling([box for _, box in cuts], width, height))
    found = [_details(grey, parts[0], _WHOLE_SIDE, MOST_POINTS)]
    found += [_details(grey, box, _PART_SIDE, MOST_PART_POINTS) for box in parts[1:]]
    points, descriptors, mirrored = (np.concatenate(column) for column in zip(*found, strict=True))
    part = np.repeat(np.arange(len(parts), dtype=np.uint8), [len(one[0]) for one in found])
    return Features(width, height, parts, part, points, descriptors, mirrored)


def enlarged(features: Features, scale: int, width: int, height: int) -> Features:
    """Return features of a reduced picture as places in the full one, of `width` x `height` pixels."""
    if scale == 1:
        return features
    parts = tuple(
        Box(
            part.left * scale,
            part.top * scale,
            min(part.width * scale, width - part.left * scale),
            min(part.height * scale, height - part.top * scale),
        )
        for part in features.parts
    )
    points = features.points.copy()
    points[:, :3] *= scale
    ends = np.array([(part.left + part.width, part.top + part.height) for part in parts], dtype=np.float32)
    points[:, :2] = np.minimum(points[:, :2], ends[features.part])
    return Features(width, height, parts, features.part, points, features.descriptors, features.mirrored)


def _telling(boxes: Sequence[Box], width: int, height: int) -> list[Box]:
    """Return the largest of those that are small enough to gain and not nearly each other."""
    longest = _LARGEST_PART * max(width, height)
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: (-box.width * box.height, box.top, box.left)):
        if min(box.width, box.height) < _SMALLEST_PART or max(box.width, box.height) > longest:
            continue
        if all(_overlap(box, other) < _SAME_PART for other in kept):
            kept.append(box)
    return kept[:MOST_PARTS]


def _overlap(one: Box, other: Box) -> float:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    both = max(0, across) * max(0, down)
    return both / (one.width * one.height + other.width * other.height - both)


def _details(grey: NDArray[np.uint8], box: Box, side: int, most: int) -> tuple[Floats, Bits, Bits]:
    part = grey[box.top : box.top + box.height, box.left : box.left + box.width]
    scale = min(side / max(box.width, box.height), _MOST_ENLARGED)
    size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    if min(size) <= 2 * _RIM:
        return (
            np.empty((0, 4), np.float32),
            np.empty((0, HASH_BYTES), np.uint8),
            np.empty((0, HASH_BYTES), np.uint8),
        )
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    seen = np.asarray(cv2.resize(np.ascontiguousarray(part), size, interpolation=how), dtype=np.uint8)
    orb = cv2.ORB.create(
        nfeatures=most * _CANDIDATES, scaleFactor=_STEP, nlevels=_LEVELS, edgeThreshold=_RIM,
        patchSize=_PATCH, fastThreshold=_CORNER,
    )  # fmt: skip
    corners = orb.detect(seen, None)
    corners = [corners[row] for row in _spread(corners, *size, most)]
    there, descriptors = _describe_at(orb, seen, corners)
    here, mirrored = _describe_at(
        orb, np.ascontiguousarray(seen[:, ::-1], dtype=np.uint8), _mirror(corners, size[0])
    )
    both, left, right = np.intersect1d(there, here, assume_unique=True, return_indices=True)
    across, down = box.width / size[0], box.height / size[1]
    points = np.array(
        [
            (c.pt[0] * across + box.left, c.pt[1] * down + box.top, c.size * across, c.angle % 360)
            for c in (corners[row] for row in both)
        ],
        dtype=np.float32,
    ).reshape(-1, 4)
    points[points[:, 3] >= 360, 3] = 0  # noqa: PLR2004 (rounded up to a full turn)
    return points, descriptors[left], mirrored[right]


def _spread(corners: "Sequence[cv2.KeyPoint]", width: int, height: int, most: int) -> NDArray[np.intp]:
    """Return the best of each cell and octave, then the second best, and so on."""
    at = np.array([corner.pt for corner in corners], dtype=np.float64).reshape(-1, 2)
    strength = np.array([corner.response for corner in corners])
    octave = np.array([corner.octave for corner in corners], dtype=np.intp)
    across = np.minimum(at[:, 0] * _CELLS / width, _CELLS - 1).astype(np.intp)
    down = np.minimum(at[:, 1] * _CELLS / height, _CELLS - 1).astype(np.intp)
    group = (down * _CELLS + across) * _LEVELS + octave
    order = np.lexsort((-strength, group))
    begins = np.r_[True, np.diff(group[order]) != 0][: len(order)]
    place = np.arange(len(order))
    rank = np.empty(len(order), np.intp)
    rank[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return np.lexsort((-strength, rank))[:most]


def _mirror(corners: "Sequence[cv2.KeyPoint]", width: int) -> "list[cv2.KeyPoint]":
    return [
        cv2.KeyPoint(
            width - 1 - corner.pt[0], corner.pt[1], corner.size, (180 - corner.angle) % 360, corner.response,
            corner.octave,
        )
        for corner in corners
    ]  # fmt: skip


def _describe_at(
    orb: "cv2.ORB", seen: NDArray[np.uint8], corners: "Sequence[cv2.KeyPoint]"
) -> tuple[NDArray[np.intp], Bits]:
    """Return rows of the corners that could be described, in no order, and their descriptors."""
    for row, corner in enumerate(corners):
        corner.class_id = row
    described, descriptors = orb.compute(seen, list(corners))
    if not described:
        return np.empty(0, np.intp), np.empty((0, 32), np.uint8)
    return np.array([corner.class_id for corner in described]), np.asarray(descriptors, dtype=np.uint8)


def agree(query: Features, known: Features) -> Agreement | None:
    """Return how a query shows the known picture, as it is or mirrored; time and memory are bounded.

    The known picture's whole counts; its parts tell a picture from what stands around it. None: fewer than
    `MIN_INLIERS` places, or places that say little: in a row, in one spot, few of those that should be seen,
    or all around a picture that is another.
    """
    cv2.setNumThreads(1)
    rows = known.part == 0
    whole = known.parts[0]
    reported = Described(_places(known.points[rows], whole), known.descriptors[rows])
    guesses = _guesses(query, reported)
    found: list[Agreement] = []
    for guess in sorted(guesses, key=lambda guess: -len(guess.pairs.query))[:_HYPOTHESES]:
        consensus = geometry.consensus(guess.shown, reported, guess.pairs)
        if consensus is None or consensus.places < MIN_INLIERS:
            continue
        evidence = geometry.weigh(
            consensus, guess.shown.places, reported.places, _frame(guess.box), _frame(whole), _inner(known)
        )
        if evidence.convinces():
            found.append(Agreement(consensus.places, guess.mirrored, guess.box, evidence.share))
    return max(found, key=lambda agreement: agreement.inliers, default=None)


class _Guess(NamedTuple):
    """A part of the query that may show what is known."""

    shown: Described
    box: Box
    mirrored: bool
    pairs: Pairs


def _guesses(query: Features, reported: Described) -> list[_Guess]:
    """Return what the first points of each part suggest."""
    if len(reported.bits) < MIN_INLIERS:
        return []
    found: list[_Guess] = []
    for mirrored, descriptors in ((False, query.descriptors), (True, query.mirrored)):
        for number, box in enumerate(query.parts):
            rows = query.part == number
            bits = descriptors[rows]
            if len(bits) < MIN_INLIERS:
                continue
            places = _places(query.points[rows], box, mirrored=mirrored)
            first = _FIRST_PART if number else _FIRST
            apart = geometry.distances(bits[:first], reported.bits[:_FIRST_KNOWN])
            pairs = geometry.alike(places, reported.places, geometry.resembling(apart))
            if len(pairs.query):
                found.append(_Guess(Described(places, bits), box, mirrored, pairs))
    return found


def _scale(box: Box) -> float:
    return SIDE / max(box.width, box.height)


def _frame(box: Box) -> Frame:
    return Frame(box.width * _scale(box), box.height * _scale(box))


def _inner(known: Features) -> list[Inner]:
    scale = _scale(known.parts[0])
    return [
        Inner(box.left * scale, box.top * scale, box.width * scale, box.height * scale)
        for box in known.parts[1:]
    ]


def _places(points: Floats, box: Box, *, mirrored: bool = False) -> Places:
    """Return points in their part, scaled to `SIDE`."""
    scale = np.float32(_scale(box))
    x, turn = points[:, 0] - box.left, points[:, 3]
    if mirrored:
        x, turn = box.width - 1 - x, (180 - turn) % 360
    at = np.column_stack([x, points[:, 1] - box.top]) * scale
    return Places(at.astype(np.float32), points[:, 2] * scale, turn)


def format_features(features: Features) -> bytes:
    """Return features as bytes, 81 for each point; what is equal has equal bytes."""
    head = _HEAD.pack(_MAGIC, features.width, features.height, len(features.parts), len(features.part))
    boxes = (_BOX.pack(box.left, box.top, box.width, box.height) for box in features.parts)
    columns = (features.part, features.points.astype(">f4"), features.descriptors, features.mirrored)
    return b"".join((head, *boxes, *(column.tobytes() for column in columns)))


def parse_features(data: bytes) -> Features:
    """Undo `format_features`.

    Raises:
        BadFeatures: another version, or not exactly one well-formed set within the limits of `describe`.
    """
    if len(data) < _HEAD.size:
        raise BadFeatures(f"{len(data)} bytes of features")
    magic, width, height, parts, count = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise BadFeatures("not features of this version: describe the picture again")
    start = _HEAD.size + parts * _BOX.size
    if not 1 <= parts <= 1 + MOST_PARTS or len(data) != start + count * _POINT_BYTES:
        raise BadFeatures(f"{len(data)} bytes of features, {parts} parts, {count} points")
    boxes = tuple(Box(*box) for box in _BOX.iter_unpack(data[_HEAD.size : start]))
    part = np.frombuffer(data, np.uint8, count, start)
    points = np.frombuffer(data, ">f4", count * 4, start + count).astype(np.float32).reshape(-1, 4)
    bits = np.frombuffer(data, np.uint8, offset=start + count * 17).reshape(2, -1, HASH_BYTES)
    features = Features(width, height, boxes, part, points, bits[0], bits[1])
    _check(features)
    return features


def _check(features: Features) -> None:
    width, height, boxes, part = features.width, features.height, features.parts, features.part
    if not 0 < width * height <= MAX_PIXELS or boxes[0] != Box(0, 0, width, height):
        raise BadFeatures("impossible size")
    for box in boxes:
        if not (
            box.width and box.height and box.left + box.width <= width and box.top + box.height <= height
        ):
            raise BadFeatures("a part outside the picture")
    if (np.diff(part.astype(np.intp)) < 0).any() or (part >= len(boxes)).any():
        raise BadFeatures("points out of order")
    counts = np.bincount(part, minlength=1)
    if counts[0] > MOST_POINTS or (counts[1:] > MOST_PART_POINTS).any():
        raise BadFeatures("too many points")
    corners = np.array([(b.left, b.top, b.left + b.width, b.top + b.height) for b in boxes], dtype=np.float64)
    at, size, turn = features.points[:, :2], features.points[:, 2], features.points[:, 3]
    # Written so that a number that is none fails as well.
    within = (at >= corners[part, :2]) & (at <= corners[part, 2:])
    if not (within.all() and ((size >= _LEAST_SIZE) & (size <= MAX_PIXELS)).all()):
        raise BadFeatures("a point outside its part")
    if not ((turn >= 0) & (turn < 360)).all():  # noqa: PLR2004 (a full turn)
        raise BadFeatures("an impossible angle")
