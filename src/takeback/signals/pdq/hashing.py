"""PDQ in numpy: the hash of a whole picture and of its eight flips, bit for bit what `pdqhash` returns.

PDQ (Facebook, 2019) is linear up to its median: two box blurs, a sampling to 64 x 64 and a 16 x 16 corner of
the cosine transform. So it is computed here as two small weighted sums per axis, several times faster than
the reference's passes over all pixels.

The reference adds in float32 with running sums, so a coefficient within its rounding noise of the median may
fall on either side. The fast sums answer whenever every bit, and the quality, is clear of the noise; else the
reference's own additions are repeated in its own order (`reference`). The bound on the noise is measured,
with a wide reserve, not proven.

`hash_working` hashes a picture, or a part of it, that was decoded small. With the hash comes a doubt: the
number of bits in which the full-size hash may differ. Who compares asks that much further away, and hashes
again at full size where something is found there, so an answer never depends on it.
"""

import math
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import HASH_BITS, HASH_BYTES, MIN_QUALITY, Box, Flip, Pdq
from takeback.signals.pdq import reference, scaled
from takeback.signals.pdq.flips import flip_pixels
from takeback.signals.pdq.reference import BLOCK, DCT, LUMA, SMALLEST_SIDE, FloatArray, Pixels
from takeback.signals.pdq.scaled import Working

MAX_DOUBT = 16
"""Beyond this many doubtful bits it is cheaper to hash at full size than to ask so far away."""
_T = TypeVar("_T", np.uint8, np.float32)
ASK_EXACTLY = HASH_BITS
"""The doubt of a hash that says nothing."""
_QUALITY_MARGIN = 8
"""By how much the quality of a picture decoded small may be off. Seen at most where the doubt was not large
already: 2."""
_NO_DRIFT = np.zeros(HASH_BITS)
_WIDE_DCT = DCT.astype(np.float64)
_EMPTY = Pdq(bytes(HASH_BYTES), 0)
_SAMPLE_NOISE = 0.01
"""Grey levels. How far one of the reference's 64 x 64 samples may lie from the true value: running sums of
float32 drift. Seen at most: 0.005 in a picture, and 0.0044 in the difference of two neighbours."""
_FREQUENCY = np.arange(1.0, 17.0)
_COEFFICIENT_NOISE: NDArray[np.float64] = 0.12 / (
    np.minimum.outer(_FREQUENCY, _FREQUENCY).ravel() * np.maximum.outer(_FREQUENCY, _FREQUENCY).ravel() ** 0.2
)
"""The same for the 16 x 16 coefficients. Drift is smooth along the passes, so it sits where one of the two
frequencies is low. Seen at most over 1,228 photographs, tilings, dithers, ramps and drawings of up to 9
megapixels: 0.009 in the lowest, 0.007 at 12 by 1 (tiles beside a plain area), 0.0003 in the highest. This is
ten times that or more, everywhere."""
_LONG_SIDE = 4000
"""Pixels; drift grows with the square root of a side, and the two bounds with it beyond this length."""
_SLAB_FLOATS = 1 << 18
"""Pixels are widened to float32 in slabs of this many numbers: 1 MiB stays in the second-level cache."""


class _Band(NamedTuple):
    """The rows of a picture that one row of the block is made of."""

    start: int
    stop: int
    weights: FloatArray
    """[k, stop - start]; k is 1, or 2 when the upside-down picture is sampled in the same pass."""


class _Bits(NamedTuple):
    """A block's hash, and whether rounding could have changed it."""

    pdq: Pdq
    certain: bool


def hash_pixels(rgb: Pixels) -> Pdq:
    """Return what `pdqhash.compute` returns for uint8 [height, width, 3]; a side under 5 pixels gives the
    empty hash.
    """
    height, width = _size(rgb)
    if min(height, width) < SMALLEST_SIDE:
        return _EMPTY
    bits = _decide(_blocks(rgb, flips=False)[0], max(height, width))
    return bits.pdq if bits.certain else reference.hash_pixels(rgb)


def hash_pixels_flips(rgb: Pixels) -> tuple[Pdq, ...]:
    """Hash the eight ways to lay a picture down, in the order of `Flip`.

    Each is what `pdqhash.compute` returns for the flipped pixels. Its `compute_dihedral` flips the transform
    instead and so samples other pixels (14 bits off on average).
    """
    height, width = _size(rgb)
    if min(height, width) < SMALLEST_SIDE:
        return (_EMPTY,) * len(Flip)
    eight = [_decide(block, max(height, width)) for block in _blocks(rgb, flips=True)]
    exact: dict[Flip, Pdq] = {}
    for flip, bits in zip(Flip, eight, strict=True):
        if not bits.certain:
            # Flat and symmetric pictures are the doubtful ones, and their flips are often one picture.
            laid = flip_pixels(rgb, flip)
            twin = next((other for other in exact if _same(laid, flip_pixels(rgb, other))), None)
            exact[flip] = reference.hash_pixels(laid) if twin is None else exact[twin]
    return tuple(exact.get(flip, bits.pdq) for flip, bits in zip(Flip, eight, strict=True))


def hash_working(working: Working, box: Box | None = None) -> tuple[Pdq, int]:
    """Hash a picture that was decoded small, or a part of it, as nearly as can be.

    Args:
        working: from `decode.working`.
        box: the part, in pixels of the full picture; its left and top are multiples of `working.scale`.

    Returns:
        The hash, and how many bits of the full-size hash may differ from it: `ASK_EXACTLY` when any may, or
        when it is open whether the quality reaches `MIN_QUALITY`.

    Raises:
        ValueError: the box does not lie in the picture, or not on its raster.
    """
    part = Box(0, 0, working.width, working.height) if box is None else box
    grey = _cut_out(working, part, working.grey)
    if min(part.width, part.height) < SMALLEST_SIDE:
        return _EMPTY, 0
    unrounded = working.luma is not None
    table = grey if working.luma is None else _cut_out(working, part, working.luma)
    samples = scaled.block(table, part.width, part.height, working.scale).astype(np.float64)
    quality = reference.quality(_steps(samples))
    coefficients, middle = _coefficients(samples)
    pdq = Pdq(reference.pack(coefficients > middle), quality)
    # Of unrounded brightness nothing was lost: these are the sums of the colours in another order.
    drift = _NO_DRIFT if unrounded else scaled.drift(grey, working.scale)
    margin = 1 if unrounded else _QUALITY_MARGIN
    if drift is None or abs(quality - MIN_QUALITY) <= margin:
        return pdq, ASK_EXACTLY
    # A bit may differ where a coefficient may pass the median, which moves as well; the noise of the
    # reference's float32 comes on top.
    reach = drift + 2 * _COEFFICIENT_NOISE * _growth(max(part.width, part.height))
    return pdq, int(np.count_nonzero(np.abs(coefficients - middle) <= reach))


def _same(left: Pixels, right: Pixels) -> bool:
    """Return whether two pictures are equal; a strip at a time, since most differ in the first."""
    return left.shape == right.shape and all(
        np.array_equal(left[top : top + 64], right[top : top + 64]) for top in range(0, len(left), 64)
    )


def _size(rgb: Pixels) -> tuple[int, int]:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:  # noqa: PLR2004 (rows, columns, colours)
        raise ValueError(f"pixels must be uint8 [height, width, 3], not {rgb.dtype} {rgb.shape}")
    return rgb.shape[0], rgb.shape[1]


def _blocks(rgb: Pixels, *, flips: bool) -> list[FloatArray]:
    """Compute PDQ steps 1 to 3 (luma, box blurs, sampling): one 64 x 64 block, or eight as `Flip` counts."""
    height, width = _size(rgb)
    if height == width == BLOCK:
        # The reference takes a 64 x 64 picture as it is, without blur.
        plain = reference.luma(rgb)
        laid = [plain, plain[:, ::-1], plain[::-1], plain[::-1, ::-1]]
    else:
        by_row = _shrink(_bands(height, flips), np.ascontiguousarray(rgb).reshape(height, width * 3))
        # Luma is linear too, so it waits until few rows are left.
        grey = by_row.reshape(-1, width, 3) @ np.asarray(LUMA, dtype=np.float32)
        both = _shrink(_bands(width, flips), np.ascontiguousarray(grey.T)).T
        laid = (
            [both[up:][:BLOCK, left:][:, :BLOCK] for up in (0, BLOCK) for left in (0, BLOCK)]
            if flips
            else [both]
        )
    if not flips:
        return laid[:1]
    # A transposed picture is sampled at the transposed places, so its block is the transposed block.
    plain, mirror, upside_down, turned = laid
    return [plain, mirror, upside_down, turned, plain.T, mirror.T, upside_down.T, turned.T]


def _shrink(bands: tuple[_Band, ...], table: NDArray[np.uint8] | FloatArray) -> FloatArray:
    """Weigh the rows of a table together: [64, columns], or [128, columns] when the bands look both ways,
    with the rows of the table upside down behind the others.
    """
    kinds, columns = bands[0].weights.shape[0], table.shape[1]
    out = np.empty((kinds, BLOCK, columns), dtype=np.float32)
    step = max(256, _SLAB_FLOATS // max(band.stop - band.start for band in bands))
    for index, band in enumerate(bands):
        for left in range(0, columns, step):
            slab = table[band.start : band.stop, left : left + step].astype(np.float32)
            out[:, index, left : left + step] = band.weights @ slab
    if kinds == 2:  # noqa: PLR2004 (from the top and from the bottom)
        out[1] = out[1, ::-1].copy()
    return out.reshape(kinds * BLOCK, columns)


@lru_cache(maxsize=128)
def _bands(length: int, both_ways: bool) -> tuple[_Band, ...]:
    """Return two box blurs and the sampling of one axis as weights: about `length` numbers, so cheap to
    keep.
    """
    axis = scaled.axis(length, 1)
    tents = [(int(places[0]), weights[0]) for places, weights in zip(axis.places, axis.weights, strict=True)]
    if not both_ways:
        return tuple(_band([tent]) for tent in tents)
    # The sample that comes n-th from the bottom lies (a pixel or so) beside the one that comes n-th from the
    # top: both are read from one slab, and `_shrink` turns the second kind round.
    mirrored = [(length - start - len(weights), weights[::-1]) for start, weights in reversed(tents)]
    return tuple(_band([tent, other]) for tent, other in zip(tents, mirrored, strict=True))


def _band(tents: list[tuple[int, FloatArray]]) -> _Band:
    start = min(first for first, _ in tents)
    stop = max(first + len(weights) for first, weights in tents)
    table = np.zeros((len(tents), stop - start), dtype=np.float32)
    for row, (first, weights) in zip(table, tents, strict=True):
        row[first - start : first - start + len(weights)] = weights
    return _Band(start, stop, table)


def _cut_out(working: Working, box: Box, table: NDArray[_T]) -> NDArray[_T]:
    scale = working.scale
    right, bottom = box.left + box.width, box.top + box.height
    if not (0 <= box.left < right <= working.width and 0 <= box.top < bottom <= working.height):
        raise ValueError(f"{box} does not lie in a picture of {working.width} x {working.height}")
    if box.left % scale or box.top % scale:
        raise ValueError(f"{box} does not begin at a multiple of {scale}")
    return table[box.top // scale : -(-bottom // scale), box.left // scale : -(-right // scale)]


def _decide(block: FloatArray, long_side: int) -> _Bits:
    """Compute PDQ steps 4 to 6: quality, cosine transform, comparison with the median; and could noise change
    it?
    """
    wide = block.astype(np.float64)
    growth = _growth(long_side)
    # 4. Quality: the sum of the gradients in whole hundredths of the grey range, cut off towards zero.
    steps = _steps(wide)
    doubt = 2 * _SAMPLE_NOISE * growth
    low, high = (reference.quality(np.maximum(steps + move, 0.0)) for move in (-doubt, doubt))
    # 5. and 6. One bit for each coefficient: is it above the median?
    coefficients, middle = _coefficients(wide)
    above = coefficients > middle
    noise = _COEFFICIENT_NOISE * growth
    # The bits hold if some threshold still parts both halves when each coefficient moves by its noise.
    parted = bool(
        2 * np.count_nonzero(above) == HASH_BITS
        and (coefficients - noise)[above].min() > (coefficients + noise)[~above].max()
    )
    return _Bits(Pdq(reference.pack(above), low), parted and low == high)


def _growth(long_side: int) -> float:
    return math.sqrt(max(1.0, long_side / _LONG_SIDE))


def _steps(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.abs(np.diff(samples, axis=axis)).ravel() for axis in (0, 1)])


def _coefficients(samples: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the coefficients 1 to 16 of each axis, and their median: the reference's is the 128th smallest
    of 256.
    """
    coefficients = (_WIDE_DCT @ samples @ _WIDE_DCT.T).ravel()
    return coefficients, float(np.partition(coefficients, HASH_BITS // 2 - 1)[HASH_BITS // 2 - 1])
