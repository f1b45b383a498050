"""A removal that waits for its capture is resumed by the event, and asks for nothing meanwhile."""

from datetime import timedelta

import pytest

from house import picture
from takeback.cases.model import DecisionReason
from takeback.errors import Unavailable

HERS = picture(1)


def waiting(house, name):
    return house.query("select count(*) from procrastinate_jobs where task_name = %s", name)[0][0]


@pytest.fixture
def waits(house, platform, sealer):  # noqa: ARG001 - evidence is kept
    """A decided copy whose picture may be kept no more: digests are to be captured before it goes."""
    platform.post(HERS)
    house.watch()
    report = house.report(HERS)
    house.take_in()
    house.decide(report, reason=DecisionReason.MAY_BE_A_MINOR)
    house.time.advance(timedelta(seconds=11))
    house.work("take_effect", "follow")
    assert (waiting(house, "remove"), waiting(house, "capture")) == (1, 1)
    return report


def test_a_removal_that_waits_for_its_capture_is_resumed_by_it(house, waits):
    house.work("remove")
    assert waiting(house, "remove") == 0
    house.work("capture", "follow")
    assert waiting(house, "remove") == 1
    house.work()
    assert house.status(waits) == "removed"


def test_it_is_resumed_too_when_the_capture_is_given_up(house, platform, waits):
    house.work("remove")
    platform.fail("record", *[Unavailable("503")] * 20)
    house.work("capture")
    assert waiting(house, "remove") == 0
    house.after(minutes=10, steps=12)
    assert house.status(waits) == "removed"
