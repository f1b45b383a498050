"""How a report stands, in plain words: from the database's answer and the present to what the page says.

Pure, so that every state can be met in a test. What somebody may know of her own case is small on
purpose: places are numbers, not names, because a receipt may be found by another person.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from takeback.doors.portal.words import Language
from takeback.intake.model import CaseStatus, CopyStatus, NotLookedFor, ReportStatus

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_LOOKED_FOR = frozenset({"checking", "gone", "failed"})
_WORTH_HOURS = timedelta(hours=72)
"""Beyond this, days are counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step on the vertical line."""

    text: str
    at: datetime | None
    """When it happened; None while it has not."""
    mark: str
    """done | now | ahead | stuck"""


@dataclass(frozen=True, slots=True)
class Place:
    """One place with its copies."""

    heading: str
    count: str
    copies: tuple[tuple[str, tuple[Line, ...]], ...]
    """Each with its name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the page shows."""

    now: str
    """One sentence."""
    more: str
    """What else to know about it; mostly empty."""
    left: str
    """The countdown; empty when nothing is due."""
    late: bool
    lines: tuple[Line, ...]
    searching: bool
    """The search for copies has begun."""
    places: tuple[Place, ...]
    not_looked_for: tuple[str, ...]
    """A sentence for each reported picture that cannot be looked for."""


def standing(status: ReportStatus, now: datetime, words: Language) -> Standing:
    """What to say about a report at this moment."""
    due = status.case is not None and status.case.status not in {"removed", "declined"}
    late = due and status.case is not None and now > status.case.due_at
    return Standing(
        now=_sentence(status, words),
        more=_more(status, words),
        left=left(status.case.due_at - now, words) if due and status.case and not late else "",
        late=late,
        lines=_lines(status, words),
        searching=status.case is not None,
        places=_places(status.copies, words),
        not_looked_for=tuple(_not_looked_for(refused, words) for refused in status.refused),
    )


def _not_looked_for(refused: NotLookedFor, words: Language) -> str:
    kind, _, number = refused.name.partition(" ")
    which = words.say(f"status.refused.{kind}", number=number.partition(",")[0].partition(".")[0])
    return f"{which}: {words.say(f'status.refused.{refused.why}')}"


def left(time: timedelta, words: Language) -> str:
    """A countdown that never promises less time than there is: "at most 23 hours left"."""
    if time > _WORTH_HOURS:
        return words.say("status.left.days", number=math.ceil(time / timedelta(days=1)))
    if time > _HOUR:
        return words.count("status.left.hours", math.ceil(time / _HOUR))
    return words.count("status.left.minutes", max(1, math.ceil(time / _MINUTE)))


def wait(time: timedelta, words: Language) -> str:
    """How long to wait, rounded up: "2 minutes"."""
    if time > _HOUR:
        return words.count("wait.hours", math.ceil(time / _HOUR))
    if time > _MINUTE:
        return words.count("wait.minutes", math.ceil(time / _MINUTE))
    return words.count("wait.seconds", max(1, math.ceil(time / _SECOND)))


def moment(time: datetime, words: Language) -> str:
    """A moment for people whose browser does not turn it into their own time."""
    there = time.astimezone(UTC)
    return words.say(
        "time.utc",
        day=there.day,
        month=words.say(f"month.{there.month}"),
        year=there.year,
        hour=f"{there.hour:02d}",
        minute=f"{there.minute:02d}",
    )


def _unclear(copy: CopyStatus) -> bool:
    """Whether the newest look at a removed copy was not certain: then it is not called gone."""
    return copy.unclear_at is not None and copy.state in _LOOKED_FOR


def _sentence(status: ReportStatus, words: Language) -> str:
    case, found = status.case, len(status.copies)
    if case is None:
        return words.say("status.sentence.waiting")
    match case.status:
        case "open" if not found:
            return words.say("status.sentence.open.none")
        case "open":
            return words.count("status.sentence.open", found)
        case "removed" if any(_unclear(copy) for copy in status.copies):
            return words.say("status.sentence.removed.unclear")
        case other:
            return words.say(f"status.sentence.{other}")


def _more(status: ReportStatus, words: Language) -> str:
    stands = status.case.status if status.case else ""
    stuck = any(copy.state == "failed" for copy in status.copies)
    if stands == "removed" and any(_unclear(copy) for copy in status.copies):
        return words.say("status.more.removed.unclear")
    told = stands in {"removed", "declined"} or (stands == "removing" and stuck)
    return words.say(f"status.more.{stands}") if told else ""


def _lines(status: ReportStatus, words: Language) -> tuple[Line, ...]:
    received = Line(words.say("status.received"), status.received_at, "done")
    if status.case is None:
        return (received, Line(words.say("status.opening"), None, "now"))
    # When it was opened is not told apart from when it arrived: it is seconds.
    opened = Line(words.say("status.opened"), None, "done")
    unclear = any(_unclear(copy) for copy in status.copies)
    return (received, opened, *_case_lines(status.case, words, unclear=unclear))


def _case_lines(case: CaseStatus, words: Language, *, unclear: bool) -> tuple[Line, ...]:
    def line(key: str, mark: str) -> Line:
        return Line(
            words.say(f"status.step.{key}"), case.changed_at if mark == "since" else None, _MARKS[mark]
        )

    match case.status:
        case "open":
            return (line("check", "now"), line("remove", "ahead"))
        case "second_look":
            return (line("second", "now"), line("remove", "ahead"))
        case "declined":
            return (line("declined", "since"),)
        case "decided":
            return (line("decided", "since"), line("remove", "ahead"))
        case "removing":
            return (line("decided", "done"), line("remove", "now"))
        case _:
            return (line("decided", "done"), line("removed.unclear" if unclear else "removed", "since"))


_MARKS = {"done": "done", "since": "done", "now": "now", "ahead": "ahead"}


def _places(copies: tuple[CopyStatus, ...], words: Language) -> tuple[Place, ...]:
    ordered = sorted(copies, key=lambda copy: (copy.place, copy.found_at))
    places: list[Place] = []
    for number, group in groupby(ordered, key=lambda copy: copy.place):
        here = tuple(group)
        places.append(
            Place(
                heading=words.say("status.place", number=number),
                count=words.count("status.place.count", len(here), platform=here[0].connector.capitalize()),
                copies=tuple(
                    (words.say("status.copy", number=index), _copy_lines(copy, words))
                    for index, copy in enumerate(here, 1)
                ),
            )
        )
    return tuple(places)


def _copy_lines(copy: CopyStatus, words: Language) -> tuple[Line, ...]:
    found = Line(words.say("status.copy.found"), copy.found_at, "done")
    text = words.say(f"status.copy.state.{copy.state}")
    if _unclear(copy):
        return (found, *_unclear_lines(copy, words))
    match copy.state:
        case "gone":
            return (found, Line(text, copy.gone_at or copy.changed_at, "done"))
        case "failed":
            return (found, Line(text, copy.changed_at, "stuck"))
        case "found" | "planned":
            return (found, Line(text, None, "ahead"))
        case _:
            return (found, Line(text, None, "now"))


def _unclear_lines(copy: CopyStatus, words: Language) -> tuple[Line, ...]:
    """What a copy's lines end with when it was looked for, and nothing certain was seen."""
    looked = Line(words.say(f"status.copy.unclear.{copy.state}"), copy.unclear_at, "stuck")
    if copy.state != "gone":
        return (looked,)
    gone = Line(words.say("status.copy.state.gone"), copy.gone_at or copy.changed_at, "done")
    return (gone, looked)
