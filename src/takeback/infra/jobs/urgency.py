"""Which work goes first, and which slots of a worker do it.

A job's urgency is stored as its priority when it is put down. The numbers are stored, so they never change.
A worker has lanes with slots of their own: what people wait for is never behind a platform that hangs,
and removals are never behind a backlog of comparing. Within a lane the most urgent job goes first, but each
fourth fetch begins with another class, in turn: so every class gets on, whatever else is waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from takeback import events


class Urgency(IntEnum):
    """A class of work; the larger number goes first."""

    PEOPLE = 70
    """Reports and decisions. No job of this class asks a platform."""
    REMOVALS = 60
    CLOCKS = 50
    EVIDENCE = 40
    MATCHING = 30
    DETAILS = 20
    UPKEEP = 10


NOT_SAID = 0
"""The priority of jobs that a version without urgencies put down; a worker gives them theirs."""

URGENCY: Mapping[str, Urgency] = {
    "take_in": Urgency.PEOPLE,
    "take_effect": Urgency.PEOPLE,
    "follow": Urgency.REMOVALS,  # if it is not said; else that of the event
    "carry_out": Urgency.REMOVALS,
    "let_in": Urgency.REMOVALS,
    "remove": Urgency.REMOVALS,
    "locate": Urgency.REMOVALS,
    "look": Urgency.CLOCKS,
    "pass_clocks": Urgency.CLOCKS,
    "wipe_drafts": Urgency.CLOCKS,
    "capture": Urgency.EVIDENCE,
    "write_dossier": Urgency.EVIDENCE,
    "hand_out": Urgency.EVIDENCE,
    "look_back": Urgency.MATCHING,
    "bring": Urgency.MATCHING,
    "read_again": Urgency.MATCHING,
    "read_exactly": Urgency.MATCHING,
    "look_closely": Urgency.DETAILS,
    "ask_for_captured": Urgency.DETAILS,
    "check_claims": Urgency.UPKEEP,
    "destroy_packages": Urgency.UPKEEP,
    "drop_copies": Urgency.UPKEEP,
    "forget_arrivals": Urgency.UPKEEP,
    "keep_evidence": Urgency.UPKEEP,
    "keep_sightings": Urgency.UPKEEP,
    "shred": Urgency.UPKEEP,
}
"""Of each job that this version knows, by name. The handlers are in `pipeline.work`."""

_OF_EVENTS: Mapping[type[events.Event], Urgency] = {
    events.ReportReceived: Urgency.PEOPLE,
    events.Decided: Urgency.PEOPLE,
    events.DecisionEffective: Urgency.PEOPLE,
    events.DecisionReversed: Urgency.PEOPLE,
    events.Captured: Urgency.EVIDENCE,
    events.CaptureFailed: Urgency.EVIDENCE,
    events.EntryBanked: Urgency.MATCHING,
    events.Matched: Urgency.MATCHING,
    events.EvidenceErased: Urgency.UPKEEP,
    events.PictureUnreadable: Urgency.UPKEEP,
    events.Timestamped: Urgency.UPKEEP,
    events.HeartbeatRecorded: Urgency.UPKEEP,
}
"""Of what follows from an event, if it is another than that of `follow`: it never asks a platform."""

SLOW = tuple(range(-1, -21, -1))
"""Of what strangers make long: reading large files. A lane of its own does one of these at a time. The first
is for a poster with no other such file waiting, each further one for one more, so that posters take turns."""


def slow(waiting: int = 0) -> int:
    """Return the urgency of reading a slow file whose poster has so many others waiting."""
    return SLOW[min(waiting, len(SLOW) - 1)]


OTHER = Urgency.DETAILS
"""Of a job that is not in the table."""


def of_job(name: str) -> Urgency:
    """Return the urgency of a job."""
    return URGENCY.get(name, OTHER)


def of_event(event: events.Event) -> Urgency:
    """Return the urgency of what follows from an event."""
    return _OF_EVENTS.get(type(event), URGENCY["follow"])


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
