"""A reviewer asks for a case's evidence with a reason, watches it being put together, and takes it out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from browser import NewPage, snapshot
from console_house import House
from dossiers import checked, the_log
from reviewing import REASON, REMOVE, decide, remove, sit_down, take_effect
from soaking import quick
from takeback.dossier import service
from takeback.entrypoints.console.theme import COOKIE
from takeback.events import DossierWritten, EvidenceAccessed, PosterReleased
from takeback.infra.ledger import store as ledger
from takeback.workflow import evidence as capturing
from takeback_verify.core.findings import Verdict
from waiting import until


class Kept:
    """The house as `dossiers.the_log` knows one."""

    def __init__(self, house: House) -> None:
        self.app, self.database = house.app, house.app.database


def test_a_package_is_asked_for_put_together_and_taken_out(house: House, page: Page, tmp_path: Path) -> None:
    sit_down(page, house)
    case = house.case(copies=1)
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    take_effect(house, case)
    remove(house, case)
    page.goto(f"{house.origin}/case/{case}")
    page.get_by_role("link", name="Evidence package").click()
    snapshot(page, "console-dossier-none")
    page.get_by_label("What for").select_option("for a court")
    page.get_by_role("button", name="Evidence package").click()
    expect(page.get_by_text("Being put together")).to_be_visible()
    with house.app.database.transaction() as tx:
        [asked] = service.of_case(tx, case)
    # A thread of its own, as in the worker: this one belongs to the browser.
    with the_log(Kept(house), tmp_path) as trust, ThreadPoolExecutor(1) as worker:
        worker.submit(capturing.write_dossier, house.app, asked.id).result()
        page.reload()
        snapshot(page, "console-dossier-under-way")
        worker.submit(until, lambda: not service.go_on(house.app, asked.id), timeout=60).result()
    page.goto(f"{house.origin}/case/{case}/dossier")
    snapshot(page, "console-dossier-written")
    page.get_by_label("What for").last.select_option("for the police")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == f"takeback-dossier-{asked.id}.zip"
    report = checked(Path(download.value.path()).read_bytes(), trust)
    assert report.verdict is Verdict.VALID, report.steps
    expect(page.get_by_text("names the accounts that posted").first).to_be_visible()
    with house.app.database.transaction() as tx:
        said = [each.event for each in ledger.recent(tx, [EvidenceAccessed, DossierWritten], 10)]
    reasons = [event.reason for event in reversed(said) if isinstance(event, EvidenceAccessed)]
    assert reasons == ["for_a_court", "for_the_police"]


@pytest.mark.parametrize("scheme", quick("light", every=["light", "dark"]))
@pytest.mark.parametrize("width", quick(390, every=[390, 1280]))
def test_a_reviewer_releases_who_posted_with_a_reason_and_a_confirmation(
    house: House, new_page: NewPage, width: int, scheme: Literal["light", "dark"]
) -> None:
    """H8: only after a decision in her favour, and it is in the case's history."""
    page = new_page("desktop", scheme, width=width)
    page.context.add_cookies([{"name": COOKIE, "value": scheme, "url": house.origin}])
    sit_down(page, house)
    case = house.case(copies=1)
    page.goto(f"{house.origin}/case/{case}/dossier")
    expect(page.get_by_text("after a decision in her favour has taken effect")).to_be_visible()
    expect(page.get_by_role("button", name="Let her be told")).to_have_count(0)
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    take_effect(house, case)
    page.goto(f"{house.origin}/case/{case}/dossier")
    snapshot(page, f"console-dossier-posters-{width}-{scheme}")
    button = page.get_by_role("button", name="Let her be told which accounts posted")
    button.click()  # neither a reason nor a confirmation: the browser keeps it back
    page.get_by_label("Why may she be told?").select_option("for her lawyer")
    button.click()
    with house.app.database.transaction() as tx:
        assert not ledger.recent(tx, [PosterReleased], 10)
    page.get_by_label("Whoever has the receipt").check()
    button.click()
    expect(page.get_by_text("Packages by receipt name the accounts that posted.")).to_be_visible()
    snapshot(page, f"console-dossier-posters-released-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with house.app.database.transaction() as tx:
        [released] = ledger.recent(tx, [PosterReleased], 10)
    assert isinstance(released.event, PosterReleased)
    assert (released.event.case, released.event.reason) == (case, "for_her_lawyer")
    page.goto(f"{house.origin}/case/{case}")
    expect(
        page.get_by_text("let the person concerned be told which accounts posted: for her lawyer")
    ).to_have_count(1)
