"""Health and metrics, read from the database when they are asked for: there is nothing to keep in step."""

from collections import Counter
from collections.abc import Iterator

import psycopg
from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from takeback.app import App
from takeback.cases import breaker, seeds
from takeback.cases import service as cases
from takeback.cases.model import CaseStatus
from takeback.entrypoints.api.answers import Failed, Health, StreamCounts
from takeback.entrypoints.api.callers import Parts
from takeback.events import EVENTS
from takeback.events.form import kind_of
from takeback.infra import clock
from takeback.infra.db.pool import Tx, database_time
from takeback.infra.jobs import queue
from takeback.infra.ledger import parties
from takeback.infra.ledger import store as ledger
from takeback.sightings import health as watching
from takeback.sightings import service as sightings
from takeback.sightings import set_aside

router = APIRouter(tags=["operation"])


@router.get("/healthz", responses={503: {"model": Health, "description": "The database cannot be reached."}})
def health(app: Parts, response: Response) -> Health:
    """Whether the service works: 200, or 503 when the database cannot be reached.

    "degraded": the service runs, and something is not watched as it should be; `troubles` says what.
    """
    try:
        with app.database.transaction() as tx:
            now, waiting = database_time(tx), queue.waiting(tx)
            streams, troubles = watching.streams(tx), watching.troubles(tx, set(app.connectors))
    except psycopg.OperationalError:
        response.status_code = 503
        return Health(
            status="failing", database=False, jobs_waiting=None, oldest_job_seconds=None, watchers={}
        )
    ages: dict[str, list[float]] = {}
    for each in streams:
        ages.setdefault(each.connector, []).append(each.age)
    oldest = min((each.since for each in waiting), default=None)
    return Health(
        status="degraded" if any(each.serious for each in troubles) else "ok",
        database=True,
        jobs_waiting=sum(each.count for each in waiting),
        oldest_job_seconds=None if oldest is None else (now - oldest).total_seconds(),
        watchers={
            name: StreamCounts(streams=len(each), oldest_move_seconds=max(each, key=abs))
            for name, each in ages.items()
        },
        troubles=[each.words for each in troubles],
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {}}, "description": "Prometheus text format."},
        503: {"model": Failed, "description": "The database cannot be reached."},
    },
)
def metrics(app: Parts) -> Response:
    """Numbers for Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Numbers(app))
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


class _Numbers(Collector):
    """Reads all numbers in one transaction."""

    def __init__(self, app: App) -> None:
        self._app = app

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: a registry would else read the database to find out."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All numbers."""
        with self._app.database.transaction() as tx:
            found = [
                *_jobs(tx),
                *_streams(tx),
                _events(tx),
                *_ledger(tx),
                *_pictures(tx),
                _cases(tx),
                *_waiting(tx),
            ]
        yield from found


def _jobs(tx: Tx) -> Iterator[Metric]:
    now = database_time(tx)
    count = GaugeMetricFamily("takeback_jobs_waiting", "Jobs that are due and not begun.", labels=["job"])
    age = GaugeMetricFamily(
        "takeback_jobs_oldest_seconds", "How long the oldest of them waits.", labels=["job"]
    )
    for each in queue.waiting(tx):
        count.add_metric([each.name], each.count)
        age.add_metric([each.name], (now - each.since).total_seconds())
    yield count
    yield age
    unknown = GaugeMetricFamily(
        "takeback_jobs_unknown", "Jobs that wait because this version does not know them.", labels=["job"]
    )
    for each in queue.unknown(tx):
        unknown.add_metric([each.name], each.count)
    yield unknown
    postponed = GaugeMetricFamily(
        "takeback_jobs_postponed", "Jobs that wait for long because a platform asked for it.", labels=["job"]
    )
    for late in queue.postponed(tx):
        postponed.add_metric([late.name], late.count)
    yield postponed


def _streams(tx: Tx) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "takeback_stream_age_seconds",
        "Since a stream without an end was last watched; below 0: the database's clock was set back.",
        labels=["connector", "stream"],
    )
    failing = GaugeMetricFamily(
        "takeback_stream_failures", "Turns of it that failed in a row.", labels=["connector", "stream"]
    )
    for each in watching.streams(tx):
        age.add_metric([each.connector, each.name], each.age)
        failing.add_metric([each.connector, each.name], each.failures)
    yield age
    yield failing
    waiting = GaugeMetricFamily(
        "takeback_histories_waiting", "Streams with an end that are not read to it.", labels=["connector"]
    )
    for connector, each in watching.endings(tx).items():
        waiting.add_metric([connector], each.waiting)
    yield waiting
    aside = GaugeMetricFamily(
        "takeback_set_aside", "Posts that could not be processed and are tried again.", labels=["connector"]
    )
    for connector, count in set_aside.counts(tx).items():
        aside.add_metric([connector], count)
    yield aside


def _events(tx: Tx) -> Metric:
    events = GaugeMetricFamily("takeback_events", "Events that were recorded.", labels=["kind"])
    found = ledger.count_by_kind(tx)
    for kind in map(kind_of, EVENTS):
        events.add_metric([kind], found.get(kind, 0))
    return events


def _ledger(tx: Tx) -> Iterator[Metric]:
    """How far the log is signed, and how far those who vouch for it have come."""
    now = clock.now()
    last = ledger.last_checkpoint(tx)
    yield GaugeMetricFamily(
        "takeback_ledger_signed", "Entries under the last checkpoint.", value=0 if last is None else last.size
    )
    yield GaugeMetricFamily(
        "takeback_ledger_waiting", "Entries without a place yet.", value=ledger.waiting(tx).count
    )
    covered = GaugeMetricFamily(
        "takeback_ledger_vouched",
        "Entries that a witness or an authority signed for.",
        labels=["role", "name"],
    )
    failing = GaugeMetricFamily(
        "takeback_ledger_failing_seconds",
        "How long it has failed; 0: it does not. A conflict fails, too.",
        labels=["role", "name"],
    )
    for each in parties.all_parties(tx):
        name = "+".join(each.name.split("+")[:2])  # a witness's key without the key itself
        covered.add_metric([each.role.value, name], each.size)
        since = each.failing_since
        failing.add_metric([each.role.value, name], 0 if since is None else (now - since).total_seconds())
    yield covered
    yield failing


def _pictures(tx: Tx) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "takeback_sightings", "Public pictures that passed by.", value=sightings.count(tx)
    )
    unreadable = GaugeMetricFamily(
        "takeback_sightings_unreadable", "Those that could not be read.", labels=["reason"]
    )
    for reason, count in sightings.unreadable(tx).items():
        unreadable.add_metric([reason], count)
    yield unreadable


def _cases(tx: Tx) -> Metric:
    found = Counter(row.case.status for row in cases.queue(tx, include_closed=True))
    family = GaugeMetricFamily("takeback_cases", "Cases by where they stand.", labels=["status"])
    for status in CaseStatus:
        family.add_metric([status.value], found[status])
    return family


def _waiting(tx: Tx) -> Iterator[Metric]:
    """What a person should answer: removals that paused, and reports that find very much."""
    paused = breaker.paused(tx)
    yield GaugeMetricFamily(
        "takeback_breaker_paused", "Cases whose automatic removal waits for an answer.", value=len(paused)
    )
    yield GaugeMetricFamily(
        "takeback_breaker_waiting", "Copies that wait for it.", value=sum(each.waiting for each in paused)
    )
    yield GaugeMetricFamily(
        "takeback_seeds_capped", "Seeds that match more than they may bring.", value=len(seeds.capped(tx))
    )
