"""Finds a homeserver's public rooms, joins them, and says which of them are not watched and why.

Public is what anybody may join or read: each room of the directory, and each room of the server's own list
whose join rule is public or whose history is world readable. A stock Synapse lists nothing in its directory
(`room_list_publication_rules`), so the directory alone would leave a server unwatched without a word.
Private rooms are neither joined nor told of. Of a room that everybody left, Synapse tells no rule any more:
it is in no list here.

Cost on the live stream is bounded: a round joins few rooms, and the list is read by `room_list` aside.
What is remembered here may be lost; it only saves questions.
"""

import logging
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from takeback.connectors.api import Survey, Unseen, UnseenKind
from takeback.connectors.matrix.answers import at, objects, text
from takeback.connectors.matrix.calls import CLIENT, OK, Caller, error_code, refusal
from takeback.connectors.matrix.room_list import PUBLIC, Room, RoomList
from takeback.errors import NotAllowed, PlatformError, Unavailable, asked_wait
from takeback.infra import clock
from takeback.infra.outbound import Answer, path

DIRECTORY_PAGE = 500
JOINS_PER_ROUND = 20
"""So that one call stays short on a server with many rooms; the next call goes on."""
REFUSED_FOR = timedelta(minutes=10)
BUSY_FOR = timedelta(seconds=30)
TOLD_FOR = timedelta(minutes=5)
"""After this the same survey is told again, so that its time on the page is recent."""
BANNED = "banned"
BLOCKED = "blocked"
WAITING = "waiting"
REFUSALS = frozenset({"M_FORBIDDEN", "M_BAD_STATE"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A room that did not let us in."""

    again: datetime
    """When to ask again."""
    said: str
    """The platform's status and code."""
    why: str
    """In one word as `why_refused` has it; empty where we do not know more than what was said."""
    final: bool
    """The platform refuses; False: it had no usable answer."""


@dataclass(frozen=True, slots=True)
class News:
    """News of the rooms in one batch."""

    unseen: tuple[Unseen, ...] = ()
    survey: Survey | None = None


@dataclass(slots=True)
class RoomKeeper:
    """Joins public rooms; one thread at a time.

    Args:
        account: the moderation account.
        every: how often to look for new rooms.
        others: the server's own list of rooms.
    """

    account: Caller
    every: timedelta
    others: RoomList
    refused: dict[str, Refusal] = field(default_factory=dict)
    """Rooms that did not let us in."""
    next_round: datetime | None = None
    _found: News = field(default_factory=News)
    """The latest complete survey."""
    _told: News = field(default_factory=News)
    _told_at: datetime | None = None
    _told_with: str = ""
    """The cursor of the batch that told; if the next call begins elsewhere, that batch was lost."""

    def join_new_rooms(self) -> None:
        """Look for rooms if it is time, and join what is new. Raises PlatformError."""
        now = clock.now()
        self.others.go_on(now)
        if self.next_round is not None and now < self.next_round:
            return
        # Asked anew each time: with a lean filter, sync does not tell that a room has thrown us out.
        listed = at(self.account.get(path(CLIENT, "joined_rooms")), "joined_rooms")
        joined = {room for room in listed if isinstance(room, str)} if isinstance(listed, list) else set()
        directory = {room.id: room for room in self._directory()}
        public = {**(self.others.rooms or {}), **directory}
        joins = 0
        for room in public.values():
            known = self.refused.get(room.id)
            if room.id in joined or (known is not None and known.again > now):
                continue
            if joins == JOINS_PER_ROUND:
                return
            joins += 1
            if self._join(room, now):
                joined.add(room.id)
            elif self.next_round is not None and self.next_round > now:
                return  # the server asks us to wait
        self.refused = {room: why for room, why in self.refused.items() if room in public.keys() - joined}
        self.next_round = now + self.every
        if self.others.rooms is not None or self.others.trouble:
            self._found = survey(public, directory, joined, self.refused, self.others.trouble)

    def tell(self, cursor: str, following: str) -> News:
        """Return what the batch between two cursors says of the rooms; nothing if nothing changed."""
        now = clock.now()
        lost = self._told_with not in {"", cursor}
        if lost:
            self._told = News()
        old = self._told_at is None or now - self._told_at >= TOLD_FOR
        if self._found.survey is None or (self._found == self._told and not old):
            self._told_with = ""
            return News()
        self._told, self._told_at, self._told_with = self._found, now, following
        return self._found

    def _join(self, room: Room, now: datetime) -> bool:
        try:
            answer = self.account.client.send("POST", path(CLIENT, "join", room.id), document={})
        except PlatformError as error:  # there was no answer
            self._refuse(room, now, error, "")
            return False
        if answer.status != OK:
            self._refuse(room, now, refusal(answer), why_refused(room.join_rule, answer))
            return False
        self.refused.pop(room.id, None)
        return True

    def _refuse(self, room: Room, now: datetime, error: PlatformError, why: str) -> None:
        wait = BUSY_FOR if isinstance(error, Unavailable) else REFUSED_FOR
        if isinstance(error, Unavailable) and error.retry_after:
            wait = max(wait, asked_wait(error.retry_after))
            self.next_round = now + wait
        self.refused[room.id] = Refusal(now + wait, str(error), why, isinstance(error, NotAllowed))
        _log.warning("cannot watch room %s: %s; asking again in %d s", room.id, error, wait.total_seconds())

    def _directory(self) -> Iterator[Room]:
        """All pages."""
        since = ""
        while True:
            query = {"limit": str(DIRECTORY_PAGE)} | ({"since": since} if since else {})
            answer = self.account.get(path(CLIENT, "publicRooms", **query))
            rooms = objects(answer, "chunk")
            for room in rooms:
                if text(room, "room_id"):
                    yield Room(text(room, "room_id"), text(room, "join_rule") or PUBLIC)
            since = text(answer, "next_batch")
            if not since or not rooms:
                return


def why_refused(join_rule: str, answer: Answer) -> str:
    """Return in one word why a room did not let us in; empty if we cannot tell.

    The specification has no error code for each, so a ban and a block are told apart by Synapse's words.
    Where they change, the room's own rule or the code itself is what people read.
    """
    if error_code(answer) not in REFUSALS:
        return ""
    words = text(answer.json(), "error").lower()
    if "banned" in words:
        return BANNED
    if "blocked" in words:
        return BLOCKED
    return "" if join_rule == PUBLIC else join_rule


def survey(
    public: Mapping[str, Room],
    directory: Container[str],
    joined: Container[str],
    refused: Mapping[str, Refusal],
    trouble: str,
) -> News:
    """Return all public rooms that are not watched, and the numbers. Pure.

    Args:
        public: every public room that we know of, by id.
        directory: the ids of those that the directory lists.
        joined: the ids of the rooms that we are in.
        refused: what came of trying to join.
        trouble: why the server's own list cannot be read; empty if it was.
    """
    unseen = []
    for room in sorted(public.values(), key=lambda room: room.id):
        if room.id in joined:
            continue
        refusal = refused.get(room.id)
        if refusal is None:
            unseen.append(Unseen(UnseenKind.NOT_LISTED, room.id, "", WAITING))
            continue
        shut = refusal.final or room.id in directory
        kind = UnseenKind.SHUT_OUT if shut else UnseenKind.NOT_LISTED
        unseen.append(Unseen(kind, room.id, "", refusal.why or refusal.said))
    listed = sum(room in directory for room in public)
    watched = sum(room in joined for room in public)
    return News(tuple(unseen), Survey(listed, len(public) - listed, watched, trouble))
