"""Whole scenes that a picture ends up in: screenshots, collages, a picture on another one.

Each is drawn at the size of a usual screen, with text and controls around the picture, because what has to be
found is the picture among them. Only Pillow's built-in font is used: no machine's fonts change a measurement.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Pixels: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]

WORDS = tuple(
    "have you seen this one I will never forget that evening with all of you there look at the light "  # noqa: SIM905 (words are read as a sentence)
    "who took it send me more please thanks so much see you on sunday what a day it was".split()
)
_LETTER = 8
"""Pixels, about; a letter of 15 px is this wide."""
DARK: Colour = (17, 18, 21)
WHITE: Colour = (255, 255, 255)


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, so that no measurement depends on what is installed."""
    return ImageFont.load_default(size)


def sentence(rng: np.random.Generator, words: int) -> str:
    """Some plain words in a row."""
    return " ".join(rng.choice(WORDS, words)).capitalize()


def paragraph(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], rng: np.random.Generator, ink: Colour
) -> None:
    """Fill a box (left, top, right, bottom) with lines of text of 15 px."""
    left, top, right, bottom = box
    for line in range(top, bottom - 18, 22):
        text = sentence(rng, 40)[: (right - left) // _LETTER].rsplit(" ", 1)[0]
        draw.text((left, line), text, fill=ink, font=font(15))


def fit(rgb: Pixels, width: int, height: int) -> Image.Image:
    """The picture as large as fits, in its own proportions."""
    return ImageOps.contain(Image.fromarray(rgb), (width, height), Image.Resampling.LANCZOS)


def fill(rgb: Pixels, width: int, height: int) -> Image.Image:
    """The middle of the picture, filling the size: what a thumbnail shows."""
    return ImageOps.fit(Image.fromarray(rgb), (width, height), Image.Resampling.LANCZOS)


def web_page(rgb: Pixels, rng: np.random.Generator, *, dark: bool = False) -> Pixels:
    """A browser window of 1280 x 900 with the picture in an article."""
    ground, ink, bar = (
        (DARK, (224, 224, 228), (40, 41, 46)) if dark else (WHITE, (32, 33, 36), (222, 225, 230))
    )
    page = Image.new("RGB", (1280, 900), ground)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 1280, 64), fill=bar)
    draw.rounded_rectangle((120, 16, 900, 48), 16, fill=ground)
    draw.text((140, 23), "example.org/" + "-".join(rng.choice(WORDS, 3)), fill=ink, font=font(15))
    draw.text((80, 90), sentence(rng, 6), fill=ink, font=font(34))
    picture = fit(rgb, 720, 560)
    page.paste(picture, (80, 150))
    paragraph(draw, (80, 165 + picture.height, 800, 890), rng, ink)
    draw.rectangle((850, 90, 1220, 420), fill=bar)
    paragraph(draw, (870, 110, 1200, 400), rng, ink)
    paragraph(draw, (850, 450, 1220, 880), rng, ink)
    return np.asarray(page)


def chat(rgb: Pixels, rng: np.random.Generator, *, dark: bool = False) -> Pixels:
    """A telephone's chat of 720 x 1280: bubbles above and below a picture with rounded corners."""
    ground, ink = (DARK, (230, 230, 230)) if dark else ((236, 229, 221), (20, 20, 20))
    theirs, ours = ((32, 44, 51), (0, 92, 75)) if dark else (WHITE, (217, 253, 211))
    page = Image.new("RGB", (720, 1280), ground)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 720, 96), fill=(0, 128, 105) if not dark else (31, 44, 52))
    draw.ellipse((20, 20, 76, 76), fill=(200, 180, 160))
    draw.text((96, 32), sentence(rng, 2), fill=WHITE, font=font(26))
    top = 120
    for turn in range(2):
        left = 20 if turn % 2 == 0 else 260
        draw.rounded_rectangle((left, top, left + 440, top + 84), 16, fill=theirs if turn % 2 == 0 else ours)
        paragraph(draw, (left + 20, top + 16, left + 420, top + 76), rng, ink)
        top += 104
    picture = fit(rgb, 500, 640)
    bubble = (190, top, 190 + picture.width + 12, top + picture.height + 12)
    draw.rounded_rectangle(bubble, 16, fill=ours)
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, picture.width - 1, picture.height - 1), 12, fill=255)
    page.paste(picture, (196, top + 6), mask)
    draw.text((bubble[2] - 64, bubble[3] - 30), "21:47", fill=WHITE, font=font(16))
    top = bubble[3] + 20
    draw.rounded_rectangle((20, top, 460, top + 84), 16, fill=theirs)
    paragraph(draw, (40, top + 16, 440, top + 76), rng, ink)
    draw.rounded_rectangle((20, 1200, 620, 1260), 30, fill=theirs)
    draw.ellipse((640, 1200, 700, 1260), fill=(0, 128, 105))
    return np.asarray(page)


def gallery(rgb: Pixels, rng: np.random.Generator) -> Pixels:
    """A telephone's picture viewer of 720 x 1280: the picture on black, a clock above, controls below."""
    page = Image.new("RGB", (720, 1280), (0, 0, 0))
    draw = ImageDraw.Draw(page)
    draw.text((24, 16), f"{rng.integers(24):02}:{rng.integers(60):02}", fill=WHITE, font=font(22))
    draw.rectangle((640, 20, 690, 40), outline=WHITE, width=3)
    draw.text((24, 70), sentence(rng, 3), fill=WHITE, font=font(24))
    picture = fit(rgb, 720, 960)
    page.paste(picture, ((720 - picture.width) // 2, (1280 - picture.height) // 2))
    for place in range(5):
        draw.ellipse((60 + place * 136, 1190, 104 + place * 136, 1234), outline=WHITE, width=4)
    return np.asarray(page)


def feed(rgb: Pixels, rng: np.random.Generator) -> Pixels:
    """A telephone's feed of 720 x 1280: a poster's name above, the picture from edge to edge, words below."""
    page = Image.new("RGB", (720, 1280), WHITE)
    draw = ImageDraw.Draw(page)
    draw.text((24, 16), "09:41", fill=DARK, font=font(22))
    draw.ellipse((24, 90, 88, 154), fill=(225, 96, 120))
    draw.text((108, 108), sentence(rng, 2), fill=DARK, font=font(26))
    picture = fit(rgb, 720, 900)
    page.paste(picture, ((720 - picture.width) // 2, 180))
    below = 180 + picture.height
    for place in range(3):
        draw.regular_polygon((48 + place * 72, below + 44, 24), 6, outline=DARK)
    paragraph(draw, (24, below + 90, 700, min(1270, below + 300)), rng, DARK)
    return np.asarray(page)


def collage(
    pictures: Sequence[Pixels], columns: int, *, gutter: int, cell: tuple[int, int], ground: Colour = WHITE
) -> Pixels:
    """Pictures in a grid of cells (width, height), each cut to fill its cell."""
    rows = -(-len(pictures) // columns)
    width, height = cell
    page = Image.new("RGB", (columns * (width + gutter) + gutter, rows * (height + gutter) + gutter), ground)
    for index, each in enumerate(pictures):
        row, column = divmod(index, columns)
        page.paste(
            fill(each, width, height), (gutter + column * (width + gutter), gutter + row * (height + gutter))
        )
    return np.asarray(page)


def on_another(rgb: Pixels, other: Pixels, *, share: float, corner: tuple[float, float], edge: int) -> Pixels:
    """The picture, small, on another one: `share` of its sides, `corner` 0 to 1 across and down."""
    page = fill(other, 800, 600)
    picture = fit(rgb, int(800 * share), int(600 * share))
    if edge:
        picture = ImageOps.expand(picture, edge, WHITE)
    left, top = (int((page.size[axis] - picture.size[axis]) * corner[axis]) for axis in (0, 1))
    page.paste(picture, (left, top))
    return np.asarray(page)


def on_its_blur(rgb: Pixels) -> Pixels:
    """The picture on a square of itself, enlarged and blurred: how stories and television fill a frame."""
    page = fill(rgb, 800, 800).filter(ImageFilter.GaussianBlur(24))
    picture = fit(rgb, 800, 800) if rgb.shape[0] != rgb.shape[1] else fit(rgb, 600, 600)
    page.paste(picture, ((800 - picture.width) // 2, (800 - picture.height) // 2))
    return np.asarray(page)
