"""How long a person waits while the machine has 50,000 other things to do.

`python -m takeback_dev.bench.backlog`: a backlog of comparing by details, a worker as `serve` starts it, and
one report after the other. The time is from the report's row to its case.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from takeback.infra.db import migrate
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback.infra.db.pool import Database
from takeback.infra.vault import keys
from takeback.infra.vault.seal import load_recipient
from takeback.jobs import Urgency
from takeback.submissions.model import Report
from takeback.submissions.receipt import load_pepper
from takeback.submissions.submit import submit
from takeback_dev.bench.rows import Row, percentiles

BACKLOG = 50_000
REPORTS = 20
PATIENCE = 60.0


def measure() -> list[Row]:
    """Return how long reports waited, and how much of the backlog was left."""
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name:
        folder = Path(name)
        keys.ensure(folder / "keys")
        server = EmbeddedPostgres(folder / "postgres")
        try:
            migrate.upgrade(server.url)
            with Database(server.url) as database:
                _fill(database)
                environment = {**os.environ, "TAKEBACK_DATABASE_URL": server.url, "TAKEBACK_DATA": name}
                worker = subprocess.Popen(
                    [sys.executable, "-m", "takeback.entrypoints.worker"], env=environment
                )
                try:
                    while _left(database) == BACKLOG:
                        time.sleep(0.1)
                    waits = [_wait(database, folder, number) for number in range(1, REPORTS + 1)]
                    left = _left(database)
                finally:
                    worker.terminate()
                    worker.wait(60)
        finally:
            server.stop()
    said = f"report to case, beside {BACKLOG:,} jobs of comparing"
    return [
        *percentiles(said, waits),
        ("jobs of comparing left then", left, "jobs"),
    ]


def _fill(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(
            "insert into procrastinate_jobs (queue_name, task_name, priority, args)"
            " select 'default', 'look_closely', %s, '{\"sighting\": 1, \"by\": \"live\"}'"
            " from generate_series(1, %s)",
            [Urgency.DETAILS, BACKLOG],
        )


def _wait(database: Database, folder: Path, number: int) -> float:
    report = Report(
        pictures=(),
        locations=(f"https://nowhere.example/{number}",),
        account="It was not me who posted it.",
        statement_nonconsent=True,
        statement_good_faith=True,
        signature="R.",
        contact="",
        language="en",
    )
    portal = folder / "keys" / keys.PORTAL_FOLDER
    began = time.monotonic()
    submit(database, load_recipient(portal), load_pepper(portal), report)
    while _count(database, "cases_case") < number:
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError("a report had no case within a minute")
        time.sleep(0.02)
    return time.monotonic() - began


def _left(database: Database) -> int:
    return _count(database, "procrastinate_jobs where task_name = 'look_closely'")


def _count(database: Database, rows: str) -> int:
    with database.transaction() as tx:
        (count,) = tx.execute(f"select count(*) from {rows}".encode()).fetchone() or (0,)
    return count


if __name__ == "__main__":
    for row in measure():
        print(*row)
