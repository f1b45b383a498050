"""Pictures that people can see and nobody compares: numbers for each platform, and their lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from takeback.connectors.api import Linker
from takeback.entrypoints.console import words_unseen
from takeback.entrypoints.console.desk import AtDesk, Desk, Visiting
from takeback.infra import clock
from takeback.sightings import unseen
from takeback.sightings.unseen import Surveyed, Tally, What

router = APIRouter(prefix="/unseen")

MAX_TEXT = 300
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class View:
    """One list, as it stands in the address."""

    platform: str
    what: What
    why: str | None = None
    """Only this reason; None: all."""
    before: int | None = None
    """From the line after this one."""

    @property
    def address(self) -> str:
        """The link to this view."""
        query: list[tuple[str, str | int]] = [("platform", self.platform), ("what", self.what.value)]
        query += [("why", self.why)] if self.why is not None else []
        query += [("before", self.before)] if self.before is not None else []
        return "/unseen/list?" + urlencode(query)


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform, or an archive that was read."""

    name: str
    connected: bool
    surveyed: Surveyed | None
    tallies: Mapping[What, Tally]


@router.get("")
def numbers(desk: AtDesk, visit: Visiting) -> Response:
    """The page "Not compared"."""
    with desk.app.database.transaction() as tx:
        counts = unseen.counts(tx)
    connected = set(desk.app.connectors)
    names = connected | {name for name, _ in counts.tallies} | set(counts.surveys)
    platforms = [
        Platform(
            name,
            name in connected,
            counts.surveys.get(name),
            {what: counts.tallies[name, what] for what in What if (name, what) in counts.tallies},
        )
        for name in sorted(names)
    ]
    return desk.page(
        "unseen.html",
        visit,
        now=clock.now(),
        platforms=platforms,
        kinds=tuple(What),
        View=View,
        unseen_words=words_unseen,
    )


@router.get("/list")
def lines(
    desk: AtDesk,
    visit: Visiting,
    platform: Annotated[str, Query(max_length=MAX_TEXT)],
    what: What,
    why: Annotated[str | None, Query(max_length=MAX_TEXT)] = None,
    before: Annotated[int | None, Query(ge=0, le=MAX_ID)] = None,
) -> Response:
    """A list, in pages; the whole view stands in the address."""
    view = View(platform, what, why, before)
    with desk.app.database.transaction() as tx:
        found, following = unseen.listed(tx, platform, what, why, before)
        tally = unseen.tally(tx, platform, what)
    return desk.page(
        "unseen_list.html",
        visit,
        view=view,
        View=View,
        lines=found,
        following=following,
        tally=tally,
        link=_linker(desk, platform),
        unseen_words=words_unseen,
    )


def _linker(desk: Desk, platform: str) -> Linker | None:
    """Return what turns a place or message into an address for a browser; None: nothing can."""
    if platform not in set(desk.app.connectors):
        return None
    connector = desk.app.connectors[platform]
    return connector if isinstance(connector, Linker) else None
