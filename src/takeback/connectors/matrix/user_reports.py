"""Reads the reports that users filed with the homeserver.

The cursor is the highest report id handed out. Pages are asked for newest first and by offset, so that
a report that arrives meanwhile shifts an older one into view twice, never out of view.
"""

from collections import deque

from takeback.connectors.api import UserReport
from takeback.connectors.matrix.answers import moment, number, objects, text
from takeback.connectors.matrix.calls import ADMIN, Account
from takeback.errors import PlatformError
from takeback.ground.outbound import path

PAGE = 100
AT_ONCE = 500


def read_reports(admin: Account, cursor: str | None) -> tuple[list[UserReport], str]:
    """The oldest reports after the cursor, at most 500, and the next cursor. Raises PlatformError."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        raise PlatformError("not a cursor of reports")
    last = int(cursor or 0)
    found: deque[tuple[int, UserReport]] = deque(maxlen=AT_ONCE)
    offset = 0
    while True:
        answer = admin.get(path(ADMIN, "event_reports", dir="b", limit=str(PAGE), **{"from": str(offset)}))
        page = objects(answer, "event_reports")
        known = {number for number, _ in found}
        fresh = [
            (identity, _report(report))
            for report in page
            if (identity := number(report, "id")) is not None and identity > last and identity not in known
        ]
        found.extend(fresh)
        offset += len(page)
        if not fresh or number(answer, "next_token") is None:
            break
    ordered = sorted(found, key=lambda pair: pair[0])
    return [report for _, report in ordered], str(ordered[-1][0] if ordered else last)


def _report(report: object) -> UserReport:
    return UserReport(
        text(report, "room_id"),
        text(report, "event_id"),
        text(report, "reason"),
        moment(report, "received_ts"),
    )
