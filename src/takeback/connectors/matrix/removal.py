"""Removes what a decision named: a message by redaction, a picture by quarantine.

Each step looks first, so that what is done already is success; and after a call that answers with nothing,
it looks again. A redaction carries a transaction id derived from the caller's key: Synapse answers a repeat
with the event it made the first time. No reason is written: every member could read it.

Who may redact. Our account makes itself a moderator of the room (make_room_admin, which acts through the
room's highest local member, also in room version 12) and joins. Where no such member is left, or we are
banned, the server can still redact in the poster's own name; that call takes a time span and not an id, so
it is used only after making sure that the span holds nothing else of that person's.
"""

import hashlib
import time

from takeback.connectors.api import Receipt, Target
from takeback.connectors.matrix.addresses import media_path, read_spelling
from takeback.connectors.matrix.answers import at, members, number, objects, text
from takeback.connectors.matrix.calls import ADMIN, CLIENT, Caller
from takeback.connectors.matrix.posts import MEMBER, redacted_by
from takeback.errors import Gone, NotAllowed, PlatformError, Unavailable
from takeback.infra.outbound import path

NEIGHBOURS = 40
"""Events around the message that are searched for another of the same millisecond."""
REDACTED_FOR_POSTERS = frozenset({"m.room.message", "m.room.encrypted", MEMBER})
"""Types of events that Synapse redacts in their poster's name (admin API, "Redact all the events of a user");
of changes of membership only those to "join".
"""
POLLS = 100
POLL_SECONDS = 0.05


def quarantine_media(admin: Caller, target: Target) -> Receipt:
    """Make a picture unavailable to everybody on this homeserver. Raises PlatformError."""
    server, media = media_of(target.media)
    where = path(ADMIN, "media", server, media)
    try:
        known = admin.get(where)
    except Gone:
        return Receipt("nothing to quarantine: the homeserver does not have this media", already=True)
    if by := text(known, "media_info", "quarantined_by"):
        return Receipt(f"was quarantined already, by {by}", already=True)
    if at(known, "media_info", "safe_from_quarantine"):
        raise NotAllowed(
            "this media is marked as protected from quarantine; an administrator must unprotect it"
        )
    admin.send("POST", path(ADMIN, "media", "quarantine", server, media), {})
    if not text(admin.get(where), "media_info", "quarantined_by"):
        raise Unavailable("the homeserver accepted the quarantine but does not show it yet")
    return Receipt("quarantined")


def redact_message(admin: Caller, user_id: str, target: Target, key: str) -> Receipt:
    """Redact a message; the receipt names the redaction. Raises PlatformError."""
    try:
        event = event_as_admin(admin, target)
    except Gone:
        return Receipt("nothing to redact: the homeserver does not have this message", already=True)
    if by := redacted_by(event):
        return Receipt(f"was redacted already, by {by}{_named_elsewhere(admin, target, event)}", already=True)
    redact = path(CLIENT, "rooms", target.place, "redact", target.message, transaction_id(key))
    try:
        done = admin.send("PUT", redact, {})
    except NotAllowed:
        try:
            _become_moderator(admin, user_id, target.place)
        except Unavailable:
            raise
        except PlatformError as refused:
            return _redact_as_poster(admin, target, event, refused)
        done = admin.send("PUT", redact, {})
    redaction = text(done, "event_id")
    if not redaction:
        raise Unavailable("the homeserver took the redaction on and does not say by which event")
    return Receipt(f"redacted by {redaction}{_named_elsewhere(admin, target, event)}")


def event_as_admin(admin: Caller, target: Target) -> dict[str, object]:
    """Return a message as moderators see it, in any room; redacted if it was. Raises PlatformError."""
    context = admin.get(path(ADMIN, "rooms", target.place, "context", target.message, limit="0"))
    event = members(context, "event")
    if text(event, "event_id") != target.message:
        raise Unavailable("the homeserver answered with another event than the one asked for")
    return dict(event)


def media_of(address: str) -> tuple[str, str]:
    """Return server and media id. Raises PlatformError."""
    found = media_path(address)
    if found is None:
        raise PlatformError("not the address of Matrix media (mxc://server/id)")
    return found


def transaction_id(key: str) -> str:
    """Return the same id for the same key; it tells nothing of the key."""
    return "tb" + hashlib.sha256(key.encode()).hexdigest()[:40]


def _become_moderator(admin: Caller, user_id: str, room: str) -> None:
    """Raises NotAllowed where no local moderator is left in the room, or where we are banned."""
    admin.send("POST", path(ADMIN, "rooms", room, "make_room_admin"), {"user_id": user_id})
    admin.send("POST", path(CLIENT, "join", room), {})


def _redact_as_poster(
    admin: Caller, target: Target, event: dict[str, object], refused: PlatformError
) -> Receipt:
    sender, sent_at = text(event, "sender"), number(event, "origin_server_ts")
    kind, membership = text(event, "type"), text(event, "content", "membership")
    if kind not in REDACTED_FOR_POSTERS or (kind == MEMBER and membership != "join"):
        raise NotAllowed(
            f"our account cannot become a moderator of the room ({refused}), and the server redacts no event "
            "of this type in its poster's name"
        ) from refused
    if not sender or sent_at is None or not _alone(admin, target, sender, sent_at):
        raise NotAllowed(f"our account cannot become a moderator of the room ({refused})") from refused
    # Inclusive on both ends: this one millisecond.
    span = {"rooms": [target.place], "after_ts": sent_at, "before_ts": sent_at, "use_admin": False}
    try:
        admin.send("POST", path(ADMIN, "user", sender, "redact"), span)
    except NotAllowed as error:
        # One at a time for each person: another copy of theirs is being redacted.
        raise Unavailable(f"the homeserver does not take this redaction on now ({error})") from error
    for _ in range(POLLS):
        if by := redacted_by(event_as_admin(admin, target)):
            return Receipt(f"redacted in the poster's name by {by}")
        time.sleep(POLL_SECONDS)
    raise Unavailable("the homeserver has taken the redaction on but not done it yet")


def _named_elsewhere(admin: Caller, target: Target, event: dict[str, object]) -> str:
    """Return what else still leads to the picture of a person or a room, in words; empty if nothing does.

    The server writes a profile's picture into each room that its person joins, and a room's picture into its
    list of rooms. A profile is an account's own and is left alone. After the quarantine neither of them shows
    the picture to anybody.
    """
    match text(event, "type"):
        case "m.room.member":
            where = path(CLIENT, "profile", text(event, "state_key"), "avatar_url")
            field, words = "avatar_url", "the person's profile"
        case "m.room.avatar":
            where = path(ADMIN, "rooms", target.place)
            field, words = "avatar", "the server's list of rooms"
        case _:
            return ""
    try:
        named = read_spelling(text(admin.get(where), field))
    except PlatformError:
        return ""
    leads = media_of(target.media) in {media_path(address) for address in named}
    return f"; {words} still leads to this picture" if leads else ""


def _alone(admin: Caller, target: Target, sender: str, sent_at: int) -> bool:
    """Return whether this message is the sender's only one in its millisecond."""
    context = admin.get(path(ADMIN, "rooms", target.place, "context", target.message, limit=str(NEIGHBOURS)))
    around = objects(context, "events_before") + objects(context, "events_after")
    return not any(
        text(event, "sender") == sender and number(event, "origin_server_ts") == sent_at for event in around
    )
