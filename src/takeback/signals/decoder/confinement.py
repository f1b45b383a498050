"""Rights that a process gives up before it touches bytes from strangers.

Image decoders are the most attacked C code there is, so a decoder process keeps nothing that an exploit could
use: no network, no files, no other programs, no more memory than it was given. On Linux (x86-64 and aarch64)
a seccomp filter allows the few calls that decoding needs and answers all others with EPERM; a list of what is
forbidden would be out of date with each kernel. Elsewhere only resource limits exist. `confine` says what
took hold, so that an operator can see it.

No mount or user namespace is used, since they need rights that a container often lacks; without `open` there
is nothing for them to hide.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys

MEMORY = "memory"
CPU_TIME = "cpu time"
NO_FILE_WRITES = "file size 0"
NO_CORE = "no core dump"
FEW_FILES = "few open files"
ENDS_WITH_PARENT = "ends with its parent"
SYSTEM_CALLS = "system calls by allow-list"

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1

# Classic BPF (linux/filter.h) and seccomp's answers (linux/seccomp.h).
_LOAD_WORD = 0x20
_JUMP_IF_EQUAL = 0x15
_JUMP_IF_ANY_BIT = 0x45
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_DENY = 0x00050000 | errno.EPERM
_NO_SUCH_CALL = 0x00050000 | errno.ENOSYS
_KILL = 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_PROT_EXEC = 4
_CLONE_THREAD = 0x10000

# linux/audit.h, and the numbers of the calls on each machine (asm/unistd.h).
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}
_FREE = {
    "x86_64": {
        "read": 0, "write": 1, "readv": 19, "writev": 20, "close": 3, "fstat": 5, "lseek": 8, "poll": 7,
        "ppoll": 271, "brk": 12, "munmap": 11, "mremap": 25, "madvise": 28, "membarrier": 324,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sigaltstack": 131,
        "restart_syscall": 219, "futex": 202, "set_robust_list": 273, "rseq": 334, "sched_yield": 24,
        "sched_getaffinity": 204, "nanosleep": 35, "clock_nanosleep": 230, "clock_gettime": 228,
        "gettimeofday": 96, "setitimer": 38, "getpid": 39, "gettid": 186, "getrusage": 98, "getrandom":
        318, "sysinfo": 99, "exit": 60, "exit_group": 231,
    },
    "aarch64": {
        "read": 63, "write": 64, "readv": 65, "writev": 66, "close": 57, "fstat": 80, "lseek": 62,
        "ppoll": 73, "brk": 214, "munmap": 215, "mremap": 216, "madvise": 233, "membarrier": 283,
        "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "sigaltstack": 132,
        "restart_syscall": 128, "futex": 98, "set_robust_list": 99, "rseq": 293, "sched_yield": 124,
        "sched_getaffinity": 123, "nanosleep": 101, "clock_nanosleep": 115, "clock_gettime": 113,
        "gettimeofday": 169, "setitimer": 103, "getpid": 172, "gettid": 178, "getrusage": 165,
        "getrandom": 278, "sysinfo": 179, "exit": 93, "exit_group": 94,
    },
}  # fmt: skip
"""Allowed with any argument: the pipe, memory, signals, threads' locks, clocks, the end."""
_MEMORY_CALLS = {"x86_64": {"mmap": 9, "mprotect": 10}, "aarch64": {"mmap": 222, "mprotect": 226}}
"""Allowed without PROT_EXEC: memory, never new code."""
_CLONE = {"x86_64": 56, "aarch64": 220}
"""Allowed for threads (the HEIF decoder needs one), never for a process."""
_CLONE3 = 435
"""Hides its flags from a filter; ENOSYS makes the C library use clone."""


def end_with_parent(parent: int) -> tuple[str, ...]:
    """Ask the kernel to kill this process when the thread that started it ends (Linux); end now if `parent`
    is gone.
    """
    if sys.platform != "linux":
        return ()
    done = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0
    if os.getppid() != parent:
        raise SystemExit(1)
    return (ENDS_WITH_PARENT,) if done else ()


def confine(*, memory_bytes: int, cpu_seconds: int) -> tuple[str, ...]:
    """Give up, for good, all that decoding does not need; import and warm up everything before.

    Args:
        memory_bytes: the most address space that this process may hold, what it holds now included.
        cpu_seconds: the processor time after which the kernel ends it.

    Returns:
        What took hold, in plain words; what the machine does not offer is missing from it.
    """
    return (*_limit(memory_bytes, cpu_seconds), *_filter_calls())


def _limit(memory_bytes: int, cpu_seconds: int) -> tuple[str, ...]:
    held: list[str] = []
    for name, which, value in (
        (MEMORY, resource.RLIMIT_AS, memory_bytes),
        (CPU_TIME, resource.RLIMIT_CPU, cpu_seconds),
        (NO_FILE_WRITES, resource.RLIMIT_FSIZE, 0),
        (NO_CORE, resource.RLIMIT_CORE, 0),
        (FEW_FILES, resource.RLIMIT_NOFILE, 16),
    ):
        try:
            resource.setrlimit(which, (value, value))
        except (OSError, ValueError):
            # macOS has no address-space limit, for one; that it is missing from the answer is the record.
            continue
        held.append(name)
    return tuple(held)


def _filter_calls() -> tuple[str, ...]:
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _AUDIT:
        return ()
    code = _program(machine)
    instructions = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: a count, and after padding the address of the instructions.
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    refused: int = libc.syscall(
        ctypes.c_long(_SECCOMP_CALL[machine]),
        ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_ulong(_SECCOMP_FILTER_FLAG_TSYNC),
        ctypes.c_char_p(program),
    )
    return () if refused else (SYSTEM_CALLS,)


def _program(machine: str) -> bytes:
    """Return the filter: a list of comparisons, and EPERM for what nothing matches."""
    code = [
        _op(_LOAD_WORD, _ARCHITECTURE),
        _op(_JUMP_IF_EQUAL, _AUDIT[machine], yes=1),
        _op(_RETURN, _KILL),
        _op(_LOAD_WORD, _NUMBER),
    ]
    for number in _FREE[machine].values():
        code += [_op(_JUMP_IF_EQUAL, number, no=1), _op(_RETURN, _ALLOW)]
    for number in _MEMORY_CALLS[machine].values():
        code += _by_bit(number, argument=2, bit=_PROT_EXEC, when_set=_DENY, when_clear=_ALLOW)
    code += _by_bit(_CLONE[machine], argument=0, bit=_CLONE_THREAD, when_set=_ALLOW, when_clear=_DENY)
    code += [_op(_JUMP_IF_EQUAL, _CLONE3, no=1), _op(_RETURN, _NO_SUCH_CALL), _op(_RETURN, _DENY)]
    return b"".join(code)


def _by_bit(number: int, *, argument: int, bit: int, when_set: int, when_clear: int) -> list[bytes]:
    return [
        _op(_JUMP_IF_EQUAL, number, no=4),
        _op(_LOAD_WORD, _ARGUMENTS + 8 * argument),
        _op(_JUMP_IF_ANY_BIT, bit, no=1),
        _op(_RETURN, when_set),
        _op(_RETURN, when_clear),
    ]


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One struct sock_filter."""
    return struct.pack("@HBBI", code, yes, no, value)
