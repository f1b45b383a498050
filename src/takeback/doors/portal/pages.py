"""Templates to answers: what every page is given, and the only place that knows Jinja.

Templates are filled with frozen values; a name that is missing in one is a fault, not an empty place.
"""

from datetime import datetime, timedelta

import jinja2
import segno
from starlette.responses import HTMLResponse

from takeback.doors.portal import answers as form
from takeback.doors.portal import standing, steps
from takeback.doors.portal.evidence import evidence
from takeback.doors.portal.words import Language
from takeback.ground.assets import Assets
from takeback.ground.config import PortalSettings
from takeback.intake.model import MAX_LOCATIONS, MAX_PICTURES, ReportStatus
from takeback.intake.receipt import ReceiptCode, grouped
from takeback.signals.model import MIN_QUALITY

_OK = 200
_NOT_YET = 422
_LATER = 429
_UNAVAILABLE = 503


class Pages:
    """Makes every page of the portal.

    Args:
        settings: for the name of the service and the way out.
        assets: style and scripts.
        words: the language.
    """

    def __init__(self, settings: PortalSettings, assets: Assets, words: Language) -> None:
        self.words = words
        self._within = standing.wait(timedelta(hours=settings.house_clock_hours), words)
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("takeback.doors.portal"),
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
        }
        self._templates.filters["moment"] = self._moment

    def _moment(self, time: datetime) -> str:
        return standing.moment(time, self.words)

    def _page(self, template: str, status: int = _OK, **values: object) -> HTMLResponse:
        return HTMLResponse(
            self._templates.get_template(f"{template}.html").render(self._shared | values), status_code=status
        )

    def plain(self, name: str) -> HTMLResponse:
        """A page that says the same to everyone: start, younger, privacy, weather."""
        return self._page(name)

    def trouble(self, status: int) -> HTMLResponse:
        """The page for a request that cannot be answered."""
        known = status if f"trouble.{status}" in self.words.texts else 400
        return self._page("trouble", status, problem=known)

    def question(self, sheet: steps.Sheet, status: int | None = None) -> HTMLResponse:
        """One question, with all that was answered so far.

        Args:
            sheet: which one.
            status: default: 200, or 422 when something must be put right.
        """
        carried = [
            (name, value)
            for name in form.FIELDS
            if name not in steps.asked_on(sheet.step) and (value := getattr(sheet.answers, name))
        ]
        return self._page(
            f"ask_{sheet.step.value}",
            status or (_NOT_YET if sheet.faults else _OK),
            step=sheet.step.value,
            number=steps.number(sheet.step),
            total=len(steps.ORDER),
            answers=sheet.answers,
            carried=carried,
            then=sheet.then,
            faults=[(fault.field, self._fault(fault)) for fault in sheet.faults],
            fault_of={fault.field: self._fault(fault) for fault in reversed(sheet.faults)},
            pictures=form.read_pictures(sheet.answers.pictures),
            locations=form.locations(sheet.answers.where),
            limits=form,
            most_pictures=MAX_PICTURES,
            least_quality=MIN_QUALITY,
        )

    def _fault(self, fault: steps.Fault) -> str:
        return self.words.say(fault.text, most=MAX_LOCATIONS)

    def not_sent(self, answers: form.Answers, waiting: timedelta | None) -> HTMLResponse:
        """The last question again, because the report could not be taken now.

        Args:
            answers: kept.
            waiting: how long, if too many reports came; None if storing failed.
        """
        if waiting is None:
            text, status = self.words.say("check.failed"), _UNAVAILABLE
        else:
            text, status = self.words.say("check.limited", wait=standing.wait(waiting, self.words)), _LATER
        page = self._page(
            "ask_check",
            status,
            step=steps.Step.CHECK.value,
            number=len(steps.ORDER),
            total=len(steps.ORDER),
            answers=answers,
            carried=[(name, value) for name in form.FIELDS if (value := getattr(answers, name))],
            then="",
            faults=[("send", text)],
            fault_of={"send": text},
            pictures=form.read_pictures(answers.pictures),
            locations=form.locations(answers.where),
        )
        return _come_back(page, waiting)

    def sent(self, code: ReceiptCode) -> HTMLResponse:
        """The receipt."""
        pattern = segno.make(code, error="m").svg_inline(
            border=3, dark="#1d1b18", light="#fff", omitsize=True
        )
        return self._page("sent", code=code, groups=grouped(code), pattern=pattern, within=self._within)

    def ask_receipt(
        self, typed: str = "", fault: str = "", status: int = _OK, waiting: timedelta | None = None
    ) -> HTMLResponse:
        """Where a receipt is typed.

        Args:
            typed: what was typed before.
            fault: key of what was wrong with it; empty if nothing was.
            status: of the answer.
            waiting: how long, for the text of `status.limited`.
        """
        pause = standing.wait(waiting, self.words) if waiting is not None else ""
        faults = [("receipt", self.words.say(fault, wait=pause))] if fault else []
        page = self._page("status_ask", status, typed=typed, faults=faults, fault_of=dict(faults))
        return _come_back(page, waiting)

    def status(self, code: ReceiptCode, found: ReportStatus, now: datetime) -> HTMLResponse:
        """How a report stands."""
        return self._page(
            "status",
            code=code,
            standing=standing.standing(found, now, self.words),
            evidence=evidence(found.evidence, now, self.words),
            now=now,
        )


def _come_back(page: HTMLResponse, waiting: timedelta | None) -> HTMLResponse:
    if waiting is not None:
        page.headers["retry-after"] = str(max(1, int(waiting.total_seconds()) + 1))
    return page
