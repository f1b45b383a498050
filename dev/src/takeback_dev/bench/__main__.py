"""`make bench`: every number that docs/measured.md gives, as one table.

Run: `python -m takeback_dev.bench` (`--quick` for fewer rounds, `--json FILE` to keep the numbers, `--rows`
for a bank of ten million). One run takes some twelve minutes and wants the machine for itself.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from takeback_dev.bench import capture, dossier, hashing, index, journey, ledger, lookback
from takeback_dev.bench.rows import Row, percentiles

SIZES = {2: (1632, 1224), 12: (4000, 3000)}
"""Megapixels: what a chat's client leaves of a photograph, and what a phone takes."""
PEER, EXACT, FAST = "PIL + pdqhash", "exact", "fast"
SIGHTINGS = 10_000_000


def main() -> None:
    """Measure, print, and keep if asked."""
    parser = argparse.ArgumentParser(prog="python -m takeback_dev.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and posts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers as JSON, too")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of banks")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="as of `takeback demo`")
    asked = parser.parse_args()
    speeds = {size: _pictures(size, rounds=3 if asked.quick else 9) for size in SIZES}
    rows = [
        *_hashing(speeds),
        *_answers(rounds=3 if asked.quick else 9),
        *(row for size in asked.rows for row in index.measure(size, say=_say)),
        *_look_back(),
        *_ledger(quick=asked.quick),
        *_dossier(quick=asked.quick),
        *_start_up(),
        *_journey(asked.cache, posts=20 if asked.quick else 200),
        *_capture(asked.cache, posts=20 if asked.quick else 200),
    ]
    Console().print(_table(rows))
    if asked.json is not None:
        numbers = {
            "machine": _machine(),
            "numbers": {f"{name} [{unit}]": value for name, value, unit in rows},
        }
        asked.json.write_text(json.dumps(numbers, indent=1) + "\n")


def _pictures(size: int, rounds: int) -> dict[str, float]:
    """Pictures a second, by way."""
    _say(f"Decoding and hashing at {size} megapixels ...")
    files = hashing.pictures(*SIZES[size])
    ways: dict[str, Callable[[bytes], object]] = {
        PEER: hashing.peer,
        EXACT: hashing.exact,
        FAST: hashing.fast,
    }
    return {way: 1 / seconds for way, seconds in hashing.measure(ways, files, rounds).items()}


def _hashing(speeds: Mapping[int, Mapping[str, float]]) -> Iterator[Row]:
    for size, rates in speeds.items():
        for way, rate in rates.items():
            yield f"JPEG to hash, one core, {size} megapixels: {way}", rate, "images/s"
            if way != PEER:
                yield f"the same beside {PEER}", rate / rates[PEER], "times"


def _answers(rounds: int) -> Iterator[Row]:
    _say(f"Asking a bank of {hashing.BANK:,} with pictures ...")
    ways = hashing.answering()
    for size, sides in SIZES.items():
        ours, *others = hashing.measure(ways, hashing.pictures(*sides), rounds).values()
        yield (
            f"JPEG to answer at {hashing.BANK / 1e6:g} million entries, {size} megapixels",
            1 / ours,
            "images/s",
        )
        yield f"the same beside {PEER} + the best of faiss", min(others) / ours, "times"


def _look_back() -> list[Row]:
    _say(f"Asking {SIGHTINGS:,} sightings ...")
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as folder:
        found = lookback.measure(Path(folder), SIGHTINGS)
    name = f"look-back over {SIGHTINGS / 1e6:g} million sightings, radius "
    return [
        (name + str(lookback.MATCH_RADIUS), found.match, "s"),
        (name + str(lookback.WITH_DOUBT), found.look_back, "s"),
        ("reading as many bytes once", found.read, "s"),
    ]


def _ledger(*, quick: bool) -> Iterator[Row]:
    _say("Recording events, signing, proving ...")
    return ledger.measure(400 if quick else 4000, dossier.ENTRIES // (20 if quick else 1))


def _dossier(*, quick: bool) -> list[Row]:
    _say("Making and verifying evidence packages ...")
    part = 20 if quick else 1
    return list(dossier.measure(dossier.ENTRIES // part, dossier.COPIES, dossier.EXHIBITS // part))


def _start_up() -> list[Row]:
    _say("Starting the service, twice ...")
    first, again = journey.start_up()
    return [
        ("`takeback serve` until all doors answer, first start", first, "s"),
        ("`takeback serve` until all doors answer, later", again, "s"),
    ]


def _journey(cache: Path, posts: int) -> list[Row]:
    numbers = journey.measure(cache, posts, _say)
    return [
        ("report to gone, six copies", numbers.report_to_gone, "s"),
        *percentiles(f"post to match, of {posts}", numbers.post_to_match),
        *((f"memory: {name}", size / 2**20, "MiB") for name, size in numbers.memory.items()),
    ]


def _capture(cache: Path, posts: int) -> Iterator[Row]:
    _say("Sealing what is posted ...")
    return capture.rows(capture.measure(cache, posts))


def _table(rows: list[Row]) -> Table:
    table = Table("Measure", title=_machine())
    table.add_column("Value", justify="right")
    table.add_column("")
    for name, value, unit in rows:
        table.add_row(name, f"{value:,.0f}" if value >= 100 else f"{value:.2f}", unit)
    return table


def _machine() -> str:
    cores, memory = psutil.cpu_count(), psutil.virtual_memory().total >> 30
    return f"{cores} cores, {memory} GiB, {platform.system()}, Python {platform.python_version()}"


_BEGAN = time.monotonic()


def _say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:5.1f} s] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
