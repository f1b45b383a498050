"""Values that a picture or clip is reduced to: frozen, comparable, stored and sent.

A hash is 32 bytes, most significant bit first, in the order in which `pdqhash.compute` returns its 256 bits
(docs/matching.md, section 1; "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm",
Facebook 2019).
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

HASH_BYTES = 32
HASH_BITS = 256
MATCH_RADIUS = 31
"""Two pictures are "the same" up to this many differing bits; the PDQ authors' threshold."""
REVIEW_RADIUS = 48
"""Up to this many differing bits a picture may be the same; only a person says so, nothing acts on it."""
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


FLIPS = len(Flip)
MIRRORED = frozenset({Flip.MIRROR, Flip.ROTATE_180, Flip.ROTATE_90, Flip.ANTI_TRANSPOSE})
"""Those that swap left and right; before rows become columns, where they do."""
UPSIDE_DOWN = frozenset({Flip.UPSIDE_DOWN, Flip.ROTATE_180, Flip.ROTATE_270, Flip.ANTI_TRANSPOSE})
"""Those that swap top and bottom, likewise."""


@dataclass(frozen=True, slots=True)
class Pdq:
    """A PDQ hash with its quality."""

    hash: bytes
    """32 bytes, most significant bit first."""
    quality: int
    """0 to 100: how much detail the picture has."""

    def apart(self, other: "Pdq") -> int:
        """Count the differing bits."""
        return (int.from_bytes(self.hash) ^ int.from_bytes(other.hash)).bit_count()


class Kind(StrEnum):
    """What was posted or reported."""

    PICTURE = "picture"
    CLIP = "clip"


class Cut(StrEnum):
    """Which part of what is shown a hash was made of; an entry is one hash, a post may bring several."""

    WHOLE = "whole"
    TRIMMED = "trimmed"
    """Without its uniform border."""
    PANEL = "panel"
    """A picture within the picture: of a collage, a screenshot, above a caption band."""
    FRAME = "frame"
    """A moment of a clip."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in pixels of the picture as shown."""

    left: int
    top: int
    width: int
    height: int


MOST_PARTS = 1023
"""Variants of one file, of all its views together."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A part of a picture that is compared as if it had been posted alone."""

    cut: Cut
    """TRIMMED or PANEL; WHOLE for all of another view, FRAME for a moment of a clip in the file."""
    box: Box
    """In pixels of its view."""
    pdq: Pdq
    """Of quality `MIN_QUALITY` at least, but for a WHOLE."""
    doubt: int = 0
    """As `PictureSignals.doubt`, for this hash."""
    flips: tuple[Pdq, ...] = ()
    """As `PictureSignals.flips`, for this part."""
    view: str = ""
    """Which of the file's views it is a part of (`files.names`); empty: the file as ordinarily shown."""


@dataclass(frozen=True, slots=True)
class PictureSignals:
    """All that is kept of a picture after its pixels are dropped."""

    sha256: bytes
    """Of the file's bytes as fetched; the service adds it to a child's answer, which has none."""
    whole: Pdq
    """Of the picture as shown."""
    width: int
    """Pixels, after EXIF orientation."""
    height: int
    format: str
    """The decoder's name for the file format, as JPEG, PNG, WEBP, GIF, AVIF, TIFF, BMP, HEIF, PDF or ZIP."""
    flips: tuple[Pdq, ...] = ()
    """The eight ways to lay it down, in the order of `Flip`; only where they were asked for."""
    variants: tuple[Variant, ...] = ()
    """Its trimmed form and its panels, then the same of each further view, begun by a WHOLE or FRAME."""
    doubt: int = 0
    """Bits by which `whole` may differ from the full-size hash; 0: it is that hash."""
    left_out: int = 0
    """Frames, pages, members or other views that exist and were not looked at, because of a bound."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment of a clip."""

    at_ms: int
    """Milliseconds from the beginning."""
    pdq: Pdq
    """Of quality `MIN_QUALITY` at least."""
    flips: tuple[Pdq, ...] = ()
    """As `PictureSignals.flips`, for this moment."""
    view: str = ""
    """Empty, or `black`: the moment's transparent pixels on black."""


@dataclass(frozen=True, slots=True)
class ClipSignals:
    """All that is kept of a clip."""

    sha256: bytes
    """As `PictureSignals.sha256`."""
    width: int
    """Pixels, as shown."""
    height: int
    format: str
    """The container, as MP4, WEBM, MATROSKA or GIF."""
    duration_ms: int
    frames: tuple[Frame, ...]
    """At scene changes, and at most one a second; in order of time."""
