"""What a reviewer does in a browser, and what the workers do behind her."""

from playwright.sync_api import Page

from console_house import House
from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import CaseStatus
from takeback.events import Verdict
from takeback.ids import CaseId, TargetId
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.staff.model import Role
from takeback.takedown import service as takedown
from takeback.takedown.model import Removal

REMOVE = "An intimate image, shared without consent"
LEAVE = "Not an intimate image shared without consent"
CANNOT = "I cannot tell"
REASON = "Intimate, and the person shown did not agree"


def sit_down(page: Page, house: House, name: str = "Ada Byron", role: Role = Role.REVIEWER) -> None:
    page.goto(house.invite(name, role))
    page.get_by_role("button", name="Come in").click()
    page.wait_for_url("**/account/setup")


def decide(page: Page, verdict: str, reason: str) -> None:
    page.get_by_role("radio", name=verdict).check()
    page.get_by_label(reason).check()
    page.get_by_role("button", name="Decide").click()
    if page.get_by_role("checkbox", name="I decide without looking").count():
        page.get_by_role("checkbox", name="I decide without looking").check()
        page.get_by_role("button", name="Decide").click()


def take_effect(house: House, case: CaseId) -> None:
    """What the worker does when the time to undo has passed."""
    with house.app.database.transaction() as tx:
        (waiting_one,) = [each for each in cases.decisions(tx, case) if each.state == "waiting"]
        deciding.take_effect(tx, waiting_one.id, clock.now())
        if waiting_one.verdict is Verdict.SHARED_WITHOUT_CONSENT:
            for copy in cases.copies(tx, case):
                if copy.counts:
                    takedown.plan(tx, copy, clock.now())


def removal(database: Database, target: TargetId) -> Removal:
    """One removal as it is now."""
    with database.transaction() as tx:
        return takedown.require(tx, target)


def remove(house: House, case: CaseId, *, check: bool = True) -> None:
    """What the worker does next: act on the platform, then fetch again."""
    with house.app.database.transaction() as tx:
        targets = takedown.progress(tx, case)
    for target in targets:
        takedown.remove(house.app.database, house.platform, removal(house.app.database, target.target))
        if check:
            now = removal(house.app.database, target.target)
            takedown.look(house.app.database, house.platform, now, target.round, [])
    with house.app.database.transaction() as tx:
        cases.settle(tx, case, all_gone=takedown.all_gone(tx, case), now=clock.now())


def status(house: House, case: CaseId) -> CaseStatus:
    with house.app.database.transaction() as tx:
        return cases.get(tx, case).status
