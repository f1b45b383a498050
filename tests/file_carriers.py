"""How a file can show a picture other than at first sight: what is seen, and what is not and why.

Each row is tried by `integration/signals/test_file_carriers.py`; docs/carriers.md is written from these rows.
"""

from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

import carrier_files as f


@dataclass(frozen=True, slots=True)
class Carrier:
    """One way in which a picture can lie in a file."""

    name: str
    what: str
    seen: bool
    why: str = ""
    """Why it is not seen; empty: it is."""


CARRIERS = (
    Carrier("second-frame-png", "second frame of an animated PNG, the first shown for 20 ms", seen=True),
    Carrier("second-frame-gif", "the same of a GIF", seen=True),
    Carrier("second-frame-webp", "the same of a WebP", seen=True),
    Carrier("second-frame-avif", "the same of an AVIF", seen=True),
    Carrier("default-image", "default image of an animated PNG, outside the animation", seen=True),
    Carrier(
        "beside-default-image", "only frame of an animated PNG that has another default image", seen=True
    ),
    Carrier("avif-still", "still picture of an AVIF whose sequence shows something else", seen=True),
    Carrier("longest-frame", "one frame among sixty of a WebP, shown longest", seen=True),
    Carrier("longest-frame-gif", "the same of a GIF", seen=True),
    Carrier("last-frame", "last frame of sixty", seen=True),
    Carrier("multi-picture-jpeg", "second picture of a multi-picture JPEG (MPO)", seen=True),
    Carrier("heic-second", "second picture of a HEIC", seen=True),
    Carrier("tiff-page", "second page of a TIFF", seen=True),
    Carrier("on-black-png", "transparent pixels of a PNG that show a picture on a dark page", seen=True),
    Carrier("on-black-webp", "the same of a WebP", seen=True),
    Carrier("on-black-avif", "the same of an AVIF", seen=True),
    Carrier("on-black-palette", "the same of a palette PNG with one transparent colour", seen=True),
    Carrier("on-black-gif", "the same of a GIF", seen=True),
    Carrier("on-black-animation", "the same in the second frame of a PNG", seen=True),
    Carrier("on-black-animation-gif", "the same in the second frame of a GIF", seen=True),
    Carrier("thumb-exif", "preview in EXIF that shows something else", seen=True),
    Carrier("thumb-photoshop", "preview in a Photoshop resource that shows something else", seen=True),
    Carrier("thumb-jfif", "preview in JFIF that shows something else", seen=True),
    Carrier("icon", "icon (ICO)", seen=True),
    Carrier("icon-size", "second size of an icon", seen=True),
    Carrier("motion-jpeg", "clip behind a JPEG (motion photograph)", seen=True),
    Carrier("motion-heic", "clip in a box of a HEIC (motion photograph)", seen=True),
    Carrier("pdf-page", "third page of a PDF", seen=True),
    Carrier("pdf-small", "small picture on a PDF's page", seen=True),
    Carrier("pdf-covered", "picture of a PDF that lies outside the page", seen=True),
    Carrier("zip", "member of a ZIP, stored or packed", seen=True),
    Carrier("docx", "picture in an office document (DOCX, PPTX, XLSX, ODT, EPUB)", seen=True),
    Carrier("zip-in-zip", "member of a ZIP in a ZIP", seen=True),
    Carrier("pdf-in-zip", "page of a PDF in a ZIP", seen=True),
    Carrier("clip-in-zip", "clip in a ZIP", seen=True),
    Carrier("zip-on-black", "transparent pixels of a member of a ZIP", seen=True),
    Carrier("svg-href", "picture inside an SVG", seen=True),
    Carrier("svg-xlink", "the same by its older name", seen=True),
    Carrier("svg-style", "the same in a style sheet", seen=True),
    Carrier("svg-entity", "the same in an entity of the document", seen=True),
    Carrier("svg-utf16", "the same in UTF-16", seen=True),
    Carrier("svg-nested", "SVG in an SVG", seen=True),
    Carrier("svgz", "packed SVG", seen=True),
    Carrier("cover-mp3", "cover of an MP3", seen=True),
    Carrier("cover-flac", "cover of a FLAC", seen=True),
    Carrier("cover-ogg", "cover of an Ogg", seen=True),
    Carrier("cover-m4a", "cover of an M4A", seen=True),
    Carrier(
        "blink",
        "a frame shown as short as fifty others",
        seen=False,
        why="sixteen frames of one animation are looked at, among them the longest-shown; others are counted",
    ),
    Carrier(
        "svg-drawn",
        "shapes of an SVG that make a picture",
        seen=False,
        why="drawing what a stranger describes is a browser's work; chat clients rarely show SVG",
    ),
    Carrier("jpeg-2000", "JPEG 2000", seen=False, why="Chromium, Firefox and chat clients do not show it"),
    Carrier(
        "huge",
        "a picture above 120 million pixels",
        seen=False,
        why="it takes too much memory; it is counted as unreadable",
    ),
    Carrier(
        "encrypted-zip",
        "member of a ZIP with a password",
        seen=False,
        why="nobody sees it without the password; it is counted",
    ),
    Carrier(
        "deep-zip",
        "a ZIP in a ZIP in a ZIP",
        seen=False,
        why="two levels are opened; deeper ones are counted",
    ),
    Carrier("tar", "tar, 7z, RAR", seen=False, why="no chat client opens one; as a file it is downloaded"),
)


class Pictures(NamedTuple):
    """What the files are made of."""

    decoy: Image.Image
    other: Image.Image
    hidden: Image.Image


def _sixty(format_: str, pictures: Pictures, at: int, *, long: bool = True) -> bytes:
    """Sixty frames, one of them the hidden picture, perhaps shown longer than the others."""
    decoy, other, hidden = (each.resize((160, 120)) for each in pictures)
    frames = [hidden if n == at else (decoy, other)[n % 2] for n in range(60)]
    return f.animation(format_, frames, [900 if n == at and long else 30 for n in range(60)])


MAKE = {
    "second-frame-png": lambda p: f.animation("PNG", [p.decoy, p.hidden], [20, 5000]),
    "second-frame-gif": lambda p: f.animation("GIF", [p.decoy, p.hidden], [20, 500]),
    "second-frame-webp": lambda p: f.animation("WEBP", [p.decoy, p.hidden], [20, 5000]),
    "second-frame-avif": lambda p: f.animation("AVIF", [p.decoy, p.hidden], [20, 5000]),
    "default-image": lambda p: f.animation(
        "PNG", [p.hidden, p.decoy, p.other], [100, 100], default_image=True
    ),
    "beside-default-image": lambda p: f.animation(
        "PNG", [p.decoy, p.hidden, p.hidden], [100, 100], default_image=True
    ),
    "avif-still": lambda p: f.avif_of_two(p.hidden, [p.decoy, p.other]),
    "longest-frame": lambda p: _sixty("WEBP", p, 37),
    "longest-frame-gif": lambda p: _sixty("GIF", p, 37),
    "last-frame": lambda p: _sixty("PNG", p, 59, long=False),
    "multi-picture-jpeg": lambda p: f.animation("MPO", [p.decoy, p.hidden]),
    "heic-second": lambda p: f.animation("HEIF", [p.decoy, p.hidden]),
    "tiff-page": lambda p: f.animation("TIFF", [p.decoy, p.hidden]),
    "on-black-png": lambda p: f.saved(f.on_black(p.hidden), "PNG"),
    "on-black-webp": lambda p: f.saved(f.on_black(p.hidden), "WEBP", lossless=True, exact=True),
    "on-black-avif": lambda p: f.saved(f.on_black(p.hidden), "AVIF", quality=90),
    "on-black-palette": lambda p: f.saved(f.on_black_in_one_bit(p.hidden), "PNG", transparency=0),
    "on-black-gif": lambda p: f.saved(f.on_black_in_one_bit(p.hidden), "GIF", transparency=0),
    "on-black-animation": lambda p: f.animation(
        "PNG", [p.decoy.convert("RGBA"), f.on_black(p.hidden)], [100, 100]
    ),
    "on-black-animation-gif": lambda p: f.animation(
        "GIF",
        [f.on_black_in_one_bit(p.decoy), f.on_black_in_one_bit(p.hidden)],
        [100, 100],
        transparency=0,
        disposal=2,
    ),
    "thumb-exif": lambda p: f.with_exif_thumb(p.decoy, p.hidden),
    "thumb-photoshop": lambda p: f.with_photoshop_thumb(p.decoy, p.hidden),
    "thumb-jfif": lambda p: f.with_jfif_thumb(p.decoy, p.hidden),
    "icon": lambda p: f.icon(p.hidden),
    "icon-size": lambda p: f.icon(p.decoy, p.hidden),
    "motion-jpeg": lambda p: f.saved(p.decoy, "JPEG") + f.still_clip(p.hidden),
    "motion-heic": lambda p: f.in_mpvd(f.saved(p.decoy, "HEIF"), f.still_clip(p.hidden)),
    "pdf-page": lambda p: f.pdf(p.decoy, p.other, p.hidden),
    "pdf-small": lambda p: f.pdf_of(b"q 180 0 0 135 40 600 cm /P Do Q", p.hidden),
    "pdf-covered": lambda p: f.pdf_of(b"0.5 g 0 0 300 400 re f q 180 0 0 135 900 900 cm /P Do Q", p.hidden),
    "zip": lambda p: f.archive(
        {"a.txt": b"words", "1.jpg": f.saved(p.decoy, "JPEG"), "2": f.saved(p.hidden, "PNG")}, 8
    ),
    "docx": lambda p: f.archive(
        {
            "word/document.xml": b"<?xml version='1.0'?><w><asvg:svgBlip/></w>",
            "word/media/image1.jpeg": f.saved(p.hidden, "JPEG"),
        },
        8,
    ),
    "zip-in-zip": lambda p: f.archive({"in.zip": f.archive({"1.png": f.saved(p.hidden, "PNG")})}),
    "pdf-in-zip": lambda p: f.archive({"1.jpg": f.saved(p.other, "JPEG"), "a.pdf": f.pdf(p.decoy, p.hidden)}),
    "clip-in-zip": lambda p: f.archive({"1.jpg": f.saved(p.other, "JPEG"), "a.mp4": f.still_clip(p.hidden)}),
    "zip-on-black": lambda p: f.archive({"1.png": f.saved(f.on_black(p.hidden), "PNG")}),
    "svg-href": lambda p: f.SVG + b'<image href="' + f.address(p.hidden) + b'"/></svg>',
    "svg-xlink": lambda p: f.SVG + b'<g><image xlink:href="' + f.address(p.hidden, "JPEG") + b'"/></g></svg>',
    "svg-style": lambda p: (
        f.SVG + b"<style>a{color:red} g{background:url('" + f.address(p.hidden) + b"')}</style></svg>"
    ),
    "svg-entity": lambda p: (
        b"<!DOCTYPE svg [<!ENTITY p '"
        + f.address(p.hidden, "JPEG")
        + b"'>]>"
        + f.SVG
        + b'<image href="&p;"/></svg>'
    ),
    "svg-utf16": lambda p: (
        (f.SVG + b'<image href="' + f.address(p.hidden, "JPEG") + b'"/></svg>').decode().encode("utf-16")
    ),
    "svg-nested": lambda p: (
        f.SVG
        + b'<image href="data:image/svg+xml;base64,'
        + f.base64.b64encode(f.SVG + b'<image href="' + f.address(p.hidden) + b'"/></svg>')
        + b'"/></svg>'
    ),
    "svgz": lambda p: f.svgz(f.SVG + b'<image href="' + f.address(p.hidden) + b'"/></svg>'),
    "cover-mp3": lambda p: f.mp3(p.hidden),
    "cover-flac": lambda p: f.flac(p.hidden),
    "cover-ogg": lambda p: f.ogg(p.hidden),
    "cover-m4a": lambda p: f.m4a(p.hidden),
    "blink": lambda p: _sixty("WEBP", p, 23, long=False),
    "svg-drawn": lambda p: f.drawn(p.hidden),
    "jpeg-2000": lambda p: f.saved(p.hidden, "JPEG2000"),
    "huge": lambda p: f.huge(p.hidden),
    "encrypted-zip": lambda p: f.flagged_encrypted(f.archive({"1.jpg": f.saved(p.hidden, "JPEG")})),
    "deep-zip": lambda p: f.archive(
        {
            "0.jpg": f.saved(p.decoy, "JPEG"),
            "a.zip": f.archive({"b.zip": f.archive({"1.png": f.saved(p.hidden, "PNG")})}),
        }
    ),
    "tar": lambda p: f.tar({"1.png": f.saved(p.hidden, "PNG")}),
}
"""By name: what makes the file of the pictures."""
