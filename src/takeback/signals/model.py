"""What a picture is reduced to: frozen values that can be compared, stored and sent.

A hash is 32 bytes, most significant bit first, in the order that `pdqhash.compute` returns its 256 bits
(matching.md section 1; the PDQ paper, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
Algorithm", Facebook 2019).
"""

from dataclasses import dataclass
from enum import IntEnum

HASH_BYTES = 32
HASH_BITS = 256
MATCH_RADIUS = 31
"""Two pictures are "the same" up to this many differing bits; the PDQ authors' threshold."""
MIN_QUALITY = 50
"""Below this a picture has too little detail for its hash to mean anything; the PDQ authors' threshold."""


class Flip(IntEnum):
    """The eight ways to lay a picture down; also the order in which a device sends their hashes."""

    NONE = 0
    MIRROR = 1
    """Left and right swapped."""
    UPSIDE_DOWN = 2
    """Top and bottom swapped."""
    ROTATE_180 = 3
    TRANSPOSE = 4
    """Rows become columns."""
    ROTATE_90 = 5
    """A quarter turn counter-clockwise, as `numpy.rot90(x, 1)`."""
    ROTATE_270 = 6
    """A quarter turn clockwise, as `numpy.rot90(x, 3)`."""
    ANTI_TRANSPOSE = 7


@dataclass(frozen=True, slots=True)
class Pdq:
    """A PDQ hash with its quality."""

    hash: bytes
    """32 bytes, most significant bit first."""
    quality: int
    """0 to 100: how much detail the picture has."""


@dataclass(frozen=True, slots=True)
class PictureSignals:
    """All that is kept of a picture after its pixels are dropped."""

    sha256: bytes
    """Of the file's bytes as fetched."""
    whole: Pdq
    """Of the picture as shown."""
    width: int
    """Pixels, after EXIF orientation."""
    height: int
    format: str
    """The decoder's name for the file format, as JPEG, PNG, WEBP, GIF, AVIF, TIFF, BMP or HEIF."""
    flips: tuple[Pdq, ...] = ()
    """The eight ways to lay it down, in the order of `Flip`; only where they were asked for."""
