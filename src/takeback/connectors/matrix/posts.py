"""Turns events into posts: which messages carry pictures or clips, and where those are.

Counted: m.image, m.sticker and m.video whatever they claim, files that claim to be an image or a video, the
thumbnail of any of these, and the same within an edit. Encrypted pictures (a `file` in place of a
`url`) cannot be read by anybody but the room's members, and are passed over.
"""

import re
from collections.abc import Mapping

from takeback.connectors.api import Media, Post
from takeback.connectors.matrix.answers import at, members, moment, number, text

EVENT_TYPES = ("m.room.message", "m.sticker")
_SHOWN = ("m.image", "m.sticker", "m.video")
MAX_SIZE_CLAIM = 2**53 - 1

_ADDRESS = re.compile(r"mxc://([A-Za-z0-9.:\[\]_-]{1,255})/([A-Za-z0-9_=~.-]{1,255})")
_CONTENT_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)


def media_path(address: str) -> tuple[str, str] | None:
    """Server and media id of an mxc address; None if it is not one."""
    found = _ADDRESS.fullmatch(address)
    return (found[1], found[2]) if found and found[2] not in {".", ".."} else None


def post_of(event: Mapping[str, object], place: str) -> Post | None:
    """The post that an event is, or None if it carries no picture that can be read (or any more).

    Args:
        event: as the client-server API serialises it.
        place: the room it was found in; sync leaves it out of the event.
    """
    message = text(event, "event_id")
    if not message or text(event, "type") not in EVENT_TYPES:
        return None
    pictures = pictures_of(event)
    if not pictures:
        return None
    return Post(place, message, text(event, "sender"), moment(event, "origin_server_ts"), pictures)


def pictures_of(event: Mapping[str, object]) -> tuple[Media, ...]:
    """All pictures of one event, each once, in the order of their meeting."""
    found: dict[str, Media] = {}
    content = members(event, "content")
    sticker = text(event, "type") == "m.sticker"
    for shown in (content, members(content, "m.new_content")):
        for media in _pictures(shown, sticker=sticker):
            found.setdefault(media.address, media)
    return tuple(found.values())


def redacted_by(event: Mapping[str, object]) -> str | None:
    """The id of the event that redacted this one, or None if it stands."""
    because = at(event, "unsigned", "redacted_because") or at(event, "redacted_because")
    if because is None:
        return None
    return text(because, "event_id") or "unknown"


def _pictures(content: Mapping[str, object], *, sticker: bool) -> list[Media]:
    kind = "m.sticker" if sticker else text(content, "msgtype")
    info = members(content, "info")
    claimed = text(info, "mimetype").lower()
    pictures = []
    if kind in _SHOWN or (kind == "m.file" and claimed.startswith(("image/", "video/"))):
        pictures.append(_media(at(content, "url"), info))
    if kind in _SHOWN or kind == "m.file":
        pictures.append(_media(at(info, "thumbnail_url"), members(info, "thumbnail_info")))
    return [media for media in pictures if media is not None]


def _media(address: object, info: Mapping[str, object]) -> Media | None:
    if not isinstance(address, str) or media_path(address) is None:
        return None
    claimed = text(info, "mimetype")
    size = number(info, "size")
    return Media(
        address,
        claimed if _CONTENT_TYPE.fullmatch(claimed) else "",
        size if size is not None and 0 <= size <= MAX_SIZE_CLAIM else None,
    )
