"""Make `fuzz/corpus`: small damaged picture and clip files, from painted landscapes and from headers alone.

Run: `python -m fuzz.make_corpus`. The files are kept in the repository, so that what was once tried is tried
by everybody: encoders of another version would write other bytes. So this script is run again only to add
kinds of files and of damage, and leaves what is there as it is. Every file has less than 8192 bytes.
"""

import base64
import gzip
import io
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips.moments import read_clip
from takeback.signals.decoder import wire
from takeback.signals.details import features
from takeback.signals.parts.picture import read_picture
from takeback_dev.pictures import encode, scene

CORPUS = Path(__file__).with_name("corpus")
LARGEST = 8191
HALF = 2047
HEIC = Path(__file__).parents[1] / "src" / "takeback" / "signals" / "warm_up.heic"
PICTURES = {
    "jpg": ("JPEG", {"quality": 60}),
    "progressive.jpg": ("JPEG", {"quality": 60, "progressive": True}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {"quality": 50}),
    "lossless.webp": ("WEBP", {"lossless": True}),
    "gif": ("GIF", {}),
    "avif": ("AVIF", {"quality": 40}),
    "tif": ("TIFF", {"compression": "tiff_lzw"}),
    "bmp": ("BMP", {}),
}
CLIPS = {"mp4": "mpeg4", "webm": "libvpx"}
MORE_CLIPS = {
    "h264.mp4": ("mp4", "libx264", {"preset": "ultrafast"}),
    "h265.mp4": ("mp4", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none:info=0"}),
    "av1.mp4": ("mp4", "libsvtav1", {"preset": "12"}),
    "vp9.webm": ("webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "mkv": ("matroska", "libvpx", {}),
    "avi": ("avi", "mpeg4", {}),
    "3gp": ("3gp", "h263", {}),
    "mov": ("mov", "mjpeg", {"color_range": "pc", "strict": "-1"}),
}
"""Container, encoder and its options: with the two above, each container and codec that is read."""
SIZES = {"h263": (128, 96), "libsvtav1": (64, 64), "libx265": (128, 96)}
FEW_DAMAGES = ("whole", "cut-0.5", "bits-0", "length", "hole")
"""Of the files that show several pictures, whose inner files are damaged above."""
WIDE, HIGH = 28, 20
HUGE = 60_000


def whole() -> dict[str, bytes]:
    """One good file of each kind, by its ending."""
    image = scene(3, 280, 200).resize((WIDE, HIGH))
    files = {ending: encode(image, name, **options) for ending, (name, options) in PICTURES.items()}
    files["cmyk.jpg"] = encode(image.convert("CMYK"), "JPEG", quality=40)
    files["palette.png"] = encode(image.quantize(16), "PNG")
    moving = [scene(seed, 280, 200).resize((WIDE, HIGH)) for seed in (6, 7)]
    files["moving.gif"] = encode(moving[0], "GIF", save_all=True, append_images=moving[1:], duration=90)
    files["moving.webp"] = encode(moving[0], "WEBP", save_all=True, append_images=moving[1:], duration=90)
    files["heic"] = HEIC.read_bytes()
    files |= {ending: clip(ending, codec) for ending, codec in CLIPS.items()}
    files |= {ending: clip(*how) for ending, how in MORE_CLIPS.items()}
    return files | composed()


def many_views() -> dict[str, bytes]:
    """One good file of each kind that shows more than one picture, by its ending."""
    first, second = (scene(seed, 280, 200).resize((WIDE, HIGH)) for seed in (6, 7))
    more = {"save_all": True, "append_images": [second.copy()]}
    clear = second.convert("RGBA")
    clear.putalpha(second.convert("L"))
    dots = second.convert("L").quantize(4)
    jpeg, png = encode(first, "JPEG", quality=40), encode(second, "PNG")
    small = encode(second.resize((64, 48)), "JPEG", quality=20)
    directory = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(small), 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HI", 0, 14) + directory + small
    inside = base64.b64encode(png)
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><style>a{fill:url("data:image/png;base64,' + inside
    drawing += b'")}</style><image href="data:image/png;base64,' + inside + b'"/></svg>'
    cover = b"\0image/jpeg\0\3\0" + jpeg
    frame = b"APIC" + struct.pack(">IH", len(cover), 0) + cover
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    return {
        "moving.png": encode(first, "PNG", **more, default_image=True),
        "moving.avif": encode(first, "AVIF", **more, quality=30),
        "pages.tif": encode(first, "TIFF", **more),
        "several.jpg": encode(first, "MPO", **more, quality=40),
        "clear.png": encode(clear, "PNG"),
        "clear.gif": encode(dots, "GIF", transparency=0),
        "icon.ico": encode(first.resize((32, 32)), "ICO", sizes=[(32, 32), (16, 16)]),
        "thumb.jpg": encode(first, "JPEG", quality=40, exif=exif),
        "motion.jpg": jpeg + clip("mp4", "mpeg4"),
        "pages.pdf": encode(first, "PDF", **more),
        "album.zip": archive({"1.jpg": jpeg, "in.zip": archive({"2.png": png}), "3.svg": drawing[:9]}),
        "inside.svg": drawing,
        "inside.svgz": gzip.compress(drawing, mtime=0),
        "cover.mp3": b"ID3\3\0\0" + size + frame + (b"\xff\xfb\x90\xc4" + bytes(413)) * 4,
    }


def archive(members: dict[str, bytes]) -> bytes:
    """A ZIP of these, packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def composed() -> dict[str, bytes]:
    """Pictures that take the longer ways: decoded at a fraction of their size, and cut into their parts."""
    page = Image.new("RGB", (300, 220), "white")
    page.paste(scene(8, 280, 200).resize((120, 90)), (20, 16))
    page.paste(scene(9, 280, 200).resize((110, 140)), (170, 60))
    collage = Image.new("RGB", (260, 130))
    for left, seed in enumerate((10, 11)):
        collage.paste(scene(seed, 280, 200).resize((130, 130)), (130 * left, 0))
    turned = Image.Exif()
    turned[0x0112] = 6
    large = scene(12, 280, 200).resize((24, 16)).resize((771, 753), Image.Resampling.BICUBIC)
    return {
        "page.jpg": encode(page, "JPEG", quality=25),
        "collage.jpg": encode(collage, "JPEG", quality=25),
        "large.jpg": encode(large, "JPEG", quality=4, optimize=True),
        "large-turned.jpg": encode(large.resize((760, 752)), "JPEG", quality=4, optimize=True, exif=turned),
    }


def clip(container: str, codec: str, options: dict[str, str] | None = None, title: str = "") -> bytes:
    """Four frames of a picture that moves."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        if title:
            file.metadata["title"] = title
        stream = file.add_stream(codec, rate=2, options=options or {})
        # H.263 knows few sizes; below these, encoders of H.265 and AV1 refuse or write beyond their memory.
        stream.width, stream.height = wide, high = SIZES.get(codec, (48, 32))
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 20_000
        painted = scene(4, 96, 64).resize((48, 32))
        pixels = np.asarray(painted.resize((wide, high)))
        for step in range(4):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.roll(pixels, 6 * step, 1)), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def damaged(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The same file cut short, with bits turned, with a length that lies, with a hole, with a tail."""
    dots = random.Random(name)  # noqa: S311 (damage, no secret)
    yield "whole", data
    for part in (0.1, 0.5, 0.95):
        yield f"cut-{part:g}", data[: int(len(data) * part)]
    for number in range(3):
        turned = bytearray(data)
        for _ in range(1 + 3 * number):
            turned[dots.randrange(len(data) // (1 + number))] ^= 1 << dots.randrange(8)
        yield f"bits-{number}", bytes(turned)
    lies = bytearray(data)
    at = dots.randrange(8, min(64, len(data) - 4))
    lies[at : at + 4] = b"\xff\xff\xff\x7f"
    yield "length", bytes(lies)
    middle = len(data) // 2
    yield "hole", data[:middle] + bytes(min(40, len(data) - middle)) + data[middle + 40 :]
    yield "twice", data[:HALF] + data[:HALF]


def bombs(good: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Little files that declare, or unpack to, far more than they hold."""
    size = struct.pack(">II", HUGE, HUGE)
    yield "bomb.png", png(size, zlib.compress(bytes(4000)))
    yield "bomb-thin.png", png(struct.pack(">II", 1, 2**31 - 1), zlib.compress(bytes(4000)))
    yield "bomb-rows.png", png(struct.pack(">II", 900, 900), zlib.compress(bytes(900 * 2701), 9))
    yield (
        "bomb-text.png",
        png(
            struct.pack(">II", 4, 4),
            zlib.compress(bytes(52)),
            (b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000), 9)),
        ),
    )
    yield (
        "bomb-profile.png",
        png(
            struct.pack(">II", 4, 4),
            zlib.compress(bytes(52)),
            (b"iCCP", b"a\0\0" + zlib.compress(bytes(2_000_000), 9)),
        ),
    )
    jpeg = good["jpg"]
    at = jpeg.index(b"\xff\xc0")
    yield "bomb.jpg", jpeg[: at + 5] + struct.pack(">HH", HUGE, HUGE) + jpeg[at + 9 :]
    slow = good["progressive.jpg"]
    at = slow.index(b"\xff\xc2")
    yield "bomb-progressive.jpg", slow[: at + 5] + struct.pack(">HH", 9_000, 9_000) + slow[at + 9 :]
    scan = slow.rindex(b"\xff\xda")
    yield "bomb-scans.jpg", (slow[:scan] + slow[scan:-2] * 40)[: 2 * HALF] + b"\xff\xd9"
    gif = good["gif"]
    yield "bomb.gif", gif[:6] + b"\xff\xff\xff\xff" + gif[10:]
    bmp = good["bmp"]
    yield "bomb.bmp", bmp[:18] + struct.pack("<ii", HUGE, -HUGE) + bmp[26:]
    yield "bomb.webp", b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\xff\xff\xff\xff\xff"
    yield "bomb-lossless.webp", b"RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f\xff\xff\xff\xff" + bytes(16)
    yield (
        "bomb.tif",
        tiff((256, 4, HUGE), (257, 4, HUGE), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 100)),
    )
    yield "bomb-deflate.tif", tiff((256, 4, 20_000), (257, 4, 20_000), (259, 3, 8), (262, 3, 1), (273, 4, 8))
    yield "circle.tif", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"
    for ending in ("avif", "heic"):
        at = good[ending].index(b"ispe")
        yield f"bomb.{ending}", good[ending][: at + 8] + size + good[ending][at + 16 :]
    deep = b"".join(struct.pack(">I4s", 8 * (200 - depth), b"moov") for depth in range(200))
    yield "deep.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + deep
    at = good["mp4"].index(b"stts")
    yield "bomb-times.mp4", good["mp4"][: at + 8] + b"\x7f\xff\xff\xff" + good["mp4"][at + 12 :]
    at = good["mp4"].index(b"tkhd")
    yield "bomb.mp4", good["mp4"][: at + 80] + size + good["mp4"][at + 88 :]
    for ending, codec in CLIPS.items():
        titled = clip(ending, codec, title="no text")
        yield f"title-no-text.{ending}", titled.replace(b"no text", b"\xff\x91\0text")
    at = good["mp4"].index(b"mvhd")
    yield "long.mp4", good["mp4"][: at + 20] + b"\xff\xff\xff\xff" + good["mp4"][at + 24 :]


def png(size: bytes, packed: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG of these parts, with sums that hold."""
    header = (b"IHDR", size + b"\x08\x02\0\0\0")
    parts = (header, *more, (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def tiff(*tags: tuple[int, int, int]) -> bytes:
    """A TIFF of one directory and one number a tag."""
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + rows + bytes(4 + 100)


def answers(good: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Answers of decoder processes, behind the byte by which `fuzz.target.fuzz_wire` knows what they are."""
    for kind, flips, exact in ((b"\x01", False, False), (b"\x11", False, True), (b"\x19", True, True)):
        seen = read_picture(good["collage.jpg"], flips=flips, exact=exact)
        yield f"answer-seen-{kind.hex()}", kind + wire.format_seen(seen)
    for kind, flips in ((b"\x03", False), (b"\x0b", True)):
        yield f"answer-clip-{kind.hex()}", kind + wire.format_clip(read_clip(good["h264.mp4"], flips=flips))
    for kind, flips in ((b"\x11", False), (b"\x19", True)):
        seen = read_picture(many_views()["moving.png"], flips=flips, exact=True)
        yield f"answer-views-{kind.hex()}", kind + wire.format_seen(seen)
    grey = np.asarray(scene(3, 280, 200).convert("L").resize((26, 18)))
    yield "answer-details", b"\x05" + features.format_features(features.describe(grey))
    yield "answer-unreadable", b"\x07" + wire.format_unreadable(Unreadable(WhyUnreadable.DAMAGED, "cut off"))


def strange() -> Iterator[tuple[str, bytes]]:
    """What is no picture, or is two things at once."""
    yield "one-byte", b"\xff"
    yield "zeros", bytes(64)
    yield "words.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>'
    yield "list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
    yield "list.concat", b"ffconcat version 1.0\nfile '/etc/hostname'\n"
    yield "page.html", b"<!doctype html><title>no picture</title>"
    yield "page.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n"
    yield "script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    tag = Image.Exif()
    tag[0x0112] = 6
    turned = encode(scene(5, 280, 200).resize((WIDE, HIGH)), "JPEG", exif=tag)
    at = turned.index(b"Exif\0\0") + 6
    yield "exif-circle.jpg", turned[: at + 4] + b"\0\0\0\0" + turned[at + 8 :]
    strip = scene(13, 280, 200).resize((4, 40)).resize((64, 4000)).quantize(8)
    yield "strip.png", encode(strip, "PNG", optimize=True)
    yield "strip-level.png", encode(strip.transpose(Image.Transpose.ROTATE_90), "PNG", optimize=True)
    yield "exif-beyond.jpg", turned[: at + 4] + b"\xff\xff\xff\xf0" + turned[at + 8 :]


def files() -> dict[str, bytes]:
    """All of the corpus by name, each kind of damage once."""
    good = whole()
    made = {
        f"{kind}.{ending}": data
        for ending, whole_file in good.items()
        for kind, data in damaged(ending, whole_file)
    }
    made |= {
        f"{kind}.{ending}": data
        for ending, whole_file in many_views().items()
        for kind, data in damaged(ending, whole_file)
        if kind in FEW_DAMAGES
    }
    made |= dict(bombs(good)) | dict(answers(good)) | dict(strange())
    return {name: data[:LARGEST] for name, data in made.items() if data}


def main() -> None:
    """Write those that are missing."""
    made = files()
    CORPUS.mkdir(exist_ok=True)
    missing = [name for name in made if not (CORPUS / name).exists()]
    for name in missing:
        (CORPUS / name).write_bytes(made[name])
    sys.stdout.write(f"{len(missing)} files of {len(made)} written\n")


if __name__ == "__main__":
    main()
