"""Counts how a stream of posts was watched, without asking or writing anything: one for each leased stream.

A stream is watched while the platform is being asked, and for a moment between two questions. A longer pause
(a platform that is down, a batch that takes long, a process that was killed) is a gap: posts are not lost in
it, since the cursor goes on where it stood, but one that came and was deleted in it was never seen.
"""

import threading
from datetime import datetime, timedelta

from takeback.evidence.model import WatchedSpan

MOMENT = timedelta(seconds=1)
"""A pause that does not count: to commit a batch."""


class Heartbeat:
    """Of one stream, as long as one process holds it. Safe between the thread that watches and the one that
    writes heartbeats.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._posts = 0
        self._gap = timedelta()

    def answered(self, asked: datetime, until: datetime, posts: int) -> None:
        """The platform answered: what it was asked at, when the answer was there, how many posts it held."""
        with self._turn:
            if self._since is None:
                self._since = asked
            elif self._until is not None:
                self._gap += gap(self._until, asked)
            self._until = until
            self._posts += posts

    def look(self) -> WatchedSpan | None:
        """Return what is to be said of the time since `recorded`; None if nothing was answered since."""
        with self._turn:
            if self._since is None or self._until is None or self._until <= self._since:
                return None
            return WatchedSpan(self._since, self._until, self._posts, _milliseconds(self._gap))

    def recorded(self, span: WatchedSpan) -> None:
        """It was written down: what comes next begins at its end."""
        with self._turn:
            self._since = span.until
            self._posts -= span.posts
            self._gap -= timedelta(milliseconds=span.gap_ms)


def gap(until: datetime, asked: datetime) -> timedelta:
    """Return what a pause counts for."""
    pause = asked - until
    return pause if pause > MOMENT else timedelta()


def joined(span: WatchedSpan, before: datetime | None) -> WatchedSpan | None:
    """A span that goes on where the last one that is known ended, with the time between as its gap.

    None: another process has said all of it.

    Args:
        span: as one process counted it.
        before: until when the stream is known to have been watched; None if it never was.
    """
    if before is None:
        return span
    if before >= span.until:
        return None
    missed = gap(before, span.since)
    return WatchedSpan(before, span.until, span.posts, span.gap_ms + _milliseconds(missed))


def _milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
