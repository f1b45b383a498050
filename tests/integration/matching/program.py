"""Processes for the test of the join: they may be killed at any moment, and others take their place.

python program.py watch URL     read the made-up streams to their end
python program.py bank URL      bank the made-up entries, one after the other while posts pass
python program.py work URL      do the jobs
"""

import logging
import os
import random
import sys
import threading
from datetime import timedelta
from uuid import UUID

from psycopg.sql import SQL, Identifier

import banks
import look_backs
import synthetic
from takeback.bank import service as bank
from takeback.bank.index import BankIndex
from takeback.errors import LeaseLost
from takeback.ids import EntryId, ReportId
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.jobs.worker import Work, run
from takeback.jobs import HandleEvent
from takeback.matching import service as matching
from takeback.sightings import leases
from waiting import until

SHARDS, POSTS, BATCH = 6, 500, 20
ENTRIES = 24
REPORT = ReportId(UUID(int=1))
IMAGES = [synthetic.an_image(random.Random(f"entry {n}")) for n in range(ENTRIES)]


def a_post(stream, number):
    """One in eight shows an entry; or nearly so."""
    dots = random.Random(f"{stream} {number}")
    value = dots.randbytes(32)
    if dots.random() < 1 / 8:
        value = synthetic.bent(dots.choice(dots.choice(IMAGES)), dots.choice([0, 10, 31, 32, 48, 49]), dots)
    return synthetic.seen(stream, number, value)


PACE = SHARDS * POSTS // (ENTRIES + 2)
"""Posts for each entry: whoever is ahead waits, so entries come before and after posts on any machine."""


def count(database, table) -> int:
    with database.transaction() as tx:
        return tx.execute(SQL("select count(*) from {}").format(Identifier(table))).fetchone()[0]


def watch(database) -> None:
    def bank_is_near() -> bool:
        return count(database, "sightings_post") <= (count(database, "bank_entry") + 3) * PACE

    index, holder = BankIndex(), str(os.getpid())
    while True:
        with database.transaction() as tx:
            lease = leases.lease(tx, "memory", holder, timedelta(seconds=1))
            left = tx.execute("select count(*) from sightings_stream where not done").fetchone()[0]
        if left == 0:
            return
        if lease is None:
            continue
        try:
            for start in range(int(lease.cursor or 0), POSTS, BATCH):
                posts = [a_post(lease.stream.name, n) for n in range(start, start + BATCH)]
                end = start + BATCH
                until(bank_is_near, 120, "the bank is near")
                with database.transaction() as tx:
                    leases.renew(tx, lease, timedelta(seconds=1))
                    matching.commit_batch(
                        tx, index, lease, posts, str(end), done=end >= POSTS, now=clock.now()
                    )
        except LeaseLost:
            continue


def put_in(database) -> None:
    for n, image in enumerate(IMAGES):
        until(lambda n=n: count(database, "sightings_post") >= n * PACE, 120, "posts pass")
        with database.transaction() as tx:
            entry = bank.add_seed(tx, REPORT, str(n), image, 100, clock.now())
        with database.transaction() as tx:
            banks.activate(tx, entry, clock.now())


def work(database) -> None:
    def follow(job) -> None:
        """Banked entries are looked for, as the workflow does; nothing else is done here."""
        if not isinstance(job, HandleEvent):
            return
        with database.transaction() as tx:
            kind, body = tx.execute("select kind, body from event where id = %s", [job.event]).fetchone()
        if kind == "entry_banked":
            look_backs.look_back(database, EntryId(UUID(body["entry"])), clock.now())

    run(database, Work(follow, lambda *_: None), threading.Event(), concurrency=2, heartbeat=0.4)


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    what, url = sys.argv[1:]
    with Database(url, max_size=4) as opened:
        {"watch": watch, "bank": put_in, "work": work}[what](opened)
