"""Looks of one moment share their looks at the control, and each still lies between two of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Lock

from platform_in_memory import CONTROL, MemoryPlatform, Vantage
from takeback.connectors.api import State, Target
from takeback.infra import clock
from takeback.takedown import rules
from takeback.takedown.model import Finding
from takeback.takedown.session import WITHIN, Controls, Session, look_beside_control

GONE = dict.fromkeys(Vantage, (State.ABSENT, "404"))


class Statement(MemoryPlatform):
    """Tells what was looked at, in order: a look's begin and its end."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, Target]] = []
        self._telling = Lock()

    def verify(self, target):
        with self._telling:
            self.told.append(("begin", target))
        found = super().verify(target)
        with self._telling:
            self.told.append(("end", target))
        return found


def copies(platform, many) -> list[Target]:
    posts = [platform.post(b"x") for _ in range(many)]
    for post in posts:
        platform.delete(post)
        platform._world.quarantined |= {media.address for media in post.media}
    return [Target(post.place, post.message, post.media[0].address) for post in posts]


def found(session) -> Finding:
    return rules.finding(session.looks, session.control, {look.surface for look in session.looks})


def test_each_of_many_looks_lies_between_two_looks_at_the_control_and_few_are_made():
    """Issue 10: six copies are proven gone with fewer than two looks at the control each."""
    platform, controls, together = Statement(), Controls(), Barrier(6)

    def look(target) -> Session:
        together.wait()
        return look_beside_control(platform, target, 0, controls.of(platform))

    asked = copies(platform, 6)
    with ThreadPoolExecutor(6) as threads:
        assert {found(each) for each in threads.map(look, asked)} == {Finding.GONE}
    for target in asked:
        began, ended = platform.told.index(("begin", target)), platform.told.index(("end", target))
        assert ("end", CONTROL) in platform.told[:began]
        assert ("begin", CONTROL) in platform.told[ended:]
    assert platform.told.count(("begin", CONTROL)) < 12


def test_a_control_that_is_not_seen_after_the_copy_proves_nothing_and_is_not_used_again():
    platform, watch = Statement(), Controls()
    [target] = copies(platform, 1)
    platform.answer_instead({}, {}, GONE)
    assert found(look_beside_control(platform, target, 0, watch.of(platform))) is Finding.UNCLEAR
    platform.told.clear()
    assert found(look_beside_control(platform, target, 0, watch.of(platform))) is Finding.GONE
    assert platform.told[0] == ("begin", CONTROL)


def test_a_look_at_the_control_of_too_long_ago_is_not_used(monkeypatch):
    platform, watch = Statement(), Controls()
    [target] = copies(platform, 1)
    look_beside_control(platform, target, 0, watch.of(platform))
    later = clock.now() + WITHIN
    monkeypatch.setattr(clock, "now", lambda: later)
    platform.told.clear()
    look_beside_control(platform, target, 0, watch.of(platform))
    assert [what for what, where in platform.told if where == CONTROL].count("begin") == 2


def test_a_look_that_takes_too_long_proves_nothing(monkeypatch):
    platform, watch = Statement(), Controls()
    [target] = copies(platform, 1)
    at = clock.now()

    def slow() -> datetime:
        nonlocal at
        at += WITHIN + timedelta(seconds=1)
        return at

    monkeypatch.setattr(clock, "now", slow)
    session = look_beside_control(platform, target, 0, watch.of(platform))
    assert session.control == ()
    assert found(session) is Finding.UNCLEAR
