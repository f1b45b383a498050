"""A report's status in plain words: from the database's answer and the present to the text of the page.

Pure, so that every state can be met in a test. What somebody may know of her own case is small on
purpose: places are numbers, not names, because a receipt may be found by another person. And whoever has a
picture can report it: before people decided in favour of the report, the page is the same for every report,
whatever was found, byte for byte but for the receipt and the times that are its own.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from takeback.entrypoints.portal.words import Language
from takeback.submissions.model import CaseStatus, CopyStatus, NotLookedFor, ReportStatus

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_LOOKED_FOR = frozenset({"checking", "gone", "failed"})
_WORTH_HOURS = timedelta(hours=72)
"""Beyond this, days are counted."""
_GRANTED = frozenset({"removing", "removed"})
"""People decided for her: from here on she is told what was found."""
_ANSWERED = frozenset({"declined", "out_of_reach"})


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
class StatusPage:
    """All that the page shows."""

    now: str
    """One sentence."""
    more: str
    """What else to know about it; mostly empty."""
    elsewhere: tuple[str, ...]
    """Where else there is help, if nothing here can act."""
    left: str
    """The countdown, or that the time has passed; empty when nothing is due."""
    late: str
    """What to say of a deadline that was missed; empty if none was."""
    lines: tuple[Line, ...]
    places: tuple[Place, ...]
    not_looked_for: tuple[str, ...]
    """A sentence for each reported picture that cannot be looked for."""


def status_view(status: ReportStatus, now: datetime, words: Language) -> StatusPage:
    """Return the text about a report at this moment."""
    stage = _stage(status)
    copies = status.copies if stage in _GRANTED else ()
    left_, late = _time(status.case, stage, now, words)
    return StatusPage(
        now=_sentence(stage, copies, words),
        more=_more(stage, copies, words),
        elsewhere=words.all("status.elsewhere") if stage == "out_of_reach" else (),
        left=left_,
        late=late,
        lines=_lines(status, stage, copies, words),
        places=_places(copies, words),
        not_looked_for=tuple(_not_looked_for(refused, words) for refused in status.refused),
    )


def _stage(status: ReportStatus) -> str:
    """Return unusable | waiting | undecided | out_of_reach | declined | removing | removed."""
    if status.unusable:
        return "unusable"
    if status.case is None:
        return "waiting"
    state = status.case.status
    if state in _GRANTED | _ANSWERED:
        return state
    return "undecided" if status.searched else "out_of_reach"


def _time(case: CaseStatus | None, stage: str, now: datetime, words: Language) -> tuple[str, str]:
    """(what to say of the time, or in its place if it was missed), where a clock runs that somebody minds."""
    if case is None or stage not in {"undecided", "removing"}:
        return "", ""
    if now <= case.due_at:
        return words.say(f"status.time.{stage}", left=left(case.due_at - now, words)), ""
    sentence = words.say(f"status.late.{stage}")
    # Whether anything was missed must not show before a decision, and so neither does the colour of it.
    return ("", sentence) if stage == "removing" else (sentence, "")


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
    """Return the time to wait, rounded up: "2 minutes"."""
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
    """Return whether the newest look at a removed copy was not certain: then it is not called gone."""
    return copy.unclear_at is not None and copy.state in _LOOKED_FOR


def _sentence(stage: str, copies: tuple[CopyStatus, ...], words: Language) -> str:
    if stage == "removed" and any(map(_unclear, copies)):
        return words.say("status.sentence.removed.unclear")
    return words.say(f"status.sentence.{stage}")


def _more(stage: str, copies: tuple[CopyStatus, ...], words: Language) -> str:
    if stage == "removed" and any(map(_unclear, copies)):
        return words.say("status.more.removed.unclear")
    if stage == "removing" and not any(copy.state == "failed" for copy in copies):
        return ""
    return "" if stage == "waiting" else words.say(f"status.more.{stage}")


def _lines(
    status: ReportStatus, stage: str, copies: tuple[CopyStatus, ...], words: Language
) -> tuple[Line, ...]:
    received = Line(words.say("status.received"), status.received_at, "done")
    if stage == "waiting":
        return (received, Line(words.say("status.opening"), None, "now"))
    if stage == "unusable":
        return (received, Line(words.say("status.unreadable"), None, "stuck"))
    if stage == "out_of_reach":
        return (received, Line(words.say("status.opened"), None, "done"))
    # When it was opened is not told apart from when it arrived: it is seconds.
    opened = Line(words.say("status.opened.compared"), None, "done")
    since = status.case.changed_at if status.case is not None else None
    return (received, opened, *_case_lines(stage, since, words, unclear=any(map(_unclear, copies))))


def _case_lines(stage: str, since: datetime | None, words: Language, *, unclear: bool) -> tuple[Line, ...]:
    def line(key: str, mark: str, at: datetime | None = None) -> Line:
        return Line(words.say(f"status.step.{key}"), at, mark)

    match stage:
        case "undecided":
            return (line("check", "now"), line("remove", "ahead"))
        case "declined":
            return (line("declined", "done", since),)
        case "removing":
            return (line("decided", "done"), line("remove", "now"))
        case _:
            return (line("decided", "done"), line("removed.unclear" if unclear else "removed", "done", since))


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
    """Return the last lines of a copy that was looked for without anything certain to see."""
    looked = Line(words.say(f"status.copy.unclear.{copy.state}"), copy.unclear_at, "stuck")
    if copy.state != "gone":
        return (looked,)
    gone = Line(words.say("status.copy.state.gone"), copy.gone_at or copy.changed_at, "done")
    return (gone, looked)
