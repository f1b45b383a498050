"""Deadlines that a report starts. Pure: regimes are data, `now` and times are arguments.

All clocks that run start at receipt, and the strictest one is shown: a report is worked on whether or not
some regime's form is complete. A clock that nobody is known to owe does not run (`Regime.inactive_reason`): a
deadline that is shown and has no duty behind it would be untrue.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources


@dataclass(frozen=True, slots=True)
class Regime:
    """One law's demand on time."""

    id: str
    name: str
    hours: float
    trigger: str
    """What starts the clock, in the law's words or close to them."""
    source: str
    """Where the hours were read."""
    checked: str
    """true | partial | secondary: how well the row was checked against the primary text."""
    inactive_reason: str = ""
    """Why no clock runs for it, and when that was read; empty: one runs."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline that runs."""

    regime: str
    due_at: datetime


def regimes() -> tuple[Regime, ...]:
    """The regimes that start a removal clock at the receipt of a report."""
    return tuple(regime for regime in all_regimes() if not regime.inactive_reason)


def all_regimes() -> tuple[Regime, ...]:
    """Also those that start none: cases of earlier days may name them."""
    text = (resources.files("takeback.law") / "regimes.toml").read_text(encoding="utf-8")
    return tuple(Regime(**row) for row in tomllib.loads(text)["regime"])


def start(received_at: datetime, house_hours: float) -> tuple[Clock, ...]:
    """All clocks of a report that run, the strictest first, in UTC.

    An hour of the law is an hour that passes: in a zone that changes to summer time, adding to the hour on
    the wall would give one too many or too few.

    Raises ValueError if `received_at` has no time zone.
    """
    if received_at.tzinfo is None:
        raise ValueError("a clock starts at a time with a time zone")
    received_at = received_at.astimezone(UTC)
    clocks = [Clock(r.id, received_at + timedelta(hours=r.hours)) for r in regimes()]
    clocks.append(Clock("house", received_at + timedelta(hours=house_hours)))
    return tuple(sorted(clocks, key=lambda clock: (clock.due_at, clock.regime)))
