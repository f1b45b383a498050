"""What `make test` leaves to `make soak`: more of what it shows already.

A test that has many cases runs its most different ones in both, and all of them in `make soak`.
"""

from collections.abc import Iterable
from typing import Any

import pytest


def quick(*of: Any, every: Iterable[Any]) -> list[Any]:  # noqa: ANN401 - whatever a test is given
    """Return `every` case as a parameter; those that are not named first run in `make soak` alone."""
    cases = list(every)
    unknown = [case for case in of if case not in cases]
    if unknown:
        raise ValueError(f"no such case: {unknown}")
    return [case if case in of else _soak(case) for case in cases]


def _soak(case: Any) -> Any:  # noqa: ANN401 - the same
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.soak)
