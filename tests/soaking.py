"""What `make test` leaves to `make soak`: more of what it shows already.

A test of many cases runs its most different ones in both, and all of them in `make soak`. A property runs in
both, too, with more examples in `make soak`: how many, the two profiles say.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

Test = TypeVar("Test", bound=Callable[..., Any])
_BY_TRUTH = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)
"""A property is judged by its truth, never by the clock of a busy machine."""


def register_profiles() -> None:
    """`quick` holds; `pytest --hypothesis-profile=soak` asks for the other."""
    settings.register_profile("quick", max_examples=45, deadline=None, suppress_health_check=_BY_TRUTH)
    settings.register_profile("soak", settings.get_profile("quick"), max_examples=200)
    settings.load_profile("quick")


def fewer_examples(test: Test) -> Test:
    """Take a third of the profile's examples, for a property each of whose examples is a whole story."""
    return settings(max_examples=settings().max_examples // 3)(test)


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
