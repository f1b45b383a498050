"""The whole service for tests: `takeback serve` as an operator runs it, beside a real Synapse, in memory.

It stands on the demo's own stage. Between the service and Synapse is a fault proxy, which can hold a call at
a chosen moment; a lock on a table holds the service between two of its own steps in the same way. So a test
kills at a moment that it chose, and not at one that the clock did.
"""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import numpy as np
import psutil
import psycopg
from psycopg import sql

from databases import temporary_folder
from faults import FaultProxy
from platforms import ROOT
from ports import any_ports
from takeback.ids import CaseId
from takeback.infra.db.pool import Database
from takeback.infra.outbound import OutboundClient, path
from takeback.signals.pdq.hashing import hash_pixels_flips
from takeback_dev.demo import check, scenario
from takeback_dev.demo.processes import Chat, environment, start_chat
from takeback_dev.demo.scenario import Posted, Scenario
from takeback_dev.demo.synapse import ensure_installed
from waiting import until

COMMAND = ("-c", "from takeback.entrypoints.cli.main import main; main()")
TAKEBACK = (sys.executable, *COMMAND)
"""The command `takeback`, whether or not its script is installed."""
UP = "Ctrl-C stops all of it."
PATIENCE = 60.0
"""Seconds for one step of the way; a loaded machine takes some."""
PARTS = ("worker", "watcher", "portal", "console", "api")


@dataclass(slots=True)
class House:
    """`takeback serve` on one data folder; it may be killed and started again."""

    folder: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    _connection: psycopg.Connection | None = None

    @property
    def data(self) -> Path:
        return Path(self.environment["TAKEBACK_DATA"])

    @property
    def log(self) -> Path:
        return self.folder / "serve.log"

    @property
    def portal(self) -> str:
        return f"http://127.0.0.1:{self.environment['TAKEBACK_PORTAL_PORT']}"

    def start(
        self, command: str = "serve", *, python: str | Path = sys.executable, user: str | None = None
    ) -> None:
        """Start it, and wait until it says that it is up."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, *COMMAND, command],
                env=dict(self.environment),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user,
            )
        running = self.process
        until(lambda: UP in self.said() or running.poll() is not None, PATIENCE, "takeback serve to be up")
        assert running.poll() is None, self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """Ask it to end, as an operator does."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(40)

    @property
    def database_url(self) -> str:
        return f"postgresql://postgres:@/postgres?host={self.data / 'postgres'}"

    def query(self, statement: LiteralString, *values: object) -> list[tuple[object, ...]]:
        """Ask the database once. Tests ask every moment, so the connection is kept while it works."""
        kept, self._connection = self._connection, None
        if kept is not None:
            with suppress(psycopg.OperationalError):  # PostgreSQL was killed since
                return self._ask(kept, statement, values)
        return self._ask(psycopg.connect(self.database_url, autocommit=True), statement, values)

    def _ask(
        self, connection: psycopg.Connection, statement: LiteralString, values: Sequence[object]
    ) -> list[tuple[object, ...]]:
        try:
            rows = connection.execute(statement, values).fetchall()
        except psycopg.Error:
            connection.close()
            raise
        self._connection = connection
        return rows

    def has(self, statement: LiteralString, *values: object) -> bool:
        """Whether there is such a row; False also while the database is away."""
        with suppress(psycopg.OperationalError):
            return bool(self.query(statement, *values))
        return False

    # --- its processes -----------------------------------------------------------------------------------

    def find(self, part: str) -> psutil.Process | None:
        """The process of a part, if it runs."""
        assert self.process is not None
        if part == "serve":
            return psutil.Process(self.process.pid)
        if part == "postgres":
            return self._postmaster()
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                with suppress(psutil.NoSuchProcess):
                    if child.cmdline()[-1:] == [f"takeback.entrypoints.{part}"]:
                        return child
        return None

    def part(self, part: str) -> psutil.Process:
        """The same, waited for."""
        return until(lambda: self.find(part), PATIENCE, f"{part} to run")

    def _postmaster(self) -> psutil.Process | None:
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            return psutil.Process(int((self.data / "postgres" / "postmaster.pid").read_text().split()[0]))
        return None

    def processes(self) -> list[psutil.Process]:
        """Everything that runs now: the supervisor, its parts, their decoders, PostgreSQL."""
        assert self.process is not None
        found = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        postmaster = self._postmaster()
        if postmaster is not None:
            found += [postmaster, *postmaster.children(recursive=True)]
        return found

    def kill(self, *parts: str) -> None:
        """kill -9, all of them before any could notice."""
        doomed = [self.part(part) for part in parts]
        for process in doomed:
            process.send_signal(signal.SIGKILL)
        for process in doomed:
            if self.process is not None and process.pid == self.process.pid:
                self.process.wait(10)
        psutil.wait_procs(doomed, timeout=10)

    @contextmanager
    def locked(self, table: LiteralString) -> Iterator[None]:
        """While the block runs, nobody changes this table or locks a row of it; whoever tries waits."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(sql.SQL("lock table {} in exclusive mode").format(sql.Identifier(table)))
            yield
            with suppress(psycopg.OperationalError):  # PostgreSQL itself may have been killed meanwhile
                connection.rollback()

    def until_waiting(self, table: LiteralString, by: LiteralString = "postgres") -> None:
        """Until somebody, as this database role, waits for a lock on this table."""
        asked: LiteralString = (
            "select from pg_locks l join pg_stat_activity a using (pid)"
            " where not granted and locktype = 'relation' and relation = %s::regclass and usename = %s"
        )
        until(lambda: self.has(asked, table, by), PATIENCE, f"somebody to wait for {table}")

    def until_event(self, kind: str, number: int = 1) -> None:
        """Until so many events of a kind are recorded."""
        until(lambda: self.count(kind) >= number, PATIENCE, f"{number} events of kind {kind}")

    def count(self, kind: str) -> int:
        """How many events of a kind are recorded."""
        with suppress(psycopg.OperationalError):
            return len(self.query("select from event where kind = %s", kind))
        return -1


@dataclass(frozen=True, slots=True)
class Scene:
    """A chat server, a fault proxy before it, and the service."""

    chat: Chat
    proxy: FaultProxy
    house: House


@contextmanager
def running_chat() -> Iterator[tuple[Chat, Path]]:
    """A new Synapse with people, and a folder, in memory, that goes with it."""
    python = ensure_installed(ROOT / ".cache", ROOT / "lock" / "synapse.txt", print)
    with temporary_folder() as folder, start_chat(python, folder / "synapse") as chat:
        yield chat, folder


@contextmanager
def running_house(folder: Path, wanted: Mapping[str, str]) -> Iterator[House]:
    """`takeback serve`, ended with all its children whatever happened to it."""
    house = House(folder, wanted)
    try:
        house.start()
        yield house
    finally:
        house.stop()
        sys.stderr.write(house.said())  # with a failure, pytest shows it


@contextmanager
def running_scene(**overrides: str) -> Iterator[Scene]:
    """All of it, impatient: leases and heartbeats are short, and one look tells whether a copy is gone."""
    with ExitStack() as stack:
        chat, folder = stack.enter_context(running_chat())
        proxy = stack.enter_context(FaultProxy(chat.synapse.origin))
        impatient = {"heartbeat_seconds": "0.5", "lease_seconds": "2", "recheck_after": "1h", **any_ports()}
        wanted = environment(chat, folder / "data", origin=proxy.origin, **impatient | overrides)
        yield Scene(chat, proxy, stack.enter_context(running_house(folder, wanted)))


# --- one report, from the room to its end ----------------------------------------------------------------


@dataclass(slots=True)
class Journey:
    """One picture, copied in a room of its own among others, reported, and to be removed.

    Args:
        scene: where it happens.
        seed: of the picture; no two journeys on one scene share it.
    """

    scene: Scene
    seed: int
    scenario: Scenario = field(init=False)
    case: CaseId = field(init=False)
    attempt: str = field(init=False)

    BEFORE = ("as posted", "mirrored")
    LIVE = "re-encoded"

    def __post_init__(self) -> None:
        self.attempt = f"{self.seed:032x}"
        self.scenario = scenario.create(self.scene.chat.people, self.seed)
        for number, edit in enumerate(self.BEFORE):
            self.scenario.post_copy(edit)
            self.scenario.post_other(10_000 + self.seed * 10 + number)

    @property
    def house(self) -> House:
        return self.scene.house

    @property
    def posted(self) -> list[Posted]:
        return [*self.scenario.copies, *self.scenario.others]

    def until_seen(self) -> None:
        """Until the watcher has read everything that was posted here."""
        until(lambda: self.seen() == len(self.posted), PATIENCE, "the watcher to read the room")

    def seen(self) -> int:
        with suppress(psycopg.OperationalError):
            return len(self.house.query("select from sightings_post where place = %s", self.scenario.room))
        return -1

    def report(self) -> str:
        """Through the portal; the receipt."""
        address = f"10.{self.seed // 256 % 256}.{self.seed % 256}.1"  # the portal slows one network down
        return check.report(self.house.portal, scenario.the_picture(self.seed), self.attempt, address)

    def until_case(self) -> None:
        """Until this report's case is there."""
        shown = hash_pixels_flips(np.asarray(scenario.the_picture(self.seed)))[0].hash
        wanted: LiteralString = (
            "select c.id from cases_case c join bank_entry e on e.report_id = c.report_id"
            " join bank_signal s on s.entry_id = e.id"
            " where s.flip = 0 and s.hash = %s and e.made_of is null"
        )
        until(lambda: self.house.has(wanted, shown), PATIENCE, "the case")
        ((case,),) = self.house.query(wanted, shown)
        assert isinstance(case, UUID)
        self.case = CaseId(case)

    def until_found(self, timeout: float = PATIENCE) -> None:
        """Until every copy is in the case."""
        copies: LiteralString = "select from cases_copy where case_id = %s"

        def all_found() -> bool:
            with suppress(psycopg.OperationalError):
                return len(self.house.query(copies, self.case)) >= len(self.scenario.copies)
            return False

        until(all_found, timeout, "every copy to be found")

    def decide(self) -> None:
        """As a reviewer; it takes effect at once."""
        with Database(self.house.database_url) as database:
            check.decide(database, self.case)

    def until_removed(self, timeout: float = PATIENCE) -> None:
        """Until the case says that every copy is gone."""
        wanted: LiteralString = (
            "select from cases_case c where id = %s and status = 'removed'"
            " and %s = (select count(*) from takedown_target t where t.case_id = c.id and t.state = 'gone')"
        )
        until(
            lambda: self.house.has(wanted, self.case, len(self.scenario.copies)),
            timeout,
            "every copy to be gone",
        )

    def walk_to_found(self) -> None:
        """Report, and wait until every copy is found."""
        self.until_seen()
        self.report()
        self.until_case()
        self.until_found()

    def finish(self) -> None:
        """Walk the rest of the way, wherever it stands; and one more copy comes, which is found live."""
        self.until_seen()
        self.until_case()
        self.until_found()
        self.scenario.post_copy(self.LIVE)
        self.until_found()
        if self.house.has("select from cases_case where id = %s and status = 'open'", self.case):
            self.decide()
        self.until_removed()


# --- what must hold at the end, whatever happened on the way ----------------------------------------------


def assert_gone_and_done_once(journey: Journey) -> None:
    """Asked of Synapse: the copies are gone and nothing else is. Of Takeback: nothing lost or done twice."""
    _assert_room(journey)
    _assert_platform(journey)
    _assert_records(journey)
    with Database(journey.house.database_url) as database:
        keys = journey.house.data / "keys"
        assert check.ledger_verdict(database, keys, lambda what, ask: until(ask, PATIENCE, what)) == "VALID"


def _assert_room(journey: Journey) -> None:
    """As an ordinary member sees it."""
    member_view = journey.scene.chat.member_view
    shown = {each.message: each.media for each in member_view.room(journey.scenario.room)}
    for copy in journey.scenario.copies:
        assert shown[copy.message] is None, f"the message of {copy.name} is still there"
        assert member_view.picture(copy.media) is None, f"the picture of {copy.name} is still served"
    for other in journey.scenario.others:
        assert shown[other.message] == other.media, f"{other.name} was touched"
        assert member_view.picture(other.media), f"{other.name} was quarantined"


def _assert_platform(journey: Journey) -> None:
    """As the server remembers it: one redaction for each copy, one quarantine, and none for the others."""
    room = journey.scenario.room
    with OutboundClient(
        journey.scene.chat.synapse.origin, token=journey.scene.chat.moderator.token
    ) as client:
        said = client.get(path("/_synapse/admin/v1/rooms", room, "messages", dir="b", limit="500")).json()
        assert isinstance(said, dict)
        redacted = Counter(event["redacts"] for event in said["chunk"] if event["type"] == "m.room.redaction")
        assert redacted == Counter(copy.message for copy in journey.scenario.copies)
        for posted in journey.posted:
            server, media = posted.media.removeprefix("mxc://").split("/")
            known = client.get(path("/_synapse/admin/v1/media", server, media)).json()
            assert isinstance(known, dict)
            quarantined = known["media_info"]["quarantined_by"] is not None
            assert quarantined == (posted in journey.scenario.copies), posted.name


def _assert_records(journey: Journey) -> None:
    """As Takeback wrote it down."""
    house, number = journey.house, len(journey.scenario.copies)
    ((report,),) = house.query("select report_id from cases_case where id = %s", journey.case)
    entries = house.query("select id, status, made_of from bank_entry where report_id = %s", report)
    ((entry, status),) = [(each, stands) for each, stands, made_of in entries if made_of is None]
    made = [(stands, made_of) for _, stands, made_of in entries if made_of is not None]
    own = {
        row[0] for row in house.query("select sighting_id from cases_copy where case_id = %s", journey.case)
    }
    assert made, "nothing acts that a reviewer saw"
    assert all(stands == "active" and made_of in own for stands, made_of in made)
    messages = {copy.message for copy in journey.scenario.copies}
    found = house.query(
        "select p.message from matching_match m join sightings_post p on p.id = m.sighting_id"
        " where m.entry_id = %s",
        entry,
    )
    assert Counter(row[0] for row in found) == Counter(messages), "a match is lost, doubled or false"
    assert status == "seed"
    case, entry_text = str(journey.case), str(entry)
    events = Counter(
        row[0]
        for row in house.query(
            "select kind from event where body ->> 'case' = %s or body ->> 'entry' = %s"
            " or body ->> 'target' in (select id::text from takedown_target where case_id = %s)",
            case, entry_text, journey.case,
        )
    )  # fmt: skip
    expected = {
        "entry_banked": 1,
        "case_opened": 1,
        "matched": number,
        "copy_found": number,
        "decided": 1,
        "decision_effective": 1,
        "removal_planned": number,
        "removal_step_done": 2 * number,
        "rechecked": number,
        "found_gone": number,
    }
    assert events == expected, sorted(events.items() ^ expected.items())
    steps = house.query(
        "select s.attempt, s.action, s.done_at is not null from takedown_step s"
        " join takedown_target t on t.id = s.target_id where t.case_id = %s",
        journey.case,
    )
    assert Counter(steps) == {(0, "quarantine_media", True): number, (0, "redact_message", True): number}
    assert house.query(
        "select state, count(*) from takedown_target where case_id = %s group by 1", journey.case
    ) == [("gone", number)]
    assert house.query("select body from event where kind in ('job_gave_up', 'removal_failed')") == []
    assert house.query("select task_name from procrastinate_jobs where status = 'failed'") == []
