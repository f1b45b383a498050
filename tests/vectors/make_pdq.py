"""Write `pdq.json`: small pictures and the hashes that every PDQ in this project must return.

Run from the root of the repository: `.venv/bin/python tests/vectors/make_pdq.py`. The hashes come from
`pdqhash`, the reference, on pixels decoded by Pillow; what this project computes is not asked.

Each vector has `name`, `picture` (the file, base64), `width` and `height` (after EXIF orientation), `hash`
(64 hex digits), `flips` (eight, in the order of `takeback.signals.model.Flip`; the first is `hash`) and
`quality`. All files are JPEG or opaque 8-bit PNG, whose pixels a browser's canvas and Pillow agree on.
"""

import base64
import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pdqhash
from PIL import Image, ImageOps

from takeback.signals.model import Flip
from takeback.signals.pdq.flips import flip_pixels
from takeback_dev.pictures import encode, scene

TARGET = Path(__file__).with_name("pdq.json")
ORIENTATION = 0x0112


def main() -> None:
    vectors = [describe(name, data) for name, data in pictures().items()]
    TARGET.write_text(json.dumps(vectors, indent=1) + "\n", encoding="ascii")


def pictures() -> dict[str, bytes]:
    picture = scene(7, 240, 160)
    noise = np.random.default_rng(1).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    half = np.asarray(scene(8, 96, 72))
    symmetric = Image.fromarray(np.concatenate([half, half[:, ::-1]], axis=1)[::2, ::2])
    files = {
        "jpeg": encode(picture, "JPEG", quality=85),
        "jpeg mirrored": encode(ImageOps.mirror(picture), "JPEG", quality=85),
        "jpeg of odd size": encode(scene(9, 201, 133), "JPEG", quality=80),
        "jpeg tall": encode(scene(10, 96, 300), "JPEG", quality=80),
        "jpeg 4:4:4": encode(picture, "JPEG", quality=75, subsampling=0),
        "jpeg grey": encode(picture.convert("L"), "JPEG", quality=85),
        "jpeg progressive": encode(picture, "JPEG", quality=85, progressive=True),
        "png": encode(scene(11, 90, 60), "PNG"),
        "png of 64 x 64, which is not blurred": encode(scene(12, 64, 64), "PNG"),
        "png of 65 x 64": encode(scene(13, 65, 64), "PNG"),
        "png of noise": encode(Image.fromarray(noise), "PNG"),
        "png symmetric, where rounding decides half of the bits": encode(symmetric, "PNG"),
        "png of one colour": encode(Image.new("RGB", (70, 50), (90, 120, 200)), "PNG"),
        "png of 5 x 5": encode(Image.fromarray(noise[:5, :5]), "PNG"),
        "png of 4 x 9, too small to hash": encode(Image.fromarray(noise[:4, :9]), "PNG"),
    }
    for value in range(2, 9):
        tag = Image.Exif()
        tag[ORIENTATION] = value
        files[f"jpeg with EXIF orientation {value}"] = encode(picture, "JPEG", quality=85, exif=tag)
    return files


def describe(name: str, data: bytes) -> dict[str, object]:
    assert len(data) <= 20_000, name
    with Image.open(BytesIO(data)) as image:
        pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    flips, quality = [], 0
    for flip in reversed(Flip):
        bits, quality = pdqhash.compute(np.ascontiguousarray(flip_pixels(pixels, flip)))
        flips.insert(0, np.packbits(bits.astype(np.uint8)).tobytes().hex())
    return {
        "name": name,
        "picture": base64.b64encode(data).decode("ascii"),
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "hash": flips[0],
        "flips": flips,
        "quality": quality,
    }


if __name__ == "__main__":
    main()
