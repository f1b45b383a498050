"""How a worker learns of new jobs: it looks, with one cheap query, and is notified by nobody.

`procrastinate` announces each job with NOTIFY, in the transaction that puts it down. Anybody who may connect
can fill PostgreSQL's one queue of notifications; then no transaction that notifies can commit (ADR 27). So
its triggers are dropped (migration 0020), and its worker is woken from here.
"""

import asyncio
import json
from collections.abc import Iterable

import procrastinate
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException
from typing_extensions import override

LOOK_EVERY = 0.025
"""Seconds between two looks: by so much at most is a job late when a worker has nothing to do."""
_AWAY = 0.5
"""Seconds before the next look when the database does not answer."""

# The index of migration 0020 answers it with its first row, however many jobs wait for a later time.
_DUE = """
    select coalesce(scheduled_at, '-infinity') <= now() as due from procrastinate_jobs
    where status = 'todo' order by coalesce(scheduled_at, '-infinity') limit 1
"""


class LookingConnector(procrastinate.PsycopgConnector):
    """The queue's connections; instead of listening it looks."""

    @override
    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Say "job_inserted" as long as a job is due; ends when it is cancelled."""
        said = json.dumps({"type": "job_inserted", "job_id": 0})
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                rows = await self.execute_query_all_async(_DUE)
            except ConnectorException:
                await asyncio.sleep(_AWAY)
                continue
            if any(row["due"] for row in rows):
                await on_notification(channel="", payload=said)
