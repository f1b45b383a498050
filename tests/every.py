"""Many small cases as one test: each runs, and those that fail are named together.

    @every("key", words.ENGLISH.texts)       # as pytest.mark.parametrize, without a test for each
    def test_no_sentence_shouts(key): ...

For cases that cost less than a test does. They share the test's fixtures, so none may leave a trace in one.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., None])
_LONGEST_NAME = 200


def every(
    names: str | Sequence[str], cases: Iterable[Any], *, ids: Callable[[Any], object] | None = None
) -> Callable[[Test], Test]:
    """Run a test's body for each case.

    Args:
        names: of the arguments that a case fills: one, several in a sequence, or several after commas.
        cases: the values; for several names each is a tuple.
        ids: a case's name in the message; without one it is named by its values.
    """
    known = tuple(part.strip() for part in names.split(",")) if isinstance(names, str) else tuple(names)
    values = [case if len(known) > 1 else (case,) for case in cases]
    assert values, "no case at all"

    def wrap(test: Test) -> Test:
        @wraps(test)
        def loop(*args: object, **fixtures: object) -> None:
            faults = []
            for case in values:
                try:
                    test(*args, **fixtures, **dict(zip(known, case, strict=True)))
                except (Exception, pytest.fail.Exception) as fault:  # noqa: BLE001 (each is told below)
                    faults.append(f"{_name(case, ids)}: {type(fault).__name__}: {fault}")
            if faults:
                pytest.fail(f"{len(faults)} of {len(values)} cases\n" + "\n".join(faults), pytrace=False)

        signature = inspect.signature(test)
        left = [each for name, each in signature.parameters.items() if name not in known]
        assert len(left) == len(signature.parameters) - len(known), f"no argument for each of {known}"
        loop.__signature__ = signature.replace(parameters=left)
        return loop

    return wrap


def _name(case: tuple[Any, ...], ids: Callable[[Any], object] | None) -> str:
    said = ", ".join(str(ids(value)) if ids else repr(value) for value in case)
    return said if len(said) <= _LONGEST_NAME else f"{said[:_LONGEST_NAME]}..."
