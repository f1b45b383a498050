"""How fast facts are recorded, how soon a signed checkpoint covers them, and how fast a log is verified.

Run: `python bench/ledger.py` (`--quick` for fewer facts, `--entries 1000000` for proofs in a long log). It
uses a PostgreSQL of its own in a temporary folder, with its default settings: every commit is on disk. The
long log is made of entries without facts, written at once: only its tree matters.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from takeback.facts import ReportReceived
from takeback.ground import clock
from takeback.ground.db import migrate
from takeback.ground.db.embedded import EmbeddedPostgres
from takeback.ground.db.pool import Database
from takeback.ground.ledger import proofs, store
from takeback.ground.ledger.check import verify_ledger
from takeback.ground.ledger.keys import Signer
from takeback.ground.ledger.record import record
from takeback.ground.ledger.sequencer import Sequencer
from takeback.ids import ReportId

WRITERS = 4
PROOFS = 200
"""Proofs of each kind in the long log."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the facts")
    parser.add_argument("--entries", type=int, default=0, help="entries of the long log; 0: none")
    asked = parser.parse_args()
    facts = 400 if asked.quick else 4000
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name:
        server = EmbeddedPostgres(Path(name) / "pg")
        try:
            migrate.upgrade(server.url)
            with Database(server.url) as database:
                signer = Signer(Path(name) / "keys", "bench.example/ledger")
                measure(database, signer, facts)
                if asked.entries:
                    measure_proofs(database, signer, asked.entries)
        finally:
            server.stop()


def measure(database: Database, signer: Signer, facts: int) -> None:
    """Each number under the conditions that its line names."""
    alone = timed(lambda: write(database, facts // 4)) / (facts // 4)
    print(f"{'record, one writer':<44}{1 / alone:>10.0f} facts/s")
    with ThreadPoolExecutor(WRITERS) as pool:
        share = facts // WRITERS
        many = timed(lambda: list(pool.map(write, [database] * WRITERS, [share] * WRITERS))) / facts
    print(f"{f'record, {WRITERS} writers':<44}{1 / many:>10.0f} facts/s")

    waiting = facts // 4 + facts
    sequencer = Sequencer(database, signer)
    batch = timed(lambda: drain(sequencer)) / waiting
    print(f"{'sequence and sign what waits':<44}{1 / batch:>10.0f} entries/s")

    delays = checkpoint_delays(database, sequencer)
    at_99 = statistics.quantiles(delays, n=100)[98]
    print(f"{'commit to signed checkpoint, p50':<44}{statistics.median(delays) * 1e3:>10.0f} ms")
    print(f"{'commit to signed checkpoint, p99':<44}{at_99 * 1e3:>10.0f} ms")

    size = waiting + len(delays)
    check = timed(
        lambda: verify_ledger(database, signer.verifier, now=clock.now(), last_signed=signer.last())
    )
    print(f"{'verify the whole log':<44}{size / check:>10.0f} entries/s")


def measure_proofs(database: Database, signer: Signer, entries: int) -> None:
    """How long a long log takes to get its places, and each proof in it."""
    fill(database, entries)
    sequencer = Sequencer(database, signer)
    each = timed(lambda: drain(sequencer)) / entries
    print(f"{f'sequence and sign {entries} entries':<44}{1 / each:>10.0f} entries/s")
    with database.transaction() as tx:
        size = store.placed(tx)
        chance = random.Random(1)
        inclusion = [
            timed(lambda: proofs.inclusion(tx, [chance.randrange(size)], size)) for _ in range(PROOFS)
        ]
        consistency = [
            timed(lambda: proofs.consistency(tx, chance.randrange(1, size), size)) for _ in range(PROOFS)
        ]
        many = timed(lambda: proofs.inclusion(tx, sorted(chance.sample(range(size), PROOFS)), size))
    show_proofs("inclusion proof", size, inclusion)
    show_proofs("consistency proof", size, consistency)
    print(f"{f'{PROOFS} inclusion proofs at once':<44}{many * 1e3:>10.1f} ms")


def fill(database: Database, entries: int) -> None:
    """Make a log long: entries that wait for their place, without facts."""
    with database.transaction() as tx:
        tx.execute("set local session_replication_role = replica")  # no fact behind each entry
        tx.execute(
            """
            insert into ledger_entry (fact_id, leaf)
            select -n, leaf from ledger_entry, generate_series(1, %s) n
            where id = (select min(id) from ledger_entry)
            """,
            (entries,),
        )


def show_proofs(what: str, size: int, seconds: list[float]) -> None:
    """Median and 99 % of a kind of proof."""
    at_99 = statistics.quantiles(seconds, n=100)[98]
    print(f"{f'{what} in {size} entries, p50':<44}{statistics.median(seconds) * 1e3:>10.2f} ms")
    print(f"{f'{what} in {size} entries, p99':<44}{at_99 * 1e3:>10.2f} ms")


def checkpoint_delays(database: Database, sequencer: Sequencer) -> list[float]:
    """Seconds from each commit to the checkpoint that covers it, while one writer goes on at its own pace."""
    stop = threading.Event()
    running = threading.Thread(target=sequencer.run, args=(stop,))
    running.start()
    delays: list[float] = []
    pending: list[float] = []
    try:
        until = time.perf_counter() + 10
        while time.perf_counter() < until or pending:
            if time.perf_counter() < until:
                write(database, 1)
                pending.append(time.perf_counter())
            with database.transaction() as tx:
                left = store.waiting(tx).count
            while len(pending) > left:
                delays.append(time.perf_counter() - pending.pop(0))
            time.sleep(0.01)
    finally:
        stop.set()
        running.join()
    return delays


def write(database: Database, count: int) -> None:
    """Record facts, each in a transaction of its own."""
    for _ in range(count):
        with database.transaction() as tx:
            record(tx, ReportReceived(ReportId(uuid4())))


def drain(sequencer: Sequencer) -> None:
    """Sequence until nothing waits."""
    while sequencer.sequence_once() is not None:
        pass


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
