"""Small files that cost much to decode, painted here; each shows nothing but stripes."""

import io

import av
import numpy as np
from PIL import Image


def one_bit_png() -> bytes:
    """The trial's: 14 KB, 119 megapixels."""
    return _saved(Image.new("1", (10_900, 10_900)), "PNG")


def deep_png() -> bytes:
    return _saved(Image.fromarray(_stripes(4300).astype(np.uint16) * 257), "PNG", compress_level=1)


def progressive_jpeg() -> bytes:
    """The last scan again and again: each is decoded over all of the picture."""
    data = _saved(Image.fromarray(_stripes(2000)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 60 + data[-2:]


def animated_gif() -> bytes:
    return _animated("GIF", 900, 30)


def animated_webp() -> bytes:
    return _animated("WEBP", 1000, 17, method=0, quality=1)


def animated_avif() -> bytes:
    return _animated("AVIF", 1000, 20, speed=10, quality=1)


def animated_png() -> bytes:
    return _animated("PNG", 1000, 17, compress_level=1)


def deep_tiff() -> bytes:
    return _saved(
        Image.fromarray(_stripes(4000).astype(np.float32)), "TIFF", compression="tiff_adobe_deflate"
    )


def long_clip() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 576, 576, "yuv420p"
        for number in range(400):
            picture = np.repeat(np.roll(_stripes(576), number, axis=1)[..., None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


DEAR = (
    one_bit_png,
    deep_png,
    progressive_jpeg,
    animated_gif,
    animated_webp,
    animated_avif,
    animated_png,
    deep_tiff,
    long_clip,
)


def _animated(format_: str, side: int, frames: int, **options: object) -> bytes:
    pictures = [Image.fromarray(np.roll(_stripes(side), 40 * number, axis=1)) for number in range(frames)]
    pictures = [each.convert("P" if format_ == "GIF" else "RGB") for each in pictures]
    return _saved(pictures[0], format_, save_all=True, append_images=pictures[1:], duration=500, **options)


def _stripes(side: int) -> np.ndarray:
    """Slanted, so that no side is plain and nothing packs to nothing."""
    y, x = np.mgrid[:side, :side]
    return ((x + y // 2) // (side // 16) % 2 * 200 + 20).astype(np.uint8)


def _saved(image: Image.Image, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()
