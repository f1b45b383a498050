"""The demo's stage: a real Synapse and the whole service on loopback, in one folder that is made anew."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from takeback.doors.cli.demo import town
from takeback.doors.cli.demo.eyes import Eyes
from takeback.doors.cli.demo.synapse import Synapse, ensure_installed
from takeback.doors.cli.demo.town import Town
from takeback.doors.cli.serve import Service
from takeback.errors import ConfigurationError
from takeback.ground.config import Settings
from takeback.ground.db.embedded import EmbeddedPostgres

POSTED_BEFORE = 5
"""Copies that are in the room before Takeback is connected."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    synapse: Synapse
    town: Town
    eyes: Eyes
    """An ordinary member's."""
    service: Service
    settings: Settings


def synapse_lock() -> Path:
    """Synapse's lock file. Raises ConfigurationError outside a checkout."""
    for folder in (Path.cwd(), *Path(__file__).parents):
        if (folder / "lock" / "synapse.txt").is_file():
            return folder / "lock" / "synapse.txt"
    raise ConfigurationError("the demo needs lock/synapse.txt: run it in a checkout of the repository")


@contextmanager
def raise_stage(cache: Path, say: Callable[[str], None], **overrides: str) -> Iterator[Stage]:
    """Start everything, fill the room, and stop everything at the end.

    Args:
        cache: for the virtual environment of Synapse, kept, and the demo's folder, made anew.
        say: told each step.
        overrides: settings, as `undo_seconds="0"`.
    """
    python = ensure_installed(cache, synapse_lock(), say)
    folder = cache / "demo"
    _clear(folder)
    with ExitStack() as stack:
        say("Starting Synapse, a real Matrix chat server ...")
        synapse = stack.enter_context(Synapse(python, folder / "synapse"))
        moderator = stack.enter_context(synapse.user("moderation", admin=True))
        member = stack.enter_context(synapse.user("ordinary-member"))
        eyes = stack.enter_context(Eyes(synapse.origin, member))
        people = tuple(stack.enter_context(synapse.user(name)) for name in ("ada", "bo", "chen", "dina"))
        place = town.found(people)
        say("Filling a public room with landscapes, among them copies of one ...")
        fill(place)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")},
            "TAKEBACK_DATA": str(folder / "data"),
            "TAKEBACK_MATRIX_URL": synapse.origin,
            "TAKEBACK_MATRIX_ADMIN_TOKEN": moderator.token,
            "TAKEBACK_MATRIX_MEMBER_TOKEN": member.token,
            "TAKEBACK_MATRIX_DISCOVER_EVERY": "1",
            "TAKEBACK_LEDGER_ORIGIN": "takeback.example/demo",
            "TAKEBACK_RECHECK_AFTER": "5s,1m,1h",
            **{f"TAKEBACK_{name.upper()}_PORT": str(free_port(8180 + n)) for n, name in enumerate(_DOORS)},
            **{f"TAKEBACK_{name.upper()}": value for name, value in overrides.items()},
        }
        os.environ.update(environment)
        settings = Settings()
        say("Starting Takeback: database, worker, watcher, portal, console, API ...")
        service = stack.enter_context(Service(settings, environment))
        service.wait_until_up()
        yield Stage(synapse, place, eyes, service, settings)


_DOORS = ("portal", "console", "api")


def fill(place: Town) -> None:
    """Post the landscapes, and every edit but the last two among them."""
    for number, seed in enumerate(town.OTHERS):
        place.post_other(seed)
        if number % 3 == 0 and number // 3 < POSTED_BEFORE:
            place.post_copy(town.EDITS[number // 3])


def _clear(folder: Path) -> None:
    """Away with an earlier demo, and with a database that its kill -9 left running."""
    database = folder / "data" / "postgres"
    if (database / "postmaster.pid").exists():
        EmbeddedPostgres(database).stop()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def free_port(wanted: int) -> int:
    """The wanted port if it is free, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise ConfigurationError("no free port on 127.0.0.1")
