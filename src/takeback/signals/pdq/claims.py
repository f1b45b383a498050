"""Checks of eight hashes that somebody sent: can they be those of one picture laid down in eight ways? Pure.

A bit of PDQ says whether one of 16 x 16 coefficients of the cosine transform lies above their median. A
mirrored picture has the same coefficients, those of odd frequencies across with the other sign. So its bits
follow from the picture's by one fixed mask, those upside down by another, and those of quarter turns by
exchanging rows and columns. The median is not quite zero and the reference samples a mirrored picture half a
pixel further on, so some bits differ. In a picture that is its own mirror image those coefficients are nearly
nothing and the bits stay; both are right, for each parity of rows and columns.

Measured with `hash_pixels_flips` over 228 photographs: in the worst of the seven flips 23 bits differ on
average, 64 at most, and each hash has exactly 128 bits set. Of 3,811 photographs and cuttings of quality 50
or more, one lies beyond `MOST_APART`: fine texture of 251 x 135 pixels, whose hash moves by 44 to 78 bits
when enlarged. Of 150,000 pairs of different photographs none came nearer than 90.

A drawing that is exactly the same on both sides may be refused (3 of 300), because rounding decides its bits.
A picture can be made so that its hash is near another's; so what acts is computed here, from a copy that a
reviewer saw, and a claim finds candidates only. Quality cannot be checked without the picture.
"""

from collections.abc import Sequence

from takeback.signals.model import FLIPS, HASH_BITS, HASH_BYTES, MIRRORED, UPSIDE_DOWN, Flip

MOST_APART = 88
"""Bits in which a flip may differ from what follows from the first hash."""
MOST_SET = HASH_BITS // 2
"""Bits above the median: the 128th smallest of 256 has at most 128 above it, whatever the picture."""
LEAST_SET = 64
"""Fewer lie above it when coefficients are equal, as in stripes. Seen at least at quality 50 or more: 72."""

_SIDE = 16
_PARITIES = tuple(
    (row, column, sum(1 << (_SIDE * u + v) for u in range(row, _SIDE, 2) for v in range(column, _SIDE, 2)))
    for row in (0, 1)
    for column in (0, 1)
)
"""The bits of each parity. Row and column 0 are frequency 1: an even index is an odd frequency."""
_EACH = HASH_BITS // len(_PARITIES)


def could_be_hash(value: bytes) -> bool:
    """Return whether a picture with detail can have this hash (32 bytes)."""
    return len(value) == HASH_BYTES and LEAST_SET <= int.from_bytes(value).bit_count() <= MOST_SET


def flips_agree(flips: Sequence[bytes]) -> bool:
    """Return whether eight hashes, in the order of `Flip`, can be those of one picture."""
    return len(flips) == FLIPS and all(
        apart(flips[0], value, flip) <= MOST_APART for flip, value in zip(Flip, flips, strict=True)
    )


def apart(first: bytes, value: bytes, flip: Flip) -> int:
    """Count the bits in which the hash of a flip differs from what follows from the picture's."""
    laid = int.from_bytes(value)
    if flip >= Flip.TRANSPOSE:
        laid = _transposed(laid)
    differ = int.from_bytes(first) ^ laid
    total = 0
    for row, column, mask in _PARITIES:
        count = (differ & mask).bit_count()
        turns = (flip in MIRRORED and column == 0) or (flip in UPSIDE_DOWN and row == 0)
        total += min(count, _EACH - count) if turns else count
    return total


def _transposed(value: int) -> int:
    """Exchange rows and columns of the bits; bit 16 u + v is row u, column v."""
    written = f"{value:0{HASH_BITS}b}"
    return int("".join(written[column::_SIDE] for column in range(_SIDE)), 2)
