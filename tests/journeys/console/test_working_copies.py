"""A picture that its poster deleted: a reviewer takes the sealed copy out, with a reason, and opens it."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import databases
from browser import NewPage, snapshot
from console_house import House, Platform, picture, served
from evidence import People, a_sealer
from reviewing import decide, sit_down, take_effect
from takeback.app import App, keys_folder, look_back_parts
from takeback.bank.index import BankIndex
from takeback.cases import service as cases
from takeback.connectors.api import Recording, Resource, Target
from takeback.entrypoints.console.app import create_app
from takeback.events import CapturedFor, EvidenceAccessed, SeenBy
from takeback.evidence import service as evidence
from takeback.evidence.model import Subject
from takeback.evidence.sealer import EvidenceSealer
from takeback.ids import CaptureId, CaseId
from takeback.infra import clock
from takeback.infra.config import Settings
from takeback.infra.db.pool import Database
from takeback.infra.ledger import store as ledger
from takeback.infra.vault import keys
from takeback.infra.vault.copies import delete_copies, living
from takeback.infra.vault.sealing import open_stream
from takeback.infra.vault.unseal import Unsealer
from takeback.signals.sandbox import Decoder

QUIET = "Deleted on the platform. A sealed copy is here until"
UNDER_18 = "Somebody shown may be under 18"


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def sealer(tmp_path: Path, people: People) -> EvidenceSealer:
    made = a_sealer(tmp_path, people)
    people.write(made.directory, reviewers=True)
    return made


@pytest.fixture
def house(
    postgres: databases.Server, decoder: Decoder, tmp_path: Path, sealer: EvidenceSealer
) -> Iterator[House]:
    """A console of a service that keeps evidence."""
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    settings = Settings(data=tmp_path, console_port=port, undo_seconds=10)
    platform = Platform()
    with postgres.fresh() as url, Database(url) as database:
        unsealer = Unsealer(keys.ensure(keys_folder(settings)))
        parts = look_back_parts(settings, database)
        app = App(
            settings, database, {"chat": platform}, decoder, unsealer, BankIndex(), *parts, sealer=sealer
        )
        with served(create_app(app), bound):
            yield House(app, platform, f"http://localhost:{port}")


def capture(house: House, case: CaseId, number: int = 0) -> CaptureId:
    """What the worker does for a match, with what the platform would have said."""
    sealer, now = house.app.sealer, clock.now()
    assert sealer is not None
    with house.app.database.transaction() as tx:
        copy = cases.copies(tx, case)[number]
        where = copy.connector, copy.place, copy.message, copy.media
        evidence.want(tx, Subject(copy.sighting, *where, copy.posted_at, now), CapturedFor.MATCH, now)
        wanted = evidence.wanted(tx, copy.sighting)
    assert wanted is not None
    file = Resource(now, "https://chat.example/file", now, house.platform.pictures[copy.media])
    recording = Recording(Target(*where[1:]), copy.sender, copy.posted_at, (file,), 0)
    sealed = sealer.seal(wanted, (), recording, now)
    with house.app.database.transaction() as tx:
        assert evidence.commit(tx, sealed, wanted)
    return sealed.capture


def its_poster_deletes(house: House, case: CaseId, number: int = 0) -> None:
    with house.app.database.transaction() as tx:
        copy = cases.copies(tx, case)[number]
        evidence.observe_deletion(
            tx, copy.connector, copy.place, copy.message, SeenBy.EVENT, clock.now() + timedelta(seconds=1)
        )
    del house.platform.pictures[copy.media]


def accesses(house: House) -> list[EvidenceAccessed]:
    with house.app.database.transaction() as tx:
        found = [each.event for each in ledger.recent(tx, [EvidenceAccessed], 10)]
    return [event for event in found if isinstance(event, EvidenceAccessed)]


def test_what_its_poster_deleted_is_taken_out_sealed_and_that_is_recorded(
    house: House, people: People, new_page: NewPage
) -> None:
    page = new_page("desktop", "dark")
    sit_down(page, house)
    case = house.case(copies=3)
    captures = [capture(house, case, number) for number in range(3)]
    page.goto(f"{house.origin}/case/{case}")
    expect(page.get_by_text(QUIET)).to_have_count(0)
    its_poster_deletes(house, case)
    page.goto(f"{house.origin}/case/{case}")
    expect(page.get_by_text(QUIET)).to_have_count(1)
    page.wait_for_load_state("networkidle")
    snapshot(page, "console-working-copy")
    page.get_by_text(QUIET).click()
    snapshot(page, "console-working-copy-open")
    page.locator(".working select").select_option("To decide")
    with page.expect_download() as download:
        page.get_by_role("button", name="Take the sealed copy").click()
    assert download.value.suggested_filename == f"{captures[0]}.age"
    assert open_stream([people.reviewers.identity], Path(download.value.path()).read_bytes()) == picture(0)
    [access] = accesses(house)
    assert (access.case, access.what, access.reason, access.capture) == (
        case, "working_copy", "to_decide", captures[0],
    )  # fmt: skip
    assert access.staff is not None
    page.goto(f"{house.origin}/case/{case}")
    page.get_by_text("History").click()
    expect(page.get_by_text("Ada Byron took a reviewers' copy out, sealed: to decide.")).to_be_visible()


@pytest.mark.soak
def test_on_a_phone_and_in_the_light_it_is_as_quiet(house: House, new_page: NewPage) -> None:
    page = new_page("phone", "light")
    sit_down(page, house)
    case = house.case(copies=2)
    capture(house, case)
    its_poster_deletes(house, case)
    page.goto(f"{house.origin}/case/{case}")
    page.get_by_text(QUIET).click()
    page.wait_for_load_state("networkidle")
    snapshot(page, "console-working-copy-phone")
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wider


@pytest.mark.soak
def test_a_tile_that_found_nothing_is_enough_and_a_copy_that_is_over_is_not_offered(
    house: House, sealer: EvidenceSealer, page: Page
) -> None:
    sit_down(page, house)
    case = house.case(copies=1)
    made = capture(house, case)
    with house.app.database.transaction() as tx:
        [copy] = cases.copies(tx, case)
    del house.platform.pictures[copy.media]  # nobody said that the message was deleted
    page.goto(f"{house.origin}/case/{case}")
    expect(page.get_by_text(QUIET)).to_have_count(0)
    page.wait_for_load_state("networkidle")
    page.goto(f"{house.origin}/case/{case}")
    expect(page.get_by_text(QUIET)).to_have_count(1)
    assert made in living(sealer.blobs, now=clock.now())
    delete_copies(sealer.blobs, made)
    page.get_by_text(QUIET).click()
    page.locator(".working select").select_option("To decide")
    page.get_by_role("button", name="Take the sealed copy").click()
    expect(page.get_by_text("There is no working copy of this any more.")).to_be_visible()
    assert accesses(house) == []
    page.goto(f"{house.origin}/case/{case}")
    expect(page.get_by_text(QUIET)).to_have_count(0)


def test_where_somebody_may_be_under_18_nothing_is_shown_or_given(
    house: House, sealer: EvidenceSealer, page: Page
) -> None:
    sit_down(page, house)
    case = house.case(copies=2)
    made = capture(house, case)
    its_poster_deletes(house, case)
    page.goto(f"{house.origin}/case/{case}")
    form = page.locator(".working form")
    decide(page, "An intimate image, shared without consent", UNDER_18)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert made in living(sealer.blobs, now=clock.now())
    take_effect(house, case)
    fetched = len(house.platform.fetched)
    page.goto(f"{house.origin}/case/{case}")
    page.wait_for_load_state("networkidle")
    assert len(house.platform.fetched) == fetched, "no tile was made"
    expect(form).to_have_count(0)
    expect(page.get_by_text("Nobody here looks any more.")).to_be_visible()
    expect(page.get_by_text("Look closer")).to_have_count(0)
    snapshot(page, "console-nobody-looks")
    csrf = page.locator("input[name=csrf]").first.input_value()
    with house.app.database.transaction() as tx:
        copy = cases.copies(tx, case)[0]
    for what in ("working-copy", "reveal"):
        answer = page.request.post(
            f"{house.origin}/case/{case}/copy/{copy.sighting}/{what}",
            form={"csrf": csrf, "reason": "to_decide"},
            headers={"origin": house.origin},
        )
        assert (answer.status, "Nobody here looks any more" in answer.text()) == (409, True)
    assert accesses(house) == []
