"""The part about evidence on a report's page: from the database's answer to words and one button.

Pure, like `status_view`. The page says nothing before people decided in favour of the report: that something
is kept would tell that something was found. Earlier packages are named in every state, because a receipt may
be found by another person.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from takeback.entrypoints.portal.words import Language
from takeback.submissions.model import EvidenceStatus, PackageStatus

_LONG = timedelta(hours=1)
_MEGABYTE = 1_000_000


class Press(StrEnum):
    """The action of the part's only button."""

    ASK = "ask"
    WAIT = "wait"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The part of the page."""

    sentences: tuple[str, ...]
    """The state of the package, and what the file is."""
    press: Press | None
    """None: there is nothing to press now."""
    label: str
    """Of the button."""
    beside: str
    """What to know about pressing it; empty if nothing."""
    day: str
    """A sentence that ends with a moment; empty if there is none."""
    at: datetime | None
    """That moment."""
    before: tuple[PackageStatus, ...]
    """Who asked, the newest first."""


def evidence(status: EvidenceStatus, now: datetime, words: Language) -> Evidence | None:
    """Return the part at this moment; None where nothing is kept or decided, and nothing was asked for."""
    newest = status.packages[0] if status.packages else None
    if newest is None:
        return _offer(status, "", words) if status.kept and status.decided else None
    match newest.state:
        case "ready":
            return _ready(status, newest, words)
        case "asked":
            soon = words.say(f"evidence.asked.{'late' if now - newest.asked_at > _LONG else 'soon'}")
            return _part(status, words, words.say("evidence.asked"), soon, press=Press.WAIT)
        case other:
            return _offer(status, other, words)


def takeable(status: EvidenceStatus) -> PackageStatus | None:
    """The package that can be taken out now, if there is one."""
    newest = status.packages[0] if status.packages else None
    return newest if newest is not None and newest.state == "ready" else None


def _offer(status: EvidenceStatus, last: str, words: Language) -> Evidence:
    """While none is under way: how the last one ended, and the button, unless something is in its way."""
    obstacle = _obstacle(status, last)
    if obstacle:
        return _part(status, words, words.say(f"evidence.{obstacle}"))
    keys = ("what", "names", "sealed") if not last else (last, "what", "names", "sealed")
    sentences = tuple(words.say(f"evidence.{key}") for key in keys)
    if status.again_at is not None:
        return _part(status, words, *sentences, day=words.say("evidence.limited"), at=status.again_at)
    return _part(status, words, *sentences, press=Press.ASK, beside=words.say("evidence.recorded"))


def _obstacle(status: EvidenceStatus, last: str) -> str:
    if not (status.kept and status.decided):
        return "nothing"
    return last if last == "too_large" else ""


def _ready(status: EvidenceStatus, package: PackageStatus, words: Language) -> Evidence:
    sentences = (words.say("evidence.ready"), words.say("evidence.names"), words.say("evidence.sealed"))
    return _part(
        status,
        words,
        *sentences,
        press=Press.TAKE,
        size=_size(package.size or 0, words),
        beside=words.say("evidence.check"),
        day=words.say("evidence.until"),
        at=package.expires_at,
    )


def _part(
    status: EvidenceStatus,
    words: Language,
    *sentences: str,
    press: Press | None = None,
    size: str = "",
    beside: str = "",
    day: str = "",
    at: datetime | None = None,
) -> Evidence:
    label = "" if press is None else words.say(f"evidence.{press}", size=size)
    return Evidence(sentences, press, label, beside, day, at, status.packages)


def _size(size: int, words: Language) -> str:
    if size < _MEGABYTE:
        return words.say("evidence.size.small")
    return words.say("evidence.size.large", number=math.ceil(size / _MEGABYTE))
