"""What a clip is, and when two clips are the same: by the share of their moments, as vPDQ does.

vPDQ ("vPDQ: video PDQ", Meta's ThreatExchange, 2022) hashes one frame a second, and counts the frames of the
query that have a frame of the bank's clip within the radius, and the other way round. Two shares, because
each finds what the other cannot: a piece cut out of a known clip has nearly all of *its* frames in the bank,
a long clip that contains a known one has nearly all of the *bank's* frames. Black and empty frames have no
part in it: their quality keeps them out of both, or every clip that fades out would be every other.

The trade-off: the order of frames is not asked. Asking would let a copy played backwards or cut anew go free,
and a second clip that shares half of its moments in another order does not happen by chance.

A picture is a clip of one moment, so the same rule says that a picture is found by any frame of a clip, and a
clip by any frame that is a known picture.

This module holds no decoder: the service uses it, while clips are decoded (`moments`) in a process apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

FORMATS = ("MP4", "MOV", "3GP", "WEBM", "MATROSKA", "AVI", "GIF")
MAX_FRAMES = 600
"""Moments of one clip."""
MAX_MS = 2**32 - 2
"""Seven weeks; a later moment is not believed."""
MATCH_SHARE = 0.5
"""At least half of what one of the two shows is in the other. vPDQ's users take 0.8 of the query; of a true
copy that was cut, a third of the moments may have no partner, since the camera had moved on."""

_BRANDS = {b"qt  ": "MOV", b"3gp": "3GP", b"3g2": "3GP"}
_STILL_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"hei", b"hev", b"heim", b"heis", b"miaf")
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_EBML = b"\x1aE\xdf\xa3"
_HEAD = 4096
_LEAST_HEAD = 12
_SECOND_FRAME = 2
_LONGEST_BRANDS = 512
"""Bytes of the first box of an MP4: a name for each kind of reader."""
_MOST_LOOKS = 1024
"""At places in a picture where the letters stand that begin a clip."""


class Verdict(StrEnum):
    """What a comparison says."""

    MATCH = "match"
    REVIEW = "review"
    """Too little agrees for anything but a person's look."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of two clips agrees."""

    query_matched: int
    """Moments of the query that the bank's clip has."""
    query_moments: int
    bank_matched: int
    """Moments of the bank's clip that the query has."""
    bank_moments: int

    @property
    def query(self) -> float:
        """0 to 1."""
        return self.query_matched / self.query_moments if self.query_moments else 0.0

    @property
    def bank(self) -> float:
        """0 to 1."""
        return self.bank_matched / self.bank_moments if self.bank_moments else 0.0


def clip_format(data: bytes) -> str | None:
    """The container that a file's first bytes name, MP4, MOV, 3GP, WEBM, MATROSKA, AVI or GIF; None: no clip.

    A GIF counts from its second frame on. HEIF and AVIF are pictures, sound alone is nothing.
    """
    if len(data) < _LEAST_HEAD:
        return None
    if data[4:8] == b"ftyp":
        return _by_brand(data[8:12])
    if data[4:8] in _OLD_QUICKTIME:
        return "MOV"
    if data.startswith(_EBML):
        return "WEBM" if b"webm" in data[:_HEAD] else "MATROSKA" if b"matroska" in data[:_HEAD] else None
    if data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        return "AVI"
    return "GIF" if _is_animated_gif(data) else None


def is_clip(data: bytes) -> bool:
    """Whether a file is for `moments` rather than `decode`; it may turn out damaged."""
    return clip_format(data) is not None


def is_sound(data: bytes) -> bool:
    """Whether a file is an MP4 of sound alone, by its brand."""
    return data[4:8] == b"ftyp" and data[8:12] in _SOUND_BRANDS


def clips_behind(data: bytes) -> tuple[int, ...]:
    """Where clips begin inside a picture file: behind a motion photograph, as phones keep them.

    Google, Samsung and others write a whole MP4 behind a JPEG, or into a box (`mpvd`) of a HEIF or AVIF.

    Players of such files take the clip that ends the file, so the last is looked for beside the first.

    Returns:
        At most two places of a clip's first byte.
    """
    first = _behind(data.find, data, _LEAST_HEAD)
    last = _behind(data.rfind, data, _LEAST_HEAD)
    return tuple(sorted({at for at in (first, last) if at is not None}))


def _behind(find: Callable[[bytes, int, int], int], data: bytes, start: int) -> int | None:
    """The first clip that one direction of search comes upon, after a bounded number of looks."""
    low, high = start, len(data)
    for _ in range(_MOST_LOOKS):
        at = find(b"ftyp", low, high)
        if at == -1:
            return None
        head, brand = int.from_bytes(data[at - 4 : at]), data[at + 4 : at + 8]
        if _LEAST_HEAD <= head <= _LONGEST_BRANDS and brand.isascii() and _by_brand(brand) is not None:
            return at - 4
        low, high = (at + 4, high) if find == data.find else (low, at)
    return None


def verdict(found: Shares) -> Verdict:
    """What the shares of two clips say, or of a picture (one moment) and a clip."""
    if max(found.query, found.bank) >= MATCH_SHARE:
        return Verdict.MATCH
    return Verdict.REVIEW if found.query_matched else Verdict.NONE


def _by_brand(brand: bytes) -> str | None:
    if brand.startswith(_STILL_BRANDS) or brand in _SOUND_BRANDS:
        return None
    return next((name for start, name in _BRANDS.items() if brand.startswith(start)), "MP4")


def _is_animated_gif(data: bytes) -> bool:
    """Walk the blocks of a GIF (GIF89a, sections 17 to 27) to its second frame."""
    if not data.startswith((b"GIF87a", b"GIF89a")):
        return False
    at, frames = _past_table(data, 10, 13), 0
    while at + 1 < len(data):
        match data[at]:
            case 0x21:  # an extension: its label, then its blocks
                at = _past_blocks(data, at + 2)
            case 0x2C:  # a frame: its place and size, its colours, the size of its codes, then its blocks
                frames += 1
                if frames == _SECOND_FRAME:
                    return True
                at = _past_blocks(data, _past_table(data, at + 9, at + 10) + 1)
            case _:
                return False
    return False


def _past_table(data: bytes, flags_at: int, at: int) -> int:
    """Where a table of colours ends, if the flags say that there is one."""
    flags = data[flags_at] if flags_at < len(data) else 0
    return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _past_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1
