"""Eight hashes as one picture could have them, made of nothing but bits: no picture is needed."""

import random

from takeback.signals.model import FLIPS, HASH_BITS, MIRRORED, UPSIDE_DOWN, Flip

_SIDE = 16
_ACROSS = sum(1 << (_SIDE * u + v) for u in range(_SIDE) for v in range(0, _SIDE, 2))
"""Bits of odd frequencies across (bit 16 u + v is row u, column v; index 0 is frequency 1)."""
_DOWN = sum(1 << (_SIDE * u + v) for u in range(0, _SIDE, 2) for v in range(_SIDE))
_PARITIES = tuple(
    [_SIDE * u + v for u in range(row, _SIDE, 2) for v in range(column, _SIDE, 2)]
    for row in (0, 1)
    for column in (0, 1)
)


def made_flips(dots: random.Random) -> tuple[bytes, ...]:
    """The flips of a picture whose median is exactly zero: each follows from the first without a fault.

    Half of the bits of each parity are set, so that half of all bits are, in each flip.
    """
    first = sum(1 << bit for parity in _PARITIES for bit in dots.sample(parity, len(parity) // 2))
    return _laid(first)


def made_near(flips: tuple[bytes, ...], bits: int, dots: random.Random) -> tuple[bytes, ...]:
    """The flips of a picture so many bits from another: a multiple of 8, so that half stays set."""
    first = int.from_bytes(flips[0])
    for parity in _PARITIES:
        for wanted in (0, 1):
            able = [bit for bit in parity if int.from_bytes(flips[0]) >> bit & 1 == wanted]
            first ^= sum(1 << bit for bit in dots.sample(able, bits // 8))
    return _laid(first)


def _laid(first: int) -> tuple[bytes, ...]:
    return tuple(follows(first, flip).to_bytes(HASH_BITS // 8) for flip in Flip)


def follows(value: int, flip: Flip) -> int:
    """The bits of a flip, from those of the picture."""
    value ^= (_ACROSS if flip in MIRRORED else 0) ^ (_DOWN if flip in UPSIDE_DOWN else 0)
    if flip < Flip.TRANSPOSE:
        return value
    return sum(
        1 << (_SIDE * v + u) for u in range(_SIDE) for v in range(_SIDE) if value >> (_SIDE * u + v) & 1
    )


ONE = made_flips(random.Random("one picture"))
"""The same in every test."""
FIELD = ".".join(("90", *(value.hex() for value in ONE)))
"""As the portal's page sends it."""
assert len(ONE) == FLIPS
