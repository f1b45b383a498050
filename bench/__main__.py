"""`make bench`: every number that the README gives, as one table.

Run: `python -m bench` (`--quick` for fewer rounds, `--json FILE` to keep the numbers). One run takes two or
three minutes and wants the machine for itself.
"""

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench import hashing, journey, ledger
from takeback.ground.db import migrate
from takeback.ground.db.embedded import EmbeddedPostgres
from takeback.ground.db.pool import Database
from takeback.ground.ledger.keys import Signer
from takeback.ground.ledger.sequencer import Sequencer
from takeback.signals.pdq import hash_bytes

MEGAPIXELS = (1632, 1224)
"""Two: what a chat's client leaves of a photograph."""
PEER = "PIL + pdqhash"
Row = tuple[str, float, str]
"""Measure, value, unit."""


def main() -> None:
    """Measure, print, and keep if asked."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and posts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers as JSON, too")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="as of `takeback demo`")
    asked = parser.parse_args()
    rows = [
        *_pictures(rounds=3 if asked.quick else 9),
        *_ledger(facts=400 if asked.quick else 4000),
        *_start_up(),
        *_journey(asked.cache, posts=20 if asked.quick else 200),
    ]
    Console().print(_table(rows))
    if asked.json is not None:
        numbers = {
            "machine": _machine(),
            "numbers": {f"{name} [{unit}]": value for name, value, unit in rows},
        }
        asked.json.write_text(json.dumps(numbers, indent=1) + "\n")


def _pictures(rounds: int) -> list[Row]:
    _say("Decoding and hashing ...")
    files = [hashing.jpeg(seed, *MEGAPIXELS) for seed in hashing.SEEDS]
    times = hashing.measure({PEER: hashing.peer, "ours": hash_bytes}, files, rounds)
    return [
        ("decode and hash, one core, 2 megapixels", 1 / times["ours"], "images/s"),
        (f"the same by {PEER}", 1 / times[PEER], "images/s"),
        ("ratio", times[PEER] / times["ours"], "times"),
    ]


def _ledger(facts: int) -> list[Row]:
    _say("Recording facts and sequencing the ledger ...")
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name:
        server = EmbeddedPostgres(Path(name) / "pg")
        try:
            migrate.upgrade(server.url)
            with Database(server.url) as database, ThreadPoolExecutor(ledger.WRITERS) as pool:
                shares = [facts // ledger.WRITERS] * ledger.WRITERS
                write = ledger.timed(
                    lambda: list(pool.map(ledger.write, [database] * ledger.WRITERS, shares))
                )
                sequencer = Sequencer(database, Signer(Path(name) / "keys", "bench.example/ledger"))
                drain = ledger.timed(lambda: ledger.drain(sequencer))
        finally:
            server.stop()
    return [
        (f"ledger: record, {ledger.WRITERS} writers", sum(shares) / write, "facts/s"),
        ("ledger: sequence and sign", sum(shares) / drain, "entries/s"),
    ]


def _start_up() -> list[Row]:
    _say("Starting the service, twice ...")
    first, again = journey.start_up()
    return [
        ("`takeback serve` until all doors answer, first start", first, "s"),
        ("`takeback serve` until all doors answer, later", again, "s"),
    ]


def _journey(cache: Path, posts: int) -> list[Row]:
    numbers = journey.measure(cache, posts, _say)
    percentiles = statistics.quantiles(numbers.post_to_match, n=100, method="inclusive")
    return [
        ("report to gone, six copies", numbers.report_to_gone, "s"),
        (f"post to match, p50 of {posts}", percentiles[49] * 1000, "ms"),
        (f"post to match, p99 of {posts}", percentiles[98] * 1000, "ms"),
        *((f"memory: {name}", size / 2**20, "MiB") for name, size in numbers.memory.items()),
    ]


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
