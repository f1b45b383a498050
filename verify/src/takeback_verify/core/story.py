"""Step 9: what the proven entries come to, as values: what happened, when, and since when a copy is absent.

Each happening carries the timestamp that bounds its time. That what was recorded is true is not proven by any
log.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from takeback_verify.core.anchors import Anchor, bound_of
from takeback_verify.core.canonical import parse_time
from takeback_verify.core.entries import PlacedEntry
from takeback_verify.core.errors import Malformed
from takeback_verify.core.leaf import Json, Opening
from takeback_verify.core.rounds import Finding, Judged
from takeback_verify.core.words import when

NEEDED: Mapping[str, Mapping[str, type]] = {
    "captured": {"capture": str, "sighting": int, "reason": str, "exhibit": str},
    "deletion_observed": {"capture": str, "by": str},
    "decided": {"decision": str, "verdict": str, "effective_at": str},
    "decision_undone": {"decision": str},
    "decision_effective": {"decision": str, "verdict": str},
    "removal_planned": {"target": str, "sighting": int},
    "removal_step_done": {"target": str, "action": str},
    "found_gone": {"target": str, "round": int},
    "found_again": {"target": str, "round": int},
    "rechecked": {"target": str, "round": int, "finding": str, "series": str},
    "watched": {"connector": str, "shard": str, "since": str, "until": str, "posts": int, "gap_ms": int},
    "timestamped": {"size": int, "authority": str, "token": str},
    "evidence_erased": {"capture": str},
    "dossier_written": {"dossier": str, "case": str, "manifest": str},
}
"""The fields that an entry of a kind must have to be interpreted, and their types."""

TOLD = frozenset(
    {
        "captured", "deletion_observed", "decided", "decision_undone", "decision_effective",
        "removal_step_done", "found_gone", "found_again", "rechecked", "evidence_erased",
    }
)  # fmt: skip
"""Kinds of entries that are told one by one, each with the time before which it was recorded."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry that is told."""

    entry: Opening
    bound: Anchor | None
    """The timestamp that bounds its time best."""
    round: Judged | None
    """The round of looks that it speaks of, if the package has it."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A copy that was absent each time it was looked for."""

    target: str
    """The removal, a UUID."""
    since: datetime
    until: datetime
    """Time of the last look."""


@dataclass(frozen=True, slots=True)
class Watching:
    """All heartbeats together."""

    heartbeats: int
    since: datetime
    until: datetime
    gap_ms: int


@dataclass(frozen=True, slots=True)
class Story:
    """All that happened, in the order of the log."""

    happenings: tuple[Happening, ...]
    absences: tuple[Absence, ...]
    watching: Watching | None
    others: Mapping[str, int]
    """Number of entries of each kind that is not told."""
    captures: Mapping[Json, Json]
    """The sighting of each capture, in the order of the log."""
    targets: Mapping[Json, Json]
    """The sighting of each removal."""


def check_body(opening: Opening) -> None:
    """Check that an entry of a kind that is interpreted has the fields for it. Raises Malformed."""
    for name, kind in NEEDED.get(opening.kind, {}).items():
        if type(opening.body.get(name)) is not kind:
            raise Malformed(f"the entry of kind {opening.kind} of {when(opening.at)} has no {name}")


def read_story(
    entries: Sequence[PlacedEntry], anchors: Sequence[Anchor], rounds: Mapping[str, Judged]
) -> Story:
    """Return what happened.

    Args:
        entries: those that the package opens; `check_body` holds of each.
        anchors: what bounds their times.
        rounds: each round of looks by the hash in its entry, already judged.

    Raises:
        Malformed: a heartbeat has a time that is none.
    """
    facts = [placed.entry.opening for placed in entries]
    judged = {
        _round_of(fact): rounds[str(fact.body["series"])]
        for fact in facts
        if fact.kind == "rechecked" and fact.body["series"] in rounds
    }
    happenings = tuple(
        Happening(fact, bound_of(anchors, placed.index), judged.get(_round_of(fact)))
        for placed, fact in zip(entries, facts, strict=True)
        if fact.kind in TOLD
    )
    return Story(
        happenings,
        _absences(happenings),
        _watching(facts),
        Counter(fact.kind for fact in facts if fact.kind not in TOLD | {"watched"}),
        _sightings(facts, "captured", "capture"),
        _sightings(facts, "removal_planned", "target"),
    )


def _round_of(fact: Opening) -> tuple[Json, Json]:
    """Return the removal and the round that an entry speaks of, if it speaks of one."""
    return fact.body.get("target"), fact.body.get("round")


def _sightings(facts: Sequence[Opening], kind: str, name: str) -> dict[Json, Json]:
    """Return the sighting of each thing that entries of a kind name."""
    return {fact.body[name]: fact.body["sighting"] for fact in facts if fact.kind == kind}


def _absences(happenings: Sequence[Happening]) -> tuple[Absence, ...]:
    """Return since when each copy is absent, after it was last there.

    Only rounds that prove it count as absent; that it was there needs no proof.
    """
    found: dict[str, Absence | None] = {}
    for happening in happenings:
        fact = happening.entry
        if fact.kind not in {"found_again", "rechecked"}:
            continue
        target, finding = str(fact.body["target"]), happening.round and happening.round.finding
        if fact.kind == "found_again" or finding is Finding.THERE:
            found[target] = None
        elif finding is Finding.GONE:
            before = found.get(target)
            found[target] = Absence(target, fact.at if before is None else before.since, fact.at)
    return tuple(absence for absence in found.values() if absence is not None)


def _watching(facts: Sequence[Opening]) -> Watching | None:
    bodies = [fact.body for fact in facts if fact.kind == "watched"]
    if not bodies:
        return None
    since = min(parse_time(_six(str(body["since"]))) for body in bodies)
    until = max(parse_time(_six(str(body["until"]))) for body in bodies)
    return Watching(len(bodies), since, until, sum(int(body["gap_ms"] or 0) for body in bodies))


def _six(text: str) -> str:
    """Return a time as entries spell it (with as many decimals as there are) in the spelling of leaves."""
    head, _, rest = text.removesuffix("Z").partition(".")
    return f"{head}.{rest.ljust(6, '0')}Z"
