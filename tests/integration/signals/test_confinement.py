"""A confined process has no network, no files, no other programs; it is asked to try."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="system calls are filtered on Linux only")

# A process of its own confines itself with the function that decoders use, then tries one thing.
PROBE = """
import ctypes, errno, mmap, os, resource, signal, socket, subprocess, sys, threading, zlib
from takeback.signals.decoder.confinement import confine
libc = ctypes.CDLL(None, use_errno=True)
held = confine(memory_bytes=1 << 30, cpu_seconds=5)
try:
    exec(sys.argv[1])
except OSError as refused:
    os.write(1, errno.errorcode[refused.errno].encode())
except MemoryError:
    os.write(1, b"MemoryError")
else:
    os.write(1, b"done")
"""
RAW = "\nif {call} < 0: raise OSError(ctypes.get_errno(), 'refused')"


def attempt(code):
    return subprocess.run(
        [sys.executable, "-I", "-c", PROBE, code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "open('/tmp/takeback-probe', 'w')",
        "open('/etc/hostname')",
        "os.open('/dev/null', os.O_WRONLY)",
        "os.listdir('/')",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
        "os.kill(1, signal.SIGTERM)",
        "os.unlink('/tmp/takeback-probe')",
        "os.mkdir('/tmp/takeback-probe')",
        "os.chmod('/tmp', 0o700)",
        "os.pipe()",
        "os.memfd_create('code')",
        "os.setuid(1)",
        "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
        RAW.format(call="libc.ptrace(16, os.getppid(), 0, 0)"),
        RAW.format(call="libc.syscall(56 if os.uname().machine == 'x86_64' else 220, 17, 0, 0, 0, 0)"),
        RAW.format(call="libc.unshare(0x10000000)"),
        RAW.format(call="libc.prctl(22, 0, 0, 0, 0)"),
    ],
)
def test_what_decoding_does_not_need_is_refused(code):
    code = code.replace("os.uname().machine", repr(__import__("os").uname().machine))
    assert attempt(code).stdout == "EPERM"


def test_starting_a_program_is_refused():
    assert attempt("subprocess.run(['/bin/true'])").stdout == "EPERM"


def test_limits_cannot_be_raised_again():
    probe = attempt("resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))")
    assert probe.stdout in {"EPERM", ""}
    assert "done" not in probe.stdout


def test_memory_ends_at_the_limit():
    assert attempt("bytearray(2 << 30)").stdout == "MemoryError"


def test_processor_time_ends_at_the_limit():
    assert attempt("\nwhile True: zlib.crc32(bytes(1 << 20))").returncode != 0


def test_computing_writing_to_the_pipe_and_threads_go_on():
    code = (
        "\nthread = threading.Thread(target=lambda: os.write(1, b'thread '))\nthread.start(); thread.join()"
    )
    assert attempt(code).stdout == "thread done"
