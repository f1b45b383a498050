"""How soon a post is sealed and logged, measured on a real Synapse and the real service.

Two ways: a post that matches what was reported (told, then captured by a job), and one in a place under
investigation (captured ahead of everything). Latency is taken from outside: from the moment before a message
is sent to the chat server until another connection to the database sees the entry of its capture committed.

Run: `python -m takeback_dev.bench.capture` (`--posts` for how many each way).
"""

import argparse
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from pyrage import x25519

from takeback.evidence import watching
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.vault.recipients import Directory, Member, Role, Use, directory_path, format_directory
from takeback.infra.vault.seal import Recipient
from takeback_dev.bench.journey import MOST_PAUSE, OTHER_PICTURE
from takeback_dev.bench.rows import Row, percentiles
from takeback_dev.demo import check, scenario
from takeback_dev.demo.processes import Processes, start_processes
from takeback_dev.demo.scenario import Scenario

LONGEST = 180.0
DURABLE = """
    select c.message from evidence_capture c join ledger_entry e on e.event_id = c.event_id
    where c.place = %s and c.state = 'captured'
"""
STRANGERS = 700
"""Seeds of pictures that nobody reported."""


@dataclass(frozen=True, slots=True)
class CaptureNumbers:
    """Seconds from a post to the durable entry of its capture, sorted."""

    match: tuple[float, ...]
    investigation: tuple[float, ...]


def measure(cache: Path, posts: int) -> CaptureNumbers:
    """Post so many copies of a reported picture, and so many others where somebody investigates."""
    settings = {"undo_seconds": "0", "seed_copies": str(posts + 1000)}  # nobody decides here
    with start_processes(cache.resolve(), print, **settings) as processes:
        _let_somebody_open(directory_path(processes.settings))
        check.report(processes.service.addresses()["portal"], scenario.the_picture(OTHER_PICTURE))
        matched = scenario.create(processes.scenario.people, OTHER_PICTURE)
        watched = scenario.create(processes.scenario.people, STRANGERS)
        with Database(processes.service.database_url) as database, database.transaction() as tx:
            now = clock.now()
            until = now + timedelta(days=1)
            watching.investigate(tx, "matrix", watched.room, now, until, suspected_minor=False)
        copy = scenario.edits(OTHER_PICTURE)["as posted"]
        others = [scenario.edits(STRANGERS + n)["as posted"] for n in range(4)]
        return CaptureNumbers(
            match=_latencies(processes, matched, [copy], posts),
            investigation=_latencies(processes, watched, others, posts),
        )


def rows(numbers: CaptureNumbers) -> Iterator[Row]:
    """As a table."""
    for name, delays in (("a match", numbers.match), ("under investigation", numbers.investigation)):
        yield from percentiles(f"post to durable entry of its capture, {name}, of {len(delays)}", delays)


def _let_somebody_open(path: Path) -> None:
    """A directory of recipients, if the service has none: what is captured here is thrown away."""
    if path.exists():
        return
    roles = (Role.LAWYER, Role.RECOVERY)
    keys = [Recipient(str(x25519.Identity.generate().to_public())) for _ in roles]
    members = [Member(role, role.value, key, Use.STANDING) for role, key in zip(roles, keys, strict=True)]
    path.write_text(format_directory(Directory(tuple(members))), "ascii")


def _latencies(
    processes: Processes, place: Scenario, files: Sequence[bytes], posts: int
) -> tuple[float, ...]:
    with psycopg.connect(processes.service.database_url, autocommit=True) as connection:

        def durable() -> set[str]:
            return {row[0] for row in connection.execute(DURABLE, [place.room])}

        _warm(place, files[0], durable)
        posted: dict[str, float] = {}
        poster = threading.Thread(target=_post, args=[place, files, posts, posted])
        poster.start()
        seen: dict[str, float] = {}
        deadline = time.monotonic() + LONGEST
        while poster.is_alive() or not posted.keys() <= seen.keys():
            for message in durable() - seen.keys():
                seen[message] = time.monotonic()
            if time.monotonic() > deadline:
                raise SystemExit(f"{len(posted.keys() - seen.keys())} posts were not captured in time")
            time.sleep(0.002)
        return tuple(sorted(seen[message] - at for message, at in posted.items()))


def _warm(place: Scenario, data: bytes, durable: Callable[[], set[str]]) -> None:
    """Until the room is joined and what is posted there is captured."""
    deadline = time.monotonic() + LONGEST
    while not durable():
        place.people[0].post_picture(place.room, data, "image/jpeg")
        until = time.monotonic() + 3
        while time.monotonic() < until and not durable():
            time.sleep(0.05)
        if time.monotonic() > deadline:
            raise SystemExit("nothing is captured; is something else busy on this machine?")


def _post(place: Scenario, files: Sequence[bytes], posts: int, posted: dict[str, float]) -> None:
    person, pauses, waiting = place.people[0], random.Random(0), threading.Event()
    for number in range(posts):
        media = person.upload(files[number % len(files)])
        began = time.monotonic()
        posted[person.post_media(place.room, media)] = began
        waiting.wait(pauses.uniform(0, MOST_PAUSE))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m takeback_dev.bench.capture", description=__doc__)
    parser.add_argument("--posts", type=int, default=200, help="posts, each way")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="as of `takeback demo`")
    asked = parser.parse_args()
    with suppress(KeyboardInterrupt):
        for name, value, unit in rows(measure(asked.cache, asked.posts)):
            print(f"{name:<72}{value:>8.0f} {unit}")


if __name__ == "__main__":
    main()
