"""What processes use over time, sampled once a second: memory, which must stay flat, and processor time.

A group is a process with a name and, apart from it, all of its children: a watcher and its decoders,
PostgreSQL and its backends. Of memory only what a process does not share is counted, so that the buffers of
PostgreSQL are not counted once for each backend.
"""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import numpy as np
import psutil

from takeback.infra import clock

_EVERY = 1.0
_EDGE = 5
"""Samples that the first and the last value are the mean of."""
_FEWEST = 4
_SETTLING = 0.25
"""The first part of a group's samples is left out: a process that has just begun grows, as it must."""
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Use:
    """What one group used in a while."""

    group: str
    first_mb: float
    last_mb: float
    mb_per_minute: float
    """Slope of the straight line through all samples."""
    cores: float
    """Processor seconds a second."""


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    mb: float
    cpu: float


class Sampler:
    """Samples groups until it is left; a context manager."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._roots: dict[str, psutil.Process] = {}
        self._samples: dict[str, list[_Sample]] = {}
        self._thread = threading.Thread(target=self._run, name="sampler")

    def watch(self, group: str, pid: int) -> None:
        """Sample a process as `group`, and its children as "GROUP: children"."""
        with self._guard:
            self._roots[group] = psutil.Process(pid)

    def uses(self, since: float, until: float) -> tuple[Use, ...]:
        """What each group used between two moments, in seconds since 1970, if it was there long enough."""
        with self._guard:
            every = {group: list(samples) for group, samples in self._samples.items()}
        return tuple(_uses(every, since, until))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            with self._guard:
                roots = dict(self._roots)
            for group, root in roots.items():
                with suppress(psutil.NoSuchProcess):
                    self._take(group, [root])
                    self._take(f"{group}: children", root.children(recursive=True))

    def _take(self, group: str, processes: list[psutil.Process]) -> None:
        mb, cpu = 0.0, 0.0
        for process in processes:
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess), process.oneshot():
                memory, times = process.memory_info(), process.cpu_times()
                mb += (memory.rss - getattr(memory, "shared", 0)) / _MEGABYTE
                cpu += times.user + times.system
        if mb:
            with self._guard:
                self._samples.setdefault(group, []).append(_Sample(clock.now().timestamp(), mb, cpu))


def _uses(every: dict[str, list[_Sample]], since: float, until: float) -> Iterator[Use]:
    for group, samples in every.items():
        inside = [sample for sample in samples if since <= sample.at <= until]
        inside = inside[int(len(inside) * _SETTLING) :]
        if len(inside) < _FEWEST:
            continue
        at, mb = np.array([sample.at for sample in inside]), np.array([sample.mb for sample in inside])
        # A child that ends takes its seconds with it: only growth counts.
        cpu = np.diff([sample.cpu for sample in inside]).clip(min=0).sum()
        yield Use(
            group,
            float(mb[:_EDGE].mean()),
            float(mb[-_EDGE:].mean()),
            float(np.polyfit((at - at[0]) / 60, mb, 1)[0]),
            float(cpu / (at[-1] - at[0])),
        )
