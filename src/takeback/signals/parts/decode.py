"""Picture files to sRGB pixels, always the same way, so that the same picture always has the same hash.

What a viewer sees is what is hashed. A peer that skips a step is evaded by it: a CMYK copy of a JPEG lies 254
of 256 bits away when it is read as RGB.

1. Only nine formats are tried; every other decoder is attack surface without a use here.
2. The first frame of an animation; `stills` finds what else a file can show.
3. Sixteen bits, grey, palette, CMYK and so on become 8-bit RGB. The inks of a CMYK JPEG are taken as
inverted, Adobe's way, with or without Adobe's marker, as browsers do.
4. Transparency is laid on white, as chat clients and galleries do; pixels under full transparency are
arbitrary.
5. EXIF orientation is applied, in whichever format carries it. In HEIF and AVIF the container's own rotation
counts, and the decoder has applied it or passes it on as an EXIF tag.

Colour profiles of RGB pictures are ignored: a device hashes in a browser with `colorSpaceConversion: 'none'`,
and both sides must see the same numbers. Converting would move a photograph by a few bits at most, and run a
profile parser on hostile bytes.

Bytes are limited before anything is read, declared pixels before memory is taken, and the pixels that came
out. `sandbox` does the rest against hostile files.

A usual JPEG without a single warning goes straight to libjpeg-turbo after Pillow's header parser: the same
pixels in two thirds of the time. Pillow reads, or refuses, anything odd.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
import pi_heif
import simplejpeg
from numpy.typing import NDArray
from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, JpegImagePlugin, UnidentifiedImageError

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.model import Flip
from takeback.signals.pdq.flips import flip_for_orientation, flip_pixels
from takeback.signals.pdq.reference import LUMA
from takeback.signals.pdq.scaled import Working

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "HEIF")
ICONS = ("ICO",)
"""Small pictures for tabs and folders, which browsers show, too."""
MAX_BYTES = 64 << 20
"""Above what platforms let people post; a larger file is not read."""
MAX_PIXELS = 120_000_000
"""Above the 108 megapixels of present phones; `takeback_dev.bench.hashing` shows a pixel's memory."""
SHORT_SIDE = 375
"""Pixels that `working` leaves at least to the short side: then the 64 samples of a hash lie six apart."""
LUMA_PIXELS = 4_000_000
"""Unrounded brightness takes four bytes a pixel; larger pictures are kept in whole grey levels."""
_LUMA = np.array(LUMA, dtype=np.float32)
_LUMA_SLAB = 1 << 14
_STRIP_PIXELS = 1 << 20
_JPEG = b"\xff\xd8\xff"
WHITE, BLACK = 255, 0
"""Behind transparent pixels."""
_OPAQUE = 255
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")

# One thread a decoder: a pool of processes is how more cores are used, and hostile files get no more than
# one.
setattr(AvifImagePlugin, "DEFAULT_MAX_THREADS", 1)  # noqa: B010 (a documented setting, typed as the literal 0)
pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, upright and in colour."""

    rgb: NDArray[np.uint8]
    """[height, width, 3], contiguous."""
    format: str
    """One of `FORMATS` or `ICONS`."""


def check_size(data: bytes, max_bytes: int = MAX_BYTES) -> None:
    """Check a file's length. Raises Unreadable: EMPTY or TOO_MANY_BYTES."""
    if not data:
        raise Unreadable(WhyUnreadable.EMPTY)
    if len(data) > max_bytes:
        raise Unreadable(WhyUnreadable.TOO_MANY_BYTES, f"{len(data)} bytes, at most {max_bytes} are read")


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a picture file as a viewer would show it; more bytes or pixels, declared or decoded, are
    refused.

    Raises:
        Unreadable: EMPTY, NOT_A_PICTURE, DAMAGED, TOO_MANY_BYTES, TOO_MANY_PIXELS or TOO_MUCH_MEMORY.
    """
    check_size(data, max_bytes)
    with said_as_unreadable(), opened(data, max_pixels) as image:
        return _full(data, image, max_pixels)


def working(data: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Working:
    """Decode a picture file in grey, a large JPEG at a fraction of its size. Raises Unreadable, as `decode`.

    Brightness is that of the full picture's colours (ITU-R BT.601) in whole levels. A JPEG decoded small has
    its own brightness channel instead: the same but where colours are cut off.
    """
    check_size(data, max_bytes)
    with said_as_unreadable(), opened(data, max_pixels) as image:
        return working_of(data, image, max_pixels)[0]


def working_of(data: bytes, image: Image.Image, max_pixels: int) -> tuple[Working, Picture | None]:
    """Return `working` of an open file, and the picture if it was decoded in full. Raises as Pillow does."""
    small = _small(data, image)
    if small is not None:
        return small, None
    full = _full(data, image, max_pixels)
    return in_grey(full), full


@contextmanager
def said_as_unreadable() -> Iterator[None]:
    """Translate what decoders do with a hostile file: the one boundary. Raises Unreadable for whatever was
    raised within.
    """
    try:
        yield
    except Unreadable:
        raise
    except UnidentifiedImageError as error:
        raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "none of " + ", ".join(FORMATS)) from error
    except Image.DecompressionBombError as error:
        raise Unreadable(WhyUnreadable.TOO_MANY_PIXELS, _line(error)) from error
    except MemoryError as error:
        raise Unreadable(WhyUnreadable.TOO_MUCH_MEMORY) from error
    except Exception as error:
        # Decoders of damaged files raise whatever they happen to hit: OSError, SyntaxError, struct.error,
        # KeyError.
        raise Unreadable(WhyUnreadable.DAMAGED, _line(error)) from error


@contextmanager
def opened(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    """Open a picture file at its first frame, with its header read.

    Raises:
        Unreadable: TOO_MANY_PIXELS; and whatever Pillow raises, for `said_as_unreadable`.
    """
    _check_pixels(_webp_canvas(data), max_pixels)
    # 1. Only the nine formats. 2. Opened, an animation stands at its first frame.
    with _open(data) as image:
        _check_pixels(image.size, max_pixels)
        yield image


def _open(data: bytes) -> Image.Image:
    """Open a file by Pillow; a JPEG with a broken list of further pictures is a JPEG, as browsers have it."""
    try:
        return Image.open(BytesIO(data), formats=(*FORMATS, *ICONS))
    except (KeyError, AssertionError, AttributeError, ValueError, OverflowError):
        if not data.startswith(_JPEG):
            raise
        return JpegImagePlugin.JpegImageFile(BytesIO(data))


def _full(data: bytes, image: Image.Image, max_pixels: int) -> Picture:
    format_ = _format(image)
    rgb = _by_libjpeg(data, image, "RGB")
    if rgb is None:
        return Picture(frame_of(image, max_pixels), format_)
    # 5. EXIF orientation.
    return Picture(np.ascontiguousarray(flip_pixels(rgb, _flip_of(image))), format_)


def frame_of(image: Image.Image, max_pixels: int, background: int = WHITE) -> NDArray[np.uint8]:
    """Return the frame at which an open file stands, upright: [height, width, 3], transparency laid on a
    grey.

    Raises:
        Unreadable: TOO_MANY_PIXELS; and whatever Pillow raises, for `said_as_unreadable`.
    """
    image.load()
    _check_pixels(image.size, max_pixels)
    # Asked after loading: the TIFF decoder turns the pixels itself and then takes the tag away.
    flip = _flip_of(image)
    return np.ascontiguousarray(flip_pixels(_to_rgb(image, background), flip))


def lets_through(image: Image.Image) -> bool:
    """Return whether any pixel of a loaded frame is less than opaque, so that the background shows."""
    if not image.has_transparency_data:
        return False
    alpha = next((band for band in image.getbands() if band in ("A", "a")), None)
    return alpha is None or image.getchannel(alpha).getextrema()[0] != _OPAQUE


def _format(image: Image.Image) -> str:
    """Return the format's name. Pillow calls a JPEG with more pictures behind it MPO; it is shown as a
    JPEG.
    """
    return "JPEG" if image.format == "MPO" else image.format or ""


def _small(data: bytes, image: Image.Image) -> Working | None:
    """Return a large and usual JPEG at a fraction; None for everything else."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return None
    flip = _flip_of(image)
    # The last row and column may stand for fewer pixels than the others; they must be last when upright, too.
    turned = flip not in (Flip.NONE, Flip.TRANSPOSE)
    scale = next(
        (
            scale
            for scale in (8, 4, 2)
            if min(image.size) >= SHORT_SIDE * scale
            and not (turned and any(side % scale for side in image.size))
        ),
        1,
    )
    grey = _by_libjpeg(data, image, "GRAY", scale) if scale > 1 else None
    if grey is None:
        return None
    width, height = image.size if flip < Flip.TRANSPOSE else image.size[::-1]
    upright = np.ascontiguousarray(flip_pixels(grey[..., 0], flip))
    return Working(upright, scale, width, height, _format(image))


def in_grey(picture: Picture) -> Working:
    """Return the working picture of one that was decoded in full."""
    height, width = picture.rgb.shape[:2]
    if height * width > LUMA_PIXELS:
        grey = np.asarray(Image.fromarray(picture.rgb).convert("L"))
        return Working(grey, 1, width, height, picture.format)
    luma = _luma(picture.rgb)
    grey = (luma + np.float32(0.5)).astype(np.uint8)
    return Working(grey, 1, width, height, picture.format, luma)


def _luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return brightness by the weights of PDQ; float32 is a thousand times finer than what a hash can tell
    apart.
    """
    pixels = rgb.reshape(-1, 3)
    luma = np.empty(len(pixels), dtype=np.float32)
    room = np.empty((_LUMA_SLAB, 3), dtype=np.float32)
    # A slab that stays in the cache is five times as fast as the whole picture at once.
    for start in range(0, len(pixels), _LUMA_SLAB):
        wide = room[: len(pixels) - start]
        np.copyto(wide, pixels[start : start + len(wide)])
        np.dot(wide, _LUMA, out=luma[start : start + len(wide)])
    return luma.reshape(rgb.shape[:2])


def _flip_of(image: Image.Image) -> Flip:
    return flip_for_orientation(image.getexif().get(ExifTags.Base.Orientation, 1))


def _by_libjpeg(
    data: bytes, image: Image.Image, colours: Literal["RGB", "GRAY"], scale: int = 1
) -> NDArray[np.uint8] | None:
    """Return the pixels of a JPEG as stored, not yet upright: [height, width, 3 or 1].

    None for what is no JPEG, and where libjpeg-turbo would guess or says anything that Pillow's header parser
    did not.
    """
    # Brightness is a channel of its own in these only. With four inks, Pillow knows how browsers read them.
    kinds = ("YCbCr", "Gray") if colours == "GRAY" else ("YCbCr", "Gray", "RGB")
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode not in ("RGB", "L"):
        return None
    width, height = image.size
    small = -(-height // scale), -(-width // scale)
    try:
        found = simplejpeg.decode_jpeg_header(data)
        if found[:2] != (height, width) or found[2] not in kinds:
            return None
        pixels = simplejpeg.decode_jpeg(data, colours, min_height=small[0], min_width=small[1])
    except ValueError:
        # It is strict: this may be a warning at which Pillow carries on, as browsers do.
        return None
    return pixels if pixels.shape[:2] == small else None


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise Unreadable(
            WhyUnreadable.TOO_MANY_PIXELS, f"{width} x {height} pixels, at most {max_pixels} are decoded"
        )


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Return the size that a WebP file declares, else (0, 0): Pillow's decoder takes memory for it on
    opening.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return 0, 0
    match data[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        case b"VP8L":
            packed = int.from_bytes(data[21:25], "little")
            width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        case _:
            width, height = 0, 0
    return width, height


def _to_rgb(image: Image.Image, background: int = WHITE) -> NDArray[np.uint8]:
    """Do steps 3 and 4, a strip at a time: beside the picture itself only the result needs memory."""
    width, height = image.size
    bright = _brightest(image)
    rgb = np.empty((height, width, 3), dtype=np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        rgb[top:bottom] = _strip_to_rgb(image.crop((0, top, width, bottom)), bright, background)
    return rgb


def _strip_to_rgb(strip: Image.Image, bright: float, background: int) -> NDArray[np.uint8]:
    if strip.mode in _SIXTEEN_BITS:
        grey = (np.asarray(strip).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if strip.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(strip, dtype=np.float64), posinf=bright, neginf=0.0)
        grey = np.clip(values * (255.0 / bright), 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if strip.has_transparency_data:
        behind = Image.new("RGBA", strip.size, (background, background, background, _OPAQUE))
        return np.asarray(Image.alpha_composite(behind, _opaque_form(strip)).convert("RGB"))
    if strip.mode == "LAB":
        return np.asarray(ImageCms.applyTransform(strip, _lab_to_srgb()))
    return np.asarray(strip if strip.mode == "RGB" else strip.convert("RGB"))


def _opaque_form(strip: Image.Image) -> Image.Image:
    """Return RGBA from any mode with transparency; premultiplied grey has no direct way there."""
    return (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")


def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )


def _brightest(image: Image.Image) -> float:
    """Return what counts as white in a picture of wide numbers: the least usual range that holds them all."""
    if image.mode not in ("I", "F"):
        return 255.0
    values = np.asarray(image)
    top = float(np.nanmax(values, initial=0.0, where=np.isfinite(values)))
    ranges = (255.0, 65535.0) if image.mode == "I" else (1.0, 255.0, 65535.0)
    return next((white for white in ranges if top <= white), top)


def _line(error: Exception) -> str:
    """Return one short line for an engineer; decoders' messages name fields and numbers, never pixels."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
