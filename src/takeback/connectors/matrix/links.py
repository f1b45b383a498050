"""Reads the ways in which people name a Matrix message, without asking anybody.

Understood: matrix.to links (percent-encoded or not), the same in the address bar of Element and its kin
("https://any.host/#/room/ROOM/EVENT"), matrix: addresses (Matrix specification, appendix "URIs", from
MSC2312), a room and an event id side by side, and an event id alone. A link to a room only, and an mxc
address (a file, which any number of messages may show), name no message. Nothing here is ever fetched.

Each way is a regular expression, which also the portal is given: what it calls followable is what the
connector recognises. The expressions consist of parts that JavaScript understands as well.

Event ids are $opaque:server in room versions 1 and 2, $base64 in 3 (with + and /), $base64url since; at most
255 bytes.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

_HEX = "[0-9A-Fa-f]"
_NEXT = f"%[89ABab]{_HEX}"
_BLANKS = "%[Cc]2%(?:85|[Aa]0)|%[Ee]1%9[Aa]%80|%[Ee]2%80%(?:8[0-9Aa]|[Aa][89Ff])|%[Ee]2%81%9[Ff]|%[Ee]3%80%80"
"""Unicode's white space beyond ASCII, percent-encoded."""
# One character, percent-encoded as UTF-8 (RFC 3629, section 4: well-formed sequences only), but none of
# those that a room's name cannot have: white space, NUL, / and ?.
_ENCODED = "|".join(
    (
        "%0[1-8EFef]", "%1[0-9ABab]", "%2[1-9A-Ea-e]", "%3[0-9A-Ea-e]", f"%[4-7]{_HEX}",
        f"%(?:[Cc][2-9A-Fa-f]|[Dd]{_HEX}){_NEXT}",
        f"%[Ee]0%[ABab]{_HEX}{_NEXT}", f"%[Ee](?:[1-9A-Ca-c]|[EFef]){_NEXT}{_NEXT}",
        f"%[Ee][Dd]%[89]{_HEX}{_NEXT}", f"%[Ff]0%[9ABab]{_HEX}{_NEXT}{_NEXT}",
        f"%[Ff][1-3]{_NEXT}{_NEXT}{_NEXT}", f"%[Ff]4%8{_HEX}{_NEXT}{_NEXT}",
    )
)  # fmt: skip
_ROOM = rf"(?:[^\s\x00/?#%]|(?!{_BLANKS})(?:{_ENCODED})){{1,254}}"
_ROOM_AFTER_HASH = _ROOM.replace("#", "", 1)
_OF_EVENT = "A-Za-z0-9+/=_.:\\[\\]-"
_EVENT_ENCODED = (
    "%(?:2[Bb]|2[DdEeFf]|3[0-9AaDd]|4[1-9A-Fa-f]|5[0-9AaBbDdFf]|6[1-9A-Fa-f]|7[0-9Aa])"  # the same, encoded
)
_EVENT = rf"(?:[{_OF_EVENT}]|{_EVENT_ENCODED}){{1,254}}"
_REST = r"(?:\?[\s\S]*)?"
_NOT_LONGER = r"(?![\s\S]{4097})"

EVENT_ALONE = rf"(\$[{_OF_EVENT}]{{1,254}})"
ROOM_AND_EVENT = rf"([!#][^\s\x00/?,]{{1,254}})[\s,]+(\$[{_OF_EVENT}]{{1,254}})"
ADDRESS = (
    rf"[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9._-]+(?::[0-9]{{1,5}})?(?:[/?][^\s#]*)?#/(?:room/)?"
    rf"((?:[!#]|%2[13]){_ROOM_AFTER_HASH})/((?:\$|%24){_EVENT}){_REST}"
)
URI = rf"[Mm][Aa][Tt][Rr][Ii][Xx]:(roomid|room|r)/({_ROOM})/e(?:vent)?/({_EVENT})(?:[?#][\s\S]*)?"

FORMS = tuple(_NOT_LONGER + form for form in (EVENT_ALONE, ROOM_AND_EVENT, ADDRESS, URI))
"""Each fits a whole line without white space around it; its groups are room and event."""
_ANY = re.compile("|".join(FORMS))


@dataclass(frozen=True, slots=True)
class MessageName:
    """A message as a link names it."""

    event: str
    room: str | None = None
    """Room id or alias, as written; None if only the event was given."""


def parse(link: str) -> MessageName | None:
    """Return the message that a link names; None if it names none, or is no Matrix link."""
    written = link.strip()
    found = _ANY.fullmatch(written)
    match tuple(filter(None, found.groups())) if found else ():
        case [event]:
            return MessageName(event)
        case [room, event] if written[0] in "!#":
            return MessageName(event, room)
        case [room, event]:
            return MessageName(unquote(event), unquote(room))
        case [kind, room, event]:  # ids stand there without their sigils
            return MessageName(f"${unquote(event)}", ("!" if kind == "roomid" else "#") + unquote(room))
        case _:
            return None


def format_link(name: MessageName) -> str:
    """Return the matrix.to link of a message or, without an event, of a room; of an event alone, its id."""
    if name.room is None:
        return name.event
    event = f"/{quote(name.event, safe='')}" if name.event else ""
    return f"https://matrix.to/#/{quote(name.room, safe='')}{event}"
