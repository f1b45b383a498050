"""Files that strangers send: made in memory, small, and benign."""

import struct
import zlib
from functools import cache
from io import BytesIO

import av
import numpy as np
from PIL import Image

import heif  # noqa: F401 - so that these files can be HEIF too
from takeback_dev.pictures import encode, scene


def photo(width=320, height=240, seed=1):
    return _painted(width, height, seed).copy()


@cache
def _painted(width: int, height: int, seed: int) -> Image.Image:
    return scene(seed, width, height)


def huge_png(side=13_000):
    """A white PNG of side x side pixels, half a megabyte on disk, without ever holding its pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * (3 * side)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def long_gif(frames=10_000):
    """An animation of many tiny frames after one proper frame."""
    first = encode(photo(64, 48).quantize(32), "GIF")
    # One 1 x 1 frame: graphic control, image descriptor, two-bit LZW data "clear, 0, end".
    frame = bytes.fromhex("21f90400010000002c0000000001000100000002024401003b"[:-2])
    return first[:-1] + frame * frames + b";"


def lying_jpeg(width=60_000, height=60_000):
    """A JPEG whose frame header declares far more pixels than its data holds."""
    data = bytearray(encode(photo(64, 48), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_and_zip():
    return encode(photo(), "JPEG") + b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18)


def gif_and_html():
    data = encode(photo(64, 48).quantize(32), "GIF")
    return data[:-1] + b"\x21\xfe\x1f<script>alert(document)</script"[:34] + b"\0;<html></html>"


def noise(width, height):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def moving(seed=1, *, seconds=6.0, fps=12, width=256, height=144, scenes=3):
    """The frames of a made clip: a slow look along one picture after the other."""
    frames = round(seconds * fps)
    wide = [np.asarray(scene(100 * seed + number, 2 * width, height)) for number in range(scenes)]
    for number in range(frames):
        picture = wide[number * scenes // frames]
        part = number * scenes / frames % 1
        left = round(part * width / 10)
        yield np.ascontiguousarray(picture[:, left : left + width])


def clip(frames, *, codec="libx264", form="mp4", fps=12, size=None, options=None):
    """A clip file of RGB frames [height, width, 3], encoded at `size` (width, height) or their own."""
    out = BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = None
        for rgb in frames:
            if stream is None:
                width, height = size or (rgb.shape[1], rgb.shape[0])
                stream = container.add_stream(
                    codec, rate=fps, options={**QUICK.get(codec, {}), **(options or {})}
                )
                stream.width, stream.height = width, height
                stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
                stream.thread_count = 1
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            container.mux(stream.encode(frame.reformat(width, height, stream.pix_fmt)))
        container.mux(stream.encode())
    return out.getvalue()


QUICK = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libsvtav1": {"preset": "12"},
}


def turned(mp4, matrix):
    """An MP4 whose display matrix (a, b, c, d of ISO/IEC 14496-12, whole numbers) says how to lay it down."""
    data = bytearray(mp4)
    # Version 0 of the track header: the matrix lies 40 bytes behind its flags.
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (number << 16 for number in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return bytes(data)
