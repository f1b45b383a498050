"""The tests clean up after themselves, also when they are killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

import waiting

TESTS = Path(__file__).parents[2]
KEEP_ONE = """
import sys
sys.path.insert(0, sys.argv[1])
import databases
with databases.temporary_folder() as folder:
    from takeback.infra.db.embedded import EmbeddedPostgres
    EmbeddedPostgres(folder / "pg")
    sys.stdout.write(f"{folder}\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def test_killed_tests_leave_neither_a_server_nor_a_folder():
    process = subprocess.Popen(
        [sys.executable, "-c", KEEP_ONE, str(TESTS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    folder = Path(process.stdout.readline().strip())
    server = psutil.Process(int((folder / "pg" / "postmaster.pid").read_text().split()[0]))
    assert server.is_running()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    waiting.until(lambda: not folder.exists() and not server.is_running(), timeout=20)
