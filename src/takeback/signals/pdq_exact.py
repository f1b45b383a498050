"""PDQ as the reference computes it: the same float32 additions in the same order.

`pdq` answers most pictures from faster sums and comes here when rounding decides a bit: symmetric drawings,
flat or tiny pictures, and about one photograph in thirty. The order of operations follows `pdqhash` 0.2.8,
which wraps ThreatExchange's `pdqhashing.cpp` and `downscaling.cpp`; the step numbers are those of the PDQ
paper's outline. Rows are streamed in strips, so a picture of 100 megapixels needs some 20 MB beside its
pixels.
"""

import math
from collections import deque
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
_STRIP_PIXELS = 1 << 18


def hash_pixels(rgb: Pixels) -> Pdq:
    """Hash a picture by the reference's own additions.

    Args:
        rgb: uint8 [height, width, 3], any strides; both sides at least 5.

    Returns:
        What `pdqhash.compute` returns for a contiguous copy.
    """
    samples = block(rgb)
    hundredths = [np.diff(samples, axis=axis).ravel() for axis in (0, 1)]
    bits = coefficients(samples)
    median = np.partition(bits.ravel(), HASH_BITS // 2 - 1)[HASH_BITS // 2 - 1]
    return Pdq(pack(bits.ravel() > median), quality(np.abs(np.concatenate(hundredths))))


def window(length: int) -> int:
    """Pixels in one box of the blur: half of a sample's share, rounded up, since the box is applied twice."""
    return (length + 2 * BLOCK - 1) // (2 * BLOCK)


def box(length: int, place: int) -> range:
    """The pixels that one box averages, cut at the ends of the axis."""
    size = window(length)
    ahead = (size + 2) // 2
    return range(max(0, place + ahead - size), min(length, place + ahead))


def sample_at(length: int, index: int) -> int:
    """The pixel that stands for one of the 64 samples."""
    return int(((index + 0.5) * length) / BLOCK)


def luma(rgb: Pixels) -> FloatArray:
    """1. Brightness: added in float64, as numpy does inside `pdqhash.compute`, then rounded once."""
    grey = rgb[..., 0] * LUMA[0]
    grey += rgb[..., 1] * LUMA[1]
    grey += rgb[..., 2] * LUMA[2]
    return grey.astype(np.float32)


def block(rgb: Pixels) -> FloatArray:
    """1 to 3. Luma, two blurs (each along the rows, then along the columns) and the sampling to 64 x 64.

    Only sampled columns are kept after the second row pass, so the last column pass is 64 wide.
    """
    height, width = rgb.shape[:2]
    if height == width == BLOCK:
        return luma(rgb)
    columns = [sample_at(width, index) for index in range(BLOCK)]
    narrow = np.empty((height, BLOCK), dtype=np.float32)
    top = 0
    for strip in _blurred_down(_blurred_across(rgb), height, width):
        narrow[top : top + len(strip)] = _blur_across(strip)[:, columns]
        top += len(strip)
    # The last pass runs down 64 columns: the same additions as a row pass over the transpose.
    return _blur_across(narrow.T)[:, [sample_at(height, index) for index in range(BLOCK)]].T


def coefficients(samples: FloatArray) -> FloatArray:
    """5. The cosine transform, each sum added one product after the other."""
    half = np.zeros((_FREQUENCIES, BLOCK), dtype=np.float32)
    for k in range(BLOCK):
        half += DCT[:, k, None] * samples[None, k, :]
    out = np.zeros((_FREQUENCIES, _FREQUENCIES), dtype=np.float32)
    for k in range(BLOCK):
        out += half[:, k, None] * DCT[None, :, k]
    return out


def quality(steps: NDArray[np.float32] | NDArray[np.float64]) -> int:
    """4. The image-domain quality from the absolute differences of neighbouring samples: 0 to 100."""
    return min(
        100, int(((steps * steps.dtype.type(100)) / steps.dtype.type(255)).astype(np.int64).sum()) // 90
    )


def pack(bits: NDArray[np.bool_]) -> bytes:
    """6. The 256 bits as 32 bytes; the reference's vector begins with the highest frequency."""
    packed = np.packbits(bits[::-1]).tobytes()
    assert len(packed) == HASH_BYTES
    return packed


def _blurred_across(rgb: Pixels) -> Iterator[FloatArray]:
    height, width = rgb.shape[:2]
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield _blur_across(luma(rgb[top : top + rows]))


def _blur_across(rows: FloatArray) -> FloatArray:
    """One box along each row by a running sum: add what enters, subtract what leaves, divide.

    The sum is one `np.add.accumulate` over both in the order in which the reference meets them; numpy
    accumulates strictly from left to right.
    """
    length = rows.shape[1]
    size = window(length)
    ahead = (size + 2) // 2
    both = length - size
    moves = np.empty((len(rows), size + 2 * both + ahead - 1), dtype=np.float32)
    moves[:, :size] = rows[:, :size]
    moves[:, size : size + 2 * both : 2] = rows[:, size:]
    np.negative(rows[:, :both], out=moves[:, size + 1 : size + 2 * both : 2])
    np.negative(rows[:, both : both + ahead - 1], out=moves[:, size + 2 * both :])
    np.add.accumulate(moves, axis=1, out=moves)
    out = np.empty_like(rows)
    first = size - ahead + 1
    out[:, :first] = moves[:, ahead - 1 : size]
    out[:, first : first + both] = moves[:, size + 1 : size + 2 * both : 2]
    out[:, first + both :] = moves[:, size + 2 * both :]
    out /= _shares(length)
    return out


@lru_cache(maxsize=64)
def _shares(length: int) -> FloatArray:
    """How many pixels each box of an axis averages."""
    return np.array([len(box(length, place)) for place in range(length)], dtype=np.float32)


def _blurred_down(strips: Iterator[FloatArray], height: int, width: int) -> Iterator[FloatArray]:
    """The box along the columns while strips of rows pass by: one running sum as wide as the picture."""
    size = window(height)
    ahead = (size + 2) // 2
    total = np.zeros(width, dtype=np.float32)
    inside: deque[FloatArray] = deque()
    seen = 0
    for strip in strips:
        out: list[FloatArray] = []
        for row in strip:
            total += row
            inside.append(row)
            seen += 1
            if len(inside) > size:
                total -= inside.popleft()
            if seen >= ahead:
                out.append(total / np.float32(len(inside)))
        if out:
            yield np.stack(out)
    tail: list[FloatArray] = []
    for _ in range(ahead - 1):
        total -= inside.popleft()
        tail.append(total / np.float32(len(inside)))
    if tail:
        yield np.stack(tail)
    assert seen == height
