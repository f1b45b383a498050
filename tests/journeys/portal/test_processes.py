"""Several portals behind one address, and one that is started again, keep what was typed."""

from pathlib import Path

import pytest

from takeback_dev.demo import check


def test_a_program_walks_the_pages_and_the_same_sending_is_one_report(portal, draw):
    before = len(portal.reports())
    first, second, other = (
        check.report(portal.url, draw(320, 240, 3), attempt, address="10.9.9.1")
        for attempt in ("one", "one", "two")
    )
    assert first == second != other
    assert len(portal.reports()) == before + 2
    assert check.status(portal.url, first).startswith("Your report has arrived")


@pytest.mark.soak
def test_another_process_goes_on_where_the_first_one_ended(portal, portal_of, new_page, visiting, tmp_path):
    """H7: nothing of a draft is in a process, so a restart or a second process costs nobody an answer."""
    keys = portal.log.parent / "keys"
    second = portal_of(portal.database, _copied(keys, tmp_path))
    page = new_page()
    visitor = visiting(page)
    visitor.goes_to_the_last_page(where="https://chat.example/room/40")
    other = second(page)
    [cookie] = page.context.cookies()
    assert cookie["domain"] == "127.0.0.1"  # whose ports share it, as processes behind one address do
    page.goto(f"{other.portal.url}/steps/7")
    assert "https://chat.example/room/40" in other.reads()
    receipt = other.sends()
    page.goto(f"{portal.url}/steps/done")
    assert page.locator("#code").inner_text() == receipt


def _copied(keys: Path, folder: Path) -> Path:
    copy = folder / "second" / "keys"
    copy.mkdir(parents=True)
    for file in keys.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy
