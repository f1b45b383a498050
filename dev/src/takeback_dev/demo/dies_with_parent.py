"""Runs a Python module that must not outlive whoever started it, not even after kill -9.

Started as `python -I dies_with_parent.py MODULE ARGUMENTS...` with a pipe as standard input: when the
starter dies, however it dies, the system closes its end, and this process ends. Works on Linux and macOS,
and with threads, where PR_SET_PDEATHSIG would fire at the end of the starting *thread*. It needs nothing
but the standard library, because it runs in an environment in which this project is not installed.
"""

import os
import runpy
import signal
import sys
import threading

GRACE_SECONDS = 3.0


def _end_with_standard_input() -> None:
    while os.read(0, 4096):
        pass
    last_resort = threading.Timer(GRACE_SECONDS, os._exit, args=(1,))
    last_resort.daemon = True
    last_resort.start()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
