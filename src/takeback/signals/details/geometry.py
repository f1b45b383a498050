"""Agreement of the places of two pictures' points: the geometry of the second stage, on plain arrays.

Among hundreds of descriptors something always resembles, so only places prove anything. Each pair of points
says how the picture would have been turned and scaled; pairs that say the same are few by chance and many in
a copy. One plane is assumed, also for a picture photographed askew, so one bent by a filter is lost.

Deterministic: OpenCV's consensus searches start from a fixed seed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from takeback.when_used import when_used

if TYPE_CHECKING:
    import cv2
else:
    cv2 = when_used("cv2")

Floats: TypeAlias = NDArray[np.float32]
Bits: TypeAlias = NDArray[np.uint8]
Rows: TypeAlias = NDArray[np.intp]
Homography: TypeAlias = NDArray[np.float64]

SIDE = 640.0
"""Places are compared in pictures scaled to this longer side, so that one tolerance fits all."""
_MOST_BITS = 72
"""Descriptors of one place differ by some 40 of 256 bits, of two places seldom by less than this."""
_RATIO = 0.92
"""The second best must be worse by this much: what resembles two places tells nothing."""
_LEAST_VOTES = 6
_TURN_BINS, _SCALE_BINS = 24, 20
"""Of 15 degrees, and of half an octave."""
_LEAST_SCALE, _MOST_SCALE = 0.1, 10.0
_ROUGH, _NEAR, _CLOSE, _EXACT = 16.0, 18.0, 10.0, 8.0
"""Pixels of `SIDE`: the first similarity, around it, around the homography, and the homography itself."""
_GUIDED_BITS, _GUIDED_TURN, _GUIDED_OCTAVES = 80, 30.0, 0.7
"""Bits, degrees and octaves by which a pair may differ that is where it should be."""
_LEAST_ROUGH, _LEAST_GUIDED = 5, 8
_PLACE = 6.0
"""Points nearer than this are one place: a corner is found in several octaves."""
_MOST_STRETCH = 4.0
"""How much more a plane may stretch one direction than another."""
_CELLS, _FEW = 6, 3
"""Regions to a side, and points from which one is not empty."""
_FULL, _HOLLOW, _HOLLOWER = 12, 0.03, 0.25
"""Points from which a rectangle is full, and the share of them that is nearly none: by itself, and of the
share around it, since some points agree by chance where there are many."""
_RIM = 0.15
"""Of the rectangle's shorter side: its own edges and corners are on every page of that kind."""
_LEAST_SHARE, _BARREN_COSTS = 0.04, 0.4
"""Screenshots of one site agree in letters here and there: with shares below this line, copies above it."""
_MOST_BARREN = 1 / 3
"""Stickers and insets that were laid on a copy hide no more than a third of where both pictures have points.
Where more than that agrees in nothing, what agrees is what was laid on two different pictures."""
_LEAST_WIDTH, _LEAST_AREA = 16.0, 0.06
"""Unrelated photographs that have as many pairs as a copy have them on a line of letters or in one spot:
within 0.03 of the area. Of copies all but one in two hundred enclose more than twice that."""


class Places(NamedTuple):
    """Points of one part of a picture."""

    at: Floats
    """[n, 2]: x and y, scaled so that the part's longer side is `SIDE`."""
    size: Floats
    """[n]: diameters, same scale."""
    turn: Floats
    """[n]: degrees, 0 to 360."""


class Described(NamedTuple):
    """Points and their descriptors."""

    places: Places
    bits: Bits
    """[n, 32]"""


class Pairs(NamedTuple):
    """Rows that belong together: two columns of one length."""

    query: Rows
    known: Rows


@dataclass(frozen=True, slots=True)
class Consensus:
    """A plane that pairs agree on."""

    homography: Homography
    """3 x 3, from the known places to the query's."""
    pairs: Pairs
    places: int
    """Distinct places among the pairs, on the side where they are fewer."""


def distances(query: Bits, known: Bits) -> Bits:
    """Return the differing bits of every pair of uint8 [m, 32] and [n, 32]; 255 also stands for 256."""
    left, right = np.ascontiguousarray(query).view(np.uint64), np.ascontiguousarray(known).view(np.uint64)
    apart = np.bitwise_count(np.bitwise_xor.outer(left[:, 0], right[:, 0]))
    for word in (1, 2):
        apart += np.bitwise_count(np.bitwise_xor.outer(left[:, word], right[:, word]))
    apart += np.minimum(np.bitwise_count(np.bitwise_xor.outer(left[:, 3], right[:, 3])), 63)
    return apart


def resembling(apart: Bits) -> Pairs:
    """Return pairs that are each other's nearest, near, and not nearly as near to something else; leaves
    `apart` as it is.
    """
    query = np.arange(len(apart))
    known = apart.argmin(axis=1)
    nearest = apart[query, known]
    candidates = np.flatnonzero((nearest <= _MOST_BITS) & (apart.argmin(axis=0)[known] == query))
    rows = apart[candidates]
    rows[np.arange(len(candidates)), known[candidates]] = 255
    if rows.size:
        candidates = candidates[nearest[candidates] <= _RATIO * rows.min(axis=1)]
    return Pairs(candidates, known[candidates])


def alike(query: Places, known: Places, pairs: Pairs) -> Pairs:
    """Return the largest set of pairs that say nearly the same turn and scale; empty if it is small."""
    if len(pairs.query) < _LEAST_VOTES:
        return Pairs(pairs.query[:0], pairs.known[:0])
    turn = (query.turn[pairs.query] - known.turn[pairs.known]) % 360
    octaves = np.log2(query.size[pairs.query] / known.size[pairs.known])
    across = (turn * (_TURN_BINS / 360)).astype(np.intp) % _TURN_BINS
    down = np.clip(octaves * 2 + _SCALE_BINS / 2, 0, _SCALE_BINS - 1).astype(np.intp)
    cells = _TURN_BINS * (_SCALE_BINS + 2)
    votes = np.bincount(across * (_SCALE_BINS + 2) + down + 1, minlength=cells).reshape(_TURN_BINS, -1)
    around = np.concatenate([votes[-1:], votes, votes[:1]])
    votes = around[:-2] + around[1:-1] + around[2:]
    votes = votes[:, :-2] + votes[:, 1:-1] + votes[:, 2:]
    best_across, best_down = divmod(int(votes.argmax()), _SCALE_BINS)
    if votes[best_across, best_down] < _LEAST_VOTES:
        return Pairs(pairs.query[:0], pairs.known[:0])
    away = np.abs((across - best_across + _TURN_BINS // 2) % _TURN_BINS - _TURN_BINS // 2)
    kept = (away <= 1) & (np.abs(down - best_down) <= 1)
    return Pairs(pairs.query[kept], pairs.known[kept])


def consensus(query: Described, known: Described, pairs: Pairs) -> Consensus | None:
    """Find one plane through pairs that are `alike`, then all of these points that lie on it; None: there is
    none.
    """
    one, other = query.places, known.places
    # 1. A similarity that some pairs agree on.
    rough, agreed = cv2.estimateAffinePartial2D(
        other.at[pairs.known], one.at[pairs.query], method=cv2.RANSAC, ransacReprojThreshold=_ROUGH,
        maxIters=500, confidence=0.99, refineIters=3,
    )  # fmt: skip
    if rough is None or np.count_nonzero(agreed) < _LEAST_ROUGH:
        return None
    scale, turn = math.hypot(rough[0, 0], rough[1, 0]), math.degrees(math.atan2(rough[1, 0], rough[0, 0]))
    if not _LEAST_SCALE <= scale <= _MOST_SCALE:
        return None
    # 2. With a place to look at, more bits may differ: what resembles is only looked for near by.
    apart = distances(query.bits, known.bits)
    plane = np.vstack([rough, [0, 0, 1]])
    fits = _fitting(one, other, scale, turn)
    near = _guided(apart, fits & _near(one, other, plane, _NEAR))
    if len(near.query) < _LEAST_GUIDED:
        return None
    # 3. A homography through them, and what lies close to it.
    found, agreed = cv2.findHomography(
        other.at[near.known], one.at[near.query], cv2.RANSAC, _EXACT, maxIters=500, confidence=0.99
    )
    if found is None or np.count_nonzero(agreed) < _LEAST_GUIDED:
        return None
    plane = np.asarray(found, dtype=np.float64)
    close = _guided(apart, fits & _near(one, other, plane, _CLOSE))
    if len(close.query) < _LEAST_GUIDED or not _is_sane(plane, other.at[close.known]):
        return None
    places = min(_distinct(one.at[close.query]), _distinct(other.at[close.known]))
    return Consensus(plane, close, places)


def project(plane: Homography, at: Floats) -> NDArray[np.float64]:
    """Return where places of the known picture lie in the query."""
    moved = at @ plane[:, :2].T + plane[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return moved[:, :2] / moved[:, 2:]


def _near(query: Places, known: Places, plane: Homography, tolerance: float) -> NDArray[np.bool_]:
    there = project(plane, known.at)
    with np.errstate(invalid="ignore", over="ignore"):
        away = (query.at[:, None, 0] - there[None, :, 0]) ** 2 + (
            query.at[:, None, 1] - there[None, :, 1]
        ) ** 2
    return away < tolerance * tolerance


def _fitting(query: Places, known: Places, scale: float, turn: float) -> NDArray[np.bool_]:
    """Return the pairs whose own turn and size go with the picture's."""
    turned = np.abs((query.turn[:, None] - known.turn[None, :] - turn + 180) % 360 - 180)
    grown = np.abs(np.log2(query.size)[:, None] - np.log2(known.size * scale)[None, :])
    return (turned < _GUIDED_TURN) & (grown < _GUIDED_OCTAVES)


def _guided(apart: Bits, allowed: NDArray[np.bool_]) -> Pairs:
    """Return each other's nearest among the allowed pairs."""
    bits = np.where(allowed, apart, 255)
    rows = np.arange(len(bits))
    best = bits.argmin(axis=1)
    kept = (bits[rows, best] <= _GUIDED_BITS) & (bits.argmin(axis=0)[best] == rows)
    return Pairs(rows[kept], best[kept])


def _distinct(at: Floats) -> int:
    return len(np.unique((at / _PLACE).astype(np.int64), axis=0))


def _is_sane(plane: Homography, at: Floats) -> bool:
    """Return whether nothing folds, mirrors or collapses where the points lie."""
    depth = at @ plane[2, :2] + plane[2, 2]
    if not (depth > 0).all() and not (depth < 0).all():
        return False
    middle = at.mean(axis=0).astype(np.float64)
    step = np.array([[0, 0], [1, 0], [0, 1]], dtype=np.float64)
    for place in (middle, at.min(axis=0), at.max(axis=0)):
        origin, right, down = project(plane, (place + step).astype(np.float64))
        stretch = np.linalg.svd(np.array([right - origin, down - origin]), compute_uv=False)
        (a, b), (c, d) = right - origin, down - origin
        if a * d - b * c <= 0 or stretch[0] > _MOST_SCALE or stretch[1] < _LEAST_SCALE:
            return False
        if stretch[0] > _MOST_STRETCH * stretch[1]:
            return False
    return True


class Frame(NamedTuple):
    """Size of what the places lie in, in pixels of `SIDE`."""

    width: float
    height: float


class Inner(NamedTuple):
    """A rectangle in the known picture, in pixels of `SIDE`."""

    left: float
    top: float
    width: float
    height: float


class Evidence(NamedTuple):
    """The weight of pairs on one plane."""

    share: float
    """Of the known points that the query should show, how many are among the pairs."""
    width: float
    """Standard deviation across the narrow side of where the pairs lie, in pixels of `SIDE`."""
    area: float
    """Of the picture, how much the pairs enclose."""
    barren: float
    """Of the regions with points on both sides, how many have no pair."""
    hollow: bool
    """An inner rectangle is full of points and has nearly no pair."""

    def convinces(self) -> bool:
        """Return whether this is the picture, and not lettering, a logo, a sticker or what stands around
        it.
        """
        return (
            self.share >= _LEAST_SHARE + _BARREN_COSTS * self.barren
            and self.barren <= _MOST_BARREN
            and self.width >= _LEAST_WIDTH
            and self.area >= _LEAST_AREA
            and not self.hollow
        )


def weigh(
    found: Consensus, query: Places, known: Places, shown: Frame, whole: Frame, inner: Sequence[Inner] = ()
) -> Evidence:
    """Weigh a consensus of these places.

    Args:
        found: the consensus.
        query: all points of the query's part.
        known: all points of the known picture.
        shown: the query's part.
        whole: the known picture.
        inner: what may be the picture proper, where something was reported with its surroundings.
    """
    ours, theirs = query.at[found.pairs.query], known.at[found.pairs.known]
    seen = known.at[_inside(project(found.homography, known.at), shown)]
    back = project(np.linalg.inv(found.homography).astype(np.float64), query.at)
    both = (_crowd(seen, whole) >= _FEW) & (_crowd(back[_inside(back, whole)], whole) >= _FEW)
    barren = both & (_crowd(theirs, whole) == 0)
    return Evidence(
        share=len(theirs) / max(1, len(seen)),
        width=max(_width(ours), _width(theirs)),
        area=max(
            _enclosed(ours) / (shown.width * shown.height), _enclosed(theirs) / (whole.width * whole.height)
        ),
        barren=np.count_nonzero(barren) / max(1, np.count_nonzero(both)),
        hollow=any(_is_hollow(seen, theirs, box) for box in inner),
    )


def _inside(at: NDArray[np.floating], frame: Frame) -> NDArray[np.bool_]:
    x, y = at[:, 0], at[:, 1]
    return (x >= 0) & (x < frame.width) & (y >= 0) & (y < frame.height)


def _is_hollow(seen: Floats, agreeing: Floats, box: Inner) -> bool:
    rim = _RIM * min(box.width, box.height)
    corner = np.array([box.left + rim, box.top + rim], dtype=np.float32)
    frame = Frame(box.width - 2 * rim, box.height - 2 * rim)
    there = int(np.count_nonzero(_inside(seen - corner, frame)))
    agree = int(np.count_nonzero(_inside(agreeing - corner, frame)))
    around = (len(agreeing) - agree) / max(1, len(seen) - there)
    return there >= _FULL and agree <= max(_HOLLOW, _HOLLOWER * around) * there


def _crowd(at: NDArray[np.floating], frame: Frame) -> Rows:
    """Count the places in each of `_CELLS` x `_CELLS` regions."""
    cell = np.clip(at * _CELLS / np.array(frame, dtype=np.float32), 0, _CELLS - 1).astype(np.intp)
    return np.bincount(cell[:, 1] * _CELLS + cell[:, 0], minlength=_CELLS * _CELLS)


def _width(at: Floats) -> float:
    return math.sqrt(max(0.0, float(np.linalg.eigvalsh(np.cov(at.T.astype(np.float64)))[0])))


def _enclosed(at: Floats) -> float:
    return float(cv2.contourArea(cv2.convexHull(at)))
