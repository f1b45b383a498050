"""A decision of what a case's page would show at this moment."""

from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import Decision, Reviewer
from takeback.cases.page import shown


def page_of(tx, case):
    """What a page would show that is made now."""
    return shown(cases.copies(tx, case), cases.decisions(tx, case))


def decide_now(
    tx, case, verdict, reason, *, staff, now, undo, page=None, unseen=True, informed=False, admin=False
) -> Decision:
    """Decide; by default what the page shows now, and without having looked."""
    choice = deciding.Choice(verdict, reason, "", page or page_of(tx, case), informed=informed, unseen=unseen)
    return deciding.decide(tx, case, choice, Reviewer(staff, admin), now=now, undo=undo)
