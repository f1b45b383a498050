"""kill -9 of any process at any moment of the way, then a restart: the same end state.

Each story walks the way of one report up to a moment, kills there, and lets everything come back. A moment
is made to last by holding a call to the platform in a proxy, by locking the table that the next step writes,
or by stopping a process (SIGSTOP) before what it would react to. All stories happen to one service, one after
the other, so each also starts from whatever the one before left behind.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from services import PARTS, PATIENCE, Journey, Scene, assert_gone_and_done_once
from soaking import quick
from takeback.errors import PlatformError, TakebackError
from waiting import until

Story = Callable[[Scene, int], Journey]
STORIES: list[Story] = []


def story(tell: Story) -> Story:
    STORIES.append(tell)
    return tell


# --- the watcher ------------------------------------------------------------------------------------------


@story
def watcher_has_joined_a_new_room_and_not_written_it_down(scene: Scene, seed: int) -> Journey:
    with scene.proxy.holding("POST", "/join/", after=True) as hold:
        journey = Journey(scene, seed)
        assert hold.reached.wait(PATIENCE)
        scene.house.kill("watcher")
    journey.until_seen()
    journey.report()
    return journey


@story
def watcher_reads_a_rooms_history(scene: Scene, seed: int) -> Journey:
    with scene.proxy.holding("GET", "/messages?dir=b") as hold:
        journey = Journey(scene, seed)
        assert hold.reached.wait(PATIENCE)
        scene.house.kill("watcher")
    journey.until_seen()
    journey.report()
    return journey


@story
def watcher_is_in_the_middle_of_a_batch(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.until_seen()
    journey.report()
    journey.until_case()
    with scene.proxy.holding("GET", "/media/download") as hold:
        journey.scenario.post_copy("half the size")
        journey.scenario.post_other(20_000 + seed)
        assert hold.reached.wait(PATIENCE)
        scene.house.kill("watcher")
    return journey


@story
def watcher_has_read_a_batch_and_not_committed_it(scene: Scene, seed: int) -> Journey:
    with scene.house.locked("sightings_post"):
        journey = Journey(scene, seed)
        scene.house.until_waiting("sightings_post")
        scene.house.kill("watcher")
    journey.until_seen()
    journey.report()
    return journey


# --- from the report to the case --------------------------------------------------------------------------


@story
def portal_is_putting_the_report_down(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.until_seen()
    outcome: list[str] = []

    def send() -> None:
        with suppress(TakebackError):
            outcome.append(journey.report())

    with scene.house.locked("submissions_report"):
        sender = threading.Thread(target=send)
        sender.start()
        scene.house.until_waiting("submissions_report", by="takeback_portal")
        scene.house.kill("portal")
        sender.join()
    assert outcome == []  # she was told nothing, so she presses the button again
    until(lambda: sent(journey), PATIENCE, "the portal to be back")
    return journey


def sent(journey: Journey) -> bool:
    with suppress(PlatformError):
        return bool(journey.report())
    return False


@story
def worker_has_not_taken_the_report_in(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.until_seen()
    scene.house.part("worker").suspend()
    journey.report()
    scene.house.kill("worker")
    return journey


@story
def worker_is_looking_back(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.until_seen()
    with scene.house.locked("matching_match"):
        journey.report()
        scene.house.until_waiting("matching_match")
        scene.house.kill("worker")
    return journey


@story
def worker_follows_a_match_and_the_case_has_no_copy_yet(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.until_seen()
    with scene.house.locked("cases_copy"):
        journey.report()
        scene.house.until_waiting("cases_copy")
        scene.house.kill("worker")
    return journey


@story
def sequencer_is_signing(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.until_seen()
    with scene.house.locked("ledger_checkpoint"):
        journey.report()
        scene.house.until_waiting("ledger_checkpoint")
        scene.house.kill("worker")
    return journey


@story
def database_dies_during_the_look_back(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.until_seen()
    with scene.house.locked("matching_match"):
        journey.report()
        scene.house.until_waiting("matching_match")
        scene.house.kill("postgres")
    return journey


# --- from the decision to the end -------------------------------------------------------------------------


@story
def worker_dies_between_decision_and_effect(scene: Scene, seed: int) -> Journey:
    journey = found(scene, seed)
    scene.house.part("worker").suspend()
    journey.decide()
    scene.house.kill("worker")
    return journey


@story
def worker_is_planning_the_removals(scene: Scene, seed: int) -> Journey:
    journey = found(scene, seed)
    with scene.house.locked("takedown_target"):
        journey.decide()
        scene.house.until_waiting("takedown_target")
        scene.house.kill("worker")
    return journey


@story
def worker_has_quarantined_and_not_written_it_down(scene: Scene, seed: int) -> Journey:
    return killed_at(scene, seed, "POST", "/media/quarantine/", ("worker",), after=True)


@story
def everything_dies_between_quarantine_and_redaction(scene: Scene, seed: int) -> Journey:
    everything = ("serve", *PARTS, "postgres")
    journey = killed_at(scene, seed, "PUT", "/redact/", everything)
    scene.house.start()
    return journey


@story
def worker_has_redacted_and_not_written_it_down(scene: Scene, seed: int) -> Journey:
    return killed_at(scene, seed, "PUT", "/redact/", ("worker",), after=True)


@story
def supervisor_dies_and_is_started_at_once(scene: Scene, seed: int) -> Journey:
    journey = killed_at(scene, seed, "PUT", "/redact/", ("serve",), lost=False)
    scene.house.start()
    return journey


@story
def database_dies_while_a_quarantine_is_under_way(scene: Scene, seed: int) -> Journey:
    return killed_at(scene, seed, "POST", "/media/quarantine/", ("postgres",), after=True, lost=False)


@story
def chat_server_dies_while_a_redaction_is_under_way(scene: Scene, seed: int) -> Journey:
    journey = found(scene, seed)
    with scene.proxy.holding("PUT", "/redact/") as hold:
        journey.decide()
        assert hold.reached.wait(PATIENCE)
        scene.chat.synapse.kill()
    scene.chat.synapse.start()
    return journey


@story
def worker_is_looking_whether_a_copy_is_gone(scene: Scene, seed: int) -> Journey:
    return killed_at(scene, seed, "GET", "/_matrix/client/versions", ("worker",))


@story
def worker_has_looked_and_not_written_it_down(scene: Scene, seed: int) -> Journey:
    journey = found(scene, seed)
    with scene.house.locked("takedown_look"):
        journey.decide()
        scene.house.until_waiting("takedown_look")
        scene.house.kill("worker", "console", "api")
    return journey


@story
def worker_found_a_copy_gone_and_the_case_does_not_know_yet(scene: Scene, seed: int) -> Journey:
    journey, house = found(scene, seed), scene.house
    before = house.count("found_gone")
    planned = (
        "select from event f join event_handled d on d.event_id = f.id where kind = 'removal_planned'"
        " and body ->> 'case' = %s offset 1"
    )
    with scene.proxy.holding("GET", "/_matrix/client/versions") as hold:
        journey.decide()
        assert hold.reached.wait(PATIENCE)
        until(lambda: house.has(planned, str(journey.case)), PATIENCE, "both removals to be planned")
        with house.locked("cases_case"):
            hold.released.set()
            house.until_event("found_gone", before + 1)
            house.until_waiting("cases_case")
            house.kill("worker")
    return journey


def found(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.walk_to_found()
    return journey


def killed_at(
    scene: Scene,
    seed: int,
    method: str,
    where: str,
    parts: tuple[str, ...],
    *,
    after: bool = False,
    lost: bool = True,
) -> Journey:
    """Killed while a call to the platform is under way; if lost, the call or its answer never arrives."""
    journey = found(scene, seed)
    with scene.proxy.holding(method, where, after=after) as hold:
        journey.decide()
        assert hold.reached.wait(PATIENCE)
        scene.house.kill(*parts)
        if lost:
            hold.lost.set()
    return journey


MOST_DIFFERENT = (
    watcher_has_read_a_batch_and_not_committed_it,
    portal_is_putting_the_report_down,
    everything_dies_between_quarantine_and_redaction,
    database_dies_while_a_quarantine_is_under_way,
    worker_has_looked_and_not_written_it_down,
)


@pytest.mark.parametrize("tell", quick(*MOST_DIFFERENT, every=STORIES), ids=lambda tell: tell.__name__)
def test_after_kill_9_the_end_is_the_same(scene: Scene, seed: int, tell: Story) -> None:
    journey = tell(scene, seed)
    journey.finish()
    assert_gone_and_done_once(journey)
