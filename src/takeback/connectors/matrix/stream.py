"""Reads a homeserver's public rooms: one live stream, and histories where something may be missing.

The live stream is the moderation account's /sync. That account joins every public room by itself (`rooms`).
Three times sync alone would miss posts: on its first call, after joining a room, and when more was
said than one answer holds ("limited"). Each time the batch opens a history stream, which reads backwards
from the batch's own token: to the room's beginning, or to the token before for a mere gap. Posts may come
twice, never not at all.

Whether a limited room is newly joined is asked of the server (is our own joining among what happened since
the cursor?) and not remembered, because a process may die between joining and committing.

Histories are read with the admin API, which shows what was said before we came, whatever the room's
settings. Synapse answers the same first sync from a cache for two minutes: what is newer comes with the next.

Events of all types are asked for: pictures of rooms and people stand in state, which comes with the messages.
Where a room's past is not kept to its beginning, its state is read at the end of its history.

Deletions (redactions by anybody but our own account) come with the live stream only. One that falls into a
gap is not told; whoever must know asks for the message by its id.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from takeback.connectors.api import Batch, Deletion, Post, StreamId, Unseen, UnseenKind
from takeback.connectors.matrix.answers import at, members, objects, text
from takeback.connectors.matrix.calls import ADMIN, CLIENT, Caller, understood
from takeback.connectors.matrix.posts import Found, found_in
from takeback.connectors.matrix.rooms import RoomKeeper
from takeback.errors import Gone, NotAllowed, PlatformError, Unavailable
from takeback.infra.outbound import Timeouts, path

LIVE = StreamId("live")
REDACTION = "m.room.redaction"
CREATION = "m.room.create"
HISTORY_PAGE = 100
LEAST_TIMELINE = 1
MAX_SYNC_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HistoryCursor:
    """The point from which a history reads on, backwards."""

    room: str
    start: str
    """Token to read back from; empty: the room's end."""
    stop: str = ""
    """Token to read back to; empty: the room's beginning."""
    created: bool = False
    """The room's creation was among what was read: nothing lies before it."""

    def format(self) -> str:
        """As kept between calls."""
        known = {"room": self.room, "start": self.start, "stop": self.stop}
        return json.dumps(known | {"created": True} if self.created else known)

    @classmethod
    def parse(cls, cursor: str) -> "HistoryCursor":
        """Read back. Raises PlatformError if it is not one of ours."""
        try:
            known = json.loads(cursor)
        except ValueError as error:
            raise PlatformError("not a cursor of a history stream") from error
        room, start, stop = (text(known, name) for name in ("room", "start", "stop"))
        if not room:
            raise PlatformError("not a cursor of a history stream")
        return cls(room, start, stop, at(known, "created") is True)

    def stream(self) -> StreamId:
        """Named after where it starts: the same gap seen again is the same stream."""
        return StreamId(f"history:{self.room}:{hashlib.sha256(self.format().encode()).hexdigest()[:16]}")


def watch_live(
    account: Caller,
    keeper: RoomKeeper,
    user_id: str,
    cursor: str | None,
    *,
    wait_seconds: float,
    timeline: int,
) -> Batch:
    """Read one sync: the posts since the cursor, and the histories to read besides. Raises PlatformError."""
    keeper.join_new_rooms()
    # The first call has nothing to wait for, and reads the rooms' past as histories.
    answer = (
        _sync(account, cursor, wait_seconds, timeline) if cursor else _sync(account, "", 0, LEAST_TIMELINE)
    )
    since = text(answer, "next_batch")
    if not since:
        raise Unavailable("the homeserver's sync came without a token to go on from")
    posts: list[Post] = []
    unseen: list[Unseen] = []
    deletions: list[Deletion] = []
    opens: list[tuple[StreamId, str]] = []
    for room, shown in _rooms(answer):
        events = objects(shown, "timeline", "events")
        found = found_in(events, room)
        posts += found.posts
        unseen += found.unseen
        deletions += _deletions(events, room, user_id)
        if cursor and at(shown, "timeline", "limited") is not True:
            continue
        stop = cursor if cursor and not _joined_since(account, room, user_id, cursor) else ""
        # Not from the timeline's own prev_batch: it may lie before posts that newcomers are not shown.
        history = HistoryCursor(room, since, stop)
        opens.append((history.stream(), history.format()))
    told = keeper.tell(cursor or "", since)
    return Batch(
        tuple(posts),
        since,
        tuple(opens),
        deletions=tuple(deletions),
        unseen=(*told.unseen, *unseen),
        survey=told.survey,
    )


def watch_history(account: Caller, cursor: str) -> Batch:
    """Read one page of a room's past. Raises PlatformError."""
    here = HistoryCursor.parse(cursor)
    query = {"dir": "b", "limit": str(HISTORY_PAGE)}
    if here.start:
        query["from"] = here.start
    if here.stop:
        query["to"] = here.stop
    try:
        answer = account.get(path(ADMIN, "rooms", here.room, "messages", **query), max_bytes=MAX_SYNC_BYTES)
    except Gone:
        # The room was deleted, and its past with it.
        return Batch((), cursor, done=True)
    events = objects(answer, "chunk")
    end = text(answer, "end")
    ended = end in {"", here.start}
    created = here.created or any(text(event, "type") == CREATION for event in events)
    found = found_in(events, here.room)
    if ended and not here.stop and not created:
        found = found.and_then(_state(account, here.room))
    following = cursor if ended else HistoryCursor(here.room, end, here.stop, created).format()
    return Batch(found.posts, following, done=ended, unseen=found.unseen)


def _state(account: Caller, room: str) -> Found:
    """Return what stands in the room's state, for where its past is not kept. Raises PlatformError."""
    try:
        answer = account.client.get(path(ADMIN, "rooms", room, "state"), max_bytes=MAX_SYNC_BYTES)
        if answer.whole:
            return found_in(objects(understood(answer), "state"), room)
    except Gone:
        return Found((), ())
    return Found((), (Unseen(UnseenKind.ADDRESS, room, "", "the room's state is longer than is read"),))


def _sync(account: Caller, since: str, wait_seconds: float, timeline: int) -> object:
    """Raises PlatformError. An answer too long to hold is asked for again with the least of each room."""
    for limit in (timeline, LEAST_TIMELINE):
        nothing = {"types": []}
        wanted = {
            "presence": nothing,
            "account_data": nothing,
            # Of no type alone: clients show pictures of events of every type.
            "room": {
                "timeline": {"limit": limit},
                # A room that we just joined is left out if all of it is filtered away, as where newcomers may
                # not see the past; its creation event, which never changes, keeps it in.
                "state": {"types": [CREATION]},
                "ephemeral": nothing,
                "account_data": nothing,
            },
        }
        query = {
            "timeout": str(int(wait_seconds * 1000)),
            "filter": json.dumps(wanted),
            "set_presence": "offline",
        }
        if since:
            query["since"] = since
        # The first sync of a big server is slow to make, and silent until it is made.
        patience = Timeouts(silence=wait_seconds + (15 if since else 120), total=wait_seconds + 240)
        answer = account.client.get(
            path(CLIENT, "sync", **query), max_bytes=MAX_SYNC_BYTES, timeouts=patience
        )
        if answer.whole:
            break
    return understood(answer)


def _rooms(answer: object) -> Iterator[tuple[str, object]]:
    """Yield the rooms that we are in, and those that we were in until just now."""
    for section in ("join", "leave"):
        yield from members(answer, "rooms", section).items()


def _deletions(events: list[Mapping[str, object]], room: str, user_id: str) -> list[Deletion]:
    """Return what others redacted. The id moved into the content with room version 11."""
    redacted = [
        text(event, "redacts") or text(event, "content", "redacts")
        for event in events
        if text(event, "type") == REDACTION and text(event, "sender") != user_id
    ]
    return [Deletion(room, message) for message in redacted if message]


def _joined_since(account: Caller, room: str, user_id: str, since: str) -> bool:
    """Return whether our joining is among what happened in the room since a token. Raises PlatformError.

    A change of our own profile looks the same; the price is a history read once more.
    """
    ours = json.dumps({"types": ["m.room.member"], "senders": [user_id]})
    where = path(
        ADMIN, "rooms", room, "messages", **{"dir": "f", "from": since, "limit": "1", "filter": ours}
    )
    try:
        return bool(objects(account.get(where), "chunk"))
    except (Gone, NotAllowed):  # who may not ask must not lose the live stream over it
        return True
