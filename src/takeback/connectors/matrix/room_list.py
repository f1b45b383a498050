"""Reads the server's own list of all its rooms, a page at a time, in a thread of its own.

The list is Synapse's admin API ("List Room API"): the only place that tells of public rooms outside the
directory. A server with 100,000 rooms has two hundred pages, and a page may be slow, so the live stream never
waits for one: it starts the next page when the last one has come. The longer the list, the longer the pause
after it, so that the server's cost stays about the same.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from takeback.connectors.matrix.answers import number, objects, text
from takeback.connectors.matrix.calls import ADMIN, Caller
from takeback.errors import NotAllowed, PlatformError, Unavailable, asked_wait
from takeback.infra.outbound import Timeouts, path

PAGE = 500
PUBLIC = "public"
WORLD_READABLE = "world_readable"
MOST_PAGES = 2_000
"""A list that never ends is not read for ever."""
REFUSED_FOR = timedelta(minutes=10)
BUSY_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Room:
    """A public room."""

    id: str
    join_rule: str
    """As m.room.join_rules has it: public, knock, invite, restricted ..."""


def public_room(listed: object) -> Room | None:
    """Return a room as the admin API lists it; None unless anybody may join or read it. Pure."""
    room, rule = text(listed, "room_id"), text(listed, "join_rules")
    readable = text(listed, "history_visibility") == WORLD_READABLE
    return Room(room, rule) if room and (readable or rule == PUBLIC) else None


class RoomList:
    """Begins again and again; asked by one thread.

    Args:
        account: a server administrator.
        every: the pause after a list of one page.
    """

    def __init__(self, account: Caller, every: timedelta) -> None:
        self._account = account
        self._every = every
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rooms")
        self._asked: Future[object] | None = None
        self._again: datetime | None = None
        self._read = dict[str, Room]()
        self._pages = 0
        self._offset = 0
        self.rooms: dict[str, Room] | None = None
        """The public rooms of the last whole list; None: there was none yet."""
        self.trouble = ""
        """The reason for which the list cannot be read now; empty if it can."""

    def go_on(self, now: datetime) -> None:
        """Take the page that has come, ask for the next if it is time. Returns at once, raises nothing."""
        if self._asked is not None:
            if not self._asked.done():
                return
            page, self._asked = self._asked, None
            try:
                self._take(page.result(), now)
            except PlatformError as error:
                self.trouble = str(error)
                asked = error.retry_after if isinstance(error, Unavailable) else None
                pause = REFUSED_FOR if isinstance(error, NotAllowed) else BUSY_FOR
                self._again = now + max(pause, asked_wait(asked))
        if self._again is None or now >= self._again:
            where = path(ADMIN, "rooms", **{"from": str(self._offset), "limit": str(PAGE)})
            patience = Timeouts(silence=20, total=20)
            self._asked = self._thread.submit(self._account.get, where, timeouts=patience)

    def _take(self, page: object, now: datetime) -> None:
        found = (public_room(each) for each in objects(page, "rooms"))
        self._read |= {room.id: room for room in found if room is not None}
        self._pages += 1
        following = number(page, "next_batch")
        self.trouble, self._again = "", None
        if following is not None and following > self._offset and self._pages < MOST_PAGES:
            self._offset = following
            return
        self.rooms, self._again = self._read, now + self._every * self._pages
        self._read = dict[str, Room]()
        self._pages = self._offset = 0

    def close(self) -> None:
        """Ask for no more pages; the one under way ends by itself, within seconds."""
        self._thread.shutdown(wait=False, cancel_futures=True)
