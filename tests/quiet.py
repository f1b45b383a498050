"""A platform on which nothing happens, for the watcher's own process: see `stand_ins-1.dist-info`."""

import threading
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, Field

from platform_in_memory import MemoryPlatform
from takeback.connectors.api import Batch, StreamId
from takeback.connectors.platform import Account, Platform
from takeback.infra import clock


class QuietPlatform(MemoryPlatform):
    """Waits a moment for something to happen, as a real one does."""

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        batch = super().watch(stream, cursor)
        if not batch.posts and not batch.deletions:
            threading.Event().wait(0.02)
        return batch


class QuietSettings(BaseModel):
    hours_ahead: float = Field(0.0, description="By which the clock of this process is wrong.")


def connect(settings: QuietSettings, account: Account) -> QuietPlatform:
    if settings.hours_ahead:
        clock.now = lambda: datetime.now(UTC) + timedelta(hours=settings.hours_ahead)
    return QuietPlatform(account.name)


PLATFORM = Platform(QuietSettings, connect)
