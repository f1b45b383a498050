"""The page "Is it working?": what `takeback doctor` says, asked when the page is opened."""

from fastapi import APIRouter
from fastapi.responses import Response

from takeback.doctor.examination import examine, subject_of
from takeback.doctor.model import Level, worst
from takeback.entrypoints.console.desk import AtDesk, Visiting

router = APIRouter()

SUMMARY = {
    Level.OK: "Everything that was looked at works.",
    Level.WARNING: "It works. Something should be mended.",
    Level.FAILING: "Something does not work.",
}
WORD = {Level.OK: "works", Level.WARNING: "to mend", Level.FAILING: "fails"}


@router.get("/working")
def working(desk: AtDesk, visit: Visiting) -> Response:
    """Ask every check now and show the worst first. A slow platform takes as long as its check may."""
    order = list(Level).index
    results = sorted(examine(subject_of(desk.app)), key=lambda each: order(each.level), reverse=True)
    level = worst(each.level for each in results)
    return desk.page("working.html", visit, results=results, summary=SUMMARY[level], level=level, word=WORD)
