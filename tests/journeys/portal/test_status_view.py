"""Each way in which a report may stand, as a page: pictured, without a barrier, and saying nothing untrue."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser import snapshot
from soaking import quick

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SAID = {
    "undecided": "Your report is being worked on.",
    "late": "The time that we set ourselves has passed.",
    "out-of-reach": "Nothing here can act on this report.",
    "declined": "It was decided that nothing is removed for this report.",
    "unusable": "We could not read your report.",
}
SEARCHED = """
insert into bank_entry (id, report_id, status, quality, seq, banked_at, changed_at)
select gen_random_uuid(), %s, 'seed', 90, coalesce(max(seq), 0) + 1, now(), now() from bank_entry
"""


def states(visitor) -> Iterator[str]:
    """The newest report in each state; the name of each."""
    portal = visitor.portal
    visitor.goes_to_the_last_page(where="https://chat.example/room/17")
    receipt = visitor.sends()
    report = portal.newest()
    portal.removes_copies()
    portal.execute("delete from cases_decision")
    portal.execute("update cases_copy set found_by = 'look_back'")
    portal.execute(SEARCHED, report)
    visitor.looks_up(receipt)
    yield "undecided"
    portal.execute("update cases_case set due_at = now() - interval '1 hour' where report_id = %s", report)
    visitor.looks_up(receipt)
    yield "late"
    portal.execute("delete from bank_entry where report_id = %s", report)
    visitor.looks_up(receipt)
    yield "out-of-reach"
    portal.execute("update cases_case set status = 'declined' where report_id = %s", report)
    visitor.looks_up(receipt)
    yield "declined"
    portal.execute("update submissions_report set unusable_by = 1 where id = %s", report)
    visitor.looks_up(receipt)
    yield "unusable"


@pytest.mark.soak
@pytest.mark.parametrize(
    ("device", "scheme", "judged"),
    quick(
        ("phone", "light", True),
        every=[
            ("phone", "light", True),
            ("desktop", "dark", True),
            ("phone", "dark", False),
            ("desktop", "light", False),
        ],
    ),
)
def test_every_way_to_stand_is_pictured_and_has_no_barrier(
    device, scheme, judged, new_page, visiting, listen
):
    """H4, H5, H8."""
    visitor = visiting(new_page(device, scheme))
    visitor.comes_from("10.78.1.1")
    listen(visitor.page)
    axe, found = Axe(), {}
    for name in states(visitor):
        snapshot(visitor.page, f"portal-standing-{name}-{device}-{scheme}")
        text = visitor.reads()
        assert SAID[name] in text
        assert "Place 1" not in text
        assert ("at most" in text) == (name == "undecided")
        barriers = axe.run(visitor.page, options={"runOnly": TAGS}).response["violations"] if judged else []
        if barriers:
            found[name] = [(barrier["id"], [n["html"] for n in barrier["nodes"]]) for barrier in barriers]
    assert found == {}
