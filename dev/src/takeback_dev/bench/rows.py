"""What a bench says: rows of a table."""

import statistics
from collections.abc import Iterator, Sequence

Row = tuple[str, float, str]
"""Measure, value, unit."""


def percentiles(what: str, seconds: Sequence[float]) -> Iterator[Row]:
    """The median and what all but one of a hundred stay below."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    yield f"{what}, p50", cuts[49] * 1e3, "ms"
    yield f"{what}, p99", cuts[98] * 1e3, "ms"
