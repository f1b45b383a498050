"""Warm child processes of one kind, confined before they see a byte, that answer files one after the other.

A file that hangs, kills or exhausts its child costs that child and at most `seconds`; the file becomes
`Unreadable` with its reason, and the next one gets a new child.

The trade-off: a child that was taken over could lie about later files until it is replaced. It can lie about
hashes only, since it cannot keep, send or show a picture. A child per file would cost half a second each.
Time here is a stopwatch (`time.monotonic`).
"""

import math
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from takeback.errors import Unreadable, WhyUnreadable
from takeback.infra.asking import ask_outside
from takeback.signals.decoder import wire
from takeback.signals.decoder.wire import BadAnswer, Outcome, Request

_T = TypeVar("_T")

_START_SECONDS = 30.0
_DYING_SECONDS = 1.0
_CHUNK = 1 << 20
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
"""Nothing of the service's own: its settings and keys stay with it."""


class _Died(Exception):
    """The child closed its end of the pipe."""


class _Late(Exception):
    """The child did not answer in time."""


@dataclass(frozen=True, slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    confinement: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on every child of a kind."""

    seconds: float
    """The longest that one file may take from the first byte sent to the answer."""
    memory_bytes: int
    """Address space."""
    max_pixels: int
    max_bytes: int


class Children:
    """A pool of confined processes of one kind; any number of threads may call it. Close it when done.

    Args:
        module: what a child runs.
        processes: at most this many; more callers wait for a free one.
        limits: of each child.
    """

    def __init__(self, module: str, processes: int, limits: Limits) -> None:
        self._module = module
        self._limits = limits
        self._free = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        # The kernel kills a child when the thread that started it ends, so one thread starts them all and
        # stays.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decoder-starter")

    def ask(
        self,
        request: Request,
        data: bytes,
        parse: Callable[[bytes], _T],
        charge: Callable[[float], None] = lambda _: None,
    ) -> _T:
        """Ask one question about one file.

        Args:
            request: the question.
            data: the file.
            parse: makes the answer out of its body, or raises BadAnswer.
            charge: told the processor time in seconds; of a child without an answer, all that it could take.

        Raises:
            Unreadable: with the reason; the next question is answered as if nothing had happened.
        """
        ask_outside("a decoder")
        with self._borrow() as child:
            try:
                answer, body = self._exchange(child, request, data)
            except (_Late, _Died, BadAnswer):
                charge(self._limits.seconds)
                raise
            charge(answer.spent_ms / 1000)
            outcome = answer.outcome
            if outcome is Outcome.UNREADABLE:
                raise wire.parse_unreadable(body)
            if outcome.name != request.task.name:
                raise BadAnswer(f"{outcome.name} to a question for {request.task.name}")
            return parse(body)

    def confinement(self) -> tuple[str, ...]:
        """Return what holds the children, in the words of `confinement`. Starts one if none runs."""
        with self._borrow() as child:
            return child.confinement

    def close(self) -> None:
        """End all children, also busy ones: who waits for one gets DECODER_DIED."""
        with self._lock:
            self._closed = True
            processes = list(self._alive)
            self._idle.clear()
        for process in processes:
            self._end(process)
        self._starter.shutdown()

    def _exchange(self, child: _Child, request: Request, data: bytes) -> tuple[wire.Answer, bytes]:
        deadline = time.monotonic() + self._limits.seconds
        _send(child.process, wire.format_request(request), deadline)
        _send(child.process, data, deadline)
        answer, body = _receive(child.process, deadline)
        if answer.tired:
            self._end(child.process)
        return answer, body

    @contextmanager
    def _borrow(self) -> Iterator[_Child]:
        """Lend a child. What it does wrong is translated here, once, and ends it."""
        with self._free:
            child = self._take()
            try:
                yield child
            except _Late as error:
                self._end(child.process)
                raise Unreadable(
                    WhyUnreadable.TOO_SLOW, f"no answer in {self._limits.seconds:g} seconds"
                ) from error
            except (_Died, BadAnswer) as error:
                status = self._end(child.process, dying=isinstance(error, _Died))
                raise Unreadable(WhyUnreadable.DECODER_DIED, f"{error}; it ended with {status}") from error
            except Unreadable:
                self._give_back(child)
                raise
            except BaseException:
                # Interrupted in the middle of a conversation: the next answer would be to the wrong question.
                self._end(child.process)
                raise
            self._give_back(child)

    def _take(self) -> _Child:
        while True:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the decoder is closed")
                child = self._idle.pop() if self._idle else None
            if child is None:
                return self._start()
            if child.process.poll() is None:
                return child
            self._end(child.process)

    def _give_back(self, child: _Child) -> None:
        with self._lock:
            if not self._closed and child.process in self._alive:
                self._idle.append(child)

    def _start(self) -> _Child:
        process = self._starter.submit(self._spawn).result()
        try:
            answer, body = _receive(process, time.monotonic() + _START_SECONDS)
            if answer.outcome is not Outcome.READY:
                raise BadAnswer(f"{answer.outcome.name} instead of READY")  # noqa: TRY301 (handled like its kin)
        except (_Died, _Late, BadAnswer) as error:
            status = self._end(process, dying=isinstance(error, _Died))
            raise Unreadable(
                WhyUnreadable.DECODER_DIED,
                f"a decoder process could not start, it ended with {status}: is its memory limit of "
                f"{self._limits.memory_bytes} bytes too small?",
            ) from error
        except BaseException:
            self._end(process)
            raise
        return _Child(process, tuple(body.decode("utf-8", "replace").splitlines()))

    def _spawn(self) -> subprocess.Popen[bytes]:
        limits = (
            os.getpid(),
            self._limits.memory_bytes,
            math.ceil(self._limits.seconds),
            self._limits.max_pixels,
            self._limits.max_bytes,
        )
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module and five numbers
            [sys.executable, "-I", "-m", self._module, *map(str, limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            bufsize=0,
            # Ctrl-C in a terminal is for the service; it ends its children itself.
            start_new_session=True,
        )
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        with self._lock:
            self._alive.add(process)
            closed = self._closed
        if closed:
            self._end(process)
        return process

    def _end(self, process: subprocess.Popen[bytes], *, dying: bool = False) -> str:
        """Kill one child, wait for it and close its pipes; twice is once. Returns how it ended."""
        with self._lock:
            self._alive.discard(process)
        with process:
            if dying:
                # It closed its pipe, so it is on its way out: how it went says more than our own signal
                # would.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_DYING_SECONDS)
            process.kill()
        return f"signal {-process.returncode}" if process.returncode < 0 else f"status {process.returncode}"


def _send(process: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
    assert process.stdin is not None
    pipe = process.stdin.fileno()
    left = memoryview(data)
    while left:
        _wait(pipe, select.POLLOUT, deadline)
        try:
            left = left[os.write(pipe, left[:_CHUNK]) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise _Died("the decoder closed its pipe") from error


def _receive(process: subprocess.Popen[bytes], deadline: float) -> tuple[wire.Answer, bytes]:
    answer = wire.parse_answer(_receive_exactly(process, wire.ANSWER_BYTES, deadline))
    return answer, _receive_exactly(process, answer.length, deadline)


def _receive_exactly(process: subprocess.Popen[bytes], length: int, deadline: float) -> bytes:
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    parts = bytearray()
    while len(parts) < length:
        _wait(pipe, select.POLLIN, deadline)
        try:
            part = os.read(pipe, min(_CHUNK, length - len(parts)))
        except BlockingIOError:
            continue
        if not part:
            raise _Died("the decoder closed its pipe")
        parts += part
    return bytes(parts)


def _wait(pipe: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(pipe, event)
    if left <= 0 or not poll.poll(left * 1000):
        raise _Late
