"""All that one picture file can show beside its first frame on white; for the decoder processes only.

1. Its pixels on black, where any lets the background through: a picture can be hidden in transparency that
shows on a dark page alone.
2. Further frames of an animation, pages of a TIFF, pictures of a multi-picture JPEG or HEIF (`frames`).
3. The other form of an AVIF: its first bytes choose the still picture or the sequence, and readers differ.
4. Previews stored inside (EXIF, Photoshop, JFIF), where they show something else than the picture.
5. The other sizes of an icon.

The budget counts what a bound leaves out. A fault in one of these never loses the others.
"""

import warnings
from collections.abc import Iterator
from functools import partial
from io import BytesIO

from PIL import ExifTags, IcoImagePlugin, Image

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.model import MATCH_RADIUS
from takeback.signals.parts import frames, names
from takeback.signals.parts.budget import Budget, guarded
from takeback.signals.parts.decode import BLACK, decode, frame_of, lets_through, opened, said_as_unreadable
from takeback.signals.parts.view import Still
from takeback.signals.pdq.reference import Pixels

_THUMB_APART = MATCH_RADIUS
"""A preview is another view only if it shows another picture; as small as it is, a few bits always differ."""
_LEAST_THUMB = 32
_SEQUENCE_PIXELS = 240_000_000
"""Decoded on the way to the last frame: formats that keep differences have no shorter way."""
_ONE_SIZE = ("PNG", "WEBP", "GIF", "AVIF")
_MOST_SIZES = 8
_EXIF_HEAD = b"Exif\0\0"
_THUMB_AT, _THUMB_BYTES = 0x0201, 0x0202
_PHOTOSHOP_THUMB, _PHOTOSHOP_HEAD = 0x040C, 28
_JFIF_SIZE, _JFIF_PIXELS = 12, 14


def walk_picture(data: bytes, name: str, budget: Budget) -> Iterator[Still]:
    """Yield everything that a picture file shows, the ordinary view, called `name`, first. Raises
    Unreadable.
    """
    with said_as_unreadable(), opened(data, budget.max_pixels) as image:
        yield Still(name, partial(_ordinary, data, image.size, budget))
        yield from others(data, image, name, budget)


def others(data: bytes, image: Image.Image, name: str, budget: Budget) -> Iterator[Still]:
    """Yield everything but the ordinary view, of a file that is open at its first frame."""
    for source in (
        _on_black(image, name, budget),
        _thumbs(image, name, budget),
        _frames(data, image, name, budget),
        _other_form(data, image, name, budget),
        _sizes(image, name, budget),
    ):
        yield from guarded(source, budget)


def show_picture(data: bytes, view: str, max_pixels: int) -> Pixels:
    """Decode one view of a picture file. Raises Unreadable, as `decode`; DAMAGED, if the file has no such
    view.
    """
    if not view:
        return decode(data, max_pixels=max_pixels).rgb
    budget = Budget(float("inf"), views=1, max_pixels=max_pixels)
    for still in walk_picture(data, "", budget):
        if still.name == view:
            return still.load()
    raise Unreadable(WhyUnreadable.DAMAGED, f"no view {view}")


def _ordinary(data: bytes, size: tuple[int, int], budget: Budget) -> Pixels:
    budget.take_pixels(*size)
    return decode(data, max_bytes=len(data), max_pixels=budget.max_pixels).rgb


# 1. On black.


def _on_black(image: Image.Image, name: str, budget: Budget) -> Iterator[Still]:
    if not image.has_transparency_data:
        return
    image.load()
    if lets_through(image):
        yield Still(names.join(name, "black"), partial(_frame, image, image.tell(), budget, BLACK))


# 2. Frames and pages.


def _frames(data: bytes, image: Image.Image, name: str, budget: Budget) -> Iterator[Still]:
    first = image.tell()
    word = "page" if image.format == "TIFF" else "frame"
    for number in _numbers(data, image, budget):
        if number == first:
            continue
        inside = names.join(name, f"{word}:{number + 1}")
        yield Still(inside, partial(_frame, image, number, budget))
        # Decoded by whoever took it, else not known yet: then the name alone matters.
        if lets_through(image) if image.tell() == number else image.has_transparency_data:
            yield Still(names.join(inside, "black"), partial(_frame, image, number, budget, BLACK))


def _numbers(data: bytes, image: Image.Image, budget: Budget) -> list[int]:
    """Return the frames to look at, from 0; what is beyond counts as left out."""
    count = _pages(image) if image.format == "TIFF" else getattr(image, "n_frames", 1)
    if count <= 1:
        return []
    times = frames.durations(data)
    count = min(count, len(times)) if data.startswith(b"\x89PNG") else count
    width, height = image.size
    wanted = frames.wanted(count, times, _SEQUENCE_PIXELS // max(1, width * height))
    budget.leave_out(count - 1 - len(wanted))
    # Where the ordinary view is not the first frame (HEIF has a primary one), the first is another view.
    return [0, *wanted] if image.tell() != 0 else wanted


def _pages(image: Image.Image) -> int:
    """Count the pages of a TIFF, as far as anybody asks: counting all would walk a chain as long as the
    file.
    """
    number = 0
    for number in range(frames.MOST_FRAMES + 2):
        try:
            image.seek(number)
        except EOFError:
            return number
    image.seek(0)
    return number + 1


def _frame(image: Image.Image, number: int, budget: Budget, background: int = 255) -> Pixels:
    with said_as_unreadable():
        # An animation has one size, and going to its frame decodes all before it: paid for first.
        paid = image.size if image.format in _ONE_SIZE else (0, 0)
        budget.take_pixels(*paid)
        _seek(image, number, budget.max_pixels)
        if image.size != paid:
            budget.take_pixels(*image.size)
        return frame_of(image, budget.max_pixels, background)


def _seek(image: Image.Image, number: int, max_pixels: int) -> None:
    """Go to a frame. A GIF's may claim to be larger than its picture, and Pillow takes memory for it."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = max_pixels // 2  # Pillow refuses what is above twice as many
        try:
            image.seek(number)
        finally:
            Image.MAX_IMAGE_PIXELS = before


# 3. The other form of an AVIF.


def _other_form(data: bytes, image: Image.Image, name: str, budget: Budget) -> Iterator[Still]:
    if image.format != "AVIF" or data[4:8] != b"ftyp" or b"moov" not in data:
        return
    brand = b"avif" if data[8:12] == b"avis" else b"avis"
    swapped = data[:8] + brand + data[12:]
    inside = names.join(name, "other")
    with opened(swapped, budget.max_pixels) as other:
        yield Still(inside, partial(_frame, other, 0, budget))
        yield from _frames(swapped, other, inside, budget)


# 4. Previews.


def _thumbs(image: Image.Image, name: str, budget: Budget) -> Iterator[Still]:
    sources = (_exif_thumb(image), _photoshop_thumb(image), _jfif_thumb(image))
    for number, found in enumerate(sources, 1):
        if found is not None:
            load = partial(_thumb, found, budget)
            yield Still(names.join(name, f"thumb:{number}"), load, _THUMB_APART)


def _exif_thumb(image: Image.Image) -> bytes | None:
    exif = image.info.get("exif")
    if not isinstance(exif, bytes):
        return None
    pointers = image.getexif().get_ifd(ExifTags.IFD.IFD1)
    at, length = pointers.get(_THUMB_AT), pointers.get(_THUMB_BYTES)
    if not isinstance(at, int) or not isinstance(length, int):
        return None
    start = len(_EXIF_HEAD) * exif.startswith(_EXIF_HEAD) + at
    return exif[start : start + length]


def _photoshop_thumb(image: Image.Image) -> bytes | None:
    found = image.info.get("photoshop")
    thumb = found.get(_PHOTOSHOP_THUMB) if isinstance(found, dict) else None
    return thumb[_PHOTOSHOP_HEAD:] if isinstance(thumb, bytes) else None


def _jfif_thumb(image: Image.Image) -> bytes | Image.Image | None:
    for segment, content in getattr(image, "applist", ()):
        if segment != "APP0":
            continue
        if content.startswith(b"JFXX\0\x10"):
            return content[6:]
        if content.startswith(b"JFIF\0") and len(content) > _JFIF_PIXELS:
            size = content[_JFIF_SIZE], content[_JFIF_SIZE + 1]
            pixels = content[_JFIF_PIXELS:]
            if len(pixels) >= 3 * size[0] * size[1] > 0:
                return Image.frombytes("RGB", size, pixels[: 3 * size[0] * size[1]])
    return None


def _thumb(found: bytes | Image.Image, budget: Budget) -> Pixels:
    with said_as_unreadable():
        image = Image.open(BytesIO(found), formats=("JPEG",)) if isinstance(found, bytes) else found
        if min(image.size) < _LEAST_THUMB:
            raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "too small to be shown")
        budget.take_pixels(*image.size)
        return frame_of(image, budget.max_pixels)


# 5. Icons.


def _sizes(image: Image.Image, name: str, budget: Budget) -> Iterator[Still]:
    if not isinstance(image, IcoImagePlugin.IcoImageFile):
        return
    count = len(image.ico.entry)
    budget.leave_out(count - _MOST_SIZES)
    for number in range(min(count, _MOST_SIZES)):
        yield Still(names.join(name, f"size:{number + 1}"), partial(_size, image, number, budget))


def _size(image: IcoImagePlugin.IcoImageFile, number: int, budget: Budget) -> Pixels:
    with said_as_unreadable():
        inside = image.ico.frame(number)
        budget.take_pixels(*inside.size)
        return frame_of(inside, budget.max_pixels)
