"""What a certificate says of one copy, as clauses: each a key with what it is about. Pure.

A court reads the sentences in its own language. So what is claimed is decided once (`certificate.py`), and
each language brings its own phrases. English is here; the others are texts of the dossier, with the same
keys.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from takeback.connectors.api import Vantage
from takeback.law.clocks import regimes
from takeback.zones import beside

Part = datetime | timedelta | int | str | tuple[datetime, ...] | tuple[Vantage, ...]
"""Something that a clause speaks of: moments, a span, a number, a clock's id, who looked."""

# Not by strftime, which speaks the machine's language.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is claimed, or not."""

    key: str
    """Of `ENGLISH`."""
    about: Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class Phrases:
    """A language."""

    texts: Mapping[str, str]
    """A template for each key of a clause, and the words inside: see `ENGLISH`."""
    regimes: Mapping[str, str]
    """The name of a clock's law, by its id."""
    moment: Callable[[datetime, tzinfo], str]
    number: Callable[[int], str]
    between: str
    """Between two sentences."""


def told(clauses: Sequence[Clause], phrases: Phrases, zone: tzinfo = UTC) -> str:
    """The sentences of these clauses.

    Args:
        clauses: of a certificate.
        phrases: of the language.
        zone: each time is in UTC, and in this zone if it is another one.
    """

    def said(part: Part) -> str:
        match part:
            case datetime():
                return phrases.moment(part, zone)
            case timedelta():
                return _span(part, phrases.texts)
            case int():
                return phrases.number(part)
            case str():
                return phrases.regimes.get(part, phrases.texts["clock_house"])
            case _:
                words = [
                    phrases.moment(each, zone) if isinstance(each, datetime) else phrases.texts[f"by_{each}"]
                    for each in part
                ]
                return _listed(words, phrases.texts) if words else phrases.texts["by_nobody"]

    sentences = [
        phrases.texts[clause.key].format(**{name: said(part) for name, part in clause.about.items()})
        for clause in clauses
    ]
    return phrases.between.join(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def _span(time: timedelta, texts: Mapping[str, str]) -> str:
    """Two units at most, rounded down: "1 day 3 h", "2 h 5 min", "0 min"."""
    days, hours, minutes = time // _DAY, time % _DAY // _HOUR, time % _HOUR // _MINUTE
    key = ("span_day" if days == 1 else "span_days") if days else "span_hours" if hours else "span_minutes"
    return texts[key].format(days=days, hours=hours, minutes=minutes)


def _listed(parts: Sequence[str], texts: Mapping[str, str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{texts['list_comma'].join(parts[:-1])}{texts['list_last']}{parts[-1]}"


def _moment(at: datetime, zone: tzinfo) -> str:
    """As in "3 March 2026 12:05 UTC"."""
    there = at.astimezone(UTC)
    said = f"{there.day} {_MONTHS[there.month - 1]} {there.year} {there:%H:%M} UTC"
    return said + beside(at, zone)


def _number(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def english() -> Phrases:
    """The phrases of English."""
    return Phrases(ENGLISH, {each.id: each.name for each in regimes()}, _moment, _number, " ")


_BESIDE = "looked for {by}, each time between two looks at a control that was present."
ENGLISH: Mapping[str, str] = {
    "received": "The report was received on {received}.",
    "decided": "The decision to remove took effect on {decided}.",
    "due_open": "The copy was due to be removed by {due} ({clock}); no check has found it gone.",
    "due_before": "The copy was due to be removed by {due} ({clock}); "
    "it was first found gone on {removed}, {span} before that.",
    "due_after": "The copy was due to be removed by {due} ({clock}); "
    "it was first found gone on {removed}, {span} after that.",
    "not_claimed": "That it is absent is not claimed: the last check, on {last}, did not prove it.",
    "seen_last": "It was to be seen on {seen}.",
    "absent_once": f"Absent at one check, on {{first}}, {_BESIDE}",
    "absent_each": f"Absent at each of {{checks}} checks from {{first}} to {{last}}, {_BESIDE}",
    "again": "After it had been found gone it was seen again, on {again}.",
    "gap_one": "One check showed nothing certain, on {gaps}.",
    "gap_many": "{checks} checks showed nothing certain, on {gaps}.",
    "unproven": "The service recorded that it was gone on {unproven}; "
    "the records of these checks do not prove it.",
    "blind": "Whoever looks {blind} was not shown the control either; for them nothing is claimed.",
    "between": "Between the checks nothing was seen and nothing is claimed.",
    "clock_house": "the service's own deadline",
    "by_anonymous": "without an account",
    "by_member": "as a member",
    "by_admin": "as an administrator",
    "by_nobody": "from at least one side",
    "list_comma": ", ",
    "list_last": " and ",
    "span_day": "{days} day {hours} h",
    "span_days": "{days} days {hours} h",
    "span_hours": "{hours} h {minutes} min",
    "span_minutes": "{minutes} min",
}
"""What is said by each clause, and the words that are put into it."""
