"""What people do to a picture before they post it again: seeded edits, the rows of the table of recall.

The list is that of the first measurements (matching under edits), so that numbers can be compared; whoever
thinks of another way to hide a picture adds a line here. An edit gives pixels or, where the file format is
the edit, a file; pixels become a JPEG of quality 85, as platforms make them, since nobody posts pixels.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from takeback_dev.measure import screens
from takeback_dev.measure.screens import Colour, Pixels, font

Others: TypeAlias = Sequence[Pixels]
Change: TypeAlias = Callable[[Pixels, np.random.Generator, Others], "Pixels | bytes"]
OTHERS = 8
"""How many other pictures an edit may ask for: a collage of nine needs them."""
_POSTED_QUALITY = 85


@dataclass(frozen=True, slots=True)
class Edit:
    """One way to change a picture."""

    group: str
    """The row of the table that it counts in."""
    name: str
    change: Change
    """(rgb, random numbers, `OTHERS` other pictures) to pixels or a file."""


def apply(edit: Edit, rgb: Pixels, others: Others, *, seed: int, picture: str) -> bytes:
    """The edited picture as a file; the same for the same picture, edit and seed, on every machine.

    Args:
        edit: one of `EDITS`.
        rgb: uint8 [height, width, 3].
        others: other pictures, for collages; `OTHERS` of them.
        seed: another seed moves stickers, words and corners.
        picture: its name, so that two pictures are not changed alike.
    """
    told = hashlib.sha256(f"{seed} {edit.name} {picture}".encode()).digest()
    changed = edit.change(rgb, np.random.default_rng(int.from_bytes(told[:8], "big")), others)
    return changed if isinstance(changed, bytes) else encode(changed, "JPEG", quality=_POSTED_QUALITY)


def encode(rgb: Pixels, kind: str, **options: int) -> bytes:
    """Pixels as a file of one of Pillow's formats."""
    return _save(Image.fromarray(rgb), kind, **options)


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _plain(change: Callable[[Image.Image], Image.Image]) -> Change:
    """An edit that needs neither chance nor other pictures."""
    return lambda rgb, _rng, _others: np.asarray(change(Image.fromarray(rgb)).convert("RGB"))


def _numbers(change: Callable[[Pixels], np.ndarray]) -> Change:
    return lambda rgb, _rng, _others: np.clip(change(rgb), 0, 255).astype(np.uint8)


def _resize(image: Image.Image, across: float, down: float) -> Image.Image:
    size = (max(1, round(image.width * across)), max(1, round(image.height * down)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _sepia(rgb: Pixels) -> np.ndarray:
    return rgb @ np.array([[0.393, 0.349, 0.272], [0.769, 0.686, 0.534], [0.189, 0.168, 0.131]])


def _noise(rgb: Pixels, rng: np.random.Generator, _others: Others, *, sigma: float) -> Pixels:
    return np.clip(rgb + rng.normal(0, sigma, rgb.shape), 0, 255).astype(np.uint8)


def _specks(rgb: Pixels, rng: np.random.Generator, _others: Others) -> Pixels:
    out = rgb.copy()
    chance = rng.random(rgb.shape[:2])
    out[chance < 0.01] = 0  # noqa: PLR2004 (one pixel in a hundred goes black, one white)
    out[chance > 0.99] = 255  # noqa: PLR2004 (same)
    return out


def _crop(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """Cut shares of the sides off."""
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


def _border(image: Image.Image, across: float, down: float, colour: Colour) -> Image.Image:
    edge = (round(image.width * across), round(image.height * down))
    return ImageOps.expand(image, (*edge, *edge), colour)


def _rotate(image: Image.Image, degrees: float, colour: Colour) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=colour)


def _text(rgb: Pixels, rng: np.random.Generator, _others: Others, *, lines: int, share: float) -> Pixels:
    """Words across the picture; `share` of its height is a letter's size."""
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    size = max(8, image.height * share)
    for line in range(lines):
        y = image.height * (line + 0.5 + rng.uniform(-0.2, 0.2)) / lines - size / 2
        draw.text(
            (image.width * rng.uniform(0.02, 0.2), y), screens.sentence(rng, 4), fill=(255, 255, 255),
            font=font(size), stroke_width=max(1, int(size / 12)), stroke_fill=(0, 0, 0),
        )  # fmt: skip
    return np.asarray(image)


def _watermark(rgb: Pixels, rng: np.random.Generator, _others: Others) -> Pixels:
    image = Image.fromarray(rgb).convert("RGBA")
    veil = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw, size = ImageDraw.Draw(veil), max(10, image.height // 18)
    word = screens.sentence(rng, 2)
    for y in range(0, image.height, size * 4):
        for x in range(-(y // 2 % 90), image.width, size * 9):
            draw.text((x, y), word, fill=(255, 255, 255, 110), font=font(size))
    return np.asarray(Image.alpha_composite(image, veil).convert("RGB"))


def _stickers(rgb: Pixels, rng: np.random.Generator, _others: Others, *, count: int, share: float) -> Pixels:
    """Smiling faces; `share` of the shorter side wide."""
    image = Image.fromarray(rgb)
    draw = ImageDraw.Draw(image)
    width = int(min(image.size) * share)
    for _ in range(count):
        x, y = (int(rng.uniform(0.05, 0.95) * (side - width)) for side in image.size)
        draw.ellipse(
            (x, y, x + width, y + width), fill=(255, 204, 51), outline=(120, 80, 0), width=max(1, width // 30)
        )
        for eye in (0.28, 0.62):
            draw.ellipse(
                (x + width * eye, y + width * 0.3, x + width * (eye + 0.1), y + width * 0.45),
                fill=(60, 40, 0),
            )
        draw.arc(
            (x + width * 0.2, y + width * 0.3, x + width * 0.8, y + width * 0.8),
            20,
            160,
            (60, 40, 0),
            max(2, width // 16),
        )
    return np.asarray(image)


def _box(rgb: Pixels, rng: np.random.Generator, _others: Others, *, across: float, down: float) -> Pixels:
    """A black bar or box somewhere in the middle."""
    out = rgb.copy()
    height, width = rgb.shape[:2]
    top, left = int(height * rng.uniform(0.15, 0.85 - down)), int(width * rng.uniform(0.1, 0.9 - across))
    out[top : top + int(height * down), left : left + int(width * across)] = 0
    return out


def _caption(
    rgb: Pixels, rng: np.random.Generator, _others: Others, *, above: float, below: float,
    ground: Colour = screens.WHITE, ink: Colour = (0, 0, 0),
) -> Pixels:  # fmt: skip
    """Bands with words, shares of the height, above and below the picture."""
    height, width = rgb.shape[:2]
    bands = [int(height * share) for share in (above, below)]
    page = Image.new("RGB", (width, height + sum(bands)), ground)
    page.paste(Image.fromarray(rgb), (0, bands[0]))
    draw = ImageDraw.Draw(page)
    for top, band in ((0, bands[0]), (bands[0] + height, bands[1])):
        if band:
            draw.text(
                (width * 0.05, top + band * 0.25), screens.sentence(rng, 5), fill=ink, font=font(band * 0.36)
            )
    return np.asarray(page)


def _warp(rgb: Pixels, rng: np.random.Generator, _others: Others, *, by: float, ground: int = 0) -> Pixels:
    """Perspective: each corner moves inwards by up to `by` of a side."""
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * rng.uniform(0.3, 1, (4, 2)) * by
    moved = (corners + inwards * (width, height)).astype(np.float32)
    return cv2.warpPerspective(
        rgb, cv2.getPerspectiveTransform(corners, moved), (width, height), flags=cv2.INTER_AREA,
        borderValue=(ground, ground, ground),
    ).astype(np.uint8)  # fmt: skip


def _screen(rgb: Pixels, rng: np.random.Generator, others: Others, *, by: float, glare: float) -> Pixels:
    """A photograph of a screen, askew: its raster beats with the camera's, light falls on it."""
    height, width = rgb.shape[:2]
    down, across = np.mgrid[:height, :width]
    angle, pitch = rng.uniform(0.05, 0.3), rng.uniform(5, 9)
    raster = 1 + 0.09 * np.sin(2 * np.pi * (across * np.cos(angle) + down * np.sin(angle)) / pitch)
    y, x = rng.uniform(0.1, 0.9) * height, rng.uniform(0.1, 0.9) * width
    light = glare * np.exp(-((down - y) ** 2 + (across - x) ** 2) / (2 * (0.25 * min(height, width)) ** 2))
    seen = np.clip(rgb * raster[..., None] * (0.95, 1.0, 0.98) + light[..., None], 0, 255).astype(np.uint8)
    return _noise(_warp(seen, rng, others, by=by, ground=24), rng, others, sigma=5)


def _cmyk(rgb: Pixels, _rng: np.random.Generator, _others: Others) -> bytes:
    return _save(Image.fromarray(rgb).convert("CMYK"), "JPEG", quality=_POSTED_QUALITY)


def _palette(rgb: Pixels, _rng: np.random.Generator, _others: Others, *, kind: str, colours: int) -> bytes:
    return _save(Image.fromarray(rgb).quantize(colours), kind)


def _orientation(rgb: Pixels, _rng: np.random.Generator, _others: Others) -> bytes:
    """Stored lying, with the tag that tells a viewer to turn it upright."""
    exif = Image.Exif()
    exif[274] = 6
    return _save(
        Image.fromarray(rgb).transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=_POSTED_QUALITY
    )


def _see_through(rgb: Pixels, rng: np.random.Generator, _others: Others) -> bytes:
    """A PNG whose rim is transparent and hides noise."""
    height, width = rgb.shape[:2]
    rim = max(4, min(height, width) // 20)
    page = rng.integers(0, 256, (height + 2 * rim, width + 2 * rim, 4), dtype=np.uint8)
    page[..., 3] = 0
    page[rim:-rim, rim:-rim, :3] = rgb
    page[rim:-rim, rim:-rim, 3] = 255
    return _save(Image.fromarray(page), "PNG", compress_level=1)


def _file(kind: str, **options: int) -> Change:
    return lambda rgb, _rng, _others: encode(rgb, kind, **options)


def _grid(
    count: int, columns: int, gutter: int, cell: tuple[int, int], ground: Colour = screens.WHITE
) -> Change:
    """A collage; the picture takes any cell. Of few cells the first is shaped like the picture."""

    def change(rgb: Pixels, rng: np.random.Generator, others: Others) -> Pixels:
        pictures = list(others[: count - 1])
        pictures.insert(int(rng.integers(count)), rgb)
        height, width = rgb.shape[:2]
        scale = max(cell) / max(width, height)
        shaped = (round(width * scale), round(height * scale))
        return screens.collage(pictures, columns, gutter=gutter, cell=shaped, ground=ground)

    return change


def _inset(share: float, edge: int) -> Change:
    def change(rgb: Pixels, rng: np.random.Generator, others: Others) -> Pixels:
        corner = (float(rng.uniform(0.05, 0.95)), float(rng.uniform(0.05, 0.95)))
        return screens.on_another(rgb, others[0], share=share, corner=corner, edge=edge)

    return change


def _scene(draw: Callable[[Pixels, np.random.Generator], Pixels]) -> Change:
    return lambda rgb, rng, _others: draw(rgb, rng)


def _both(first: Change, second: Change) -> Change:
    """One edit after the other; the first gives pixels."""

    def change(rgb: Pixels, rng: np.random.Generator, others: Others) -> Pixels | bytes:
        between = first(rgb, rng, others)
        assert not isinstance(between, bytes)
        return second(between, rng, others)

    return change


_MIRROR = _plain(ImageOps.mirror)
_BLACK: Colour = (0, 0, 0)

EDITS: tuple[Edit, ...] = (
    *(Edit("recompress", f"JPEG {q}", _file("JPEG", quality=q)) for q in (90, 50, 30, 10)),
    *(Edit("recompress", f"WebP {q}", _file("WEBP", quality=q)) for q in (80, 30)),
    *(Edit("resize", f"to {s:g}", _plain(partial(_resize, across=s, down=s))) for s in (0.25, 0.5, 2)),
    *(
        Edit("tone", f"brightness {b:g}", _plain(lambda i, b=b: ImageEnhance.Brightness(i).enhance(b)))
        for b in (0.6, 1.4)
    ),
    *(
        Edit("tone", f"contrast {c:g}", _plain(lambda i, c=c: ImageEnhance.Contrast(i).enhance(c)))
        for c in (0.6, 1.6)
    ),
    *(Edit("tone", f"gamma {g:g}", _numbers(lambda p, g=g: 255 * (p / 255) ** g)) for g in (0.6, 1.8)),
    Edit("tone", "saturation 2", _plain(lambda i: ImageEnhance.Color(i).enhance(2))),
    Edit("tone", "grey", _plain(ImageOps.grayscale)),
    Edit("tone", "sepia", _numbers(_sepia)),
    Edit("negative", "negative", _plain(ImageOps.invert)),
    Edit("noise", "sigma 25", partial(_noise, sigma=25)),
    Edit("noise", "specks", _specks),
    *(
        Edit("blur, sharpen", f"blur {r}", _plain(lambda i, r=r: i.filter(ImageFilter.GaussianBlur(r))))
        for r in (2, 4)
    ),
    Edit("blur, sharpen", "sharpen", _plain(lambda i: i.filter(ImageFilter.UnsharpMask(3, 200)))),
    *(Edit("aspect", f"{a:g}", _plain(partial(_resize, across=a, down=1))) for a in (0.75, 1.3)),
    Edit("file format", "CMYK JPEG", _cmyk),
    Edit("file format", "GIF of 64 colours", partial(_palette, kind="GIF", colours=64)),
    Edit("file format", "PNG of 16 colours", partial(_palette, kind="PNG", colours=16)),
    Edit("file format", "EXIF orientation", _orientation),
    Edit("file format", "transparent rim", _see_through),
    Edit("crop 5 %", "all sides", _plain(partial(_crop, left=0.025, top=0.025, right=0.025, bottom=0.025))),
    Edit("crop 5 %", "left", _plain(partial(_crop, left=0.05, top=0, right=0, bottom=0))),
    Edit("crop 5 %", "bottom", _plain(partial(_crop, left=0, top=0, right=0, bottom=0.05))),
    Edit("crop 20-25 %", "corner", _plain(partial(_crop, left=0.2, top=0.2, right=0, bottom=0))),
    Edit("crop 20-25 %", "all sides", _plain(partial(_crop, left=0.1, top=0.1, right=0.1, bottom=0.1))),
    Edit("crop 20-25 %", "top", _plain(partial(_crop, left=0, top=0.25, right=0, bottom=0))),
    Edit("crop 20-25 %", "right", _plain(partial(_crop, left=0, top=0, right=0.2, bottom=0))),
    Edit("crop 40 %", "all sides", _plain(partial(_crop, left=0.2, top=0.2, right=0.2, bottom=0.2))),
    Edit("crop 40 %", "left", _plain(partial(_crop, left=0.4, top=0, right=0, bottom=0))),
    Edit("border", "black 5 %", _plain(partial(_border, across=0.05, down=0.05, colour=_BLACK))),
    Edit("border", "white 15 %", _plain(partial(_border, across=0.15, down=0.15, colour=screens.WHITE))),
    Edit("border", "black bars above and below", _plain(partial(_border, across=0, down=0.2, colour=_BLACK))),
    Edit("border", "red bars beside", _plain(partial(_border, across=0.2, down=0, colour=(180, 30, 40)))),
    Edit("border", "on its own blur", _scene(lambda rgb, _rng: screens.on_its_blur(rgb))),
    Edit("mirror", "left and right", _MIRROR),
    Edit("mirror", "top and bottom", _plain(ImageOps.flip)),
    *(
        Edit("quarter turns", f"{d} degrees", _plain(lambda i, d=d: i.rotate(d, expand=True)))
        for d in (90, 180, 270)
    ),
    *(
        Edit(group, f"{d} degrees", _plain(partial(_rotate, degrees=d, colour=colour)))
        for group, d, colour in (
            ("rotate 1-2", 1, _BLACK), ("rotate 1-2", 2, screens.WHITE), ("rotate 5", 5, _BLACK),
            ("rotate 10-30", 10, screens.WHITE), ("rotate 10-30", 20, _BLACK),
            ("rotate 10-30", 30, screens.WHITE),
        )
    ),
    Edit("text", "one line", partial(_text, lines=1, share=0.06)),
    Edit("text", "three lines", partial(_text, lines=3, share=0.1)),
    Edit("text", "watermark", _watermark),
    Edit("stickers", "one", partial(_stickers, count=1, share=0.2)),
    Edit("stickers", "one large", partial(_stickers, count=1, share=0.4)),
    Edit("stickers", "five", partial(_stickers, count=5, share=0.18)),
    Edit("black box", "bar", partial(_box, across=0.4, down=0.08)),
    Edit("black box", "box", partial(_box, across=0.35, down=0.35)),
    Edit("caption band", "above", partial(_caption, above=0.2, below=0)),
    Edit("caption band", "below", partial(_caption, above=0, below=0.18)),
    Edit("caption band", "both", partial(_caption, above=0.16, below=0.16, ground=_BLACK, ink=screens.WHITE)),
    Edit("screenshot: web page", "light", _scene(screens.web_page)),
    Edit("screenshot: web page", "dark", _scene(partial(screens.web_page, dark=True))),
    Edit("screenshot: chat", "light", _scene(screens.chat)),
    Edit("screenshot: chat", "dark", _scene(partial(screens.chat, dark=True))),
    Edit("screenshot: gallery", "gallery", _scene(screens.gallery)),
    Edit("screenshot: gallery", "feed", _scene(screens.feed)),
    Edit("collage", "two", _grid(2, 2, 12, (480, 480))),
    Edit("collage", "two above each other, no gap", _grid(2, 1, 0, (600, 600))),
    Edit("collage", "four", _grid(4, 2, 8, (400, 400), _BLACK)),
    Edit("collage", "four, no gap", _grid(4, 2, 0, (400, 400))),
    Edit("collage", "nine", _grid(9, 3, 6, (300, 300))),
    Edit("picture in picture", "half", _inset(0.5, 0)),
    Edit("picture in picture", "third, white edge", _inset(0.34, 6)),
    Edit("picture in picture", "three quarters", _inset(0.75, 0)),
    *(Edit("perspective", f"{by:.0%}", partial(_warp, by=by)) for by in (0.05, 0.12, 0.2)),
    Edit("photo of a screen", "straight", partial(_screen, by=0.06, glare=60)),
    Edit("photo of a screen", "askew, glare", partial(_screen, by=0.1, glare=110)),
    Edit("two edits", "mirror, border", _both(
        _MIRROR, _plain(partial(_border, across=0.1, down=0.1, colour=_BLACK))
    )),
    Edit("two edits", "small, JPEG 30", _both(
        _plain(partial(_resize, across=0.4, down=0.4)), _file("JPEG", quality=30)
    )),
    Edit("two edits", "mirror, caption", _both(_MIRROR, partial(_caption, above=0.2, below=0))),
    Edit("two edits", "text, web page", _both(partial(_text, lines=1, share=0.06), _scene(screens.web_page))),
    Edit("two edits", "crop 5 %, border", _both(
        _plain(partial(_crop, left=0.05, top=0, right=0, bottom=0)),
        _plain(partial(_border, across=0.1, down=0.1, colour=screens.WHITE)),
    )),
)  # fmt: skip
