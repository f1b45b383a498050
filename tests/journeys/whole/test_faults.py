"""What a platform, the network and strangers do to us: nothing is lost, and nothing is called gone early."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import psycopg
import pytest

import signal_files
from faults import Fault
from services import PATIENCE, Journey, Scene, assert_gone_and_done_once, running_scene
from soaking import quick
from takeback.infra.outbound import OutboundClient, path
from takeback_dev.demo import scenario
from takeback_dev.demo.chat import ChatUser
from takeback_dev.demo.member_view import MemberView
from takeback_dev.pictures import encode
from waiting import until

MOST_BYTES = 2_000_000
MOST_MEMORY = 900 << 20
"""Of the watcher and its decoders together; idle they hold some 250 MiB."""


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with running_scene(max_media_bytes=str(MOST_BYTES)) as running, watched(running) as doubts:
        yield running
        assert doubts.early == [], "called gone while it was still there"
        assert doubts.asked > 0


@dataclass(slots=True)
class Doubts:
    """Asks Synapse itself, past Takeback and the proxy, whenever Takeback says that a copy is gone."""

    scene: Scene
    over: threading.Event = field(default_factory=threading.Event)
    early: list[object] = field(default_factory=list)
    asked: int = 0

    def doubt(self) -> None:
        last = 0
        with MemberView(self.scene.chat.synapse.origin, self.scene.chat.member) as member_view:
            while not self.over.wait(0.01):
                for event, place, message, media in self.said_gone(last):
                    with_picture = {
                        each.message for each in member_view.room(str(place)) if each.media is not None
                    }
                    if message in with_picture or member_view.picture(str(media)) is not None:
                        self.early.append(message)
                    assert isinstance(event, int)
                    last, self.asked = event, self.asked + 1

    def said_gone(self, last: int) -> list[tuple[object, ...]]:
        with suppress(psycopg.OperationalError):
            return self.scene.house.query(
                "select f.id, t.place, t.message, t.media from event f"
                " join takedown_target t on t.id = (f.body ->> 'target')::uuid"
                " where f.kind = 'found_gone' and f.id > %s order by f.id",
                last,
            )
        return []


class watched:  # noqa: N801 - read as a verb in a with statement
    """A thread of doubts while the block runs."""

    def __init__(self, scene: Scene) -> None:
        self.doubts = Doubts(scene)
        self.thread = threading.Thread(target=self.doubts.doubt)

    def __enter__(self) -> Doubts:
        self.thread.start()
        return self.doubts

    def __exit__(self, *_: object) -> None:
        self.doubts.over.set()
        self.thread.join()


# --- while copies are removed -----------------------------------------------------------------------------


def found(scene: Scene, seed: int) -> Journey:
    journey = Journey(scene, seed)
    journey.walk_to_found()
    return journey


def gone(journey: Journey) -> int:
    ((number,),) = journey.house.query(
        "select count(*) from event where kind = 'found_gone' and body ->> 'case' = %s", str(journey.case)
    )
    assert isinstance(number, int)
    return number


@pytest.mark.parametrize(
    "fault",
    quick(
        Fault.TOO_MANY_REQUESTS,
        Fault.LOST_ANSWER,
        every=[
            Fault.TOO_MANY_REQUESTS,
            Fault.SERVER_ERROR,
            Fault.LOGIN_PAGE,
            Fault.NOT_FOUND_PAGE,
            Fault.CUT,
            Fault.LOST_ANSWER,
        ],
    ),
    ids=lambda fault: fault.name.lower(),
)
def test_a_fault_during_the_removal_delays_it_and_nothing_else(scene: Scene, seed: int, fault: Fault) -> None:
    journey = found(scene, seed)
    with scene.proxy.failing(fault):
        before = len(scene.proxy.asked)
        journey.decide()
        until(lambda: asked_about(journey, before), PATIENCE, "the removal to meet the fault")
        until(lambda: steps_with_errors(journey), PATIENCE, "the fault to be written down")
        assert gone(journey) == 0
    journey.finish()
    assert_gone_and_done_once(journey)


def asked_about(journey: Journey, since: int) -> bool:
    """Whether somebody asked for the copies, to learn from them or to act on them."""
    media = {copy.media.rpartition("/")[2] for copy in journey.scenario.copies}
    return any(name in each.path for each in journey.scene.proxy.asked[since:] for name in media)


def steps_with_errors(journey: Journey) -> bool:
    return journey.house.has(
        "select from takedown_step s join takedown_target t on t.id = s.target_id"
        " where t.case_id = %s and s.error is not null",
        journey.case,
    )


@pytest.mark.parametrize(
    "where", quick("/media/thumbnail/", every=["/_matrix/client/versions", "/media/thumbnail/"])
)
def test_looks_that_show_nothing_certain_say_nothing(scene: Scene, seed: int, where: str) -> None:
    journey = found(scene, seed)
    with scene.proxy.failing(Fault.NOT_FOUND_PAGE, where):
        journey.decide()
        unclear = (
            "select from takedown_look l join takedown_target t on t.id = l.target_id"
            " where t.case_id = %s and l.state = 'undetermined'"
        )
        until(lambda: journey.house.has(unclear, journey.case), PATIENCE, "a look to be unclear")
        assert gone(journey) == 0
    journey.finish()
    assert_gone_and_done_once(journey)


def test_a_chat_server_that_is_down_for_a_while_loses_nothing(scene: Scene, seed: int) -> None:
    journey = found(scene, seed)
    scene.chat.synapse.stop()
    journey.decide()
    until(lambda: steps_with_errors(journey), PATIENCE, "the removal to find nobody there")
    assert gone(journey) == 0
    scene.chat.synapse.start()
    journey.finish()
    assert_gone_and_done_once(journey)


@pytest.mark.soak
def test_messages_that_their_posters_deleted_first_need_no_second_redaction(scene: Scene, seed: int) -> None:
    journey = found(scene, seed)
    for copy in journey.scenario.copies:
        poster_of(journey, copy.message).delete(journey.scenario.room, copy.message)
    journey.finish()
    assert_gone_and_done_once(journey)


def poster_of(journey: Journey, message: str) -> ChatUser:
    shown = {each.message: each.sender for each in journey.scene.chat.member_view.room(journey.scenario.room)}
    return next(person for person in journey.scene.chat.people if person.user_id == shown[message])


@pytest.mark.soak
def test_media_that_a_moderator_quarantined_first_is_success(scene: Scene, seed: int) -> None:
    journey = found(scene, seed)
    with OutboundClient(scene.chat.synapse.origin, token=scene.chat.moderator.token) as moderator:
        for copy in journey.scenario.copies:
            server, media = copy.media.removeprefix("mxc://").split("/")
            quarantine = path("/_synapse/admin/v1/media/quarantine", server, media)
            assert moderator.send("POST", quarantine, document={}).status == 200
    journey.finish()
    assert_gone_and_done_once(journey)


# --- while pictures are read ------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize(
    "fault",
    quick(Fault.CUT, every=[Fault.SERVER_ERROR, Fault.CUT, Fault.LOGIN_PAGE, Fault.NOT_FOUND_PAGE]),
    ids=lambda fault: fault.name.lower(),
)
def test_a_picture_that_cannot_be_fetched_for_a_while_is_matched_later(
    scene: Scene, seed: int, fault: Fault
) -> None:
    journey = found(scene, seed)
    with scene.proxy.failing(fault, "/media/download/"):
        copy = journey.scenario.post_copy("half the size")
        state: Callable[[], str] = lambda: state_of(journey, copy.message)  # noqa: E731 - said where it is used
        until(state, PATIENCE, "the copy to pass by")
        assert state() == "unread"
    until(lambda: state() == "read", PATIENCE, "the copy to be read after all")
    journey.until_found()
    journey.finish()
    assert_gone_and_done_once(journey)


@pytest.mark.soak
def test_posts_during_an_outage_are_found_afterwards(scene: Scene, seed: int) -> None:
    journey = found(scene, seed)
    asked, before = scene.proxy.asked, len(scene.proxy.asked)
    with scene.proxy.failing(Fault.GATEWAY_PAGE):
        journey.scenario.post_copy("half the size")
        until(lambda: len(asked) > before + 2, PATIENCE, "the watcher to meet the outage")
    journey.until_found()
    journey.finish()
    assert_gone_and_done_once(journey)


def state_of(journey: Journey, message: str) -> str:
    rows = journey.house.query("select state from sightings_post where message = %s", message)
    return str(rows[0][0]) if rows else ""


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "truncated": (lambda: scenario.edits()["as posted"][:2000], "damaged"),
    "cut in half": (
        lambda: scenario.edits()["as posted"][: len(scenario.edits()["as posted"]) // 2],
        "damaged",
    ),
    "empty": (lambda: b"", "empty"),
    "text": (lambda: b"this is no picture\n" * 100, "not_a_picture"),
    "13,000 x 13,000": (signal_files.huge_png, "too_many_pixels"),
    "lying header": (signal_files.lying_jpeg, "too_many_pixels"),
    "too many bytes": (lambda: encode(signal_files.noise(1000, 1000), "PNG"), "too_many_bytes"),
    "10,000 frames": (signal_files.long_gif, "read"),
    "picture and archive": (signal_files.jpeg_and_zip, "read"),
    "picture and page": (signal_files.gif_and_html, "read"),
}
"""What is posted, and what is to be written down about it."""


@pytest.mark.soak
def test_bad_pictures_are_recorded_with_their_reason_and_stop_nothing(scene: Scene, seed: int) -> None:
    journey = found(scene, seed)
    watcher = scene.house.part("watcher")
    person = scene.chat.people[0]
    posted = {
        name: person.post_picture(journey.scenario.room, make(), "image/jpeg", body=f"{name}.jpg")[0]
        for name, (make, _) in BAD.items()
    }
    journey.scenario.post_copy("half the size")
    peak = 0

    def all_seen() -> bool:
        nonlocal peak
        peak = max(peak, memory(watcher))
        return journey.seen() == len(journey.posted) + len(posted)

    until(all_seen, PATIENCE, "everything to pass by")
    said = {
        str(message): str(reason or state)
        for message, state, reason in journey.house.query(
            "select message, state, reason from sightings_post where message = any(%s)", list(posted.values())
        )
    }
    assert {name: said[message] for name, message in posted.items()} == {
        name: expected for name, (_, expected) in BAD.items()
    }
    journey.until_found()
    assert watcher.is_running()
    assert scene.house.part("watcher") == watcher
    assert peak < MOST_MEMORY, f"{peak >> 20} MiB"


def memory(process: psutil.Process) -> int:
    """Resident bytes of a process and its children."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += each.memory_info().rss
    return total


@pytest.mark.soak
def test_a_new_copy_is_matched_within_seconds(scene: Scene, seed: int) -> None:
    journey = found(scene, seed)
    journey.scenario.post_copy("half the size")
    journey.until_found(timeout=15)
