"""How every test waits: for a condition, with a deadline, never for a length of time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONGEST_NAP = 0.02


def until(condition: Callable[[], T], timeout: float = 10, what: str = "") -> T:
    """Ask `condition` until it answers something true; that answer.

    Args:
        condition: asked again and again; what it raises is the test's failure.
        timeout: seconds. The condition is asked at least once, and once more after the deadline.
        what: what is waited for, for the failure's text.

    Raises:
        AssertionError: it did not happen in time.
    """
    deadline = time.monotonic() + timeout
    nap = 0.001
    while True:
        late = time.monotonic() >= deadline
        answer = condition()
        if answer:
            return answer
        if late:
            raise AssertionError(f"not within {timeout:g} s: {what or condition!r} (last answer: {answer!r})")
        time.sleep(nap)
        nap = min(nap * 2, LONGEST_NAP)
