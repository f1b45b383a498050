"""PDQ's 64 x 64 samples, and how far off they may be, from a grey picture that was made smaller on the way.

libjpeg-turbo decodes a JPEG at a half, a quarter or an eighth by dropping high frequencies of each block. But
for rounding and cutting off at black and white, each of its pixels is the mean of s x s pixels of the full
picture. So the blurs and the sampling are worked out for the full size, and the weights that fall on one
small pixel are added up: one bit off on average, where hashing the small picture would be 23 bits off.

Lost is detail finer than a small pixel, contrast cut off at black and white, and strong colours, whose
brightness is cut off in red, green and blue. None of this can be known from the small picture, so `drift`
guesses with a reserve. It was fitted to 540 pictures and parts at three scales, from photographs to dithers
and pages of text, JPEG quality 25 to 97. A file made to fool it can; who makes it could also crop the picture
and fool any exact hash.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from takeback.signals.pdq import reference
from takeback.signals.pdq.reference import BLOCK, FloatArray

_FREQUENCY = np.arange(1, 17)
_BY_FREQUENCY: NDArray[np.float64] = np.add.outer(_FREQUENCY**2, _FREQUENCY**2).ravel() ** -0.25
"""How drift is spread over the 16 x 16 coefficients: errors are smooth, so it sits in the low ones."""
_ROUNDING_DRIFT = 4.0
"""Full-size brightness in whole grey levels: twice what any of 400 pictures and parts needed."""
_SCALED_DRIFT = 6.0
"""Times the drift expected of so rough a picture: twice what any of 540 pictures and parts needed."""
_USUAL_SIDE = 375
_ROW_STEP = 4
"""Roughness is a mean over the picture: every fourth row has it, too."""
_FINEST = 48
"""Small pixels; in fewer a part has too little left of it for its drift to be guessed."""


@dataclass(frozen=True, slots=True)
class Working:
    """A decoded picture, upright and grey, no larger than looking for its parts and hashing need."""

    grey: NDArray[np.uint8]
    """[ceil(height / scale), ceil(width / scale)], contiguous. Each is the mean of `scale` x `scale` pixels;
    where the picture's sides are no multiples, the last row and column stand for fewer."""
    scale: int
    """1, 2, 4 or 8."""
    width: int
    """Pixels of the full picture, as shown."""
    height: int
    format: str
    """The decoder's name for the file format."""
    luma: NDArray[np.float32] | None = None
    """`grey` before it was rounded, where that is cheap: at scale 1, up to `decode.LUMA_PIXELS`."""


class _Axis(NamedTuple):
    """The weights of the 64 samples along one axis."""

    places: NDArray[np.intp]
    """[64, k]: the small pixels that enter each sample."""
    weights: FloatArray
    """[64, 1, k]"""


def block(grey: NDArray[np.uint8] | FloatArray, width: int, height: int, scale: int) -> FloatArray:
    """Compute PDQ steps 1 to 3, folded, as float32 [64, 64].

    Args:
        grey: [ceil(height / scale), ceil(width / scale)], each the mean of scale x scale pixels.
        width: full pixels.
        height: full pixels.
        scale: 1, 2, 4 or 8.
    """
    if width == height == BLOCK and scale == 1:
        return grey.astype(np.float32)
    rows, columns = axis(height, scale), axis(width, scale)
    # Contiguous copies of the few rows a sample needs beat a matrix of mostly zeros ten to one.
    half = np.matmul(rows.weights, grey[rows.places].astype(np.float32, copy=False))[:, 0]
    turned = np.ascontiguousarray(half.T)[columns.places]
    return np.matmul(columns.weights, turned)[:, 0].T


def drift(grey: NDArray[np.uint8], scale: int) -> NDArray[np.float64] | None:
    """Return how far each of 256 coefficients of `block` may lie from the full picture's; None: too little is
    left.

    Rounding of float32 comes on top.
    """
    if scale == 1:
        return _ROUNDING_DRIFT * _BY_FREQUENCY
    side = min(grey.shape)
    if side < _FINEST:
        return None
    rough, cut_off = _roughness(grey)
    expected = 0.22 * (rough + 1) ** 0.6 * math.exp(0.6 * cut_off) * (_USUAL_SIDE / side) ** 0.75
    return _SCALED_DRIFT * expected * _BY_FREQUENCY


def _roughness(grey: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the root mean square of the Laplacian in grey levels, and the share of pixels that may have been
    cut off.
    """
    inner = grey[1:-1:_ROW_STEP, 1:-1].astype(np.int16)
    around = grey[:-2:_ROW_STEP, 1:-1].astype(np.int16)
    for other in (grey[2::_ROW_STEP, 1:-1], grey[1:-1:_ROW_STEP, :-2], grey[1:-1:_ROW_STEP, 2:]):
        around += other
    bent = np.abs(4 * inner - around)
    cut_off = np.count_nonzero(bent > np.minimum(inner, 255 - inner)) / bent.size
    flat = bent.ravel().astype(np.float32)
    return math.sqrt(float(flat @ flat) / flat.size), cut_off


@lru_cache(maxsize=256)
def axis(length: int, scale: int) -> _Axis:
    """Return two box blurs and the sampling of one full axis, with the weights of each `scale` pixels added
    up.
    """
    place = np.arange(length)
    size = reference.window(length)
    ahead = (size + 2) // 2
    low, high = np.maximum(0, place + ahead - size), np.minimum(length, place + ahead)
    # The second box of each sample, and for each pixel in it the first box around that pixel.
    centres = np.array([reference.sample_at(length, index) for index in range(BLOCK)])
    outer_low, outer_high = low[centres], high[centres]
    middles = outer_low[:, None] + np.arange((outer_high - outer_low).max())
    inside = middles < outer_high[:, None]
    middles = np.minimum(middles, length - 1)
    inner_low, inner_size = low[middles], (high - low)[middles]
    share = inside / ((outer_high - outer_low)[:, None] * inner_size)
    # The weight of a small pixel is how much lies before its end less how much lies before its beginning.
    first = inner_low[:, 0] // scale
    small = -(-length // scale)
    cells = min(small, int((-(-high[middles[:, -1]] // scale) - first).max()))
    first = np.minimum(first, small - cells)
    edges = (first[:, None] + np.arange(cells + 1)) * scale
    before = np.clip(edges[:, None, :] - inner_low[..., None], 0, inner_size[..., None])
    weights = np.diff((before * share[..., None]).sum(axis=1), axis=1)
    return _Axis(first[:, None] + np.arange(cells), weights.astype(np.float32)[:, None, :])
