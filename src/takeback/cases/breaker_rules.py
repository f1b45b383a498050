"""When automatic removal pauses. Pure.

Automatic removal takes a copy down that no person saw, because it shows what a reviewer saw before. Two
numbers bound it. An hour's removals: a picture that suddenly is everywhere. Posters since the beginning: few
accounts post the picture of one person, and strangers post what everybody shares. A single account that
floods a hundred rooms attacks the person, so places are told and not bounded.

Numbers are kept for each entry and bounded for the entries of a case together, so that a report with many
pictures may not remove many times as much. An entry of which a person has answered leaves the sum.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from takeback.cases.model import Copy
from takeback.ids import EntryId

WINDOW = timedelta(hours=1)
"""What "an hour's removals" are counted over."""


class BreakerState(StrEnum):
    """What an entry may do to copies that nobody saw."""

    ARMED = "armed"
    """It removes them, within the limits."""
    PAUSED = "paused"
    """It was over a limit: they wait for a person's answer."""
    RELEASED = "released"
    """A person answered "go on": it removes them without a limit."""
    STOPPED = "stopped"
    """A person answered "stop": each waits for a decision."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From the settings."""

    removals: int
    """An hour."""
    posters: int
    """Since the beginning."""
    answer_within: timedelta


@dataclass(frozen=True, slots=True)
class Tally:
    """What was removed unseen."""

    removals: int = 0
    """Within the last hour."""
    posters: frozenset[tuple[str, str]] = frozenset()
    """Platform and account."""
    places: frozenset[tuple[str, str]] = frozenset()
    """Platform and place."""

    def plus(self, copy: Copy, *, lately: bool = True) -> "Tally":
        """With one copy more; `lately`: it was removed within the last hour."""
        return Tally(
            self.removals + lately,
            self.posters | {(copy.connector, copy.sender)},
            self.places | {(copy.connector, copy.place)},
        )

    def exceeds(self, limits: Limits) -> bool:
        """Return whether it is over a limit."""
        return self.removals > limits.removals or len(self.posters) > limits.posters


def together(tallies: Iterable[Tally]) -> Tally:
    """The sum: one poster, or one place, of several entries is one."""
    each = tuple(tallies)
    return Tally(
        sum(one.removals for one in each),
        frozenset[tuple[str, str]]().union(*(one.posters for one in each)),
        frozenset[tuple[str, str]]().union(*(one.places for one in each)),
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """A copy that is to be removed unseen, and the entries of its case that it surely shows: at least one."""

    copy: Copy
    entries: tuple[EntryId, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What becomes of arrivals."""

    through: tuple[tuple[Copy, EntryId], ...]
    """Removed, and for which entry that counts."""
    held: tuple[tuple[Copy, EntryId], ...]
    """They wait, and for the answer about which entry."""
    tripped: Mapping[EntryId, Tally] = field(default_factory=dict)
    """The entries that pause from now on, and what was removed until then."""


_STRONGEST = (BreakerState.STOPPED, BreakerState.RELEASED, BreakerState.PAUSED, BreakerState.ARMED)
"""A copy that shows several entries follows the strongest answer; "stop" is the safest one."""


def sort_out(
    arrivals: Sequence[Arrival],
    states: Mapping[EntryId, BreakerState],
    counted: Mapping[EntryId, Tally],
    limits: Limits,
) -> Sorted:
    """Say of each arrival, in turn, whether it is removed or waits.

    Args:
        arrivals: copies that nobody saw and of which this was not said before.
        states: of the case's entries; armed if it is not there.
        counted: what was removed unseen before, by entry.
        limits: what may be.
    """
    now, count = dict(states), dict(counted)
    through, held = list[tuple[Copy, EntryId]](), list[tuple[Copy, EntryId]]()
    tripped = dict[EntryId, Tally]()
    for each in arrivals:
        state, entry = _answer(each, now)
        if state is BreakerState.ARMED:
            before = {of: tally for of, tally in count.items() if _state(now, of) is BreakerState.ARMED}
            after = {**before, entry: before.get(entry, Tally()).plus(each.copy)}
            if together(after.values()).exceeds(limits):
                now[entry] = state = BreakerState.PAUSED
                tripped[entry] = together(before.values())
            else:
                count = {**count, entry: after[entry]}
        goes = state in {BreakerState.ARMED, BreakerState.RELEASED}
        (through if goes else held).append((each.copy, entry))
    return Sorted(tuple(through), tuple(held), tripped)


def _answer(arrival: Arrival, states: Mapping[EntryId, BreakerState]) -> tuple[BreakerState, EntryId]:
    """The strongest answer about the entries that a copy shows, and whose it is."""
    return min(
        ((_state(states, entry), entry) for entry in arrival.entries),
        key=lambda pair: (_STRONGEST.index(pair[0]), pair[1]),
    )


def _state(states: Mapping[EntryId, BreakerState], entry: EntryId) -> BreakerState:
    return states.get(entry, BreakerState.ARMED)
