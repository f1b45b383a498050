"""S12: once evidence was kept, a directory that is missing or broken never lets a copy go in silence."""

import pytest

from house import picture
from takeback.events import Captured, CaptureFailed, EvidenceGivenUp, EvidenceKept, RemovalPlanned
from takeback.evidence import kept
from takeback.workflow import upkeep

MISSING, BROKEN = "missing", "broken"


def spoil(house, how):
    path = house.app.sealer.directory
    whole = path.read_bytes()
    if how == MISSING:
        path.unlink()
    else:
        path.write_text("lawyer somebody no-key\n")
    return whole


def removed(platform, post):
    return bool(platform.done_to(post))


def trouble(house):
    with house.database.transaction() as tx:
        return kept.trouble(tx, house.app.sealer)


@pytest.fixture
def spoilt(house, platform, request):
    """A copy waits to be worked on while nothing can be sealed."""
    upkeep.ask_for_captured(house.app)
    whole = spoil(house, request.param)
    post = platform.post(picture(1))
    house.watch()
    report = house.report(picture(1))
    house.take_in()
    return report, post, whole


@pytest.mark.parametrize("spoilt", [MISSING, BROKEN], indirect=True)
def test_s12_what_waits_for_its_capture_waits_until_the_file_is_mended(house, platform, spoilt):
    """S12: a copy was removed with neither Captured nor CaptureFailed."""
    report, post, whole = spoilt
    assert len(house.events(EvidenceKept)) == 1
    house.after(minutes=5, steps=5)
    assert not house.events(Captured, CaptureFailed, RemovalPlanned)
    said = trouble(house)
    assert said is not None
    assert "takeback keys stop-evidence" in said
    house.app.sealer.directory.write_bytes(whole)
    assert trouble(house) is None
    house.after(minutes=1)
    assert len(house.events(Captured)) == 1
    house.decide(report)
    house.after(seconds=11, steps=3)
    assert removed(platform, post)


@pytest.mark.parametrize("spoilt", [MISSING, BROKEN], indirect=True)
def test_s12_evidence_that_is_given_up_says_so_of_each_copy(house, platform, spoilt):
    """S12: giving up is an event of its own, and each copy has its CaptureFailed."""
    report, post, _ = spoilt
    with house.database.transaction() as tx:
        kept.give_up(tx, "the clinic closed")
    house.after(minutes=1)
    [failed] = house.events(CaptureFailed)
    assert failed.reason == kept.GIVEN_UP
    assert house.events(EvidenceGivenUp) == [EvidenceGivenUp("the clinic closed")]
    assert trouble(house) is None
    house.decide(report)
    house.after(seconds=11, steps=3)
    assert removed(platform, post)
