"""Run as a process of its own: waits until whoever started it closes its input or dies, then stops the
PostgreSQL of a folder and removes the folder. So nothing stays behind, not even after `kill -9` of the tests.

    python reaper.py FOLDER
"""

import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil


def stop_postgres(data: Path) -> None:
    """End the PostgreSQL that runs in `data`, without ceremony: nobody needs these data again."""
    with suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        postmaster = psutil.Process(pid)
        if str(data) not in " ".join(postmaster.cmdline()):
            return  # the number was given to another program
        backends = postmaster.children(recursive=True)
        postmaster.send_signal(signal.SIGQUIT)
        _, left = psutil.wait_procs([postmaster, *backends], timeout=10)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.stdin.buffer.read()
    for found in folder.glob("**/postmaster.pid"):
        stop_postgres(found.parent)
    shutil.rmtree(folder, ignore_errors=True)
