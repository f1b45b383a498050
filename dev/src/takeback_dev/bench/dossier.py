"""How long a case's package takes to be made in a long log, and a package of many exhibits to be verified.

Run: `python -m takeback_dev.bench.dossier` (`--entries 1000000 --copies 10 --exhibits 1000`). Packages are
made without witnesses and authorities, who would answer when they like: what is measured is our own part. The
package that is verified is made as for the tests, with both, and with small parts: what counts is files,
entries and proofs, and not how fast a disk is read. The program runs as people run it, as a process of its
own.
"""

import argparse
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from unittest.mock import patch

from takeback.app import keys_folder
from takeback.dossier import service
from takeback.dossier.model import Written
from takeback.ids import CaseId
from takeback.infra import clock
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.sequencer import Sequencer
from takeback.signals.sandbox import Decoder
from takeback_dev.bench import ledger
from takeback_dev.bench.rows import Row

if TYPE_CHECKING:
    from tests.house import House  # found by its own folder when this runs

ENTRIES, COPIES, EXHIBITS = 1_000_000, 10, 1000
TESTS = Path(__file__).parents[4] / "tests"

_STARTER = """
import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A process has the peak of who started it as its own at first, so a small one starts the verifier."""


@dataclass(frozen=True, slots=True)
class Packing:
    """One package of one case."""

    commit: float
    """Seconds to read the case, set and seal its certificates, and record the closed list."""
    prove: float
    """Seconds to prove its entries in the log, and to write the zip."""
    entries: int
    """That it opens."""
    size: int
    """In bytes."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m takeback_dev.bench.dossier", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="of the log")
    parser.add_argument("--copies", type=int, default=COPIES, help="in the case whose package is made")
    parser.add_argument("--exhibits", type=int, default=EXHIBITS, help="in the package that is verified")
    asked = parser.parse_args()
    for name, value, unit in measure(asked.entries, asked.copies, asked.exhibits):
        print(f"{name:<68}{value:>10.2f} {unit}", flush=True)


def measure(entries: int, copies: int, exhibits: int) -> Iterator[Row]:
    """All of it."""
    made = pack(entries, copies)
    name = f"package of {copies} copies, {made.entries} entries of {entries:,}"
    yield f"{name}: read, certificates, commitment", made.commit, "s"
    yield f"{name}: proofs, zip", made.prove, "s"
    yield f"{name}: size", made.size / 1e6, "MB"
    for what, seconds, megabytes in verify(exhibits):
        yield f"package of {exhibits:,} exhibits {what}", seconds, "s"
        yield f"package of {exhibits:,} exhibits {what}, memory", megabytes, "MB"


def pack(entries: int, copies: int) -> Packing:
    """The package of a case with so many copies that were found, removed and looked for again."""
    house, evidence, platforms = map(_of_tests, ("house", "evidence", "platform_in_memory"))
    time = house.Time()
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name, patch.object(clock, "now", time.now):
        folder = Path(name)
        server = EmbeddedPostgres(folder / "pg")
        try:
            migrate.upgrade(server.url)
            with Database(server.url) as database, Decoder(processes=1, max_bytes=10**6) as decoder:
                sealer = evidence.a_sealer(folder, evidence.People())
                platform = platforms.MemoryPlatform()
                inside = house.House(database, platform, folder / "data", decoder, time, sealer=sealer)
                settings = inside.app.settings
                sequencer = Sequencer(database, Signer(keys_folder(settings), settings.ledger_origin))
                case = _a_case(inside, house.picture(1), copies)
                ledger.fill(database, entries)
                return _made(inside, case, sequencer)
        finally:
            server.stop()


def _a_case(house: "House", picture: bytes, copies: int) -> CaseId:
    """Some hours ago: posted, reported, captured, decided, removed, looked for again."""
    house.time.advance(timedelta(hours=-3))
    for _ in range(copies):
        house.platform.post(picture)
    house.watch()
    report = house.report(picture)
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    house.after(hours=1, steps=2)
    house.time.set(datetime.now(UTC))
    return house.case_of(report)


def _made(house: "House", case: CaseId, sequencer: Sequencer) -> Packing:
    with house.database.transaction() as tx:
        dossier = service.ask(tx, case, by=None, reason=service.OPERATOR, now=clock.now())
    ledger.drain(sequencer)
    commit = ledger.timed(lambda: service.advance(house.app, dossier))
    [(entries,)] = house.query("select count(*) from dossier_place")
    ledger.drain(sequencer)
    found: list[Written | str] = []
    prove = ledger.timed(lambda: found.append(service.advance(house.app, dossier)))
    [written] = found
    assert isinstance(written, Written), written
    return Packing(commit, prove, entries, written.size)


def verify(exhibits: int) -> Iterator[tuple[str, float, float]]:
    """How it is verified; seconds; and the most megabytes that the program took."""
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name:
        folder = Path(name)
        made = _of_tests("packages").World(folder).package(exhibits=exhibits)
        (folder / "dossier.zip").write_bytes(made.zip)
        (folder / "trust.json").write_bytes(made.trust)
        (folder / "key.txt").write_text(made.key)
        program = [Path(sys.executable).with_name("takeback-verify"), folder / "dossier.zip"]
        program += ["--trust", folder / "trust.json"]
        key = ["--open", folder / "key.txt"]
        for what, more in (("verified", key[:0]), ("verified and opened", key)):
            command = [sys.executable, "-c", _STARTER, *program, *more]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds, kilobytes = map(float, done.stdout.split())
            yield what, seconds, kilobytes * 1024 / 1e6


def _of_tests(name: str) -> ModuleType:
    """A module that the tests make their worlds with."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    return importlib.import_module(name)


if __name__ == "__main__":
    main()
