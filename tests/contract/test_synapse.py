"""The server that the demo and the tests share: it must never be left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from platforms import ROOT, scratch_folder
from takeback_dev.demo.chat import ChatUser
from takeback_dev.demo.synapse import Synapse, ensure_installed
from waiting import until

STARTER = """
import sys
from pathlib import Path
from takeback_dev.demo.synapse import Synapse
synapse = Synapse(Path(sys.argv[1]), Path(sys.argv[2]))
synapse.start()
print(synapse.pid, flush=True)
sys.stdin.read()
"""


def installed() -> Path:
    return ensure_installed(ROOT / ".cache", ROOT / "lock" / "synapse.txt", lambda _: None)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # An orphan that nobody has collected yet is dead.
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_dies_with_its_starter_even_after_kill_9():
    with scratch_folder("takeback-orphan-") as folder:
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, installed(), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert alive(pid)
        starter.send_signal(signal.SIGKILL)
        starter.wait()
        until(lambda: not alive(pid), 10, "Synapse has ended")
        for pipe in (starter.stdin, starter.stdout):
            assert pipe is not None
            pipe.close()


def test_it_starts_again_at_once_after_its_starter_was_killed():
    with scratch_folder("takeback-again-") as folder:
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, installed(), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert starter.stdout is not None
        orphan = int(starter.stdout.readline())
        starter.kill()
        with Synapse(installed(), folder) as synapse:
            assert synapse.pid != orphan
            assert not alive(orphan)
            assert synapse.register("ann")
        starter.wait()
        for pipe in (starter.stdin, starter.stdout):
            assert pipe is not None
            pipe.close()


def test_the_same_folder_gives_the_same_accounts_and_the_same_port():
    with scratch_folder("takeback-again-") as folder:
        with Synapse(installed(), folder) as first:
            room = first.user("ann", password="correct horse").create_room("kept")
            origin = first.origin
        with Synapse(installed(), folder) as second:
            assert second.origin == origin
            with ChatUser.sign_in(origin, "ann", "correct horse") as ann:
                assert ann.post_text(room, "still here")
            second.restart()
            assert second.origin == origin


def test_its_secrets_are_for_its_owner_alone():
    with scratch_folder("takeback-private-") as folder, Synapse(installed(), folder):
        assert (folder / "homeserver.yaml").stat().st_mode & 0o077 == 0
