"""Files that hide one picture behind another: the makers of `file_carriers`, also used one by one."""

import base64
import gzip
import io
import struct
import tarfile
import warnings
import zipfile
from io import BytesIO

import av
import numpy as np
from PIL import Image

import heif  # noqa: F401 (lets Pillow write HEIF)
from signal_files import clip

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


def saved(image, format_, **options: object):
    out = BytesIO()
    image.copy().save(out, format_, **options)
    return out.getvalue()


def animation(format_, frames, durations=None, **options: object):
    if durations is not None:
        options["duration"] = durations
    return saved(
        frames[0], format_, save_all=True, append_images=[each.copy() for each in frames[1:]], **options
    )


def boxes(data):
    """The outermost boxes of an ISO file, by kind."""
    at, found = 0, {}
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        found[data[at + 4 : at + 8]] = data[at : at + length]
        at += length
    return found


def avif_of_two(still, frames):
    """An AVIF whose still picture and whose sequence show different things, each by tables of its own."""
    one = saved(still, "AVIF", quality=80)
    many = animation("AVIF", frames, [100] * len(frames))
    alone, moving = boxes(one), boxes(many)
    head, meta, moov = moving[b"ftyp"], bytearray(alone[b"meta"]), bytearray(moving[b"moov"])
    start = len(head) + len(meta) + len(moov)
    # Behind the kind: in `iloc` the only item's only extent, in `stco` the only chunk.
    for table, kind, into, old, new in (
        (meta, b"iloc", 4 + 14, one.index(alone[b"mdat"]), start),
        (moov, b"stco", 4 + 8, many.index(moving[b"mdat"]), start + len(alone[b"mdat"])),
    ):
        at = table.index(kind) + into
        table[at : at + 4] = (int.from_bytes(table[at : at + 4]) - old + new).to_bytes(4)
    return head + bytes(meta) + bytes(moov) + alone[b"mdat"] + moving[b"mdat"]


def on_black(hidden):
    """White, as transparent as the picture is dark: on white it shows nothing, on black the picture."""
    clear = Image.new("RGBA", hidden.size, (255, 255, 255, 255))
    clear.putalpha(hidden.convert("L"))
    return clear


def on_black_in_one_bit(hidden):
    """The same in a palette with one transparent colour."""
    dots = np.asarray(hidden.convert("1"))
    image = Image.fromarray(np.where(dots, 1, 0).astype(np.uint8), "L").convert("P")
    image.putpalette([0, 0, 0] + [255, 255, 255] * 255)
    return image


def with_exif_thumb(picture, thumb):
    small = saved(thumb.resize((160, 120)), "JPEG")
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(small), 0)
    return saved(
        picture, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HI", 0, 14) + second + small
    )


def with_segment(jpeg, marker, content):
    """A JPEG with one more segment right after its beginning."""
    return jpeg[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def with_photoshop_thumb(picture, thumb):
    small = bytes(28) + saved(thumb.resize((160, 120)), "JPEG")
    resource = b"8BIM" + struct.pack(">HHI", 0x040C, 0, len(small)) + small
    return with_segment(
        saved(picture, "JPEG"), 0xED, b"Photoshop 3.0\0" + resource + b"\0" * (len(small) & 1)
    )


def with_jfif_thumb(picture, thumb):
    jpeg = saved(picture, "JPEG")
    length = struct.unpack_from(">H", jpeg, 4)[0]
    pixels = thumb.convert("RGB").resize((120, 90)).tobytes()
    head = b"JFIF\0\1\1\0\0\1\0\1" + bytes([120, 90])
    return with_segment(jpeg[:2] + jpeg[4 + length :], 0xE0, head + pixels)


def icon(*pictures: Image.Image):
    """An icon with a PNG for each size, as they are."""
    files = [saved(each, "PNG") for each in pictures]
    at, head = 6 + 16 * len(files), struct.pack("<HHH", 0, 1, len(files))
    for number, file in enumerate(files):
        head += struct.pack("<BBBBHHII", 64 - number, 64 - number, 0, 0, 1, 32, len(file), at)
        at += len(file)
    return head + b"".join(files)


def still_clip(picture, seconds=2):
    pixels = np.asarray(picture.convert("RGB").resize((320, 240)))
    return clip(pixels for _ in range(12 * seconds))


def in_mpvd(heic, mp4):
    return heic + struct.pack(">I4s", 8 + len(mp4), b"mpvd") + mp4


def archive(members, way=zipfile.ZIP_STORED):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", way) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


def flagged_encrypted(data):
    """As an archive with a password says it; what is packed does not matter to who has none."""
    found = bytearray(data)
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = found.find(mark)
        while start != -1:
            found[start + at] |= 1
            start = found.find(mark, start + 4)
    return bytes(found)


def tar(members):
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def address(picture, kind="PNG"):
    return b"data:image/" + kind.lower().encode() + b";base64," + base64.b64encode(saved(picture, kind))


def drawn(picture):
    """Squares of colour: a picture that is no picture file."""
    small = picture.convert("RGB").resize((40, 30))
    squares = b"".join(
        b'<rect x="%d" y="%d" width="1" height="1" fill="#%02x%02x%02x"/>' % (x, y, *small.getpixel((x, y)))
        for y in range(30)
        for x in range(40)
    )
    return SVG + squares + b"</svg>"


def pdf(*pictures: Image.Image):
    return animation("PDF", list(pictures))


def pdf_of(contents, picture, *, size=(600, 800)):
    """One page of our own: the drawing operators, with the picture as /P."""
    jpeg = saved(picture, "JPEG", quality=90)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R/Resources<</XObject<</P 5 0 R>>>>>>"
        % size,
        b"<</Length %d>>stream\n" % len(contents) + contents + b"\nendstream",
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8"
        b"/Filter/DCTDecode/Length %d>>stream\n" % (*picture.size, len(jpeg)) + jpeg + b"\nendstream",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + each + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + (b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start)
    )


def tone(form, codec, **metadata: str):
    """A second of sound."""
    out = BytesIO()
    with av.open(out, "w", format=form) as file:
        file.metadata.update(metadata)
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4608), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48_000
        resampler = av.AudioResampler(stream.format, "mono", 48_000, stream.frame_size or None)
        for resampled in resampler.resample(frame):
            file.mux(stream.encode(resampled))
        file.mux(stream.encode(None))
    return out.getvalue()


def flac_picture(picture):
    jpeg = saved(picture, "JPEG")
    kind = b"image/jpeg"
    return (
        struct.pack(f">II{len(kind)}sIIIIII", 3, len(kind), kind, 0, *picture.size, 24, 0, len(jpeg)) + jpeg
    )


def flac(picture):
    data, block = tone("flac", "flac"), flac_picture(picture)
    end = 8 + int.from_bytes(data[5:8])
    return data[:end] + b"\6" + len(block).to_bytes(3) + block + data[end:]


def mp3(picture):
    jpeg = saved(picture, "JPEG")
    body = b"\0image/jpeg\0\3\0" + jpeg
    frame = b"APIC" + struct.pack(">IH", len(body), 0) + body
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    silence = (b"\xff\xfb\x90\xc4" + bytes(413)) * 20
    return b"ID3\3\0\0" + size + frame + silence


def ogg(picture):
    small = picture.resize((200, 150))
    return tone("ogg", "flac", METADATA_BLOCK_PICTURE=base64.b64encode(flac_picture(small)).decode())


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def m4a(picture):
    """An MP4 of sound whose tags (udta, meta, ilst, covr) hold a picture."""
    data = tone("ipod", "aac")

    cover = box(b"covr", box(b"data", struct.pack(">II", 13, 0) + saved(picture, "JPEG")))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    tags = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", cover)))
    at = data.index(b"moov") - 4
    length = int.from_bytes(data[at : at + 4])
    moov = data[at + 8 : at + length]
    if at < data.index(b"mdat"):
        raise ValueError("places of samples would have to be moved")
    # What was there of tags is renamed, for readers take the first.
    moov = moov.replace(b"udta", b"free")
    return data[:at] + box(b"moov", moov + tags) + data[at + length :]


def huge(picture):
    """Above 120 million pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return saved(picture.convert("1").resize((13_000, 9_750)), "PNG", compress_level=1)


def svgz(data):
    return gzip.compress(data)
