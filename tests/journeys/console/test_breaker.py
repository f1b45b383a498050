"""Automatic removal pauses, is seen on top of the queue, and goes on with one key."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from browser import Device, NewPage, Scheme, snapshot
from console_house import HOUR, House
from reviewing import REASON, REMOVE, decide, sit_down
from soaking import quick
from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import CaseStatus
from takeback.entrypoints.console.theme import COOKIE
from takeback.events import BreakerReleased, BreakerStopped, CopyFound, SeedCapped
from takeback.ids import CaseId, SightingId
from takeback.infra import clock
from takeback.infra.jobs import wire
from takeback.infra.ledger import store as ledger
from takeback.infra.ledger.record import record
from takeback.staff.model import Role
from takeback.workflow import dispatch

REMOVALS = 3
AXE = Axe()


@pytest.fixture
def house(house: House) -> House:
    house.app.settings.breaker_removals = REMOVALS
    return house


def add(house: House, case: CaseId, many: int) -> list[SightingId]:
    """Posts that show the case's picture, as the join finds them; their events are followed by `work`."""
    found = []
    for number in range(many):
        sighting = house.add_copy(case, 2 * number, clock.now())
        with house.app.database.transaction() as tx:
            tx.execute(
                "insert into matching_match"
                " (sighting_id, entry_id, distance, flip, negative, found_by, matched_at)"
                " select k.sighting_id, e.id, 0, 0, false, 'live', now() from cases_copy k"
                " join cases_case c on c.id = k.case_id join bank_entry e on e.report_id = c.report_id"
                " where k.sighting_id = %s",
                [sighting],
            )
            record(tx, CopyFound(case, sighting))
        found.append(sighting)
    return found


def work(house: House) -> None:
    """What the worker does."""
    while True:
        with house.app.database.transaction() as tx:
            job = tx.execute(
                "select id, task_name, args from procrastinate_jobs where status = 'todo'"
                " and (scheduled_at is null or scheduled_at <= now()) order by id limit 1"
            ).fetchone()
        if job is None:
            return
        dispatch.run(house.app, wire.read(job[1], job[2]))
        with house.app.database.transaction() as tx:
            tx.execute("delete from procrastinate_jobs where id = %s", [job[0]])


def decided(house: House, page: Page) -> CaseId:
    """A case whose two copies a reviewer saw and had removed."""
    case = house.case(due_in=20 * HOUR)
    add(house, case, 2)
    work(house)
    page.goto(f"{house.origin}/case/{case}")
    decide(page, REMOVE, REASON)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    with house.app.database.transaction() as tx:
        tx.execute("update bank_head set seq = seq + 100")  # the house's entries did not ask it for a number
        [waiting] = [each for each in cases.decisions(tx, case) if each.state == "waiting"]
        deciding.take_effect(tx, waiting.id, clock.now())
    work(house)
    return case


def paused(house: House, page: Page) -> CaseId:
    """The same, and its picture spreads."""
    case = decided(house, page)
    add(house, case, REMOVALS + 9)
    work(house)
    return case


def events(house: House, kind: type) -> list:
    with house.app.database.transaction() as tx:
        return [each.event for each in ledger.recent(tx, (kind,), 100)]


def gone(house: House) -> int:
    with house.app.database.transaction() as tx:
        return tx.execute("select count(*) from takedown_target where state = 'gone'").fetchone()[0]


def test_a_paused_removal_is_on_top_of_the_queue_and_goes_on_with_one_key(house: House, page: Page):
    """Issue 9, section 1: whoever is hurt by a picture that spreads waits for one key press, no longer."""
    sit_down(page, house)
    house.case(copies=1, due_in=HOUR)
    case = paused(house, page)
    assert gone(house) == 2 + REMOVALS
    page.goto(house.origin)
    first = page.locator("tbody tr").first
    expect(first).to_contain_text(str(case)[:8])
    expect(first).to_contain_text("paused: 3 removals in an hour, 3 posters in all; 9 copies wait")
    expect(first.locator(".chip")).to_contain_text("min to answer")
    page.goto(f"{house.origin}/?show=paused")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/case/{case}")
    expect(page.get_by_role("heading", name="Automatic removal is paused")).to_be_visible()
    expect(page.get_by_text("9 copies wait for your answer. You need not look at any.")).to_be_visible()
    page.keyboard.press("g")
    expect(page.get_by_role("heading", name="Automatic removal is paused")).to_have_count(0)
    work(house)
    assert gone(house) == 2 + REMOVALS + 9
    expect(page.get_by_text("14 copies removed, and seen to be gone.")).to_be_visible()
    page.locator(".history summary").click()
    expect(page.get_by_text("Ada Byron let automatic removal go on; 9 copies waited.")).to_be_visible()
    add(house, case, REMOVALS + 4)
    work(house)
    assert gone(house) == 2 + REMOVALS + 9 + REMOVALS + 4


@pytest.mark.soak
def test_stop_has_a_person_decide_and_can_be_taken_back(house: House, new_page: NewPage):
    page, other = new_page(), new_page()
    sit_down(page, house)
    sit_down(other, house, "Grace Hopper", Role.ADMINISTRATOR)
    case = paused(house, page)
    for each in (page, other):
        each.goto(f"{house.origin}/case/{case}")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Automatic removal is stopped")).to_be_visible()
    work(house)
    page.reload()
    expect(page.get_by_role("button", name="Decide")).to_be_visible()
    other.keyboard.press("g")
    expect(other.get_by_text("A colleague has answered meanwhile.")).to_be_visible()
    assert (len(events(house, BreakerStopped)), events(house, BreakerReleased)) == (1, [])
    other.goto(f"{house.origin}/case/{case}")
    other.keyboard.press("g")
    expect(other.get_by_role("heading", name="Automatic removal is stopped")).to_have_count(0)
    work(house)
    assert gone(house) == 2 + REMOVALS + 9
    with house.app.database.transaction() as tx:
        assert cases.get(tx, case).status is CaseStatus.REMOVED
    other.reload()
    other.get_by_role("button", name="Count again").click()
    other.locator(".history summary").click()
    expect(other.get_by_text("Grace Hopper had automatic removals counted again.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Count again")).to_have_count(0)


@pytest.mark.soak
def test_without_scripts_a_button_does_the_same(house: House, new_page: NewPage):
    page = new_page(javascript=False)
    sit_down(page, house)
    case = paused(house, page)
    page.goto(f"{house.origin}/attention")
    expect(
        page.get_by_text("Automatic removal paused: 3 removals that nobody saw in an hour")
    ).to_be_visible()
    page.get_by_role("link", name="case").first.click()
    page.get_by_role("button", name="Go on removing").click()
    page.wait_for_url(f"**/case/{case}")
    work(house)
    assert gone(house) == 2 + REMOVALS + 9


SIZES: dict[str, tuple[Device, ViewportSize]] = {
    "desktop": ("desktop", {"width": 1440, "height": 900}),
    "narrow": ("phone", {"width": 390, "height": 844}),
}


@pytest.mark.soak
@pytest.mark.parametrize("scheme", quick("dark", every=["dark", "light"]))
@pytest.mark.parametrize("size", quick("narrow", every=["desktop", "narrow"]))
def test_a_paused_case_looks_as_it_should(house: House, new_page: NewPage, scheme: Scheme, size: str):
    device, viewport = SIZES[size]
    page = new_page(device, scheme)
    page.set_viewport_size(viewport)
    page.context.add_cookies([{"name": COOKIE, "value": scheme, "url": house.origin}])
    sit_down(page, house)
    house.case(copies=3, due_in=HOUR)
    case = paused(house, page)
    capped = house.case(due_in=9 * HOUR)
    brought = add(house, capped, 3)
    _cap(house, capped, brought)
    for path, name in (
        ("/", "queue"),
        (f"/case/{case}", "case"),
        ("/attention", "attention"),
        (f"/case/{capped}", "capped"),
    ):
        page.goto(house.origin + path)
        if name == "case":
            page.locator(".sample summary").click()
            page.wait_for_load_state("networkidle")
        if name == "capped":
            expect(page.get_by_text("And 2 more posts match.")).to_be_visible()
        snapshot(page, f"console-breaker-{name}-{size}-{scheme}")
        results = AXE.run(page, options={"resultTypes": ["violations"]})
        bad = [each for each in results.response["violations"] if each["impact"] in {"serious", "critical"}]
        assert bad == [], name
        wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wider, f"{name} scrolls sideways"


def _cap(house: House, case: CaseId, sightings: list[SightingId]) -> None:
    """Its seed brought what it may, and two posts wait."""
    with house.app.database.transaction() as tx:
        [entry] = {copy.entry for copy in cases.copies(tx, case)}
        tx.execute(
            "insert into cases_seed (entry_id, case_id, brought, allowed, capped_at)"
            " values (%s, %s, 3, 3, now())",
            [entry, case],
        )
        for sighting in sightings[:2]:
            tx.execute(
                "insert into cases_brought (entry_id, sighting_id, found_by, waits, came_at)"
                " values (%s, %s, 'live', true, now())",
                [entry, sighting],
            )
        assert entry is not None
        record(tx, SeedCapped(case, entry, 3))
