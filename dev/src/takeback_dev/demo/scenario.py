"""The demo's scenario: a chat room, the pictures that people post there, and one that should not be.

Every picture is a painted landscape. One of them stands for a picture that somebody wants back; its copies
are posted among the others in the ways that people re-post.
"""

from dataclasses import dataclass, field
from functools import cache

from PIL import Image

from takeback_dev import pictures
from takeback_dev.demo.chat import ChatUser

THE_PICTURE = 7
"""Seed of the one that is reported."""
OTHERS = tuple(range(100, 118))
_TYPES = {"palette": "image/png"}


@dataclass(frozen=True, slots=True)
class Posted:
    """One picture in the room."""

    name: str
    room: str
    message: str
    media: str


@dataclass(slots=True)
class Scenario:
    """The room and who posts there."""

    room: str
    people: tuple[ChatUser, ...]
    seed: int = THE_PICTURE
    """Of the picture that is copied here."""
    copies: list[Posted] = field(default_factory=list)
    others: list[Posted] = field(default_factory=list)

    def post_copy(self, name: str) -> Posted:
        """Post one copy of the picture, edited as `name` says."""
        data = edits(self.seed)[name]
        posted = self._post(len(self.copies), name, data, _TYPES.get(name, "image/jpeg"))
        self.copies.append(posted)
        return posted

    def post_other(self, seed: int) -> Posted:
        """Post a picture that has nothing to do with it."""
        data = pictures.encode(pictures.scene(seed, 720, 480), "JPEG", quality=88)
        posted = self._post(len(self.others), f"landscape {seed}", data, "image/jpeg")
        self.others.append(posted)
        return posted

    def _post(self, turn: int, name: str, data: bytes, content_type: str) -> Posted:
        person = self.people[turn % len(self.people)]
        message, media = person.post_picture(self.room, data, content_type, body="picture")
        return Posted(name, self.room, message, media)


def the_picture(seed: int = THE_PICTURE) -> Image.Image:
    """The picture that is reported, as it is on its owner's device."""
    return pictures.scene(seed)


@cache
def edits(seed: int = THE_PICTURE) -> dict[str, bytes]:
    """The picture's files as they are posted, by what was done to it."""
    return pictures.edits(the_picture(seed))


EDITS = ("as posted", "re-encoded", "half the size", "mirrored", "rotated by tag", "cmyk", "palette")
"""The ways in which copies are posted: the keys of `pictures.edits`."""


def create(people: tuple[ChatUser, ...], seed: int = THE_PICTURE) -> Scenario:
    """Make the room and let everybody in."""
    room = people[0].create_room("Harbour pictures")
    for person in people[1:]:
        person.join(room)
    return Scenario(room, people, seed)
