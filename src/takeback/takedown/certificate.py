"""What the rounds of looks at one copy say against the clock of the law, and what they do not. Pure.

A certificate is a sentence that a court may read and the other side may attack, so it claims what the rounds
show and no more. Each round is a moment: between two of them nothing was seen. It speaks for those who were
shown the control, and for nobody else. A round that showed nothing certain is told, and so is a copy that was
seen again: then the claim begins anew with the round after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from takeback.connectors.api import Vantage
from takeback.ids import SightingId, TargetId
from takeback.law.clocks import Clock
from takeback.takedown.model import Finding, Round
from takeback.takedown.rules import proven
from takeback.takedown.telling import Clause, Part, english, told
from takeback_verify.core.rounds import judge, parse_round


@dataclass(frozen=True, slots=True)
class Certificate:
    """What can be said of one copy."""

    target: TargetId
    sighting: SightingId
    received_at: datetime
    """When the report was received, which starts the clock."""
    due_at: datetime
    clock: str
    """Which one, see `law.clocks`."""
    decided_at: datetime | None
    """When the decision took effect."""
    removed_at: datetime | None
    """When the copy was first found to be gone; None: it never was."""
    absent_since: datetime | None
    """The first of the rounds, up to the last, that found it gone with none between that saw it."""
    last_checked_at: datetime
    rounds: int
    """How many found it gone since then."""
    vantages: tuple[Vantage, ...]
    """From where each of them proves it."""
    gaps: tuple[datetime, ...]
    """Checks that showed nothing certain, of all."""
    seen_again: tuple[datetime, ...]
    """Checks after the first that found it gone, at which it was to be seen."""
    unproven: tuple[datetime, ...]
    """Checks that the service called gone and whose record does not prove it; they count as nothing."""
    clauses: tuple[Clause, ...]
    """What is claimed, and what is not, in the order in which it is told."""

    @property
    def sentence(self) -> str:
        """All of it in English, in UTC."""
        return told(self.clauses, english())

    @property
    def in_time(self) -> bool:
        """Whether it was found to be gone before the deadline; that it came back later is another matter."""
        return self.removed_at is not None and self.removed_at <= self.due_at


def certificates(
    rounds: Sequence[Round], *, received_at: datetime, clock: Clock, decided_at: datetime | None
) -> tuple[Certificate, ...]:
    """One for each copy that was looked for, in the order in which they come.

    Args:
        rounds: of a case, see `service.rounds_of`.
        received_at: when the report was received.
        clock: the deadline to be measured by, one of `law.clocks.start(received_at, ...)`.
        decided_at: when the decision took effect.
    """
    copies = dict.fromkeys(each.target for each in rounds)
    return tuple(
        certify(
            [each for each in rounds if each.target == target],
            received_at=received_at,
            clock=clock,
            decided_at=decided_at,
        )
        for target in copies
    )


def certify(
    rounds: Sequence[Round], *, received_at: datetime, clock: Clock, decided_at: datetime | None
) -> Certificate:
    """What the rounds of one copy say. Raises ValueError without one, or if they are of several copies."""
    if len({each.target for each in rounds}) != 1:
        raise ValueError("a certificate speaks of one copy that was looked for")
    ordered = sorted(rounds, key=lambda each: each.round)
    gone = [each for each in ordered if each.finding is Finding.GONE and _is_proven(each)]
    seen = [each for each in ordered if each.finding is Finding.THERE]
    run = [each for each in gone if not seen or each.round > seen[-1].round]
    vantages = tuple(vantage for vantage in Vantage if run and all(_proves(each, vantage) for each in run))
    gaps = tuple(each.at for each in ordered if each.finding is Finding.UNCLEAR)
    unproven = tuple(each.at for each in ordered if each.finding is Finding.GONE and each not in gone)
    again = tuple(each.at for each in seen if gone and each.round > gone[0].round)
    clauses = (
        *_clock(received_at, clock, decided_at, gone[0].at if gone else None),
        *_absence(ordered[-1], run, vantages, seen),
        *_limits(run, vantages, gaps, again, unproven),
    )
    return Certificate(
        target=ordered[0].target,
        sighting=ordered[0].sighting,
        received_at=received_at,
        due_at=clock.due_at,
        clock=clock.regime,
        decided_at=decided_at,
        removed_at=gone[0].at if gone else None,
        absent_since=run[0].at if run else None,
        last_checked_at=ordered[-1].at,
        rounds=len(run),
        vantages=vantages,
        gaps=gaps,
        seen_again=again,
        unproven=unproven,
        clauses=clauses,
    )


def _is_proven(each: Round) -> bool:
    """Whether a verifier says "gone" of a round that says so; of records of before version 2 none does."""
    document = parse_round(each.series, f"round {each.round}")
    return judge(document, each.finding.value).finding is not None


def _proves(each: Round, vantage: Vantage) -> bool:
    """Whether a round proves the absence from there: all that was looked at, each beside its control."""
    looks = [look for look in each.looks if look.vantage is vantage]
    return bool(looks) and set(looks) <= set(proven(each.looks, each.control))


def _clock(
    received_at: datetime, clock: Clock, decided_at: datetime | None, removed_at: datetime | None
) -> Iterator[Clause]:
    yield Clause("received", {"received": received_at})
    if decided_at is not None:
        yield Clause("decided", {"decided": decided_at})
    due: dict[str, Part] = {"due": clock.due_at, "clock": clock.regime}
    if removed_at is None:
        yield Clause("due_open", due)
    else:
        key = "due_before" if removed_at <= clock.due_at else "due_after"
        yield Clause(key, {**due, "removed": removed_at, "span": abs(clock.due_at - removed_at)})


def _absence(
    last: Round, run: Sequence[Round], vantages: tuple[Vantage, ...], seen: Sequence[Round]
) -> Iterator[Clause]:
    if not run:
        yield Clause("not_claimed", {"last": last.at})
        if seen:
            yield Clause("seen_last", {"seen": seen[-1].at})
    elif len(run) == 1:
        yield Clause("absent_once", {"first": run[0].at, "by": vantages})
    else:
        about: dict[str, Part] = {"checks": len(run), "first": run[0].at, "last": run[-1].at, "by": vantages}
        yield Clause("absent_each", about)


def _limits(
    run: Sequence[Round],
    vantages: Sequence[Vantage],
    gaps: tuple[datetime, ...],
    again: tuple[datetime, ...],
    unproven: tuple[datetime, ...],
) -> Iterator[Clause]:
    if again:
        yield Clause("again", {"again": again})
    if gaps:
        yield Clause("gap_one" if len(gaps) == 1 else "gap_many", {"checks": len(gaps), "gaps": gaps})
    if unproven:
        yield Clause("unproven", {"unproven": unproven})
    tried = {look.vantage for each in run for look in each.looks}
    if blind := tuple(vantage for vantage in Vantage if vantage in tried and vantage not in vantages):
        yield Clause("blind", {"blind": blind})
    yield Clause("between", {})
