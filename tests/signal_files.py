"""Files that strangers send: made in memory, small, and benign."""

import struct
import zlib

import numpy as np
from PIL import Image

import heif  # noqa: F401 - so that these files can be HEIF too
from takeback.doors.cli.demo.pictures import encode, scene


def photo(width=320, height=240, seed=1):
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
