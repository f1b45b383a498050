"""The whole service in one process, step by step: no worker, no watcher, and a clock that the test moves.

Everything under it is real (PostgreSQL, the queue's tables, sealing, decoding) but the platform, which is
`platform_in_memory`. Jobs run one at a time, in the order in which they are due.
"""

import io
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID, uuid4

from PIL import Image, ImageOps

import kept_beside
from deciding_now import decide_now
from takeback import events
from takeback.app import App, look_back_parts
from takeback.bank import store as bank
from takeback.bank.index import BankIndex
from takeback.bank.rules import NOTHING_IS_WELL_KNOWN
from takeback.cases import service as cases
from takeback.cases.model import DecisionReason
from takeback.events import Verdict, form
from takeback.ids import CaseId, StaffId
from takeback.infra import clock
from takeback.infra.asking import AskedInTransaction
from takeback.infra.config import Settings
from takeback.infra.jobs import wire
from takeback.infra.jobs.worker import next_try
from takeback.infra.vault import keys
from takeback.infra.vault.seal import load_recipient
from takeback.infra.vault.unseal import Unsealer
from takeback.jobs import PassClocks
from takeback.matching import service as matching
from takeback.matching.reading import read_closely
from takeback.sightings import leases
from takeback.sightings.model import Reading, Seen
from takeback.signals.lanes import When
from takeback.submissions.model import Report, ReportedPicture
from takeback.submissions.receipt import load_pepper
from takeback.submissions.submit import submit
from takeback.workflow import dispatch, reports

LEASE = timedelta(minutes=1)
MIRA, NOOR = StaffId(UUID(int=1)), StaffId(UUID(int=2))
GOOD_REASON = {
    Verdict.SHARED_WITHOUT_CONSENT: DecisionReason.INTIMATE_AND_NO_CONSENT,
    Verdict.NOT_SHARED_WITHOUT_CONSENT: DecisionReason.NOT_INTIMATE,
    Verdict.CANNOT_TELL: DecisionReason.PICTURE_UNCLEAR,
}


@cache
def picture(seed: int, *, mirrored: bool = False, size: int = 96) -> bytes:
    """A PNG of soft seeded colours: two seeds are never near each other."""
    dots = random.Random(seed)
    small = Image.new("RGB", (10, 10))
    small.putdata([tuple(dots.randrange(256) for _ in range(3)) for _ in range(100)])
    shown = small.resize((size, size), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    (ImageOps.mirror(shown) if mirrored else shown).save(out, "PNG")
    return out.getvalue()


def plain() -> bytes:
    """A PNG without any detail."""
    out = io.BytesIO()
    Image.new("RGB", (96, 96), (90, 120, 150)).save(out, "PNG")
    return out.getvalue()


class Time:
    """A clock that moves when told to, and a microsecond at each look."""

    def __init__(self) -> None:
        self._at = datetime.now(UTC)

    def now(self) -> datetime:
        self._at += timedelta(microseconds=1)
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by

    def read(self) -> datetime:
        """Without moving it."""
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at


@dataclass(frozen=True, slots=True)
class Job:
    """One that waits."""

    id: int
    name: str
    args: dict
    attempts: int


class House:
    """The service.

    Args:
        database: opened; closed with the house.
        platform: the one that tests ask for.
        folder: where the keys are.
        decoder: a real one.
        time: what `clock.now` was replaced by.
        well_known: what cannot be banked.
        sealer: who seals evidence; None: none is kept.
        others: platforms that are connected besides.
    """

    def __init__(
        self, database, platform, folder, decoder, time, well_known=NOTHING_IS_WELL_KNOWN, sealer=None,
        others=(),
    ) -> None:  # fmt: skip
        keys.ensure(folder)
        self.platform, self.time, self.folder, self.database = platform, time, folder, database
        settings = Settings(
            _env_file=None,
            data=folder,
            undo_seconds=10,
            recheck_after=(timedelta(hours=1), timedelta(hours=24)),
            house_clock_hours=24,
        )
        platforms, parts = (
            {each.name: each for each in (platform, *others)},
            look_back_parts(settings.model_copy(update={"data": folder / uuid4().hex}), database),
        )
        self.app = App(
            settings, database, platforms, decoder, Unsealer(folder), BankIndex(), *parts, well_known, sealer
        )
        self.receipts: dict = {}
        """Of each report."""

    def on(self, database, platform) -> "House":
        """The same, with another database and platform."""
        decoder, sealer = self.app.decoder, self.app.sealer
        made = House(database, platform, self.folder, decoder, self.time, sealer=sealer)
        for name in ("breaker_removals", "breaker_posters", "seed_copies", "flood_reports"):
            setattr(made.app.settings, name, getattr(self.app.settings, name))
        return made

    # --- people

    def report(self, *pictures: bytes, links=(), groups=(), link=None, **more: object):
        """Somebody reports; as her browser would, with hashes only. The report's id, once taken in.

        `groups` are labels of the networks that she comes from, `link` is the hash of a link for many.
        """
        signals = [self.app.decoder.signals(data, flips=True) for data in pictures]
        report = Report(
            pictures=tuple(
                ReportedPicture(tuple(f.hash.hex() for f in s.flips), s.whole.quality) for s in signals
            ),
            locations=tuple(links),
            account="It was not me who posted it.",
            statement_nonconsent=True,
            statement_good_faith=True,
            signature="R.",
            contact="",
            language="en",
        )
        portal = self.folder / keys.PORTAL_FOLDER
        receipt = submit(
            self.database,
            load_recipient(portal),
            load_pepper(portal),
            replace(report, **more),
            groups=groups,
            link=link,
        )
        [(put_down,)] = self.query("select id from submissions_report order by received_at desc limit 1")
        self.receipts[put_down] = receipt
        return put_down

    def case_of(self, report) -> CaseId:
        return self.query("select id from cases_case where report_id = %s", report)[0][0]

    def decide(self, report, verdict=Verdict.SHARED_WITHOUT_CONSENT, staff=MIRA, reason=None, **more: object):
        """Decide, by default what the page shows now and having looked at no copy (see `decide_now`)."""
        with self.database.transaction() as tx:
            case = self.case_of(report)
            return decide_now(
                tx,
                case,
                verdict,
                reason or GOOD_REASON.get(verdict, DecisionReason.NOT_CONNECTED),
                staff=staff,
                now=clock.now(),
                undo=timedelta(seconds=self.app.settings.undo_seconds),
                **more,
            )

    def exclude(self, report, post) -> None:
        with self.database.transaction() as tx:
            case = self.case_of(report)
            for copy in cases.copies(tx, case):
                if copy.message == post.message:
                    cases.exclude(tx, case, copy.sighting, excluded=True, staff=MIRA, now=clock.now())

    # --- what runs in the background

    def take_in(self) -> None:
        reports.take_in(self.app)
        self.work()

    def watch(self) -> None:
        """Read all that was posted since, and do what follows."""
        self.watch_once()
        self.work()

    def watch_once(self) -> None:
        """Read all that was posted since, and no more."""
        for platform in self.app.connectors.values():
            self._watch(platform)

    def _watch(self, platform) -> None:
        streams = platform.streams()
        with self.database.transaction() as tx:
            for stream in streams:
                leases.open_stream(tx, platform.name, stream, None)
            lease = leases.lease(tx, platform.name, "test", LEASE)
        assert lease is not None
        cursor = lease.cursor
        while (batch := platform.watch(lease.stream, cursor)).cursor != cursor:
            seen = [
                Seen(post, media.address, self._read(platform, media.address))
                for post in batch.posts
                for media in post.media
            ]
            with self.database.transaction() as tx:
                matching.commit_batch(
                    tx, self.app.index, lease, seen, batch.cursor, done=False, now=clock.now()
                )
            cursor = batch.cursor
        with self.database.transaction() as tx:
            leases.release(tx, lease)

    def _read(self, platform, media: str) -> Reading:
        return read_closely(platform, self.app.decoder, self.app.index, media, 10**6, When.SOON)

    def due(self) -> list[Job]:
        """Jobs whose time has come, in their order."""
        return [
            Job(*row)
            for row in self.query(
                "select id, task_name, args, attempts from procrastinate_jobs"
                " where status = 'todo' and (scheduled_at is null or scheduled_at <= %s)"
                " order by scheduled_at nulls first, id",
                self.time.now(),
            )
        ]

    def work(self, *names: str) -> None:
        """Do all that is due, one after the other; only jobs of these names, if any are given."""
        while todo := [job for job in self.due() if not names or job.name in names]:
            self.do(todo[0])
        if not names:
            with self.database.transaction() as tx:
                for (case,) in tx.execute("select id from cases_case").fetchall():
                    kept_beside.check(tx, case, self.time.read())

    def do(self, job: Job) -> None:
        """Try a job once, as the worker does it: see `infra.jobs.worker`."""
        attempt = job.attempts + 1
        try:
            self.run(job)
        except AskedInTransaction:
            raise
        except Exception as error:  # noqa: BLE001 - the worker retries whatever it was
            known = wire.read(job.name, job.args)
            wait = next_try(known.policy, attempt, error)
            if wait is not None:
                self.query(
                    "update procrastinate_jobs set attempts = %s, scheduled_at = %s where id = %s",
                    attempt,
                    self.time.now() + wait,
                    job.id,
                )
                return
            dispatch.give_up(self.app, known, error)
        self.query("delete from procrastinate_jobs where id = %s", job.id)

    def run(self, job: Job) -> None:
        """What the job is for, and nothing around it."""
        dispatch.run(self.app, wire.read(job.name, job.args))

    def after(self, *, steps: int = 1, **by: float) -> None:
        """Let time pass, and do what is due then."""
        for _ in range(steps):
            self.time.advance(timedelta(**by))
            self.work()

    def pass_clocks(self) -> None:
        dispatch.run(self.app, PassClocks())
        self.work()

    # --- what there is to see

    def query(self, statement, *parameters: object):
        with self.database.transaction() as tx:
            cursor = tx.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def status(self, report) -> str:
        return self.query("select status from cases_case where report_id = %s", report)[0][0]

    def copies(self, report) -> dict[str, str]:
        """Message and how it was found, for each copy of the case."""
        with self.database.transaction() as tx:
            return {copy.message: copy.found_by for copy in cases.copies(tx, self.case_of(report))}

    def entries(self, report) -> list[str]:
        with self.database.transaction() as tx:
            return sorted(entry.status for entry in bank.of_report(tx, report))

    def active(self, report):
        """The entries of a report that act."""
        with self.database.transaction() as tx:
            return cases.active_entries(tx, self.case_of(report))

    def events(self, *kinds: type):
        """What happened, in order; only of these kinds, if any are given."""
        every = [
            form.parse(kind, body) for kind, body in self.query("select kind, body from event order by id")
        ]
        return [event for event in every if not kinds or isinstance(event, kinds)]

    def gave_up(self):
        return self.events(events.JobGaveUp)

    def state(self) -> dict[str, list[tuple]]:
        """All that a person or a program could tell apart, without times, counters and salts."""
        return {table: sorted(self.query(statement), key=repr) for table, statement in _STATE.items()}


_STATE = {
    "cases": "select id, status, overdue from cases_case",
    "copies": "select case_id, message, entry_id, k.found_by, distance, flip, negative, excluded"
    " from cases_copy k join sightings_post p on p.id = k.sighting_id",
    "unseen": "select case_id, message, entry_id, held from cases_unseen u"
    " join sightings_post p on p.id = u.sighting_id",
    "breakers": "select entry_id, state, removals, posters, places, overdue from cases_breaker",
    "seeds": "select entry_id, brought, allowed, capped_at is null, look_back_after is null from cases_seed",
    "brought": "select entry_id, message, waits from cases_brought b"
    " join sightings_post p on p.id = b.sighting_id",
    "decisions": "select verdict, state from cases_decision",
    "bank": "select id, report_id, status, quality from bank_entry",
    "flips": "select entry_id, flip, hash from bank_signal",
    "sightings": "select connector, place, message, media, state, reason, hash from sightings_post",
    "matches": "select message, media, entry_id, distance, flip, negative from matching_match m"
    " join sightings_post p on p.id = m.sighting_id",
    "targets": "select t.id, t.case_id, t.message, t.state, t.round, gone_at is null from takedown_target t",
    "steps": "select target_id, attempt, action, done_at is null from takedown_step",
    "looks": "select target_id, round, surface, vantage, state, seen from takedown_look",
    "controls": "select target_id, round, moment, surface, vantage, state, seen from takedown_control",
    "rounds": "select target_id, round, finding from takedown_round",
    "events": "select kind, body - 'decision' - 'sighting' - 'effective_at' - 'series' - 'capture'"
    " - 'exhibit' - 'answer_by'"
    " from event",
    "captures": "select message, media, reason, state, kept_at is null, ours_at is null"
    " from evidence_capture",
    "parts": "select message, name from evidence_part r join evidence_capture c on c.id = r.capture_id",
    "followed": "select kind, count(*) from event_handled w join event f on f.id = w.event_id group by 1",
    "jobs": "select task_name, case task_name when 'follow' then (select kind from event where id ="
    " (args ->> 'event')::bigint) else (args - 'decision' - 'sighting')::text end"
    " from procrastinate_jobs where status = 'todo'",
    "reports": "select id, taken_in_at is null from submissions_report",
    "entries": "select count(*) from ledger_entry",
}
