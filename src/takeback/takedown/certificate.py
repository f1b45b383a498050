"""What the rounds of looks at one copy say against the clock of the law, and what they do not. Pure.

A certificate is a sentence that a court may read and the other side may attack, so it claims what the rounds
show and no more. Each round is a moment: between two of them nothing was seen. It speaks for those who were
shown the control, and for nobody else. A round that showed nothing certain is told, and so is a copy that was
seen again: then the claim begins anew with the round after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from takeback.connectors.api import Vantage
from takeback.ids import SightingId, TargetId
from takeback.law.clocks import Clock, regimes
from takeback.takedown.model import Finding, Round
from takeback.takedown.rules import proven

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_SEEN_BY = {
    Vantage.ANONYMOUS: "without an account",
    Vantage.MEMBER: "as a member",
    Vantage.ADMIN: "as an administrator",
}
# Not by strftime, which speaks the machine's language.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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
    sentence: str

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
    gone = [each for each in ordered if each.finding is Finding.GONE]
    seen = [each for each in ordered if each.finding is Finding.THERE]
    run = [each for each in gone if not seen or each.round > seen[-1].round]
    vantages = tuple(vantage for vantage in Vantage if run and all(_proves(each, vantage) for each in run))
    gaps = tuple(each.at for each in ordered if each.finding is Finding.UNCLEAR)
    again = tuple(each.at for each in seen if gone and each.round > gone[0].round)
    said = [
        *_clock(received_at, clock, decided_at, gone[0].at if gone else None),
        _absence(ordered[-1], run, vantages, seen),
        *_limits(run, vantages, gaps, again),
    ]
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
        sentence=" ".join(said),
    )


def _proves(each: Round, vantage: Vantage) -> bool:
    """Whether a round proves the absence from there: all that was looked at, each beside its control."""
    looks = [look for look in each.looks if look.vantage is vantage]
    return bool(looks) and set(looks) <= set(proven(each.looks, each.control))


def _clock(
    received_at: datetime, clock: Clock, decided_at: datetime | None, removed_at: datetime | None
) -> list[str]:
    name = next((each.name for each in regimes() if each.id == clock.regime), "the service's own deadline")
    said = [f"The report was received on {_moment(received_at)}."]
    if decided_at is not None:
        said.append(f"The decision to remove took effect on {_moment(decided_at)}.")
    due = f"The copy was due to be removed by {_moment(clock.due_at)} ({name})"
    if removed_at is None:
        said.append(f"{due}; no check has found it gone.")
    else:
        which = "before" if removed_at <= clock.due_at else "after"
        span = _span(abs(clock.due_at - removed_at))
        said.append(f"{due}; it was first found gone on {_moment(removed_at)}, {span} {which} that.")
    return said


def _absence(last: Round, run: Sequence[Round], vantages: Sequence[Vantage], seen: Sequence[Round]) -> str:
    if not run:
        at = f" It was to be seen on {_moment(seen[-1].at)}." if seen else ""
        return (
            f"That it is absent is not claimed: the last check, on {_moment(last.at)}, did not prove it.{at}"
        )
    where = _listed([_SEEN_BY[vantage] for vantage in vantages]) if vantages else "from at least one side"
    beside = f"looked for {where}, each time between two looks at a control that was present"
    if len(run) == 1:
        return f"Absent at one check, on {_moment(run[0].at)}, {beside}."
    span = f"from {_moment(run[0].at)} to {_moment(run[-1].at)}"
    return f"Absent at each of {_number(len(run))} checks {span}, {beside}."


def _limits(
    run: Sequence[Round],
    vantages: Sequence[Vantage],
    gaps: Sequence[datetime],
    again: Sequence[datetime],
) -> list[str]:
    said = []
    if again:
        said.append(f"After it had been found gone it was seen again, on {_listed([*map(_moment, again)])}.")
    if gaps:
        checks = "One check" if len(gaps) == 1 else f"{_number(len(gaps)).capitalize()} checks"
        said.append(f"{checks} showed nothing certain, on {_listed([*map(_moment, gaps)])}.")
    tried = {look.vantage for each in run for look in each.looks}
    if blind := [vantage for vantage in Vantage if vantage in tried and vantage not in vantages]:
        whom = _listed([_SEEN_BY[vantage] for vantage in blind])
        said.append(f"Whoever looks {whom} was not shown the control either; for them nothing is claimed.")
    said.append("Between the checks nothing was seen and nothing is claimed.")
    return said


def _moment(at: datetime) -> str:
    """As in "3 March 2026 12:05 UTC"."""
    there = at.astimezone(UTC)
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year} {there:%H:%M} UTC"


def _span(time: timedelta) -> str:
    """Two units at most, rounded down: "1 day 3 h", "2 h 5 min", "0 min"."""
    days, hours, minutes = time // _DAY, time % _DAY // _HOUR, time % _HOUR // _MINUTE
    if days:
        return f"{days} {'day' if days == 1 else 'days'} {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _number(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
