"""How fast events are recorded, how soon a signed checkpoint covers them, and how fast a log is verified.

Run: `python -m takeback_dev.bench.ledger` (`--quick` for fewer events, `--entries 1000000` for proofs in a
long log). It uses a PostgreSQL of its own in a temporary folder, with its default settings: every commit is
on disk. The long log is made of entries without events, written at once: only its tree matters.
"""

import argparse
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from takeback.events import ReportReceived
from takeback.ids import ReportId
from takeback.infra import clock
from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.ledger import proofs, store
from takeback.infra.ledger.check import verify_ledger
from takeback.infra.ledger.keys import Signer
from takeback.infra.ledger.record import record
from takeback.infra.ledger.sequencer import Sequencer
from takeback_dev.bench.rows import Row, percentiles

WRITERS = 4
PROOFS = 200
"""Proofs of each kind in the long log."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m takeback_dev.bench.ledger", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the events")
    parser.add_argument("--entries", type=int, default=0, help="entries of the long log; 0: none")
    asked = parser.parse_args()
    for name, value, unit in measure(400 if asked.quick else 4000, asked.entries):
        print(f"{name:<56}{value:>10.1f} {unit}", flush=True)


def measure(events: int, entries: int) -> Iterator[Row]:
    """Each number under the conditions that its line names.

    Args:
        events: how many are recorded.
        entries: of the long log, for proofs; 0: none.
    """
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name:
        server = EmbeddedPostgres(Path(name) / "pg")
        try:
            migrate.upgrade(server.url)
            with Database(server.url) as database:
                signer = Signer(Path(name) / "keys", "bench.example/ledger")
                yield from _in_use(database, signer, events)
                if entries:
                    yield from _long(database, signer, entries)
        finally:
            server.stop()


def _in_use(database: Database, signer: Signer, events: int) -> Iterator[Row]:
    waits = [timed(lambda: write(database, 1)) for _ in range(events // 4)]
    yield "ledger: record, one writer", len(waits) / sum(waits), "events/s"
    yield from percentiles("ledger: record, one writer", waits)
    with ThreadPoolExecutor(WRITERS) as pool:
        share = events // WRITERS
        many = timed(lambda: list(pool.map(write, [database] * WRITERS, [share] * WRITERS)))
    yield f"ledger: record, {WRITERS} writers", events / many, "events/s"

    waiting = len(waits) + events
    sequencer = Sequencer(database, signer)
    yield "ledger: sequence and sign", waiting / timed(lambda: drain(sequencer)), "entries/s"

    delays = checkpoint_delays(database, sequencer)
    yield from percentiles("ledger: commit to signed checkpoint", delays)

    size = waiting + len(delays)
    check = timed(
        lambda: verify_ledger(database, signer.verifier, now=clock.now(), last_signed=signer.last())
    )
    yield "ledger: verify the whole log", size / check, "entries/s"


def _long(database: Database, signer: Signer, entries: int) -> Iterator[Row]:
    """How long a long log takes to get its places, and each proof in it."""
    fill(database, entries)
    sequencer = Sequencer(database, signer)
    seconds = timed(lambda: drain(sequencer))
    yield f"ledger: sequence and sign {entries:,} entries", entries / seconds, "entries/s"
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
    yield from percentiles(f"inclusion proof in {entries:,} entries", inclusion)
    yield from percentiles(f"consistency proof in {entries:,} entries", consistency)
    yield f"{PROOFS} inclusion proofs at once", many * 1e3, "ms"


def fill(database: Database, entries: int) -> None:
    """Make a log long: entries that wait for their place, without events."""
    with database.transaction() as tx:
        tx.execute("set local session_replication_role = replica")  # no event behind each entry
        tx.execute(
            """
            insert into ledger_entry (event_id, leaf)
            select -n, leaf from ledger_entry, generate_series(1, %s) n
            where id = (select min(id) from ledger_entry)
            """,
            (entries,),
        )


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
    """Record events, each in a transaction of its own."""
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
