"""Copies that are not the picture of a message: found by a report, removed, and gone, like any other."""

from collections.abc import Callable

import pytest

from carriers import Posted as Sent
from carriers import Stage, edit, html, message
from services import Journey, Scene
from takeback_dev.demo.scenario import Posted, edits

WAYS: dict[str, Callable[[Stage], Sent]] = {
    "a file that says it is an archive": lambda s: s.send(
        message("m.file", url=f"{s.media}/x.zip?y#z", info={"mimetype": "application/zip"})
    ),
    "formatted text": lambda s: s.send(html(f"<img src='{s.media}'>")),
    "an edit": lambda s: edit(s, message("m.image", url=s.media)),
    "the room's picture": lambda s: s.state("m.room.avatar", {"url": s.media}),
    "a pack of emotes": lambda s: s.state("im.ponies.room_emotes", {"images": {"x": {"url": s.media}}}),
}


@pytest.mark.soak
def test_copies_in_every_class_of_carrier_are_found_by_one_report_and_removed(scene: Scene, seed: int):
    """Carriers: one walk finds every address, opens what brings its key, and watches places and people."""
    journey = Journey(scene, seed)
    user, member_view, copies = journey.scenario.people[0], scene.chat.member_view, journey.scenario.copies
    data = edits(seed)["re-encoded"]

    def stage() -> Stage:
        token = scene.chat.moderator.token
        return Stage(scene.chat.synapse.origin, token, user, journey.scenario.room, data)

    for name, post in WAYS.items():
        way = stage()
        copies.append(Posted(name, *post(way), way.media))
    way = stage()
    file, harmless = way.sealed(), way.harmless()
    sent = way.send(message("m.image", url=harmless, file=file))
    copies.append(Posted("encrypted, behind a harmless one", *sent, str(file["url"])))

    journey.report()
    journey.until_case()
    journey.until_found()
    journey.decide()
    journey.until_removed()  # each was looked for beside the control, and is gone

    assert {copy.name: member_view.picture(copy.media) for copy in copies} == {
        copy.name: None for copy in copies
    }
    assert all(member_view.picture(other.media) for other in journey.scenario.others)
    assert member_view.picture(harmless), "a picture that has nothing to do with it stays"
    assert way.current("m.room.avatar", "")["content"] == {}
    assert journey.house.query("select body from event where kind in ('job_gave_up', 'removal_failed')") == []
