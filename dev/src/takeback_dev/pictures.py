"""Benign pictures made from a seed: what the demo posts, and what the tests hash.

Nothing that could be anybody's photograph may lie in this repository, so pictures are painted: a sky with
clouds and a sun, ridge behind ridge, trees, a lake or a meadow, now and then balloons. They have the falling
spectrum of photographs, which is what a perceptual hash needs, and no two seeds come near each other.

Everything is drawn from `numpy.random.default_rng(seed)`: one seed is one picture, on every machine with the
same numpy.
"""

import colorsys
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageOps

_Plane: TypeAlias = NDArray[np.floating[Any]]
"""[height, width]; a picture is [height, width, 3], 0 to 1."""
_ORIENTATION = 0x0112
_TURN_CLOCKWISE_TO_SHOW = 6


def scene(seed: int, width: int = 960, height: int = 640) -> Image.Image:
    """Paint one landscape.

    Args:
        seed: from 0; the same picture each time.
        width: pixels, at least 64.
        height: pixels, at least 64.
    """
    rng = np.random.default_rng(seed)
    # Skies between turquoise and violet.
    hue = rng.uniform(0.48, 0.76)
    horizon = rng.uniform(0.4, 0.72)
    picture = _sky(rng, hue, width, height)
    if rng.uniform() < 0.35:  # noqa: PLR2004 (about one picture in three)
        _balloons(rng, picture, horizon)
    lake = rng.uniform() < 0.5  # noqa: PLR2004 (every second picture)
    _ridges(rng, picture, hue, horizon, reach=0.1 if lake else 0.55)
    if lake:
        _lake(rng, picture, horizon + 0.07)
    _trees(rng, picture, hue, top=rng.uniform(0.72, 0.9))
    picture += 0.012 * rng.standard_normal((height, width, 1), dtype=np.float32)
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def edits(image: Image.Image) -> dict[str, bytes]:
    """Files of one picture as they turn up again: name to file, the first being the picture as it was posted.

    All but `mirrored` and `rotated by tag` show the same; the tagged one shows the same once its tag is
    obeyed.
    """
    sideways = image.transpose(Image.Transpose.ROTATE_90)
    tag = Image.Exif()
    tag[_ORIENTATION] = _TURN_CLOCKWISE_TO_SHOW
    return {
        "as posted": encode(image, "JPEG", quality=92),
        "re-encoded": encode(image, "JPEG", quality=50),
        "half the size": encode(
            image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS), "JPEG"
        ),
        "mirrored": encode(ImageOps.mirror(image), "JPEG", quality=92),
        "rotated by tag": encode(sideways, "JPEG", quality=92, exif=tag),
        "cmyk": encode(image.convert("CMYK"), "JPEG", quality=92),
        "palette": encode(image.quantize(64, dither=Image.Dither.FLOYDSTEINBERG), "PNG"),
    }


def encode(image: Image.Image, format_: str, **options: object) -> bytes:
    """A picture as a file."""
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def _sky(rng: Generator, hue: float, width: int, height: int) -> _Plane:
    """A gradient, a sun with its glow, and clouds lit from where it stands."""
    across, down = _places(width, height)
    top = _colour(hue, rng.uniform(0.35, 0.8), rng.uniform(0.35, 0.75))
    # Near the horizon morning and evening are warm: from rose over orange to yellow.
    low = _colour(rng.uniform(-0.1, 0.16), rng.uniform(0.1, 0.6), rng.uniform(0.85, 1.0))
    picture = _blend(np.broadcast_to(top, (height, width, 3)), low, np.clip(down * 1.6, 0, 1))
    sun_x, sun_y, size = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.4), rng.uniform(0.04, 0.1)
    far = np.hypot((across - sun_x) * width / height, down - sun_y)
    warm = _colour(rng.uniform(0.05, 0.16), 0.35, 1.0)
    picture = _blend(picture, warm, 0.6 * np.exp(-far / 0.25))
    clouds = _texture(rng, width, height, slope=1.55, stretch=2.5)
    cover = rng.uniform(-0.3, 0.5)
    shade = _colour(hue, 0.18, 0.6)
    picture = _blend(picture, shade, 0.8 * _edge(np.roll(clouds, height // 40, axis=0) - cover, 0.5))
    picture = _blend(picture, _colour(0.1, 0.04, 0.98), 0.9 * _edge(clouds - cover - 0.15, 0.6))
    return _blend(picture, _colour(0.14, 0.12, 1.0), _edge((size - far) * height, 1.5))


def _ridges(rng: Generator, picture: _Plane, hue: float, horizon: float, reach: float) -> None:
    """Mountains, the far ones pale, the near ones dark and rough."""
    height, width = picture.shape[:2]
    _, down = _places(width, height)
    count = int(rng.integers(3, 6))
    # Blue with distance, or the colour of the rock: reddish, ochre, green.
    stone = hue if rng.uniform() < 0.5 else rng.uniform(0.0, 0.4)  # noqa: PLR2004 (one in two)
    for index in range(count):
        near = index / (count - 1)
        line = (
            horizon
            + reach * near
            - rng.uniform(0.04, 0.2) * (1.1 - 0.6 * near) * (0.6 + _outline(rng, width))
        )
        inside = _edge((down - line) * height, 1.2)
        rock = _colour(stone + rng.normal(0.0, 0.04), 0.2 + 0.4 * near, 0.75 - 0.4 * near)
        light = 1.0 + (0.16 + 0.2 * near) * _texture(rng, width, height, slope=1.25, stretch=1.0)
        foot = 0.25 * np.clip((down - line) / 0.25, 0, 1) * (1 - near)
        picture[:] = _blend(picture, np.clip(rock * (light + foot)[..., None], 0, 1), inside)


def _lake(rng: Generator, picture: _Plane, shore: float) -> None:
    height, width = picture.shape[:2]
    _, down = _places(width, height)
    picture[:] = _blend(picture, _water(rng, picture, shore), _edge((down - shore) * height, 2.0))


def _water(rng: Generator, picture: _Plane, shore: float) -> _Plane:
    """What lies above the shore, upside down, pushed sideways by ripples that grow towards the viewer."""
    height, width = picture.shape[:2]
    across, down = _places(width, height)
    ripple = _texture(rng, width, height, slope=1.1, stretch=7.0)
    away = np.clip(down - shore, 0, 1)
    row = np.clip((2 * shore - down + 0.25 * away * ripple) * height, 0, height - 1).astype(np.intp)
    column = np.clip((across + 0.02 * away * ripple) * width, 0, width - 1).astype(np.intp)
    dark = 0.78 + 0.14 * ripple
    return np.clip(picture[row, column] * dark[..., None], 0, 1)


def _trees(rng: Generator, picture: _Plane, hue: float, top: float) -> None:
    """A line of firs in front; each is a cone with ragged sides."""
    height, width = picture.shape[:2]
    across, down = _places(width, height)
    ground = top + 0.08 + 0.05 * _outline(rng, width)
    cover = _edge((down - ground) * height, 1.5)
    for _ in range(int(rng.integers(5, 26))):
        x, tall = rng.uniform(-0.02, 1.02), rng.uniform(0.06, 0.34)
        foot = ground[int(np.clip(x, 0, 1) * (width - 1))] + 0.02
        # Only the box around the tree is painted.
        reach = 0.22 * tall * height / width
        box = (
            slice(max(0, int((foot - tall) * height)), max(0, int(foot * height))),
            slice(max(0, int((x - reach) * width)), max(0, int((x + reach) * width) + 1)),
        )
        along = np.clip((down[box] - foot + tall) / tall, 0, 1)
        ragged = 0.7 + 0.3 * np.abs(((along * tall * 40) % 1.0) - 0.1)
        half = 0.2 * tall * along * ragged
        body = _edge((half - np.abs(across[box] - x) * width / height) * height, 1.2) * (along > 0)
        cover[box] = np.maximum(cover[box], body)
    green = _colour(rng.uniform(0.2, 0.45) if rng.uniform() < 0.7 else hue, 0.5, 0.24)  # noqa: PLR2004 (most are green)
    leaves = np.clip(
        green * (1.0 + 0.5 * _texture(rng, width, height, slope=0.9, stretch=1.0))[..., None], 0, 1
    )
    picture[:] = _blend(picture, leaves, cover)


def _balloons(rng: Generator, picture: _Plane, horizon: float) -> None:
    """Hot-air balloons with stripes."""
    height, width = picture.shape[:2]
    across, down = _places(width, height)
    for _ in range(int(rng.integers(1, 5))):
        x, y, size = rng.uniform(0.08, 0.92), rng.uniform(0.1, horizon - 0.15), rng.uniform(0.03, 0.11)
        right, below = (across - x) * width / height / size, (down - y) / size
        pear = np.hypot(right * (1 + 0.35 * np.clip(below, 0, 1)), below * 0.85)
        hue = rng.uniform()
        stripes = (np.floor(right / np.sqrt(np.clip(1.05 - below**2 * 0.7, 0.1, 1)) * 3.5) % 2)[..., None]
        cloth = np.where(stripes > 0, _colour(hue, 0.75, 0.95), _colour(hue + 0.45, 0.3, 1.0))
        lit = np.clip(1.0 - 0.3 * right - 0.15 * below, 0.4, 1.1)[..., None]
        picture[:] = _blend(picture, np.clip(cloth * lit, 0, 1), _edge((1 - pear) * size * height, 1.2))
        basket = np.maximum(np.abs(right) / 0.16, np.abs(below - 1.65) / 0.14)
        picture[:] = _blend(
            picture, _colour(0.08, 0.6, 0.35), _edge((1 - basket) * 0.15 * size * height, 1.0)
        )


def _places(width: int, height: int) -> tuple[_Plane, _Plane]:
    """Where each pixel lies, from 0 to 1, across and down."""
    across, down = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return across.astype(np.float32), down.astype(np.float32)


def _texture(rng: Generator, width: int, height: int, *, slope: float, stretch: float) -> _Plane:
    """Noise whose amplitude falls with the frequency to the power of `slope`: mean 0, deviation 1.

    It is drawn on a small grid and enlarged, with a second, finer grid on top: cheap, and detail at every
    scale.
    """
    plane = np.zeros((height, width), dtype=np.float32)
    for rows, weight in ((96, 1.0), (320, 0.35)):
        columns = max(8, round(rows * width / height))
        down, across = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
        radius = np.hypot(down, across * stretch)
        radius[0, 0] = np.inf
        spectrum = rng.normal(size=radius.shape) + 1j * rng.normal(size=radius.shape)
        grid = np.fft.irfft2(spectrum * radius**-slope, s=(rows, columns))
        grid = Image.fromarray((grid / grid.std()).astype(np.float32))
        plane += np.float32(weight) * np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC))
    return plane / plane.std()


def _outline(rng: Generator, width: int) -> _Plane:
    """A skyline: a sum of waves, the short ones low; about -1 to 1."""
    x = np.linspace(0, 1, width)
    line = np.zeros(width)
    for octave in range(1, 8):
        line += np.sin(2 * np.pi * (2**octave * rng.uniform(0.5, 1.0) * x + rng.uniform())) * 0.62**octave
    return (line / np.abs(line).max()).astype(np.float32)


def _colour(hue: float, saturation: float, value: float) -> _Plane:
    bounded = (min(1.0, max(0.0, part)) for part in (saturation, value))
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, *bounded), dtype=np.float32)


def _edge(inside: _Plane, softness: float) -> _Plane:
    """0 outside, 1 inside, smooth between."""
    step = np.clip(inside / (2 * softness) + 0.5, 0, 1)
    return step * step * (3 - 2 * step)


def _blend(below: _Plane, above: _Plane, cover: _Plane) -> _Plane:
    return below + (above - below) * cover[..., None]
