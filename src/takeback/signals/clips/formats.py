"""The container of a clip by its first bytes, and the clips behind a picture; without a decoder. Pure."""

from collections.abc import Callable

FORMATS = ("MP4", "MOV", "3GP", "WEBM", "MATROSKA", "AVI", "GIF")
MAX_FRAMES = 600
"""Moments of one clip."""
MAX_MS = 2**32 - 2
"""Seven weeks; a later moment is not believed."""

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
