"""`takeback demo`, as somebody who has just cloned the repository meets it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from databases import temporary_folder
from platforms import ROOT
from services import PATIENCE, TAKEBACK
from takeback_dev.demo import scenario
from takeback_dev.demo.synapse import ensure_installed
from waiting import until

LONGEST = 240.0
COPIES = len(scenario.EDITS)
SOME = 6
"""Processes: more than Synapse and the demo's own."""


@pytest.fixture
def cache() -> Iterator[Path]:
    """In memory; Synapse's environment, which takes half a minute to make, is the checkout's own."""
    with temporary_folder() as folder:
        ensure_installed(ROOT / ".cache", ROOT / "lock" / "synapse.txt", lambda _: None)
        (folder / "synapse").symlink_to(ROOT / ".cache" / "synapse")
        yield folder


def environment() -> dict[str, str]:
    """With settings of a real service exported, which the demo must not touch."""
    return {
        **os.environ,
        "TAKEBACK_DATABASE_URL": "postgresql://127.0.0.1:9/real",
    }


@dataclass(frozen=True, slots=True)
class Demo:
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def until_up(self) -> None:
        until(
            lambda: "Ctrl-C stops all of it." in self.said() or self.process.poll() is not None,
            LONGEST,
            "the demo to be up",
        )
        assert self.process.poll() is None, self.said()

    def address(self, name: str) -> str:
        found = re.search(rf"The {name} +(http://localhost:\d+)", self.said())
        assert found is not None, self.said()
        return found[1]

    def processes(self) -> list[psutil.Process]:
        """Of the demo: its children, and who else works in its folder (PostgreSQL leaves its parent)."""
        mine = psutil.Process(self.process.pid)
        folder = str(self.log.parent / "demo")
        beside = [each for each in psutil.process_iter() if folder in " ".join(cmdline(each))]
        return list({each.pid: each for each in [mine, *mine.children(recursive=True), *beside]}.values())

    def signal(self, number: signal.Signals) -> None:
        """To its whole group, as a terminal does."""
        os.killpg(self.process.pid, number)


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def demo(cache: Path, *words: str) -> Iterator[Demo]:
    log = cache / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*TAKEBACK, "demo", "--cache", cache, *words],
            cwd=ROOT,
            env=environment(),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield Demo(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)


def still_running(processes: list[psutil.Process], timeout: float = 30) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=timeout)[1]


def page(address: str, **post: bytes) -> str:
    with urlopen(address, data=post.get("data"), timeout=20) as answer:
        return answer.read().decode()


def answers(address: str) -> bool:
    try:
        urlopen(address, timeout=5).close()
    except OSError:
        return False
    return True


# --- with a person ----------------------------------------------------------------------------------------


def test_the_room_can_be_watched_and_ctrl_c_ends_all_of_it(cache: Path) -> None:
    with demo(cache) as running:
        running.until_up()
        room = running.address("room")
        before = page(room)
        assert before.count("<img ") == len(scenario.OTHERS) + COPIES - 2
        after = page(f"{room}/copy", data=b"")
        assert after.count("<img ") == before.count("<img ") + 1

        second = subprocess.run(
            [*TAKEBACK, "demo", "--cache", cache],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (second.returncode, "another demo is running" in second.stderr) == (78, True)
        assert page(room)

        everything = running.processes()
        assert any("postgres" in each.name() for each in everything)
        doors = [running.address(name) for name in ("room", "portal", "console", "API")]
        running.signal(signal.SIGINT)
        assert running.process.wait(PATIENCE) == 0, running.said()
        assert still_running(everything) == []
        assert [door for door in doors if answers(door)] == []
        assert "Traceback" not in running.said()


# --- without a person -------------------------------------------------------------------------------------


@pytest.mark.soak
def test_after_kill_9_only_the_database_lives_and_the_next_run_starts_clean_and_holds(cache: Path) -> None:
    with demo(cache) as running:
        running.until_up()
        everything = running.processes()
        database = [each for each in everything if "postgres" in each.name()]
        running.process.kill()
        running.process.wait(10)
        assert still_running([each for each in everything if each not in database]) == []
    done = subprocess.run(
        [*TAKEBACK, "demo", "--check", "--cache", cache],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert still_running(everything) == []
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said.pop("seconds_report_to_gone") < PATIENCE
    assert said == {
        "reported": 1,
        "copies_posted": COPIES,
        "found_by_look_back": COPIES - 2,
        "found_live": 2,
        "missed": 0,
        "false": 0,
        "messages_absent": COPIES,
        "media_absent": COPIES,
        "ledger": "VALID",
    }


@pytest.mark.soak
def test_a_check_that_is_stopped_half_way_leaves_nothing(cache: Path) -> None:
    with demo(cache, "--check") as running:
        until(lambda: "Starting Takeback" in running.said(), LONGEST, "the demo to be half way")
        until(lambda: len(running.processes()) > SOME, LONGEST, "the service to be starting")
        everything = running.processes()
        running.signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE) != 0
        assert still_running(everything) == []
        assert "Traceback" not in running.said()
