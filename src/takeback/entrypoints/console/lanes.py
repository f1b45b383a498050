"""Look at passwords in lanes of their own: each costs 64 MiB and a tenth of a second, whoever sends it.

Strangers can send more than can be looked at. They wait in their lane and nowhere else: neither the pages of
the console nor a browser that is known stand behind them. A lane that is full says so at once.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from takeback.errors import TooManyAttempts

T = TypeVar("T")
_SOON = timedelta(seconds=2)


class Lane:
    """Work that is done by `at_once` threads; at most `waiting` others wait for one."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, "log-in")
        self._places = at_once + waiting

    async def run(self, work: Callable[[], T]) -> T:
        """Do it when it is its turn. Raises TooManyAttempts, or what the work raises."""
        if self._places == 0:
            raise TooManyAttempts(_SOON)
        self._places -= 1
        done = asyncio.get_running_loop().run_in_executor(self._threads, work)
        done.add_done_callback(self._leave)  # also if nobody waits for it any more
        return await asyncio.shield(done)

    def _leave(self, _: object) -> None:
        self._places += 1
