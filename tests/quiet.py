"""A platform on which nothing happens, for the watcher's own process: see TAKEBACK_CONNECTOR in `app.py`."""

import threading

from platform_in_memory import MemoryPlatform
from takeback.connectors.api import Batch, StreamId


class QuietPlatform(MemoryPlatform):
    """Waits a moment for something to happen, as a real one does."""

    def watch(self, stream: StreamId, cursor: str | None) -> Batch:
        batch = super().watch(stream, cursor)
        if not batch.posts and not batch.deletions:
            threading.Event().wait(0.02)
        return batch


def connect() -> QuietPlatform:
    return QuietPlatform()
