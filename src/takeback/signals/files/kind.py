"""The reader that a file is for, by its first bytes; a claimed type or a file name decides nothing. Pure."""

from collections.abc import Callable
from enum import StrEnum

from takeback.signals.clips.formats import is_clip, is_sound

FORMATS = ("PDF", "ZIP", "SVG", "AUDIO")
"""Files with pictures in them, as `PictureSignals.format` names them."""
_PDF_WITHIN = 1024
"""PDF readers look this far for the mark (ISO 32000-1, implementation note 13)."""
_ZIP_ENDS_WITHIN = 65_557
"""The end record of a ZIP and the longest comment behind it (APPNOTE 4.3.16)."""
_SVG_WITHIN = 1 << 16
_PICTURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"\0\0\1\0",
)
_SOUNDS = (b"ID3", b"fLaC", b"OggS")
_GZIP = b"\x1f\x8b\x08"
_MARKUP = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\0", b"\xfe\xff\0<")


class FileKind(StrEnum):
    """Which reader a file is for."""

    PICTURE = "picture"
    CLIP = "clip"
    PDF = "pdf"
    ZIP = "zip"
    SVG = "svg"
    AUDIO = "audio"


def kind_of(data: bytes) -> FileKind | None:
    """Return which reader a file is for; None: it looks like nothing that is read."""
    return next((kind for kind, begins in _KINDS.items() if begins(data)), None)


def format_of(data: bytes) -> str:
    """Return a name for files that one reader reads alike, finer than `kind_of`; for bookkeeping only."""
    kind = kind_of(data)
    if kind is not FileKind.PICTURE:
        return str(kind)
    return next((start.hex() for start in _PICTURES if data.startswith(start)), "ftyp or riff")


def is_picture(data: bytes) -> bool:
    """Return whether a file begins as one of the picture formats does; it may turn out damaged."""
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return data.startswith(_PICTURES) or is_webp or (data[4:8] == b"ftyp" and not is_sound(data))


def _is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:_PDF_WITHIN]


def _is_audio(data: bytes) -> bool:
    return data.startswith(_SOUNDS) or is_sound(data)


def _is_svg(data: bytes) -> bool:
    start = data[:_SVG_WITHIN]
    names_svg = b"svg" in start or b"s\0v\0g" in start
    return start.startswith(_GZIP) or (names_svg and start.lstrip().startswith(_MARKUP))


def _is_zip(data: bytes) -> bool:
    return data.startswith(b"PK") or b"PK\5\6" in data[-_ZIP_ENDS_WITHIN:]


_KINDS: dict[FileKind, Callable[[bytes], bool]] = {
    FileKind.CLIP: is_clip,
    FileKind.PICTURE: is_picture,
    FileKind.PDF: _is_pdf,
    FileKind.AUDIO: _is_audio,
    FileKind.SVG: _is_svg,
    FileKind.ZIP: _is_zip,
}
"""In the order in which they are asked: of a file that is two things, what a chat client would show."""
