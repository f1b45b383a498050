from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from takeback.entrypoints.portal.evidence import Press, evidence, takeable
from takeback.entrypoints.portal.words import ENGLISH
from takeback.submissions.model import EvidenceStatus, PackageStatus
from takeback.submissions.submit import PACKAGE_STATES

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOTHING = EvidenceStatus(kept=False, decided=False, again_at=None, packages=())
KEPT = replace(NOTHING, kept=True, decided=True)


def package(state: str, **more: object) -> PackageStatus:
    ready = {"dossier": UUID(int=1), "size": 2_400_001, "expires_at": NOON + timedelta(hours=24)}
    known = ready if state == "ready" else dict.fromkeys(ready)
    return PackageStatus(state, NOON - timedelta(minutes=3), taken_at=None, **(known | more))


def part(status: EvidenceStatus, *packages: PackageStatus):
    shown = evidence(replace(status, packages=packages), NOON, ENGLISH)
    assert shown is not None
    return shown


def test_where_nothing_is_kept_nothing_is_said():
    assert evidence(NOTHING, NOON, ENGLISH) is None
    assert evidence(replace(NOTHING, decided=True), NOON, ENGLISH) is None


def test_before_people_have_decided_nothing_is_said_of_evidence():
    """H8: that something is kept would tell that something was found."""
    assert evidence(replace(KEPT, decided=False), NOON, ENGLISH) is None


def test_what_the_file_tells_is_said_before_it_is_asked_for():
    shown = part(KEPT)
    assert shown.press is Press.ASK
    sentences = " ".join((*shown.sentences, shown.beside))
    for word in (
        "places and times, and who posted only if a reviewer",
        "nobody else looks",
        "sealed",
        "law clinic",
        "recorded",
    ):
        assert word in sentences


PRESSED = {
    "asked": Press.WAIT,
    "ready": Press.TAKE,
    "deleted": Press.ASK,
    "failed": Press.ASK,
    "too_large": None,
}


@pytest.mark.parametrize("state", PACKAGE_STATES)
def test_every_state_has_its_words_and_its_button(state):
    press = PRESSED[state]
    shown = part(KEPT, package(state))
    assert (shown.press, bool(shown.label)) == (press, press is not None)
    assert shown.sentences[0]
    assert shown.before == (package(state),)


def test_a_ready_one_says_its_size_until_when_and_how_it_is_checked():
    shown = part(KEPT, package("ready"))
    assert shown.label == "Download the file (3 MB)"
    assert shown.at == NOON + timedelta(hours=24)
    assert "takeback-verify" in shown.beside
    assert "VERIFY.html" in shown.beside
    small = part(KEPT, package("ready", size=110_000))
    assert small.label == "Download the file (less than 1 MB)"


def test_after_three_a_day_it_says_when_the_next_can_be_asked_for():
    shown = part(replace(KEPT, again_at=NOON), package("deleted"))
    assert (shown.press, shown.at) == (None, NOON)
    assert "three times" in shown.day
    # What is under way or ready is not in the way of itself.
    assert part(replace(KEPT, again_at=NOON), package("ready")).press is Press.TAKE


def test_where_nothing_is_left_that_is_said():
    for state in ("deleted", "failed", "too_large"):
        shown = part(replace(KEPT, kept=False), package(state))
        assert shown.press is None
        assert "nothing here that can be handed out" in shown.sentences[0]


def test_a_ready_one_can_be_taken_out_also_while_a_new_copy_waits_for_people():
    assert part(replace(KEPT, decided=False), package("ready")).press is Press.TAKE


def test_only_the_newest_can_be_taken_out_and_only_when_it_is_ready():
    assert takeable(KEPT) is None
    for state in PACKAGE_STATES:
        found = takeable(replace(KEPT, packages=(package(state), package("deleted"))))
        assert (found is not None) is (state == "ready")


def test_a_wait_that_is_too_long_is_said_to_be():
    late = replace(package("asked"), asked_at=NOON - timedelta(minutes=61))
    assert "longer than it should" in part(KEPT, late).sentences[1]
    assert "a few minutes" in part(KEPT, package("asked")).sentences[1]
