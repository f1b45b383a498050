"""How many pictures one core decodes and hashes, beside PIL with `pdqhash` in the same run.

Run: `OPENBLAS_NUM_THREADS=1 python -m takeback_dev.bench.hashing [FOLDER]` (`--quick` for fewer rounds).
Ratios matter more than rates: machines differ. The pictures are made (noise whose strength falls with its
frequency as in photographs, and shapes with edges), or they are the JPEGs of a folder, enlarged; each is a
JPEG of quality 85. Each row is the median of several rounds, the ways taken in turn, in processor time, which
a busy machine disturbs least; only the sandbox, which works in another process, is timed by the wall, as is
what it is compared with. Where hashing is fast, what is left is reading the JPEG's bits, so the table says
how many there are to a pixel.

A second table goes on to the answer of a bank: what is near, among a million entries.

With a folder it also checks, over its pictures as they are and enlarged, that no fast hash lies further from
the exact one than it says.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import faiss
import numpy as np
import pdqhash
import psutil
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from takeback.signals.index.compare import stack
from takeback.signals.index.hamming import HammingIndex
from takeback.signals.model import HASH_BITS, HASH_BYTES, MATCH_RADIUS, Pdq
from takeback.signals.parts.decode import decode, working
from takeback.signals.pdq.hashing import (
    ASK_EXACTLY,
    MAX_DOUBT,
    hash_pixels,
    hash_pixels_flips,
    hash_working,
)
from takeback.signals.sandbox import Decoder
from takeback_dev.pictures import encode

SIZES = ((640, 480), (1632, 1224), (4000, 3000))
BANK = 1_000_000
"""Entries."""
_PICTURES, _LARGE_PICTURES = 24, 6
"""One in twenty-five or so is hashed by the slower, exact sums, and the mean should feel that no more and no
less often. Six of the largest have to do."""
_LARGE = 4_000_000
"""Pixels."""
_SHARED_SECONDS = 5.0
_PEER = "PIL + pdqhash"
Ways = Mapping[str, Callable[[bytes], object]]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="photographs to use instead of made pictures")
    parser.add_argument("--quick", action="store_true", help="a third of the rounds")
    asked = parser.parse_args()
    photos = sorted(asked.folder.glob("*.jp*g")) if asked.folder else []
    files = {size: pictures(*size, photos) for size in SIZES}
    rounds = 3 if asked.quick else 9
    _speed(files, rounds)
    _answers({size: files[size] for size in SIZES[1:]}, rounds)
    print(start_of_a_child())
    print(_two_processes(files[SIZES[1]]))
    if photos:
        _check(photos[:30] if asked.quick else photos)


def exact(data: bytes) -> Pdq:
    """Decode a picture in full and hash it."""
    return hash_pixels(decode(data).rgb)


def pictures(width: int, height: int, photos: list[Path] | None = None) -> list[bytes]:
    """Files of one size, always the same ones."""
    count = _LARGE_PICTURES if width * height > _LARGE else _PICTURES
    return [jpeg(seed, width, height, photos) for seed in range(1, count + 1)]


def jpeg(seed: int, width: int, height: int, photos: list[Path] | None = None) -> bytes:
    """A file of the size wanted: of a photograph where there are any, else of a made picture."""
    if not photos:
        return encode(made(seed, width, height), "JPEG", quality=85)
    with Image.open(photos[seed * 37 % len(photos)]) as image:
        return encode(ImageOps.fit(image.convert("RGB"), (width, height)), "JPEG", quality=85)


def made(seed: int, width: int, height: int) -> Image.Image:
    """A picture with a photograph's mixture of coarse and fine detail, and some edges."""
    dots = np.random.default_rng(seed)
    bright = _natural(dots, width, height)
    tint = _natural(dots, width, height)
    planes = [120 + 45 * bright + share * tint for share in (14, 0, -14)]
    image = Image.fromarray(np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(8):
        x, y = int(dots.integers(width)), int(dots.integers(height))
        box = (x, y, x + int(dots.integers(width // 3)), y + int(dots.integers(height // 3)))
        colour = tuple(int(part) for part in dots.integers(0, 256, 3))
        (pen.ellipse if dots.integers(2) else pen.rectangle)(box, fill=colour)
    return image


def _natural(dots: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    down, across = np.fft.fftfreq(height) * height, np.fft.rfftfreq(width) * width
    frequency = np.hypot(down[:, None], across[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(dots.standard_normal((height, width))) / frequency**1.4
    plane = np.fft.irfft2(spectrum, s=(height, width))
    return (plane / plane.std()).astype(np.float32)


def peer(data: bytes) -> tuple[NDArray[np.uint8], int]:
    """What others do; it hashes once, as stored."""
    with Image.open(BytesIO(data)) as image:
        return pdqhash.compute(np.asarray(image.convert("RGB")))


def fast(data: bytes) -> object:
    """One hash with its doubt."""
    return hash_working(working(data))


def answering(entries: int = BANK) -> dict[str, Callable[[bytes], object]]:
    """Ways from a picture file to the entries that lie near it, in a bank of so many unrelated ones.

    Ours is first, and asks as far as the radius at which the service acts, and the doubt. The others ask an
    exact index of faiss, as far as that radius.
    """
    rows = np.random.default_rng(1).integers(0, 256, (entries, HASH_BYTES), dtype=np.uint8)
    index = HammingIndex()
    index.add(np.arange(entries, dtype=np.int64), rows)
    flat, multi = faiss.IndexBinaryFlat(HASH_BITS), faiss.IndexBinaryMultiHash(HASH_BITS, 16, 16)
    multi.nflip = 1
    for other in (flat, multi):
        other.add(rows)

    def ours(data: bytes) -> object:
        pdq, doubt = hash_working(working(data))
        if doubt > MAX_DOUBT:
            pdq, doubt = exact(data), 0
        return index.search(stack([pdq.hash]), MATCH_RADIUS + doubt)

    def theirs(data: bytes, other: faiss.IndexBinary) -> object:
        # Their radius is exclusive.
        return other.range_search(np.packbits(peer(data)[0])[None], MATCH_RADIUS + 1)

    return {
        "fast, and our index": ours,
        f"{_PEER} + faiss flat": lambda data: theirs(data, flat),
        f"{_PEER} + faiss multi-hash": lambda data: theirs(data, multi),
    }


def measure(
    ways: Ways, files: list[bytes], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """Median seconds a picture of each way, taken in turn so that a busy moment hits all alike."""
    faiss.omp_set_num_threads(1)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = clock()
            for data in files:
                way(data)
            times[name].append((clock() - start) / len(files))
    return {name: statistics.median(seconds[1:]) for name, seconds in times.items()}


def _speed(files: Mapping[tuple[int, int], list[bytes]], rounds: int) -> None:
    ways: Ways = {
        _PEER: peer,
        "one hash, fast": fast,
        "one hash, exact": exact,
        "eight flips, exact": lambda data: hash_pixels_flips(decode(data).rgb),
    }
    print(f"{'megapixels':>10}{'bits/pixel':>12}  {'way':<34}{'ms':>9}{'images/s':>10}{'ratio':>8}")
    with Decoder(seconds=60) as decoder:
        for size, some in files.items():
            times = measure(ways, some, rounds)
            _print(size, some, times, times[_PEER])
            outside: Ways = {_PEER: peer, "sandbox": decoder.signals}
            wall = measure(outside, some, rounds, time.perf_counter)
            _print(size, some, {"sandbox": wall["sandbox"]}, wall[_PEER])


def _answers(files: Mapping[tuple[int, int], list[bytes]], rounds: int) -> None:
    print(f"JPEG to answer, {BANK:,} entries, radius {MATCH_RADIUS}:")
    ways = answering()
    for size, some in files.items():
        times = measure(ways, some, rounds)
        _print(size, some, times, min(list(times.values())[1:]))


def _print(size: tuple[int, int], files: list[bytes], times: Mapping[str, float], base: float) -> None:
    pixels = size[0] * size[1]
    bits = 8 * statistics.mean(map(len, files)) / pixels
    for name, seconds in times.items():
        print(
            f"{pixels / 1e6:>10.1f}{bits:>12.2f}  {name:<34}{seconds * 1e3:>9.1f}"
            f"{1 / seconds:>10.1f}{base / seconds:>7.1f}x"
        )


def _two_processes(files: list[bytes]) -> str:
    """What a second process adds where there is a second core."""
    one, two = (_rate(processes, files) for processes in (1, 2))
    size = f"{SIZES[1][0]} x {SIZES[1][1]}"
    return f"fast, {size}: one process {one:.0f}, two {two:.0f} images/s ({two / one:.2f}x)"


def _rate(processes: int, files: list[bytes]) -> float:
    """Images a second of so many processes that begin together."""
    # Started afresh: a copy of a process with threads is not to be trusted.
    context = multiprocessing.get_context("spawn")
    ready, rates = context.Barrier(processes), context.SimpleQueue()
    crew = [context.Process(target=_hash_on, args=(files, ready, rates)) for _ in range(processes)]
    for process in crew:
        process.start()
    total = sum(rates.get() for _ in crew)
    for process in crew:
        process.join()
    return total


def _hash_on(files: list[bytes], ready: Barrier, rates: "SimpleQueue[float]") -> None:
    for data in files:
        fast(data)
    ready.wait()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < _SHARED_SECONDS:
        fast(files[count % len(files)])
        count += 1
    rates.put(count / (time.perf_counter() - start))


def start_of_a_child() -> str:
    """What a decoder process costs before it has seen a picture."""
    start = time.perf_counter()
    with Decoder() as decoder:
        decoder.confinement()
        seconds = time.perf_counter() - start
        (child,) = psutil.Process(os.getpid()).children()
        memory = child.memory_info().rss >> 20
    return f"a decoder process starts in {seconds:.2f} s and holds {memory} MiB when idle"


def _check(photos: list[Path]) -> None:
    """Compare fast with exact hashes; a picture whose distance passes its doubt ends the run."""
    distances: list[int] = []
    doubts: list[int] = []
    for name, data in _versions(photos):
        hash_, doubt = hash_working(working(data))
        exact = hash_pixels(decode(data).rgb)
        distance = (int.from_bytes(hash_.hash) ^ int.from_bytes(exact.hash)).bit_count()
        if distance > doubt:
            raise SystemExit(f"{name}: the fast hash is {distance} bits off and says at most {doubt}")
        distances.append(distance)
        doubts.append(doubt)
    certain = [doubt for doubt in doubts if doubt <= MAX_DOUBT]
    print(
        f"{len(doubts)} fast hashes: mean {statistics.mean(distances):.2f} and at most {max(distances)} bits"
        f" off; {len(certain) / len(doubts):.0%} in doubt of at most {MAX_DOUBT} bits (median"
        f" {statistics.median(certain):.0f}), {doubts.count(ASK_EXACTLY) / len(doubts):.0%} say nothing"
    )


def _versions(photos: list[Path]) -> Iterator[tuple[str, bytes]]:
    for number, path in enumerate(photos):
        yield path.name, path.read_bytes()
        with Image.open(path) as image:
            upright = image.convert("RGB")
        for factor, quality in ((2, 60), (3, 85), (5, 92)):
            enlarged = upright.resize((upright.width * factor, upright.height * factor))
            yield f"{path.name} x {factor}", encode(enlarged, "JPEG", quality=quality)
        if number % 10 == 0:
            tiny = [Image.open(other).convert("RGB").resize((640, 480)) for other in photos[number:][:9]]
            wall = Image.new("RGB", (1920, 1440))
            for place, tile in enumerate(tiny):
                wall.paste(tile, (place % 3 * 640, place // 3 * 480))
            yield f"nine from {path.name}", encode(wall, "JPEG", quality=80)


if __name__ == "__main__":
    main()
