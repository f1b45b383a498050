"""Reads the ways in which people name a Matrix message, without asking anybody.

Understood: matrix.to links (percent-encoded or not), the same in the address bar of Element and its kin
("https://any.host/#/room/ROOM/EVENT"), matrix: addresses (Matrix specification, appendix "URIs", from
MSC2312), a room and an event id side by side, and an event id alone. A link to a room only, and an mxc
address (a file, which any number of messages may show), name no message. Nothing here is ever fetched.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from takeback.connectors.matrix.forms import names_a_message

MAX_LINK = 4096
ROOM_AND_EVENT = 2

# Event ids: $opaque:server in room versions 1 and 2, $base64 in 3 (with + and /), $base64url since. At most
# 255 bytes.
_EVENT = re.compile(r"\$[A-Za-z0-9+/=_.:\[\]-]{1,254}")
_ROOM = re.compile(r"[!#][^\s\0/?]{1,254}")


@dataclass(frozen=True, slots=True)
class MessageName:
    """What a link says."""

    event: str
    room: str | None = None
    """Room id or alias, as written; None if only the event was given."""


def parse(link: str) -> MessageName | None:
    """The message that a link names; None if it names none, or is no Matrix link."""
    written = link.strip()
    if len(written) > MAX_LINK or not names_a_message(written):
        return None
    if written.startswith("$"):
        return _named(None, written)
    if written.startswith(("!", "#")):
        words = re.split(r"[\s,]+", written)
        return _named(words[0], words[1]) if len(words) == ROOM_AND_EVENT else None
    return _address(written)


def format_link(name: MessageName) -> str:
    """The matrix.to link of a message, or of a room if no event is given; without a room, the event id."""
    if name.room is None:
        return name.event
    if not name.event:
        return f"https://matrix.to/#/{quote(name.room, safe='')}"
    return f"https://matrix.to/#/{quote(name.room, safe='')}/{quote(name.event, safe='')}"


def _address(written: str) -> MessageName | None:
    try:
        address = urlsplit(written)
    except ValueError:
        return None
    if address.scheme == "matrix":
        return _matrix_uri(address.path)
    if address.scheme in {"http", "https"} and address.fragment.startswith("/"):
        return _fragment(address.fragment)
    return None


def _fragment(fragment: str) -> MessageName | None:
    """/ROOM/EVENT?via=..., and /room/ROOM/EVENT in clients. The event id may contain slashes."""
    inside = fragment.partition("?")[0].removeprefix("/").removeprefix("room/")
    room, _, event = inside.partition("/")
    return _named(unquote(room), unquote(event))


def _matrix_uri(inside: str) -> MessageName | None:
    """matrix:roomid/ID/e/EVENT and matrix:r/ALIAS/e/EVENT, ids without their sigils."""
    parts = inside.split("/", 3)
    if len(parts) != 4 or parts[2] not in {"e", "event"}:  # noqa: PLR2004 - kind, name, "e", event
        return None
    sigil = {"roomid": "!", "r": "#", "room": "#"}.get(parts[0])
    return _named(sigil + unquote(parts[1]), "$" + unquote(parts[3])) if sigil else None


def _named(room: str | None, event: str) -> MessageName | None:
    if not _EVENT.fullmatch(event) or (room is not None and not _ROOM.fullmatch(room)):
        return None
    return MessageName(event, room)
