"""PDQ as the reference computes it: the same float32 additions in the same order.

`hashing` answers most pictures from faster sums and comes here when rounding decides a bit: symmetric
drawings, flat or tiny pictures, and one photograph in twenty. The order of operations follows `pdqhash`
0.2.8, which wraps ThreatExchange's `pdqhashing.cpp` and `downscaling.cpp`; step numbers are those of the PDQ
paper. Rows are streamed in strips, so 100 megapixels need some 30 MB beside the pixels. From two megapixels
on this is as fast as the reference, in small pictures half as fast.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from takeback.signals.model import HASH_BITS, HASH_BYTES, Pdq

Pixels: TypeAlias = NDArray[np.uint8]
FloatArray: TypeAlias = NDArray[np.float32]

BLOCK = 64
"""PDQ looks at 64 x 64 samples."""
SMALLEST_SIDE = 5
"""With fewer pixels the reference does not hash."""
LUMA = (0.299, 0.587, 0.114)
_FREQUENCIES = 16
_SCALE = float(np.float32(math.sqrt(2.0 / BLOCK)))
DCT: FloatArray = np.array(
    [
        [_SCALE * math.cos((math.pi / 2.0 / BLOCK) * (row + 1) * (2 * column + 1)) for column in range(BLOCK)]
        for row in range(_FREQUENCIES)
    ],
    dtype=np.float32,
)
"""Rows 1 to 16 of the 64-point cosine transform."""
_THOUSANDTHS = np.array([299, 587, 114], dtype=np.float32)
_LUMA_SLAB = 1 << 14
"""Pixels widened at a time: few enough to stay in the cache."""
_STRIP_PIXELS = 1 << 20
_CROWDED = 256


def hash_pixels(rgb: Pixels) -> Pdq:
    """Return what `pdqhash.compute` returns for a contiguous copy of uint8 [height, width, 3], both sides at
    least 5.
    """
    samples = block(rgb)
    hundredths = [np.diff(samples, axis=axis).ravel() for axis in (0, 1)]
    bits = coefficients(samples)
    median = np.partition(bits.ravel(), HASH_BITS // 2 - 1)[HASH_BITS // 2 - 1]
    return Pdq(pack(bits.ravel() > median), quality(np.abs(np.concatenate(hundredths))))


def window(length: int) -> int:
    """Return the pixels in one box of the blur: half of a sample's share, rounded up, since the box is
    applied twice.
    """
    return (length + 2 * BLOCK - 1) // (2 * BLOCK)


def box(length: int, place: int) -> range:
    """Return the pixels that one box averages, cut at the ends of the axis."""
    size = window(length)
    ahead = (size + 2) // 2
    return range(max(0, place + ahead - size), min(length, place + ahead))


def sample_at(length: int, index: int) -> int:
    """Return the pixel that stands for one of the 64 samples."""
    return int(((index + 0.5) * length) / BLOCK)


def luma(rgb: Pixels) -> FloatArray:
    """Compute step 1, brightness. `pdqhash.compute` adds in float64 and rounds once to float32.

    A thousand times that is a whole number below 2^24, which float32 adds up without rounding, in any order;
    the one division rounds as the reference does (all 2^24 colours were compared), in a fifth of the time.
    """
    pixels = rgb.reshape(-1, 3)
    grey = np.empty(len(pixels), dtype=np.float32)
    room = np.empty((_LUMA_SLAB, 3), dtype=np.float32)
    for start in range(0, len(pixels), _LUMA_SLAB):
        wide = room[: len(pixels) - start]
        np.copyto(wide, pixels[start : start + len(wide)])
        np.dot(wide, _THOUSANDTHS, out=grey[start : start + len(wide)])
    grey /= np.float32(1000)
    return grey.reshape(rgb.shape[:2])


def block(rgb: Pixels) -> FloatArray:
    """Compute steps 1 to 3: luma, two blurs (each along the rows, then along the columns), sampling to 64 x
    64.

    Only sampled columns are kept after the second row pass, so the last column pass is 64 wide.
    """
    height, width = rgb.shape[:2]
    if height == width == BLOCK:
        return luma(rgb)
    columns = [sample_at(width, index) for index in range(BLOCK)]
    narrow = np.empty((height, BLOCK), dtype=np.float32)
    top = 0
    for strip in _blurred_down(_blurred_across(rgb), height, width):
        narrow[top : top + len(strip)] = _blurred(_transposed(strip))[columns].T
        top += len(strip)
    return _blurred(narrow)[[sample_at(height, index) for index in range(BLOCK)]]


def coefficients(samples: FloatArray) -> FloatArray:
    """Compute step 5, the cosine transform, each sum added one product after the other."""
    half = np.zeros((_FREQUENCIES, BLOCK), dtype=np.float32)
    for k in range(BLOCK):
        half += DCT[:, k, None] * samples[None, k, :]
    out = np.zeros((_FREQUENCIES, _FREQUENCIES), dtype=np.float32)
    for k in range(BLOCK):
        out += half[:, k, None] * DCT[None, :, k]
    return out


def quality(steps: NDArray[np.float32] | NDArray[np.float64]) -> int:
    """Compute step 4, the quality from the absolute differences of neighbouring samples: 0 to 100."""
    return min(
        100, int(((steps * steps.dtype.type(100)) / steps.dtype.type(255)).astype(np.int64).sum()) // 90
    )


def pack(bits: NDArray[np.bool_]) -> bytes:
    """Compute step 6, the 256 bits as 32 bytes; the reference's vector begins with the highest frequency."""
    packed = np.packbits(bits[::-1]).tobytes()
    assert len(packed) == HASH_BYTES
    return packed


def _blurred_across(rgb: Pixels) -> Iterator[FloatArray]:
    height, width = rgb.shape[:2]
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield _transposed(_blurred(_transposed(luma(rgb[top : top + rows]))))


def _transposed(table: FloatArray) -> FloatArray:
    width = table.shape[1]
    if width % _CROWDED == 0:
        # Rows that lie a power of two apart share a few places of the cache: four times as slow.
        table = np.pad(table, ((0, 0), (0, 16)))[:, :width]
    return np.ascontiguousarray(table.T)


def _blurred(lines: FloatArray) -> FloatArray:
    """Apply the box along the first axis, of which all lines are there.

    The reference runs along one row after the other. Here the rows of a strip lie side by side: every sum
    meets the same numbers in the same order, but hundreds of sums move at once.
    """
    length, columns = lines.shape
    size, before = window(length), _before(length)
    sums = np.empty((length + before, columns), dtype=np.float32)
    _enter(lines, lines, size, np.zeros(columns, dtype=np.float32), sums[:length])
    _leave(lines[length - size :], sums[length - 1], sums[length:])
    means = sums[before:]
    means /= _shares(length)[:, None]
    return means


def _blurred_down(strips: Iterator[FloatArray], height: int, width: int) -> Iterator[FloatArray]:
    """Apply the box along the columns, while strips of rows pass by."""
    size, before, shares = window(height), _before(height), _shares(height)[:, None]
    inside, total = np.empty((0, width), dtype=np.float32), np.zeros(width, dtype=np.float32)
    seen = done = 0
    for strip in strips:
        rows, sums = np.concatenate([inside, strip]), np.empty_like(strip)
        _enter(strip, rows, size - seen, total, sums)
        inside, total = rows[-size:], sums[-1].copy()
        means = sums[max(0, before - seen) :]
        means /= shares[done : done + len(means)]
        seen += len(strip)
        done += len(means)
        yield means
    ends = np.empty((before, width), dtype=np.float32)
    _leave(inside, total, ends)
    ends /= shares[done:]
    yield ends


def _before(length: int) -> int:
    """Return how many pixels enter the running sum before it stands for the first of an axis."""
    return (window(length) + 2) // 2 - 1


def _enter(lines: FloatArray, leaving: FloatArray, alone: int, total: FloatArray, sums: FloatArray) -> None:
    """Add each line to a running sum; the first so many alone, then for each one leaves."""
    alone = min(max(alone, 0), len(lines))
    for line, out in zip(lines[:alone], sums[:alone], strict=True):
        np.add(total, line, out)
        total = out
    for line, gone, out in zip(lines[alone:], leaving[: len(lines) - alone], sums[alone:], strict=True):
        np.add(total, line, out)
        np.subtract(out, gone, out)
        total = out


def _leave(leaving: FloatArray, total: FloatArray, sums: FloatArray) -> None:
    for gone, out in zip(leaving[: len(sums)], sums, strict=True):
        np.subtract(total, gone, out)
        total = out


@lru_cache(maxsize=64)
def _shares(length: int) -> FloatArray:
    """Return how many pixels each box of an axis averages."""
    return np.array([len(box(length, place)) for place in range(length)], dtype=np.float32)
