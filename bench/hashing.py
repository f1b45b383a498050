"""How many pictures one core decodes and hashes, beside PIL with `pdqhash` in the same run.

Run: `python bench/hashing.py` (`--quick` for fewer rounds). Ratios matter more than rates: machines differ.
Each picture is a painted landscape as JPEG, quality 85; each row is the median of several rounds, the ways
taken in turn.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pdqhash
import psutil
from PIL import Image

from takeback.doors.cli.demo.pictures import encode, scene
from takeback.signals.decode import decode
from takeback.signals.pdq import hash_bytes, hash_pixels_flips
from takeback.signals.sandbox import Decoder

SEEDS = (1, 2, 3)
"""Several pictures: one in twenty or so is hashed by the slower, exact sums, and the mean should feel it."""
SIZES = ((640, 480), (1632, 1224), (4000, 3000))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a third of the rounds")
    rounds = 3 if parser.parse_args().quick else 9
    with Decoder(seconds=60) as decoder:
        ways: dict[str, Callable[[bytes], object]] = {
            "PIL + pdqhash": peer,
            "one hash, in process": hash_bytes,
            "eight flips, in process": lambda data: hash_pixels_flips(decode(data).rgb),
            "one hash, sandbox": decoder.signals,
        }
        print(f"{'megapixels':>10}  {'way':<24}{'ms':>9}{'images/s':>10}{'ratio':>8}")
        for width, height in SIZES:
            files = [jpeg(seed, width, height) for seed in SEEDS]
            times = measure(ways, files, rounds)
            base = times["PIL + pdqhash"]
            for name, seconds in times.items():
                size = f"{width * height / 1e6:>10.1f}"
                print(f"{size}  {name:<24}{seconds * 1e3:>9.1f}{1 / seconds:>10.1f}{base / seconds:>7.1f}x")
    print(start_of_a_child())


def jpeg(seed: int, width: int, height: int) -> bytes:
    """A landscape as a file; a large one is painted small and enlarged: faster made, decoded alike."""
    image = scene(seed, 960, 720).resize((width, height), Image.Resampling.BICUBIC)
    return encode(grained(image), "JPEG", quality=85)


def peer(data: bytes) -> object:
    """What others do; it hashes once, as stored."""
    with Image.open(BytesIO(data)) as image:
        return pdqhash.compute(np.asarray(image.convert("RGB")))


def grained(image: Image.Image) -> Image.Image:
    """Give an enlarged picture the detail that makes a JPEG as long as a photograph's."""
    pixels = np.asarray(image).astype(np.int16)
    grain = np.random.default_rng(0).normal(0, 4, (*pixels.shape[:2], 1))
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def measure(ways: dict[str, Callable[[bytes], object]], files: list[bytes], rounds: int) -> dict[str, float]:
    """Median seconds a picture of each way, taken in turn so that a busy moment hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            for data in files:
                way(data)
            times[name].append((time.perf_counter() - start) / len(files))
    return {name: statistics.median(seconds[1:]) for name, seconds in times.items()}


def start_of_a_child() -> str:
    """What a decoder process costs before it has seen a picture."""
    start = time.perf_counter()
    with Decoder() as decoder:
        decoder.confinement()
        seconds = time.perf_counter() - start
        (child,) = psutil.Process(os.getpid()).children()
        memory = child.memory_info().rss >> 20
    return f"a decoder process starts in {seconds:.2f} s and holds {memory} MiB when idle"


if __name__ == "__main__":
    main()
