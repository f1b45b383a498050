"""Which slots of a worker do which work.

A worker has lanes with slots of their own: what people wait for is never behind a platform that hangs, and
removals are never behind a backlog of comparing. Within a lane the most urgent job goes first, but each
fourth fetch begins with another class, in turn: so every class gets on, whatever else is waiting.
"""

from dataclasses import dataclass
from typing import Self

from takeback.jobs import SLOW, Urgency

TURN = 4
"""Each so many fetches of a lane, another class than the most urgent one goes first."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Slots of a worker that do some classes of work."""

    name: str
    classes: tuple[int, ...]
    """From the most urgent one."""
    slots: int

    def order(self, fetch: int) -> tuple[int, ...]:
        """Return the classes in the order in which fetch number `fetch` (from 1) looks for a job."""
        turn, rest = divmod(fetch, TURN)
        first = 0 if rest else turn % len(self.classes)
        return self.classes[first:] + self.classes[:first]

    @classmethod
    def of(cls, name: str, least: Urgency, most: Urgency, slots: int) -> Self:
        """Return a lane for all classes between two."""
        return cls(name, tuple(each for each in Urgency if least <= each <= most), slots)


def lanes(workers: int) -> tuple[Lane, ...]:
    """Return the lanes of a worker process.

    Args:
        workers: jobs at a time in each lane that asks platforms, at least 1.
    """
    return (
        Lane.of("people", Urgency.PEOPLE, Urgency.PEOPLE, 2),
        Lane.of("urgent", Urgency.EVIDENCE, Urgency.PEOPLE, workers),
        Lane.of("rest", Urgency.UPKEEP, Urgency.MATCHING, workers),
        Lane("slow", SLOW, 1),
    )
