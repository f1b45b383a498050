"""The demo's processes, which the whole-way tests use too: Synapse and the whole service, on loopback.

Two halves, because tests want to run the service as an operator does, in processes of its own: `start_chat`
is the platform with people on it, `environment` says how the service is to be started beside it, and
`start_processes` is both, in one folder that is made anew.
"""

import fcntl
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from takeback.entrypoints.cli.serve import Service
from takeback.errors import ConfigurationError
from takeback.infra.config import PortalSettings, Settings
from takeback.infra.db.embedded import EmbeddedPostgres
from takeback_dev.demo import scenario
from takeback_dev.demo.chat import ChatUser
from takeback_dev.demo.member_view import MemberView
from takeback_dev.demo.outside import start_outside
from takeback_dev.demo.scenario import Scenario
from takeback_dev.demo.synapse import Synapse, ensure_installed

POSTED_BEFORE = 5
"""Copies that are in the room before Takeback is connected."""
FIRST_PORT = 8180
WITNESS_PORT = 8184
LEDGER_ORIGIN = "takeback.example/demo"
_DOORS = ("portal", "console", "api")
_PEOPLE = ("ada", "bo", "chen", "dina")


@dataclass(frozen=True, slots=True)
class Chat:
    """The platform's side."""

    synapse: Synapse
    moderator: ChatUser
    member: ChatUser
    member_view: MemberView
    """The member's."""
    people: tuple[ChatUser, ...]
    """Who post."""


@dataclass(frozen=True, slots=True)
class Processes:
    """Everything that runs."""

    synapse: Synapse
    scenario: Scenario
    member_view: MemberView
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
def start_chat(python: Path, folder: Path) -> Iterator[Chat]:
    """A Synapse with a moderation account, an ordinary member, and people who post.

    Args:
        python: of Synapse's environment, see `synapse.ensure_installed`.
        folder: for its files; the same folder twice is not possible, since the accounts exist.
    """
    with ExitStack() as stack:
        synapse = stack.enter_context(Synapse(python, folder))
        moderator = stack.enter_context(synapse.user("moderation", admin=True))
        member = stack.enter_context(synapse.user("ordinary-member"))
        member_view = stack.enter_context(MemberView(synapse.origin, member))
        people = tuple(stack.enter_context(synapse.user(name)) for name in _PEOPLE)
        yield Chat(synapse, moderator, member, member_view, people)


def environment(chat: Chat, data: Path, *, origin: str | None = None, **overrides: str) -> dict[str, str]:
    """What the service beside a chat server is started with; none of this machine's own TAKEBACK_ settings.

    Args:
        chat: what it watches.
        data: its data folder.
        origin: in place of Synapse's own, for who stands between.
        overrides: settings, as `undo_seconds="0"`.
    """
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TAKEBACK_")},
        "TAKEBACK_DATA": str(data),
        "TAKEBACK_CONNECTORS": "matrix",
        "TAKEBACK_MATRIX_URL": origin or chat.synapse.origin,
        "TAKEBACK_MATRIX_ADMIN_TOKEN": chat.moderator.token,
        "TAKEBACK_MATRIX_MEMBER_TOKEN": chat.member.token,
        "TAKEBACK_MATRIX_DISCOVER_EVERY": "1",
        "TAKEBACK_LEDGER_ORIGIN": LEDGER_ORIGIN,
        "TAKEBACK_RECHECK_AFTER": "5s,1m,1h",
        "TAKEBACK_STRICT": "true",
        **{f"TAKEBACK_{door.upper()}_PORT": str(port) for door, port in free_ports().items()},
        **{f"TAKEBACK_{name.upper()}": value for name, value in overrides.items()},
    }


@contextmanager
def start_processes(
    cache: Path,
    say: Callable[[str], None],
    stop: threading.Event | None = None,
    *,
    evidence: bool = False,
    **overrides: str,
) -> Iterator[Processes]:
    """Start everything, fill the room, and stop everything at the end.

    Args:
        cache: for the virtual environment of Synapse, kept, and the demo's folder, made anew.
        say: told each step.
        stop: when set, the service is not waited for.
        evidence: also play those outside whom evidence needs: recipients, a witness, authorities.
        overrides: settings, as `undo_seconds="0"`.
    """
    python = ensure_installed(cache, synapse_lock(), say)
    folder = cache / "demo"
    with ExitStack() as stack:
        stack.enter_context(_only_demo(cache))
        _clear(folder)
        say("Starting Synapse, a real Matrix chat server ...")
        chat = stack.enter_context(start_chat(python, folder / "synapse"))
        place = scenario.create(chat.people)
        say("Filling a public room with landscapes, among them copies of one ...")
        fill(place)
        data = folder / "data"
        if evidence:
            outside = start_outside(folder, data, LEDGER_ORIGIN, free_port(WITNESS_PORT), say)
            overrides = {**stack.enter_context(outside), **overrides}
        wanted = environment(chat, data, **overrides)
        settings, portal = _settings(wanted)
        say("Starting Takeback: database, worker, watcher, portal, console, API ...")
        service = stack.enter_context(Service(settings, portal, wanted, folder))
        service.wait_until_up(stop)
        yield Processes(chat.synapse, place, chat.member_view, service, settings)


def _settings(wanted: Mapping[str, str]) -> tuple[Settings, PortalSettings]:
    """Settings from these variables only: a real service's .env, or what is exported in this shell, names a
    real database.
    """
    for name in [name for name in os.environ if name.startswith("TAKEBACK_")]:
        del os.environ[name]
    os.environ.update(wanted)
    return Settings(_env_file=None), PortalSettings(_env_file=None)


def fill(place: Scenario) -> None:
    """Post the landscapes, and every edit but the last two among them."""
    for number, seed in enumerate(scenario.OTHERS):
        place.post_other(seed)
        if number % 3 == 0 and number // 3 < POSTED_BEFORE:
            place.post_copy(scenario.EDITS[number // 3])


@contextmanager
def _only_demo(cache: Path) -> Iterator[None]:
    """Raises ConfigurationError if another demo uses this folder: it would lose its data under its feet."""
    with (cache / "demo.lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"another demo is running in {cache}; stop it first, or give another folder with --cache"
            ) from error
        yield


def _clear(folder: Path) -> None:
    """Away with an earlier demo, and with a database that its kill -9 left running."""
    database = folder / "data" / "postgres"
    if (database / "postmaster.pid").exists():
        EmbeddedPostgres(database).stop()
    if folder.exists():  # aside first: what a killed demo left running may still write there for a moment
        folder.rename(folder.with_name(f"{folder.name}.old-{secrets.token_hex(4)}"))
    for old in folder.parent.glob(f"{folder.name}.old-*"):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir()


def free_ports() -> dict[str, int]:
    """A port for each door, the well-known ones if they are free."""
    with ExitStack() as held:  # all at once, so that no two doors get the same
        return {door: _hold_port(held, FIRST_PORT + n) for n, door in enumerate(_DOORS)}


def free_port(wanted: int) -> int:
    """The wanted port if it is free, else any. Raises ConfigurationError."""
    with ExitStack() as held:
        return _hold_port(held, wanted)


def _hold_port(held: ExitStack, wanted: int) -> int:
    for port in (wanted, 0):
        probe = held.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return probe.getsockname()[1]
    raise ConfigurationError("no free port on 127.0.0.1")
