"""Templates to answers: what every page is given, and the only place that knows Jinja.

Templates are filled with frozen values; a name that is missing in one is a fault, not an empty place.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import jinja2
from starlette.responses import HTMLResponse

from takeback.entrypoints.portal import answers as form
from takeback.entrypoints.portal import status_view, steps, work
from takeback.entrypoints.portal.answering import retry
from takeback.entrypoints.portal.evidence import evidence
from takeback.entrypoints.portal.links import Links, door_of
from takeback.entrypoints.portal.session import LIFE_MINUTES, Draft, Lookup
from takeback.entrypoints.portal.words import Language
from takeback.infra.assets import Assets
from takeback.infra.config import PortalSettings
from takeback.law.doors import STOPNCII, Door, load_doors, load_helpers
from takeback.signals.model import MIN_QUALITY
from takeback.submissions import model
from takeback.submissions.model import MAX_LOCATIONS, MAX_PICTURES, ReportStatus
from takeback.submissions.receipt import ReceiptCode, grouped
from takeback.when_used import when_used

if TYPE_CHECKING:
    import segno
else:
    segno = when_used("segno")

_OK = 200
_NOT_FOUND = 404
_NOT_YET = 422
_LATER = 429
_UNAVAILABLE = 503
_STATUS = {
    "check.failed": _UNAVAILABLE,
    "check.limited": _LATER,
    "status.failed": _UNAVAILABLE,
    "status.limited": _LATER,
    "status.unknown": _NOT_FOUND,
}
"""Of the answer, where what is said is not that something must be put right."""
_SOON = timedelta(minutes=1)
_SLOW = 4
"""An old phone works so many times as long as a desktop computer."""


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """A line that nobody here can follow."""

    line: str
    door: Door | None
    """Of the platform that it is on, if that is known."""


class Pages:
    """Makes every page of the portal."""

    def __init__(self, settings: PortalSettings, assets: Assets, words: Language, links: Links) -> None:
        self.words = words
        self._links = links
        self._doors = load_doors()
        self._within = status_view.wait(timedelta(hours=settings.house_clock_hours), words)
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("takeback.entrypoints.portal"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._shared: dict[str, object] = {
            "say": words.say,
            "count": words.count,
            "texts": words.all,
            "asset": assets.url,
            "language": words,
            "service": settings.service_name,
            "leave_url": settings.leave_url,
            "life": LIFE_MINUTES,
            "helpers": load_helpers(),
            "stopncii": STOPNCII,
        }
        self._templates.filters["moment"] = self._moment

    def _moment(self, time: datetime) -> str:
        return status_view.moment(time, self.words)

    def _page(self, template: str, status: int = _OK, **values: object) -> HTMLResponse:
        return HTMLResponse(
            self._templates.get_template(f"{template}.html").render(self._shared | values), status_code=status
        )

    def plain(self, name: str, status: int = _OK) -> HTMLResponse:
        """A page that says the same to everyone: start, younger, privacy, weather, cookies."""
        return self._page(name, status)

    def gone(self) -> HTMLResponse:
        """The page where answers were, and are not any more."""
        return self._page("gone", _NOT_FOUND)

    def trouble(self, status: int) -> HTMLResponse:
        """The page for a request that cannot be answered."""
        known = status if f"trouble.{status}" in self.words.texts else 400
        page = self._page("trouble", status, problem=known)
        retry(page, _SOON if status == _UNAVAILABLE else timedelta())
        return page

    def by_link(self, token: str, *, works: bool) -> HTMLResponse:
        """Return the page behind a link for many reports."""
        return self._page("by_link", _OK if works else _NOT_FOUND, token=token, works=works)

    def busy(self, puzzle: str) -> HTMLResponse:
        """Return the page for somebody who cannot begin now, or lets her device work on a puzzle."""
        page = self._page("busy", _LATER, **self._puzzle(puzzle))
        retry(page, _SOON)
        return page

    def _puzzle(self, puzzle: str) -> dict[str, object]:
        """Return the values that offer work to a device; nothing is offered without a puzzle."""
        usual = work.takes(puzzle) if puzzle else timedelta()
        least, most = status_view.wait(usual, self.words), status_view.wait(usual * _SLOW, self.words)
        return {"puzzle": puzzle, "work": work, "least": least, "most": most}

    def question(self, shown_page: steps.Page, draft: Draft, puzzle: str = "") -> HTMLResponse:
        """Return one question with its answers, and a puzzle to work on if she has to wait."""
        wait = timedelta(seconds=draft.wait)
        faults = [(fault.field, self._fault(fault, wait)) for fault in shown_page.faults]
        lines = form.locations(shown_page.answers.where)
        page = self._page(
            f"ask_{shown_page.step.value}",
            next((_STATUS.get(fault.text, _NOT_YET) for fault in shown_page.faults), _OK),
            step=shown_page.step.value,
            number=steps.number(shown_page.step),
            total=len(steps.ORDER),
            answers=shown_page.answers,
            then=shown_page.then,
            faults=faults,
            fault_of=dict(reversed(faults)),
            pictures=form.read_pictures(shown_page.answers.pictures),
            locations=lines,
            unfollowed=self._unfollowed(lines),
            warned=bool(shown_page.warned),
            limits=model,
            most_pictures=MAX_PICTURES,
            least_quality=MIN_QUALITY,
            **self._puzzle(puzzle),
        )
        retry(page, wait if shown_page.faults else timedelta())
        return page

    def _fault(self, fault: steps.Fault, wait: timedelta) -> str:
        return self.words.say(fault.text, most=MAX_LOCATIONS, wait=status_view.wait(wait, self.words))

    def _unfollowed(self, lines: tuple[str, ...]) -> tuple[Unfollowed, ...]:
        return tuple(Unfollowed(line, door_of(line, self._doors)) for line in self._links.unfollowed(lines))

    def sent(self, code: ReceiptCode) -> HTMLResponse:
        """The receipt."""
        pattern = segno.make(code, error="m").svg_inline(
            border=3, dark="#1d1b18", light="#fff", omitsize=True
        )
        return self._page("sent", code=code, groups=grouped(code), pattern=pattern, within=self._within)

    def ask_receipt(self, asked: Lookup, puzzle: str = "") -> HTMLResponse:
        """Return the page where a receipt is typed, with a puzzle to work on if she has to wait."""
        wait = timedelta(seconds=asked.wait)
        sentence = self.words.say(asked.fault, wait=status_view.wait(wait, self.words)) if asked.fault else ""
        faults = [("receipt", sentence)] if sentence else []
        typed = asked.typed.strip() or " ".join(grouped(ReceiptCode(asked.code)) if asked.code else ())
        status = _STATUS.get(asked.fault, _NOT_YET) if sentence else _OK
        page = self._page(
            "status_ask", status, typed=typed, faults=faults, fault_of=dict(faults), **self._puzzle(puzzle)
        )
        retry(page, wait)
        return page

    def status(self, code: ReceiptCode, found: ReportStatus, now: datetime) -> HTMLResponse:
        """The status of a report."""
        return self._page(
            "status",
            code=code,
            view=status_view.status_view(found, now, self.words),
            evidence=evidence(found.evidence, now, self.words),
            now=now,
        )
