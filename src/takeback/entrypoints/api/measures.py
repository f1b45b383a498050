"""Health and metrics, read from the database when they are asked for: there is nothing to keep in step."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

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
    """Report whether the service works: 200, or 503 when the database cannot be reached.

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
            found = [metric for numbers in _NUMBERS for metric in numbers(tx)]
        yield from found


Sample = tuple[tuple[str, ...], float]
"""The values of the labels, and the number."""


def _one(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"takeback_{name}", meaning, value=value)


def _each(name: str, meaning: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(f"takeback_{name}", meaning, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _jobs(tx: Tx) -> Iterator[Metric]:
    now, waiting = database_time(tx), queue.waiting(tx)
    job = ["job"]
    counts = [((each.name,), each.count) for each in waiting]
    ages = [((each.name,), (now - each.since).total_seconds()) for each in waiting]
    unknown = [((each.name,), each.count) for each in queue.unknown(tx)]
    postponed = [((each.name,), each.count) for each in queue.postponed(tx)]
    yield _each("jobs_waiting", "Jobs that are due and not begun.", job, counts)
    yield _each("jobs_oldest_seconds", "How long the oldest of them waits.", job, ages)
    yield _each("jobs_unknown", "Jobs that wait because this version does not know them.", job, unknown)
    yield _each("jobs_postponed", "Jobs that wait for long because a platform asked for it.", job, postponed)


def _streams(tx: Tx) -> Iterator[Metric]:
    found = watching.streams(tx)
    labels, connector = ["connector", "stream"], ["connector"]
    yield _each(
        "stream_age_seconds",
        "Since a stream without an end was last watched; below 0: the database's clock was set back.",
        labels,
        [((each.connector, each.name), each.age) for each in found],
    )
    failures = [((each.connector, each.name), each.failures) for each in found]
    yield _each("stream_failures", "Turns of it that failed in a row.", labels, failures)
    waiting = [((name,), each.waiting) for name, each in watching.endings(tx).items()]
    yield _each("histories_waiting", "Streams with an end that are not read to it.", connector, waiting)
    aside = [((name,), count) for name, count in set_aside.counts(tx).items()]
    yield _each("set_aside", "Posts that could not be processed and are tried again.", connector, aside)


def _events(tx: Tx) -> Iterator[Metric]:
    found = ledger.count_by_kind(tx)
    counts = [((kind,), found.get(kind, 0)) for kind in map(kind_of, EVENTS)]
    yield _each("events", "Events that were recorded.", ["kind"], counts)


def _ledger(tx: Tx) -> Iterator[Metric]:
    """Count the entries that are signed, and those that others have vouched for."""
    now, last, labels = clock.now(), ledger.last_checkpoint(tx), ["role", "name"]
    yield _one("ledger_signed", "Entries under the last checkpoint.", 0 if last is None else last.size)
    yield _one("ledger_waiting", "Entries without a place yet.", ledger.waiting(tx).count)
    sizes: list[Sample] = []
    failing: list[Sample] = []
    for each in parties.all_parties(tx):
        party = each.role.value, "+".join(each.name.split("+")[:2])  # a witness's key without the key itself
        since = each.failing_since
        sizes.append((party, each.size))
        failing.append((party, 0 if since is None else (now - since).total_seconds()))
    yield _each("ledger_vouched", "Entries that a witness or an authority signed for.", labels, sizes)
    meaning = "How long it has failed; 0: it does not. A conflict fails, too."
    yield _each("ledger_failing_seconds", meaning, labels, failing)


def _pictures(tx: Tx) -> Iterator[Metric]:
    yield _one("sightings", "Public pictures that passed by.", sightings.count(tx))
    unreadable = [((reason,), count) for reason, count in sightings.unreadable(tx).items()]
    yield _each("sightings_unreadable", "Those that could not be read.", ["reason"], unreadable)


def _cases(tx: Tx) -> Iterator[Metric]:
    found = Counter(row.case.status for row in cases.queue(tx, include_closed=True))
    counts = [((status.value,), found[status]) for status in CaseStatus]
    yield _each("cases", "Cases by where they stand.", ["status"], counts)


def _waiting(tx: Tx) -> Iterator[Metric]:
    """Count what a person should answer: removals that paused, and reports that find very much."""
    paused = breaker.paused(tx)
    yield _one("breaker_paused", "Cases whose automatic removal waits for an answer.", len(paused))
    yield _one("breaker_waiting", "Copies that wait for it.", sum(each.waiting for each in paused))
    yield _one("seeds_capped", "Seeds that match more than they may bring.", len(seeds.capped(tx)))


_NUMBERS = (_jobs, _streams, _events, _ledger, _pictures, _cases, _waiting)
