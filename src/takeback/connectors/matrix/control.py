"""A picture of our own that stays: what is looked at beside each copy that may be gone.

The moderation account posts it once, in a room that nobody else writes in: joinable and readable for
everybody, not listed, not federated. Every vantage sees it as it would see any public picture of this server,
through the same endpoints, so that what hides it (an outage, a wall, a lost account) also hides a copy.

Somebody else's live post would not do. It may be deleted in the very minute; to ask for it again and again
would tell its poster's server of us; and the proof would rest on a stranger's picture.

Where it is stands in the account's own data on the homeserver (client-server API, "Client Config"): found
again by every process, writable by nobody else, kept when this machine is lost. A room alias was not chosen,
because anybody can take one first. Two processes that make a control at once make two; the last is used by
both from then on. If message or picture is certainly gone it is made anew, and not when that is unclear.
"""

import logging
import struct
import zlib
from dataclasses import replace
from threading import Lock

from takeback.connectors.api import Batch, Target
from takeback.connectors.matrix.addresses import media_path
from takeback.connectors.matrix.answers import text
from takeback.connectors.matrix.calls import ADMIN, CLIENT, Caller, understood
from takeback.connectors.matrix.posts import redacted_by
from takeback.connectors.matrix.removal import event_as_admin, media_of, transaction_id
from takeback.errors import Gone, NotAllowed, PlatformError, Unavailable
from takeback.infra.outbound import path

KIND = "takeback.control"
"""Of the account data."""
UPLOAD = "/_matrix/media/v3/upload"
SIDE = 128
"""Pixels; two grey halves: too little detail for any hash to be banked or matched."""
ROOM = {
    "name": "Takeback: control picture",
    "topic": "The picture here has to stay. Takeback looks at it to know that it can see at all.",
    "preset": "public_chat",
    "visibility": "private",  # not in the directory; the preset lets everybody join
    "creation_content": {"m.federate": False},
    "initial_state": [
        {
            "type": "m.room.history_visibility",
            "state_key": "",
            "content": {"history_visibility": "world_readable"},
        }
    ],
    "power_level_content_override": {"events_default": 100},
}

_log = logging.getLogger(__name__)


class ControlKeeper:
    """Keeps one control on a homeserver. Safe to share between threads.

    Args:
        admin: the moderation account.
    """

    def __init__(self, admin: Caller) -> None:
        self._admin = admin
        self._turn = Lock()

    def target(self, user_id: str) -> Target:
        """Return where the control is; make it if there is none. Raises PlatformError.

        Args:
            user_id: of the moderation account.
        """
        with self._turn:
            kept = self._kept(user_id)
            if kept is not None and self._stands(kept):
                return kept
            made = self._post(kept)
            document = {"room": made.place, "message": made.message, "media": made.media}
            self._admin.send("PUT", _where(user_id), document)
            _log.info("a control picture was posted in room %s", made.place)
            return made

    def _kept(self, user_id: str) -> Target | None:
        try:
            said = self._admin.get(_where(user_id))
        except Gone:
            return None
        kept = Target(text(said, "room"), text(said, "message"), text(said, "media"))
        return kept if kept.place and kept.message and media_path(kept.media) else None

    def _stands(self, kept: Target) -> bool:
        """Return whether message and picture are both there. Raises Unavailable where that is not certain."""
        try:
            event = event_as_admin(self._admin, kept)
            known = self._admin.get(path(ADMIN, "media", *media_of(kept.media)))
        except Gone:
            return False
        return redacted_by(event) is None and not text(known, "media_info", "quarantined_by")

    def _post(self, kept: Target | None) -> Target:
        """In the room where it was before, if that can be."""
        answer = self._admin.client.send(
            "POST", UPLOAD, content=picture(), headers={"Content-Type": "image/png"}
        )
        media = text(understood(answer), "content_uri")
        if media_path(media) is None:
            raise Unavailable("the homeserver took the control picture and gave no address for it")
        # So that no rule or mistake of an administrator takes it away together with other media.
        self._admin.send("POST", path(ADMIN, "media", "protect", media_of(media)[1]), {})
        if kept is not None:
            try:
                return self._send(kept.place, media)
            except (Gone, NotAllowed) as refused:
                _log.info("the control's room %s does not take it again (%s)", kept.place, refused)
        return self._send(self._make_room(), media)

    def _make_room(self) -> str:
        room = text(self._admin.send("POST", path(CLIENT, "createRoom"), ROOM), "room_id")
        if not room:
            raise Unavailable("the homeserver made a room for the control picture and did not say which")
        return room

    def _send(self, room: str, media: str) -> Target:
        info = {"mimetype": "image/png", "size": len(picture()), "w": SIDE, "h": SIDE}
        content = {"msgtype": "m.image", "body": "control.png", "url": media, "info": info}
        where = path(CLIENT, "rooms", room, "send", "m.room.message", transaction_id(media))
        message = text(self._admin.send("PUT", where, content), "event_id")
        if not message:
            raise PlatformError("the homeserver took the control's message and gave no id for it")
        return Target(room, message, media)


def without_posts_of(user_id: str, batch: Batch) -> Batch:
    """Return a batch without what our own account posted: it posts nothing but the control."""
    return replace(batch, posts=tuple(post for post in batch.posts if post.sender != user_id))


def picture() -> bytes:
    """Return the control picture, a PNG (RFC 2083) in grey, one byte a pixel."""
    half = SIDE // 2
    row = b"\0" + b"\x60" * half + b"\xa0" * half
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * SIDE, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def _where(user_id: str) -> str:
    return path(CLIENT, "user", user_id, "account_data", KIND)
