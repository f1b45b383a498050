"""The quiet platform, in a process whose clock is an hour ahead: see TAKEBACK_CONNECTOR in `app.py`."""

from datetime import UTC, datetime, timedelta

from quiet import QuietPlatform
from takeback.infra import clock


def connect() -> QuietPlatform:
    clock.now = lambda: datetime.now(UTC) + timedelta(hours=1)
    return QuietPlatform()
