"""The person concerned asks for her evidence by her receipt, waits, takes it out; each state is looked at."""

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Download

import waiting
from browser import snapshot
from dossiers import the_log
from evidence import People, a_sealer
from house import House, Time, picture
from platform_in_memory import MemoryPlatform
from soaking import quick
from takeback.entrypoints.portal.limits import LIMITS
from takeback.events import EvidenceAccessed
from takeback.infra import clock
from takeback.infra.vault import keys
from takeback.signals.sandbox import Decoder
from takeback.workflow import reports
from takeback_verify.core.trust import format_trust

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KEPT = """
insert into evidence_capture (id, sighting_id, connector, place, message, media, posted_at, seen_at, reason,
                              state, wanted_at, captured_at, document)
select gen_random_uuid(), k.sighting_id, 'matrix', 'p', 'm', '', now(), now(), 'match',
       'captured', now(), now(), ''
from cases_copy k join cases_case c on c.id = k.case_id where c.report_id = %s
"""
MADE = """
with known as (insert into event (kind, body, at) values ('evidence_accessed', '{}', now()) returning id),
made as (
    insert into dossier_package (id, case_id, state, asked_at, access_event)
    select gen_random_uuid(), c.id, 'abandoned', now(), known.id from known, cases_case c
    where c.report_id = %s returning id)
update dossier_request q set state = 'ready', dossier_id = made.id, size = 2400000,
       expires_at = now() + interval '23 hours 40 minutes'
from made where q.report_id = %s and q.state = 'asked'
"""
ENDED = "update dossier_request set state = %s where report_id = %s and state in ('asked', 'ready')"
LOOKED = """
insert into takedown_look (target_id, round, surface, vantage, state, seen, looked_at)
select t.id, t.round, 'media', 'member', 'undetermined', '502', now() from takedown_target t
join cases_case c on c.id = t.case_id where c.report_id = %s
"""
networks = count(1)


def comes_anew(visitor) -> None:
    number = next(networks)
    visitor.comes_from(f"10.77.{number}.1")


# --- how each state looks ----------------------------------------------------------------------------------


def states(visitor) -> Iterator[str]:
    """Everything that the page can say of evidence, and of looks that were not certain; the name of each."""
    portal = visitor.portal
    visitor.goes_to_the_last_page(where="https://chat.example/room/20")
    receipt = visitor.sends()
    report = portal.newest()
    portal.removes_copies()
    portal.execute(KEPT, report)
    portal.execute("update cases_decision set state = 'waiting'")
    visitor.looks_up(receipt)
    yield "undecided"
    portal.execute("update cases_decision set state = 'effective'")
    visitor.looks_up(receipt)
    yield "offered"
    visitor.presses("Put the file together")
    yield "asked"
    portal.execute(MADE, report, report)
    visitor.presses("See whether it is ready")
    yield "ready"
    portal.execute("update dossier_request set taken_at = now() where report_id = %s", report)
    portal.execute(ENDED, "deleted", report)
    visitor.looks_up(receipt)
    yield "deleted"
    visitor.presses("Put the file together")
    portal.execute(ENDED, "failed", report)
    visitor.looks_up(receipt)
    yield "failed"
    visitor.presses("Put the file together")
    portal.execute(ENDED, "deleted", report)
    visitor.looks_up(receipt)
    yield "limited"
    portal.execute("update dossier_request set state = 'too_large' where report_id = %s", report)
    visitor.looks_up(receipt)
    yield "too-large"
    comes_anew(visitor)
    portal.execute("update evidence_capture set state = 'erased', erased_at = now(), document = null")
    portal.execute(LOOKED, report)
    portal.execute("update cases_case set status = 'removed' where report_id = %s", report)
    visitor.looks_up(receipt)
    yield "nothing-left-and-unclear"


SAID = {
    "undecided": "Your report is being worked on.",
    "offered": "names places and times",
    "asked": "is being put together",
    "ready": "Download the file (3 MB)",
    "deleted": "The last file is deleted here",
    "failed": "could not be put together",
    "limited": "three times within a day",
    "too-large": "too large to be handed out here",
    "nothing-left-and-unclear": "There is nothing here that can be handed out",
}


@pytest.mark.soak
@pytest.mark.parametrize(
    ("device", "scheme", "judged"),
    quick(
        ("phone", "light", True),
        every=[("phone", "light", True), ("desktop", "dark", True), ("phone", "dark", False)],
    ),
)
def test_every_state_of_evidence_is_pictured_and_has_no_barrier(
    device, scheme, judged, new_page, visiting, listen
):
    visitor = visiting(new_page(device, scheme))
    comes_anew(visitor)
    listen(visitor.page)
    axe, found = Axe(), {}
    for name in states(visitor):
        snapshot(visitor.page, f"portal-evidence-{name}-{device}-{scheme}")
        assert SAID[name] in visitor.reads()
        assert (name == "undecided") == ("Evidence" not in visitor.reads())
        assert visitor.page.url.removesuffix("#more") == f"{visitor.portal.url}/status"
        barriers = axe.run(visitor.page, options={"runOnly": TAGS}).response["violations"] if judged else []
        if barriers:
            found[name] = [(barrier["id"], [n["html"] for n in barrier["nodes"]]) for barrier in barriers]
    assert found == {}
    text = visitor.reads()
    assert "it is not certain yet that it is gone" in text
    assert "Every copy that was found is gone" not in text


@pytest.mark.soak
def test_nothing_is_cut_off_on_the_narrowest_phone(new_page, visiting):
    visitor = visiting(new_page("phone", width=320))
    comes_anew(visitor)
    for name in states(visitor):
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 320, name


# --- the whole way -----------------------------------------------------------------------------------------


class Story:
    """A service with a case that came to its end, its portal, and the worker in a thread of its own."""

    def __init__(self, house: House, visiting, receipt: str, worker: ThreadPoolExecutor) -> None:
        self.house, self.visiting, self.receipt, self._worker = house, visiting, receipt, worker

    def in_the_worker(self, do: Callable[[], object]) -> object:
        """The browser's thread keeps an event loop, which the queue does not bear."""
        return self._worker.submit(do).result()

    def records(self) -> None:
        self.in_the_worker(lambda: reports.take_in(self.house.app))

    def makes_it(self) -> None:
        def step() -> bool:
            self.house.after(seconds=1)
            return self.house.query("select state from dossier_request where state = 'ready'") != []

        self.in_the_worker(lambda: waiting.until(step, timeout=60))


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(processes=1, max_bytes=10**6) as opened:
        yield opened


@pytest.fixture
def story(portal_of, database, database_url, tmp_path, decoder, monkeypatch) -> Iterator[Story]:
    time = Time()
    monkeypatch.setattr(clock, "now", time.now)
    platform, folder = MemoryPlatform(), tmp_path / "data"
    house = House(database, platform, folder, decoder, time, sealer=a_sealer(tmp_path, People()))
    with ThreadPoolExecutor(1) as worker:
        report = worker.submit(a_case, house).result()
        visiting = portal_of(database_url, folder / keys.PORTAL_FOLDER)
        yield Story(house, visiting, house.receipts[report], worker)


def a_case(house: House):
    """Some hours ago: posted, reported, captured, decided, removed."""
    house.time.advance(timedelta(hours=-3))
    house.platform.post(picture(1))
    house.watch()
    report = house.report(picture(1))
    house.take_in()
    house.decide(report)
    house.after(seconds=11)
    assert house.status(report) == "removed"
    house.time.set(datetime.now(UTC))
    return report


def takes(visitor) -> Download:
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download the file").click()
    return download.value


@pytest.mark.parametrize("scripts", quick("with scripts", every=["with scripts", "without scripts"]))
def test_she_asks_waits_downloads_and_anybody_finds_it_valid(story, new_page, tmp_path, scripts):
    visitor = story.visiting(new_page("phone", javascript=scripts == "with scripts"))
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    visitor.looks_up(story.receipt)
    visitor.presses("Put the file together")
    assert "is being put together" in visitor.reads()
    assert story.house.events(EvidenceAccessed) == []
    with the_log(story.house, tmp_path) as trust:
        story.records()
        [access] = story.house.events(EvidenceAccessed)
        assert (access.staff, access.reason) == (None, "by_receipt")
        visitor.presses("See whether it is ready")
        assert "is being put together" in visitor.reads()
        story.makes_it()
        (tmp_path / "trust.json").write_bytes(format_trust(trust))
    visitor.presses("See whether it is ready")
    assert "Your file is ready" in visitor.reads()
    got = takes(visitor)
    path = tmp_path / got.suggested_filename
    got.save_as(path)
    [(dossier, size)] = story.house.query("select dossier_id, size from dossier_request")
    assert path.name == f"takeback-dossier-{dossier}.zip"
    assert path.stat().st_size == size
    program = Path(sys.executable).with_name("takeback-verify")
    checked = subprocess.run(
        [program, path, "--trust", tmp_path / "trust.json"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert "VALID" in checked.stdout
    visitor.looks_up(story.receipt)
    assert "last downloaded" in visitor.reads()
    # Neither in an address, nor in a cookie, nor in a log.
    secrets = (story.receipt, str(dossier), story.receipt[:8])
    assert not [line for line in asked for secret in secrets if secret in line]
    assert {line.partition(" ")[2].removesuffix("#more") for line in asked if "/static/" not in line} == {
        f"{visitor.portal.url}/status"
    }
    [cookie] = visitor.page.context.cookies()
    assert not [secret for secret in secrets if secret in cookie["value"]]
    assert visitor.portal.log.read_text() == ""


@pytest.mark.soak
def test_a_package_that_goes_away_in_the_middle_is_no_file(story, new_page, tmp_path):
    visitor = story.visiting(new_page())
    visitor.looks_up(story.receipt)
    visitor.presses("Put the file together")
    with the_log(story.house, tmp_path):
        story.records()
        story.makes_it()
    # Larger than one piece, of which there is only the first.
    visitor.portal.execute(
        "update dossier_piece set data = decode(repeat('00', 1048576), 'hex') where number = 0"
    )
    visitor.portal.execute("update dossier_request set size = 3000000")
    visitor.presses("See whether it is ready")
    connection = http.client.HTTPConnection(urlsplit(visitor.portal.url).netloc, timeout=20)
    [cookie] = visitor.page.context.cookies()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "cookie": f"{cookie['name']}={cookie['value']}",
    }
    connection.request("POST", "/status", urlencode({"go": "take"}), headers)
    answer = connection.getresponse()
    assert answer.getheader("content-length") == "3000000"
    assert answer.getheader("cache-control") == "no-store"
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()
    assert "NotFound" in visitor.portal.log.read_text()
    assert story.receipt not in visitor.portal.log.read_text()
    # All of it gone: a page says so.
    visitor.portal.execute("update dossier_request set state = 'deleted'")
    visitor.presses("Download the file (3 MB)")
    assert "The last file is deleted here" in visitor.reads()


@pytest.mark.soak
def test_somebody_who_takes_it_out_again_and_again_is_held_up(story, new_page, tmp_path):
    visitor = story.visiting(new_page())
    visitor.looks_up(story.receipt)
    visitor.presses("Put the file together")
    with the_log(story.house, tmp_path):
        story.records()
        story.makes_it()
    visitor.looks_up(story.receipt)
    for _ in range(LIMITS["take"][0].burst):
        assert takes(visitor).failure() is None
    visitor.page.get_by_role("button", name="Download the file").click()
    visitor.page.get_by_text("Please try again in").first.wait_for()
