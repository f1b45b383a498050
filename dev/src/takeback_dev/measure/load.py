"""How many posts a machine carries: real watchers, a real PostgreSQL, a bank of a million, made posts.

Three phases. First a few posts, until the watchers have the bank in memory. Then posts come as fast as they
are read: that is the capacity. Then they come at a rate that the machine should hold, memory is watched, and
halfway one of the two watchers is killed by kill -9 and started again, as `takeback serve` would. In the
end every post must be there once, and every planted copy matched once, with its own entry.

What is measured is the whole way of a post: fetched from a file, decoded in confined processes, hashed,
asked of the bank, committed. The platform's network is left out, it is not ours. The database lies in memory
where there is room, so a slow disk is left out too.

The trade-off: bank entries are drawn at random and posts are painted, since a million photographs of nobody
do not exist. An exact index does the same work for them as for others, give or take the sizes of its buckets.
"""

import os
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from takeback.errors import ConfigurationError
from takeback.infra import clock
from takeback_dev.measure import load_check, made
from takeback_dev.measure.load_check import Times
from takeback_dev.measure.load_processes import PICTURES, PLANTED, Processes, Say, Watchers, open_processes
from takeback_dev.measure.made import Phase, Plan
from takeback_dev.measure.processes import Sampler, Use

WATCHERS = 2
SHARDS = 8
SHARE = 0.02
"""Of posts that show something known; far more than in life, so that there is something to measure."""
HELD = 0.7
"""Of the capacity: the rate that is held while memory and times are watched."""
KEPT_UP = 5.0
"""Seconds that the watchers may be behind at the end."""
_RUSH_SHARE, _SHORTEST_RUSH, _SHORTEST_EVEN = 0.15, 8.0, 10.0
_PATIENCE = 900.0
"""Seconds for a bank of some millions to be in memory, or for the last posts to be read."""
_TICK = 0.25
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured."""

    entries: int
    cores: int
    posts: int
    """In all phases."""
    fill_seconds: float
    """To paint, and to bring the bank into PostgreSQL."""
    ready_seconds: float
    """From the watchers' start until the first posts were read: the bank is in their memory then."""
    capacity: float
    """Posts a second, as fast as they are read."""
    per_core: float
    million_a_day: float
    """Millions of posts a day at the capacity."""
    busy: tuple[Use, ...]
    """What each group of processes used then; the one with most cores is the bottleneck."""
    rate: float
    """Posts a second that were then asked for."""
    behind_seconds: float
    """How long after the last of them was due everything was read."""
    before_kill: Times
    after_kill: Times
    held: tuple[Use, ...]
    """What each group used at the asked rate: memory should be flat."""
    lost: int
    doubled: int
    unread: int

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, everything read, and the machine kept up."""
        return not (self.lost or self.doubled or self.unread) and self.behind_seconds <= KEPT_UP


def run(folder: Path, *, rate: float | None, seconds: float, entries: int, say: Say) -> Result:
    """Measure.

    Args:
        folder: an empty one; what is made stays in it.
        rate: posts a second to hold; None: `HELD` of the capacity that is found first.
        seconds: for the second and third phase together.
        entries: pictures in the bank.
        say: told how it goes.

    Raises:
        ConfigurationError: a watcher ended, or nothing moves.
    """
    began = time.monotonic()
    with open_processes(folder, entries, say) as processes, Sampler() as sampler:
        fill_seconds = time.monotonic() - began
        sampler.watch("PostgreSQL", processes.postgres)
        with ExitStack() as stack:
            first = _phase("first", seconds=2, rate=40)
            plan = Plan(PICTURES, PLANTED, SHARE, (first,))
            made.write(folder, plan)
            began = time.monotonic()
            watchers = Watchers(processes, WATCHERS, sampler)
            stack.callback(watchers.stop)
            _until_read(processes, watchers, first, say, "Watchers take the bank into memory")
            ready_seconds = time.monotonic() - began

            rush = _phase("rush", seconds=max(_SHORTEST_RUSH, seconds * _RUSH_SHARE), rate=0)
            plan = _add(processes, plan, rush)
            capacity = _capacity(processes, watchers, rush, say)
            busy = sampler.uses(rush.starts, rush.ends)

            asked = rate or HELD * capacity
            even = _phase(
                "even", seconds=max(_SHORTEST_EVEN, seconds - (rush.ends - rush.starts)), rate=asked
            )
            plan = _add(processes, plan, even)
            killed_at = _kill_halfway(processes, watchers, even, say)
            _until_read(processes, watchers, even, say, f"{asked:.0f} posts a second, one watcher killed")
            behind = max(0.0, clock.now().timestamp() - even.ends)
            held = sampler.uses(even.starts, even.ends)
        with processes.database.transaction() as tx:
            found = load_check.check(tx, plan, processes.planted, even, killed_at)
    cores = os.cpu_count() or 1
    return Result(
        entries=entries,
        cores=cores,
        posts=found.posts,
        fill_seconds=fill_seconds,
        ready_seconds=ready_seconds,
        capacity=capacity,
        per_core=capacity / cores,
        million_a_day=capacity * _DAY / 1e6,
        busy=busy,
        rate=asked,
        behind_seconds=behind,
        before_kill=found.before,
        after_kill=found.after,
        held=held,
        lost=found.lost,
        doubled=found.doubled,
        unread=found.unread,
    )


def _phase(name: str, *, seconds: float, rate: float) -> Phase:
    starts = clock.now().timestamp() + 1
    return Phase(name, starts, starts + seconds, rate, SHARDS)


def _add(processes: Processes, plan: Plan, phase: Phase) -> Plan:
    longer = replace(plan, phases=(*plan.phases, phase))
    made.write(processes.folder, longer)
    return longer


def _capacity(processes: Processes, watchers: Watchers, phase: Phase, say: Say) -> float:
    """Posts a second in the second half of a phase: in the first, leases are taken and caches fill."""
    middle = (phase.starts + phase.ends) / 2
    _until(watchers, middle, phase, say, "As fast as posts are read")
    with processes.database.transaction() as tx:
        begun, at = load_check.posts_read(tx, phase), time.monotonic()
    _until(watchers, phase.ends, phase, say, "As fast as posts are read")
    with processes.database.transaction() as tx:
        capacity = (load_check.posts_read(tx, phase) - begun) / (time.monotonic() - at)
    _until_read(processes, watchers, phase, say, "As fast as posts are read")
    if capacity <= 0:
        raise ConfigurationError("no post was read in seconds: is the machine busy with something else?")
    return capacity


def _kill_halfway(processes: Processes, watchers: Watchers, phase: Phase, say: Say) -> float:
    """When it was, in seconds since 1970. The one that holds a stream is killed, so that it is missed."""
    del processes
    _until(watchers, (phase.starts + phase.ends) / 2, phase, say, f"{phase.rate:.0f} posts a second")
    killed_at = clock.now().timestamp()
    watchers.kill(0)
    watchers.start(0)
    return killed_at


def _until(watchers: Watchers, moment: float, phase: Phase, say: Say, words: str) -> None:
    while (now := clock.now().timestamp()) < moment:
        watchers.check()
        say(words, max(0.0, (now - phase.starts) / (phase.ends - phase.starts)))
        threading.Event().wait(min(_TICK, moment - now))


def _until_read(processes: Processes, watchers: Watchers, phase: Phase, say: Say, words: str) -> None:
    deadline = time.monotonic() + _PATIENCE + phase.ends - phase.starts
    while time.monotonic() < deadline:
        watchers.check()
        with processes.database.transaction() as tx:
            if load_check.all_read(tx, phase):
                return
        passed = (clock.now().timestamp() - phase.starts) / (phase.ends - phase.starts)
        say(words, min(1.0, max(0.0, passed)))
        threading.Event().wait(_TICK)
    raise ConfigurationError(f"{words}: not done {_PATIENCE:g} seconds after its time")
