"""Turns events into posts: which of them lead to media, and where those are.

Every event counts, whatever its type: a message, a sticker, a reaction, a pack of emotes, the picture of a
room or of a person. `walk` finds the addresses in it. A change of membership repeats the person's picture; it
is a post only where the picture is another one than before.

An event may bring others with it (`unsigned`): the newest edit, the newest message of its thread. Each is a
post of its own, because it is redacted under its own id.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from takeback.connectors.api import Media, Post, Unseen, UnseenKind
from takeback.connectors.matrix.answers import at, members, moment, text
from takeback.connectors.matrix.walk import Walked, walk

MEMBER = "m.room.member"


@dataclass(frozen=True, slots=True)
class Found:
    """The posts that events are, and their unseen parts."""

    posts: tuple[Post, ...]
    unseen: tuple[Unseen, ...]

    def and_then(self, other: "Found") -> "Found":
        """Return both."""
        return Found(self.posts + other.posts, self.unseen + other.unseen)


def found_in(events: list[Mapping[str, object]], place: str) -> Found:
    """Return the posts that events are, and those that they bring along, each once.

    Args:
        events: as the client-server API serialises them.
        place: the room they were found in; sync leaves it out of the event.
    """
    posts: dict[str, Post] = {}
    unseen: dict[Unseen, None] = {}
    for event in events:
        for each in (event, *_brought_along(event)):
            message = text(each, "event_id")
            if not message or message in posts:
                continue
            try:
                walked = _walk_event(each)
                for why in walked.unseen:
                    unseen[Unseen(UnseenKind.ADDRESS, place, message, why)] = None
                if walked.media:
                    posts[message] = _post(each, place, walked.media.values())
            except Exception as error:  # noqa: BLE001 - told to people; the other events are read
                why = f"cannot be read ({type(error).__name__})"
                unseen[Unseen(UnseenKind.ADDRESS, place, message, why)] = None
    return Found(tuple(posts.values()), tuple(unseen))


def media_of_event(event: Mapping[str, object]) -> tuple[Media, ...]:
    """Return all media of one event, each once, in the order of their meeting."""
    return tuple(_walk_event(event).media.values())


def newest_edit(event: Mapping[str, object]) -> Mapping[str, object]:
    """Return the event that replaces this one, as the server bundles it; empty if there is none."""
    return members(event, "unsigned", "m.relations", "m.replace")


def redacted_by(event: Mapping[str, object]) -> str | None:
    """Return the id of the event that redacted this one, or None if it stands."""
    because = at(event, "unsigned", "redacted_because") or at(event, "redacted_because")
    if because is None:
        return None
    return text(because, "event_id") or "unknown"


def _post(event: Mapping[str, object], place: str, media: Iterable[Media]) -> Post:
    sent_at = moment(event, "origin_server_ts")
    return Post(place, text(event, "event_id"), text(event, "sender"), sent_at, tuple(media))


def _walk_event(event: Mapping[str, object]) -> Walked:
    walked = walk(at(event, "content"))
    for name in ("type", "state_key"):  # which a sender chooses, too
        walked.read(text(event, name), (name,))
    if text(event, "type") == MEMBER and (before := members(event, "unsigned", "prev_content")):
        known = walk(before)
        for address in known.media:
            walked.media.pop(address, None)
        for why in known.unseen:
            walked.unseen.pop(why, None)
    return walked


def _brought_along(event: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The events within an event (client-server API, "Aggregations of child events")."""
    for found in (newest_edit(event), members(event, "unsigned", "m.relations", "m.thread", "latest_event")):
        if found:
            yield found
            if edit := newest_edit(found):
                yield edit
