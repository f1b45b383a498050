"""What a page showed of a case when it was made, and what has changed since. Pure.

A decision is made of a page, so it travels with what the page showed: each copy's id, and what had been said
of it. Nothing that was not on the page is covered, and what changed meanwhile is told before anything acts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from takeback.cases.model import Copy, Decision
from takeback.ids import SightingId

MOST_COPIES = 20_000
"""On one page."""
_COPY = re.compile(r"([1-9][0-9]{0,18})([xsmg]?)")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed."""

    copies: tuple[tuple[SightingId, str], ...]
    """In the page's order: the copy, and what stood there.

    Nothing: it is a copy; m: it may be one; s: it was confirmed; x: it was excluded; g: it is gone.
    """
    decision: UUID | None
    """The last decision of the case, however it ended."""

    @property
    def ids(self) -> frozenset[SightingId]:
        """All copies on the page."""
        return frozenset(copy for copy, _ in self.copies)


@dataclass(frozen=True, slots=True)
class Changed:
    """What is no longer as a page showed it."""

    found: tuple[SightingId, ...] = ()
    """Copies that came since."""
    said: tuple[SightingId, ...] = ()
    """Copies of which something else is said now."""
    decided: bool = False
    """Somebody decided meanwhile, or took a decision back."""

    def __bool__(self) -> bool:
        return bool(self.found or self.said or self.decided)


def shown(copies: Sequence[Copy], decisions: Sequence[Decision]) -> Shown:
    """Return what a page shows that is made now."""
    last = decisions[-1].id if decisions else None
    return Shown(tuple((copy.sighting, _said(copy)) for copy in copies), last)


def _said(copy: Copy) -> str:
    if copy.excluded:
        return "x"
    if copy.gone_at is not None:
        return "g"
    if copy.is_candidate:
        return "m"
    return "s" if copy.confirmed else ""


def format_shown(page: Shown) -> str:
    """One word for each copy and one for the last decision, one blank apart."""
    words = [f"{copy}{said}" for copy, said in page.copies]
    return " ".join([str(page.decision or "-"), *words])


def parse_shown(text: str) -> Shown:
    """The inverse of `format_shown`. Raises ValueError for anything else."""
    last, *words = text.split(" ")
    found = [_COPY.fullmatch(word) for word in words]
    copies = tuple((SightingId(int(each[1])), each[2]) for each in found if each is not None)
    if (
        len(copies) > MOST_COPIES
        or len(copies) != len(words)
        or len({copy for copy, _ in copies}) != len(copies)
    ):
        raise ValueError("not what a page showed")
    page = Shown(copies, None if last == "-" else UUID(last))
    if format_shown(page) != text:
        raise ValueError("not what a page showed")
    return page


def changed(page: Shown, copies: Sequence[Copy], decisions: Sequence[Decision]) -> Changed:
    """Return what has changed since a page was made."""
    before, now = dict(page.copies), shown(copies, decisions)
    return Changed(
        found=tuple(copy for copy, _ in now.copies if copy not in before),
        said=tuple(copy for copy, said in now.copies if copy in before and before[copy] != said),
        decided=now.decision != page.decision,
    )
