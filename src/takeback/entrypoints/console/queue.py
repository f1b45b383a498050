"""The queue: what waits, least time left first; filtered and sorted by its address, to be linked to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from takeback.cases import breaker, floods
from takeback.cases import service as cases
from takeback.cases.breaker import Paused
from takeback.cases.model import CaseStatus, QueueRow
from takeback.cases.rules import needs_review
from takeback.entrypoints.console import flood_words
from takeback.entrypoints.console.desk import AtDesk, Visiting
from takeback.infra import clock

router = APIRouter()


class Show(StrEnum):
    """The cases that are listed."""

    WAITING = "waiting"
    """All that wait for something."""
    PAUSED = "paused"
    """Automatic removal waits for an answer."""
    TO_DECIDE = "to_decide"
    SECOND_LOOK = "second_look"
    CANDIDATES = "candidates"
    """Decided, with copies that may be the same."""
    REMOVING = "removing"
    LATE = "late"
    CLOSED = "closed"


class Sort(StrEnum):
    """The order of the list."""

    TIME = "time"
    OPENED = "opened"
    COPIES = "copies"
    PLACES = "places"
    POSTERS = "posters"


SHOW_NAMES = {
    Show.WAITING: "All that wait",
    Show.PAUSED: "Paused",
    Show.TO_DECIDE: "To decide",
    Show.SECOND_LOOK: "Second look",
    Show.CANDIDATES: "May be the same",
    Show.REMOVING: "Being removed",
    Show.LATE: "Late",
    Show.CLOSED: "Closed",
}
NOTHING = {
    Show.WAITING: ("Nothing waits.", "New reports stand here when you next open the queue."),
    Show.PAUSED: (
        "Nothing is paused.",
        "Automatic removal pauses when one picture is removed very often, until somebody answers.",
    ),
    Show.TO_DECIDE: ("Nothing to decide.", "Everything that was found has been looked at."),
    Show.SECOND_LOOK: ("Nobody needs a second look.", "When a colleague cannot tell, the case comes here."),
    Show.CANDIDATES: (
        "Nothing needs your eye.",
        "Copies that may be the same come here when a case was decided before they were found.",
    ),
    Show.REMOVING: (
        "Nothing is being removed.",
        "Copies appear here from the decision until they are seen to be gone.",
    ),
    Show.LATE: ("Nothing is late.", "Every deadline is still ahead."),
    Show.CLOSED: (
        "Nothing is closed yet.",
        "Cases come here when every copy is gone, or when nothing was to be removed.",
    ),
}
_CLOSED = {CaseStatus.REMOVED, CaseStatus.DECLINED, CaseStatus.OUT_OF_REACH}
_KEYS: dict[Sort, Callable[[QueueRow], datetime | int]] = {
    Sort.TIME: lambda row: row.case.due_at,
    Sort.OPENED: lambda row: row.case.opened_at,
    Sort.COPIES: lambda row: row.copies,
    Sort.PLACES: lambda row: row.places,
    Sort.POSTERS: lambda row: row.posters,
}


@dataclass(frozen=True, slots=True)
class View:
    """A filter and an order, as they stand in the address."""

    show: Show = Show.WAITING
    sort: Sort = Sort.TIME
    descending: bool = False

    @property
    def address(self) -> str:
        """The link to this view; what is not said is the usual."""
        query = [("show", self.show.value)] if self.show is not Show.WAITING else []
        query += [("sort", self.sort.value)] if self.sort is not Sort.TIME else []
        query += [("down", "1")] if self.descending else []
        return "/?" + urlencode(query) if query else "/"

    def showing(self, show: Show) -> "View":
        """The same order of other cases."""
        return replace(self, show=show)

    def sorted_by(self, sort: Sort) -> "View":
        """Sorted by this; large numbers first, and the other way when it is asked again."""
        counts = sort in {Sort.COPIES, Sort.PLACES, Sort.POSTERS}
        return replace(self, sort=sort, descending=not self.descending if self.sort is sort else counts)


def select(
    rows: Sequence[QueueRow], view: View, *, late: Callable[[QueueRow], bool], paused: Sequence[Paused] = ()
) -> list[QueueRow]:
    """The rows of a view, paused ones first. Pure; the order of equals is the order given."""
    waits = {each.case for each in paused}
    wanted = [row for row in rows if _is_shown(row, view.show, late=late, paused=row.case.id in waits)]
    return paused_first(sorted(wanted, key=_KEYS[view.sort], reverse=view.descending), paused)


def paused_first(rows: Sequence[QueueRow], paused: Sequence[Paused]) -> list[QueueRow]:
    """The rows with those on top whose automatic removal waits for an answer. Pure."""
    first = {each.case: place for place, each in enumerate(paused)}
    return sorted(rows, key=lambda row: first.get(row.case.id, len(first)))


def _is_shown(  # noqa: PLR0911 - an arm for each view
    row: QueueRow, show: Show, *, late: Callable[[QueueRow], bool], paused: bool
) -> bool:
    status = row.case.status
    match show:
        case Show.WAITING:
            return paused or not _is_closed(row)
        case Show.PAUSED:
            return paused
        case Show.TO_DECIDE:
            return status in {CaseStatus.OPEN, CaseStatus.SECOND_LOOK}
        case Show.SECOND_LOOK:
            return status is CaseStatus.SECOND_LOOK
        case Show.CANDIDATES:
            return needs_review(row.case, row.candidates)
        case Show.REMOVING:
            return status is CaseStatus.REMOVING
        case Show.LATE:
            return status not in _CLOSED and late(row)
        case Show.CLOSED:
            return _is_closed(row) and not paused


def _is_closed(row: QueueRow) -> bool:
    """Nothing waits for anybody: a removed case may still have copies that need an eye."""
    return row.case.status in _CLOSED and not needs_review(row.case, row.candidates)


@router.get("/")
def queue(
    desk: AtDesk,
    visit: Visiting,
    show: Show = Show.WAITING,
    sort: Sort = Sort.TIME,
    down: Annotated[bool, Query()] = False,
) -> Response:
    """The queue page."""
    now = clock.now()
    with desk.app.database.transaction() as tx:
        rows, paused = cases.queue(tx, include_closed=True), breaker.paused(tx)
        held = floods.waiting(tx) if show in {Show.WAITING, Show.PAUSED} else ()
    view = View(show, sort, down)

    def late(row: QueueRow) -> bool:
        return row.case.overdue or row.case.due_at <= now

    return desk.page(
        "queue.html",
        visit,
        now=now,
        view=view,
        rows=select(rows, view, late=late, paused=paused),
        counts={each: len(select(rows, View(each), late=late, paused=paused)) for each in Show},
        paused={each.case: each for each in paused},
        floods=held,
        flood_words=flood_words,
        shows=SHOW_NAMES,
        sorts=Sort,
        nothing=NOTHING[show],
    )
