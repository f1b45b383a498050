"""Reads the reports that users filed with the homeserver.

The cursor is the highest report id handed out, and the ids below it that were not there yet: Synapse lists
a report only when it has counted the room it is about, so that one on a new room can appear after later
ones. Pages are asked for newest first and by offset, so that a report that arrives meanwhile shifts an
older one into view twice, never out of view.
"""

import re
from collections import deque
from dataclasses import dataclass

from takeback.connectors.api import UserReport
from takeback.connectors.matrix.answers import moment, number, objects, text
from takeback.connectors.matrix.calls import ADMIN, Caller
from takeback.errors import PlatformError
from takeback.infra.outbound import path

PAGE = 100
AT_ONCE = 500
LATE_IDS = 50
"""Ids below the highest that are still waited for; less than a page, which is read each time."""


@dataclass(frozen=True, slots=True)
class ReportCursor:
    """Which reports were handed out."""

    last: int = 0
    missing: frozenset[int] = frozenset()
    """Ids up to `last` that did not exist, or not yet."""

    def format(self) -> str:
        """As kept between calls: "17", or "17-14-12" where 12 and 14 were missing."""
        return "-".join(map(str, [self.last, *sorted(self.missing, reverse=True)]))

    @classmethod
    def parse(cls, cursor: str) -> "ReportCursor":
        """Read back. Raises PlatformError if it is not one of ours."""
        if not re.fullmatch(r"[0-9]{1,18}(-[0-9]{1,18})*", cursor):
            raise PlatformError("not a cursor of reports")
        last, *missing = map(int, cursor.split("-"))
        return cls(last, frozenset(missing))

    def lacks(self, identity: int) -> bool:
        """Return whether this report was not handed out."""
        return identity > self.last or identity in self.missing

    def after(self, handed_out: set[int]) -> "ReportCursor":
        """Return the cursor after these were handed out too."""
        last = max([self.last, *handed_out])
        window = range(max(1, last - LATE_IDS), last + 1)
        missing = (identity for identity in window if self.lacks(identity) and identity not in handed_out)
        return ReportCursor(last, frozenset(missing))


def read_reports(admin: Caller, cursor: str | None) -> tuple[list[UserReport], str]:
    """Return the oldest reports after the cursor, at most 500, and the next cursor. Raises PlatformError."""
    here = ReportCursor.parse(cursor) if cursor is not None else ReportCursor()
    found: deque[tuple[int, UserReport]] = deque(maxlen=AT_ONCE)
    offset = 0
    while True:
        where = path(ADMIN, "event_reports", dir="b", limit=str(PAGE), **{"from": str(offset)})
        answer = admin.get(where)
        page = objects(answer, "event_reports")
        known = {identity for identity, _ in found}
        fresh = [
            (identity, _report(report))
            for report in page
            if (identity := number(report, "id")) is not None
            and here.lacks(identity)
            and identity not in known
        ]
        found.extend(fresh)
        offset += len(page)
        if not fresh or number(answer, "next_token") is None:
            break
    ordered = sorted(found, key=lambda pair: pair[0])
    return [report for _, report in ordered], here.after({identity for identity, _ in ordered}).format()


def _report(report: object) -> UserReport:
    return UserReport(
        text(report, "room_id"),
        text(report, "event_id"),
        text(report, "reason"),
        moment(report, "received_ts"),
    )
