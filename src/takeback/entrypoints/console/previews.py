"""Pictures for reviewers: small blurred ones that may be kept for minutes, and clear ones that are made once.

The bytes of a post go from the platform through the decoder's sandbox; what a browser gets is a new JPEG.
Blurred previews (twelve pixels a side) are kept in memory only. A clear one is made when a ticket is handed
in, and a ticket works once, for the session that asked. Tickets live in this process: the console is one.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from takeback.cases.model import Copy
from takeback.connectors.api import Connector
from takeback.errors import Gone, NotAllowed, PlatformError, Unreadable
from takeback.ids import CaseId, SightingId
from takeback.signals.sandbox import Decoder

TILE = 320
"""Pixels of a blurred tile's longer side."""
CLEAR = 1600
KEPT = 500
KEPT_FOR = timedelta(minutes=10)

_Key = tuple[str, str, int | None, str]
"""Connector, media, the moment of a clip, and the view of the file: a reviewer sees what matched."""


@dataclass(frozen=True, slots=True)
class NoPicture:
    """Why there is nothing to show."""

    word: str
    """gone | unreadable | unreachable | unseen"""
    sentence: str


class Previews:
    """Makes previews of pictures up to `max_bytes`, and keeps the blurred ones for a while."""

    def __init__(self, connectors: Mapping[str, Connector], decoder: Decoder, max_bytes: int) -> None:
        self._connectors = connectors
        self._decoder = decoder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sizes: OrderedDict[_Key, tuple[int, int]] = OrderedDict()
        self._kept: OrderedDict[_Key, tuple[datetime, bytes | NoPicture]] = OrderedDict()

    def blurred(self, copy: Copy, now: datetime) -> bytes | NoPicture:
        """A JPEG with no more than twelve pixels of detail a side, grey; or why there is none."""
        key = _key(copy)
        with self._lock:
            made, kept = self._kept.get(key, (now, None))
            if kept is not None and now - made < KEPT_FOR:
                self._kept.move_to_end(key)
                return kept
        fresh = self._make(copy, max_side=TILE, blur=True, grey=True)
        if not (isinstance(fresh, NoPicture) and fresh.word == "unreachable"):
            with self._lock:
                for old in [known for known, (made, _) in self._kept.items() if now - made >= KEPT_FOR]:
                    del self._kept[old]
                self._kept[key] = now, fresh
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return fresh

    def is_gone(self, copy: Copy, now: datetime) -> bool:
        """Return whether its tile was made lately, and there was no picture any more. Asks nobody."""
        with self._lock:
            made, kept = self._kept.get(_key(copy), (now, None))
        return isinstance(kept, NoPicture) and kept.word == "gone" and now - made < KEPT_FOR

    def size(self, copy: Copy) -> tuple[int, int] | None:
        """Width and height of the view that matched, in pixels; None if it cannot be had now."""
        key = _key(copy)
        with self._lock:
            known = self._sizes.get(key)
        connector = self._connectors.get(copy.connector)
        if known is not None or connector is None:
            return known
        try:
            box = self._decoder.part(connector.fetch(copy.media, self._max_bytes), view=_view(copy)).box
        except (PlatformError, Unreadable):  # the tile says why
            return None
        with self._lock:
            while len(self._sizes) >= KEPT:
                self._sizes.popitem(last=False)
            self._sizes[key] = box.width, box.height
        return box.width, box.height

    def clear(self, copy: Copy, *, grey: bool) -> bytes | NoPicture:
        """A clear JPEG; it is never kept."""
        return self._make(copy, max_side=CLEAR, blur=False, grey=grey)

    def _make(self, copy: Copy, *, max_side: int, blur: bool, grey: bool) -> bytes | NoPicture:
        connector = self._connectors.get(copy.connector)
        if connector is None:
            return NoPicture("unreachable", f"{copy.connector} is not connected now.")
        try:
            data = connector.fetch(copy.media, self._max_bytes)
            at_ms = copy.hit.at_ms if copy.hit is not None else None
            return self._decoder.preview(
                data, max_side=max_side, blur=blur, grey=grey, at_ms=at_ms, view=_view(copy)
            )
        except Gone:
            return NoPicture("gone", "The platform no longer has this picture.")
        except Unreadable as error:
            return NoPicture(
                "unreadable", f"This picture cannot be shown ({error.why.value.replace('_', ' ')})."
            )
        except NotAllowed:
            return NoPicture("unreachable", "The platform does not let us fetch this picture.")
        except PlatformError:
            return NoPicture("unreachable", "The platform does not answer now. Try again in a minute.")


def _key(copy: Copy) -> _Key:
    return copy.connector, copy.media, copy.hit.at_ms if copy.hit is not None else None, _view(copy)


def _view(copy: Copy) -> str:
    return copy.hit.view if copy.hit is not None else ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to fetch one clear picture once."""

    session: bytes
    case: CaseId
    copy: Copy
    grey: bool
    ends_at: datetime


class Tickets:
    """Tickets that were given out and not handed in."""

    def __init__(self, lifetime: timedelta) -> None:
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._open: dict[str, Ticket] = {}

    def give(self, session: bytes, case: CaseId, copy: Copy, *, grey: bool, now: datetime) -> str:
        """A new ticket's name."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._open = {known: ticket for known, ticket in self._open.items() if ticket.ends_at > now}
            self._open[name] = Ticket(session, case, copy, grey, now + self._lifetime)
        return name

    def take(
        self, name: str, session: bytes, case: CaseId, sighting: SightingId, now: datetime
    ) -> Ticket | None:
        """Hand a ticket in; None if it is not good for this."""
        with self._lock:
            ticket = self._open.pop(name, None)
        good = ticket is not None and ticket.ends_at > now
        fits = ticket is not None and (ticket.session, ticket.case, ticket.copy.sighting) == (
            session,
            case,
            sighting,
        )
        return ticket if good and fits else None
