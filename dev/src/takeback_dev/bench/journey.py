"""The whole way, measured on a real Synapse and the real service: how soon, and with how much memory.

It stands on the demo's processes, on disk like a real service's data. Latency is taken from outside: from the
moment before a message is sent to the chat server until another connection to the database sees its match.
"""

import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from takeback.errors import Unavailable
from takeback.infra.outbound import OutboundClient
from takeback_dev.demo import check, scenario
from takeback_dev.demo.processes import Processes, free_ports, start_processes
from takeback_dev.demo.scenario import Scenario

OTHER_PICTURE = 8
"""Reported for the latency alone, and never decided: a removed file cannot be posted again."""
LONGEST = 120.0
MOST_PAUSE = 0.3
"""Seconds between two posts, at most: quicker than any one room, slower than what the watcher can take."""


@dataclass(frozen=True, slots=True)
class JourneyNumbers:
    """What the whole way came to."""

    report_to_gone: float
    """Seconds."""
    post_to_match: tuple[float, ...]
    """Seconds, sorted."""
    memory: dict[str, int]
    """Resident bytes by process, after all of it."""


def measure(cache: Path, posts: int, say: Callable[[str], None]) -> JourneyNumbers:
    """Walk the way of the demo, then post many copies of another reported picture.

    Args:
        cache: as `takeback demo --cache`.
        posts: how many.
        say: told each step.
    """
    with start_processes(cache.resolve(), say, undo_seconds="0") as processes:
        result = check.walk(processes, say, threading.Event())
        if not result.holds:
            raise SystemExit(f"the check does not hold, so nothing is measured: {check.as_line(result)}")
        say(f"Posting {posts} copies of another picture ...")
        delays = latencies(processes, posts)
        return JourneyNumbers(result.seconds_report_to_gone, tuple(sorted(delays)), memory(processes))


def latencies(processes: Processes, posts: int) -> list[float]:
    """Seconds from each post to its match."""
    place = scenario.create(processes.scenario.people, OTHER_PICTURE)
    with psycopg.connect(processes.service.database_url, autocommit=True) as connection:

        def matched() -> set[str]:
            rows = connection.execute(
                "select p.message from matching_match m join sightings_post p on p.id = m.sighting_id"
                " where p.place = %s",
                [place.room],
            )
            return {row[0] for row in rows}

        check.report(processes.service.addresses()["portal"], scenario.the_picture(OTHER_PICTURE))
        first = place.post_copy("as posted").message
        _until(lambda: first in matched())  # the room is joined, and the picture is banked

        posted: dict[str, float] = {}
        poster = threading.Thread(target=_post, args=[place, posts, posted])
        poster.start()
        seen: dict[str, float] = {}

        def all_seen() -> bool:
            for message in matched() - seen.keys():
                seen[message] = time.monotonic()
            return not poster.is_alive() and posted.keys() <= seen.keys()

        _until(all_seen)
        return [seen[message] - at for message, at in posted.items()]


def _post(place: Scenario, posts: int, posted: dict[str, float]) -> None:
    person, data = place.people[0], scenario.edits(OTHER_PICTURE)["as posted"]
    pauses = random.Random(0)
    waiting = threading.Event()
    for _ in range(posts):
        media = person.upload(data)
        began = time.monotonic()
        posted[person.post_media(place.room, media)] = began
        waiting.wait(pauses.uniform(0, MOST_PAUSE))


def memory(processes: Processes) -> dict[str, int]:
    """Resident bytes of each part and of its decoders; PostgreSQL's processes share most of theirs, which is
    counted once.
    """
    found: dict[str, int] = {}
    for part in processes.service.parts:
        assert part.process is not None
        process = psutil.Process(part.process.pid)
        found[part.name] = process.memory_info().rss
        decoders = [child.memory_info().rss for child in process.children(recursive=True)]
        if decoders:
            found[f"{part.name}'s {len(decoders)} decoders"] = sum(decoders)
    number = (processes.settings.data / "postgres" / "postmaster.pid").read_text().split()[0]
    postmaster = psutil.Process(int(number))
    found["PostgreSQL"] = sum(_share(each) for each in [postmaster, *postmaster.children(recursive=True)])
    return found


def _share(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        full = process.memory_full_info()
        return getattr(full, "pss", full.uss)
    return 0


def start_up() -> tuple[float, float]:
    """Seconds until every door of `takeback serve` answers: the first time, and again on the same data."""
    with tempfile.TemporaryDirectory(prefix="takeback-bench-") as name:
        # No TAKEBACK_ setting of this machine, and no .env: the folder is empty.
        environment = {"TAKEBACK_DATA": f"{name}/data"}
        ports = free_ports()
        environment |= {f"TAKEBACK_{door.upper()}_PORT": str(port) for door, port in ports.items()}
        return _start_up(name, environment, ports), _start_up(name, environment, ports)


def _start_up(folder: str, environment: dict[str, str], ports: dict[str, int]) -> float:
    began = time.monotonic()
    service = subprocess.Popen(
        [sys.executable, "-c", "from takeback.entrypoints.cli.main import main; main()", "serve"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for port in ports.values():
            _until(lambda port=port: _answers(port))
        return time.monotonic() - began
    finally:
        service.terminate()
        service.wait()


def _answers(port: int) -> bool:
    with OutboundClient(f"http://127.0.0.1:{port}") as client:
        try:
            client.get("/")
        except Unavailable:
            return False
        return True


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the bench waited too long; is something else busy on this machine?")
        time.sleep(0.002)
