"""A platform in memory, strict: a connector for tests of what the rooms above the connectors do.

It does what a real platform does and no more: a picture is gone only when it was taken away, an address that
was never given out does not exist, and a key that comes back must ask for the same thing. What goes wrong is
set up by the test: `fail` for the next calls, `resist` for removals that are confirmed and do nothing,
`blind` and `answer_instead` for looks that show something else than what is there.
"""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from takeback.connectors.api import (
    Action,
    Batch,
    Capabilities,
    Deletion,
    Exchange,
    Look,
    Media,
    Post,
    Receipt,
    Recording,
    State,
    StreamId,
    Surface,
    Target,
    Vantage,
)
from takeback.errors import Gone, Unreadable, WhyUnreadable
from takeback.infra.asking import ask_outside

LIVE = StreamId("live")
PAGE = 3
VANTAGES = {
    Surface.MESSAGE: (Vantage.ANONYMOUS, Vantage.MEMBER, Vantage.ADMIN),
    Surface.MEDIA: (Vantage.ANONYMOUS, Vantage.MEMBER),
}
CONTROL = Target("!control", "$control", "memory:file/control")
"""Always there, and no post."""
POSTED_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORDS = "look who is on holiday"
"""What stands beside each picture."""


@dataclass(frozen=True, slots=True)
class Acted:
    """One action that the platform did."""

    action: Action
    target: Target
    key: str


@dataclass(slots=True)
class _World:
    """What the platform holds; copied as a whole."""

    posts: list[Post] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    redacted: set[tuple[str, str]] = field(default_factory=set)
    quarantined: set[str] = field(default_factory=set)
    deletions: list[Deletion] = field(default_factory=list)
    keys: dict[str, tuple[Action, Target]] = field(default_factory=dict)
    acted: list[Acted] = field(default_factory=list)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    resisting: Counter[tuple[Action, str]] = field(default_factory=Counter)
    blind: int = 0
    instead: list[dict[Vantage, tuple[State, str]]] = field(default_factory=list)
    controlled: bool = True


class MemoryPlatform:
    """Fills `connectors.api.Connector`; the methods after `close` are for the test."""

    def __init__(
        self,
        name: str = "memory",
        actions: tuple[Action, ...] = tuple(Action),
        surfaces: tuple[Surface, ...] = tuple(VANTAGES),
    ) -> None:
        self.name = name
        self._actions = actions
        self._surfaces = surfaces
        self._world = _World()
        self._lock = threading.Lock()

    def capabilities(self) -> Capabilities:
        return Capabilities(
            self._surfaces,
            tuple(Vantage),
            self._actions,
            links=(r"memory://[\s\S]*",),
        )

    def streams(self) -> Sequence[StreamId]:
        self._stumble("streams")
        return (LIVE,)

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        self._stumble("watch")
        if stream != LIVE:
            raise AssertionError(f"no such stream was ever given out: {stream}")
        start, _, told = (cursor or "0").partition(".")
        posts = tuple(self._world.posts[int(start) : int(start) + PAGE])
        seen = tuple(post for post in posts if (post.place, post.message) not in self._world.redacted)
        deletions = tuple(self._world.deletions[int(told or 0) :])
        end, after = int(start) + len(posts), int(told or 0) + len(deletions)
        return Batch(seen, f"{end}.{after}" if after else str(end), deletions=deletions)

    def locate(self, link: str) -> Post | None:
        if not link.startswith("memory://"):
            return None
        self._stumble("locate")
        place, _, message = link.removeprefix("memory://").partition("/")
        if (place, message) not in self._world.redacted:
            for post in self._world.posts:
                if (post.place, post.message) == (place, message):
                    return post
        raise Gone("no such message")

    def fetch(self, media: str, max_bytes: int) -> bytes:
        self._stumble("fetch")
        if media not in self._world.files or media in self._world.quarantined:
            raise Gone("no such media")
        data = self._world.files[media]
        if len(data) > max_bytes:
            raise Unreadable(WhyUnreadable.TOO_MANY_BYTES)
        return data

    def act(self, action: Action, target: Target, key: str) -> Receipt:
        self._stumble("act")
        if action not in self._actions:
            raise AssertionError(f"asked for {action}, which is not among the capabilities")
        with self._lock:
            if self._world.keys.setdefault(key, (action, target)) != (action, target):
                raise AssertionError(f"key {key} was used for something else")
            if any(done.key == key for done in self._world.acted):
                return Receipt("done before")
            self._world.acted.append(Acted(action, target, key))
            if self._world.resisting[action, target.message] > 0:
                self._world.resisting[action, target.message] -= 1
                return Receipt("done, it says")
            already = {
                Action.REDACT_MESSAGE: (target.place, target.message) in self._world.redacted,
                Action.QUARANTINE_MEDIA: target.media in self._world.quarantined,
            }[action]
            match action:
                case Action.REDACT_MESSAGE:
                    self._world.redacted.add((target.place, target.message))
                case Action.QUARANTINE_MEDIA:
                    self._world.quarantined.add(target.media)
        return Receipt("done before by somebody" if already else "done", already=already)

    def verify(self, target: Target) -> Sequence[Look]:
        self._stumble("verify")
        there = {
            Surface.MESSAGE: (target.place, target.message) not in self._world.redacted,
            Surface.MEDIA: target.media not in self._world.quarantined,
        }
        blind = self._world.blind > 0
        self._world.blind -= blind and target != CONTROL
        instead = self._world.instead.pop(0) if self._world.instead else {}
        return [
            Look(surface, vantage, *instead[vantage])
            if vantage in instead
            else Look(surface, vantage, State.UNDETERMINED, "503")
            if blind and vantage is Vantage.MEMBER
            else Look(surface, vantage, State.PRESENT, "200")
            if there[surface]
            else Look(surface, vantage, State.ABSENT, "404")
            for surface in self._surfaces
            for vantage in VANTAGES[surface]
        ]

    def control(self) -> Target | None:
        self._stumble("control")
        return CONTROL if self._world.controlled else None

    def record(self, target: Target, max_bytes: int) -> Recording:
        self._stumble("record")
        post = next((each for each in self._world.posts if each.message == target.message), None)
        if post is None or (post.place, post.message) in self._world.redacted:
            raise Gone("no such message")
        shown = {"message": post.message, "place": post.place, "sender": post.sender, "words": WORDS}
        message = _exchange(f"messages/{post.message}", 200, "application/json", json.dumps(shown).encode())
        data = None if target.media in self._world.quarantined else self._world.files.get(target.media)
        if data is not None and len(data) > max_bytes:
            raise Unreadable(WhyUnreadable.TOO_MANY_BYTES)
        file = _exchange("file", 404 if data is None else 200, "image/png", data or b"")
        around = tuple(each.message for each in self._world.posts if each.place == post.place)
        return Recording(
            Target(post.place, post.message, target.media),
            post.sender,
            post.posted_at,
            (message, file),
            None if data is None else 1,
            around=around,
        )

    def exists(self, place: str, message: str) -> bool:
        self._stumble("exists")
        return (place, message) not in self._world.redacted

    def close(self) -> None:
        """Nothing to let go of."""

    # --- for the test

    def post(self, *pictures: bytes, place: str = "!square", sender: str = "@poster") -> Post:
        """Somebody posts a message with pictures."""
        with self._lock:
            number = len(self._world.posts)
            media = tuple(Media(f"memory:file/{number}.{n}", "image/png") for n in range(len(pictures)))
            self._world.files.update(zip((each.address for each in media), pictures, strict=True))
            post = Post(place, f"$m{number}", sender, POSTED_AT, media)
            self._world.posts.append(post)
            return post

    def delete(self, post: Post, *, tell: bool = True) -> None:
        """By the one who posted it; without `tell`, only who asks for it notices."""
        with self._lock:
            self._world.redacted.add((post.place, post.message))
            if tell:
                self._world.deletions.append(Deletion(post.place, post.message))

    def lose(self, post: Post) -> None:
        """The files of a post are not there any more."""
        for media in post.media:
            self._world.files.pop(media.address)

    def fail(self, call: str, *errors: Exception) -> None:
        """The next calls of this method raise these, one each."""
        self._world.faults.setdefault(call, []).extend(errors)

    def resist(self, action: Action, post: Post, times: int) -> None:
        """So often, the action is confirmed and does nothing."""
        self._world.resisting[action, post.message] = times

    def blind(self, rounds: int) -> None:
        """So many rounds of looks, the member sees nothing certain."""
        self._world.blind = rounds

    def answer_instead(self, *calls: dict[Vantage, tuple[State, str]]) -> None:
        """What the next calls of `verify` see from these vantages, whatever is there; three are one round."""
        self._world.instead.extend(calls)

    def take_control_away(self) -> None:
        """From now on, the platform has none."""
        self._world.controlled = False

    def bring_back(self, post: Post) -> None:
        """What was removed can be seen again, by whatever mistake."""
        self._world.redacted.discard((post.place, post.message))
        self._world.quarantined -= {media.address for media in post.media}

    def removed(self, post: Post) -> bool:
        """Message and pictures, both gone."""
        return (post.place, post.message) in self._world.redacted and {
            media.address for media in post.media
        } <= self._world.quarantined

    def untouched(self, post: Post) -> bool:
        """Nobody did anything to it."""
        return not any(done.target.message == post.message for done in self._world.acted)

    def done_to(self, post: Post) -> list[Action]:
        """What was done to it, in order."""
        return [done.action for done in self._world.acted if done.target.message == post.message]

    def posts(self) -> list[Post]:
        """All of them, also those that were removed."""
        return list(self._world.posts)

    def all_done(self) -> dict[str, list[Action]]:
        """What was done to each post."""
        return {post.message: self.done_to(post) for post in self._world.posts}

    def copy(self) -> "MemoryPlatform":
        """The same, to be changed apart."""
        twin = MemoryPlatform(self.name, self._actions, self._surfaces)
        twin._world = deepcopy(self._world)
        return twin

    def _stumble(self, call: str) -> None:
        ask_outside(f"a platform ({call})")
        with self._lock:
            waiting = self._world.faults.get(call)
            if waiting:
                raise waiting.pop(0)


def _exchange(path: str, status: int, content_type: str, body: bytes) -> Exchange:
    return Exchange(
        at=POSTED_AT,
        method="GET",
        url=f"https://memory.invalid/{path}",
        asked=(("Host", "memory.invalid"), ("Authorization", "(redacted)")),
        status=status,
        reason="OK" if status < 400 else "Not Found",
        said=(("Content-Type", content_type), ("ETag", "what only recipients may read")),
        body=body,
        chain=(b"not a real certificate",),
        peer="192.0.2.1:443",
    )


def link(post: Post) -> str:
    """As people paste it."""
    return f"memory://{post.place}/{post.message}"
