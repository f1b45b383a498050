"""What follows what. `facts.py` says what can happen; `follow` says what each fact leads to.

The match is exhaustive: a new fact without an arm fails the type checker. What follows is done in one
transaction with the mark that it was done, so a fact is followed once, whatever crashes. Work that asks a
platform or takes long is put down as a job of its own; all of those may be run twice.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import assert_never
from uuid import UUID

from takeback import facts
from takeback.app import App
from takeback.bank import service as bank
from takeback.cases import service as cases
from takeback.errors import Gone, PlatformError, TakebackError, WhyUnreadable
from takeback.facts import Fact, Verdict
from takeback.ground import clock
from takeback.ground.db.pool import Tx
from takeback.ground.jobs.queue import enqueue
from takeback.ground.jobs.worker import Handler, Periodic, Work
from takeback.ground.ledger.follow import take_up
from takeback.ground.ledger.record import record, record_once
from takeback.ids import CaseId, EntryId, FactId, ReportId, SightingId, TargetId
from takeback.intake import service as intake
from takeback.join import service as join
from takeback.law import clocks
from takeback.sightings import store as sightings
from takeback.sightings.model import Later, Seen
from takeback.sightings.reading import read
from takeback.signals.model import PictureSignals
from takeback.takedown import service as takedown


def follow(app: App, fact: int) -> None:
    """Do what follows from one fact, once."""
    with app.database.transaction() as tx:
        found = take_up(tx, FactId(fact))
        if found is not None:
            _follow(app, tx, found)


def _follow(app: App, tx: Tx, fact: Fact) -> None:  # noqa: C901, PLR0912 - one arm for each fact
    now = clock.now()
    match fact:
        # --- what people told us
        case facts.ReportReceived(report):
            _open(app, tx, report)
        # --- the bank
        case facts.EntryBanked(entry):
            enqueue(tx, "look_back", entry=str(entry))
        # --- the join
        case facts.Matched(entry, sighting, by):
            cases.add_match(tx, entry, sighting, by, now)
        # --- people decide
        case facts.CopyFound(case):
            _carry_out(tx, case, now)
        case facts.Decided(effective_at=effective_at, decision=decision):
            enqueue(tx, "take_effect", at=effective_at, decision=str(decision))
        case facts.DecisionEffective(case, _, Verdict.SHARED_WITHOUT_CONSENT):
            _carry_out(tx, case, now)
        case facts.DecisionEffective(case, _, Verdict.NOT_SHARED_WITHOUT_CONSENT):
            for entry in cases.entries(tx, case):
                bank.withdraw(tx, entry, now)
        # --- takedown
        case facts.RemovalPlanned(target, case):
            enqueue(tx, "remove", target=str(target))
            _settle(tx, case, now)
        case facts.FoundGone(_, case):
            _settle(tx, case, now)
        case facts.FoundAgain(target, case):
            takedown.remove_again(tx, target)
            _settle(tx, case, now)
        # --- for people to see; nothing follows by itself
        case (
            facts.ApiKeyChanged()
            | facts.CaseOpened()
            | facts.ClockPassed()
            | facts.CopyExcluded()
            | facts.DecisionEffective()
            | facts.DecisionUndone()
            | facts.EntryActivated()
            | facts.EntryRefused()
            | facts.EntryWithdrawn()
            | facts.ExclusionUndone()
            | facts.JobGaveUp()
            | facts.LocationUnusable()
            | facts.Looked()
            | facts.PictureUnreadable()
            | facts.RemovalFailed()
            | facts.RemovalStepDone()
            | facts.ReportUnusable()
            | facts.RetryAsked()
            | facts.StaffChanged()
            | facts.StaffInvited()
            | facts.StaffSignedIn()
        ):
            pass
        case _:
            assert_never(fact)


def _open(app: App, tx: Tx, report_id: ReportId) -> None:
    """A report becomes a case with a clock; its pictures become seeds; its links are looked up."""
    now = clock.now()
    report, received_at = intake.opened(tx, app.unsealer, report_id)
    strictest = clocks.start(received_at, app.settings.house_clock_hours)[0]
    cases.open_case(tx, report_id, received_at, strictest, now)
    for number in range(len(report.locations)):
        enqueue(tx, "locate", report=str(report_id), number=number)
    for number, picture in enumerate(report.pictures):
        flips = tuple(bytes.fromhex(flip) for flip in picture.flips)
        bank.add_seed(tx, report_id, f"picture {number + 1}", flips, picture.quality, now)


def _carry_out(tx: Tx, case: CaseId, now: datetime) -> None:
    """Remove what a decision in effect speaks of; nothing if there is none."""
    for entry in cases.reviewed_entries(tx, case):
        bank.activate(tx, entry, now)
    for copy in cases.to_remove(tx, case):
        takedown.plan(tx, copy, now)
    _settle(tx, case, now)


def _settle(tx: Tx, case: CaseId, now: datetime) -> None:
    cases.hold(tx, case)  # before asking: a copy planned meanwhile must not be overlooked
    cases.settle(tx, case, all_gone=takedown.all_gone(tx, case), now=now)


# --- jobs ------------------------------------------------------------------------------------------------


def take_in(app: App) -> None:
    """Open the reports that the portal put down."""
    intake.take_in(app.database, app.unsealer, clock.now())


def look_back(app: App, entry: str) -> None:
    """Ask everything that passed before an entry was banked."""
    join.look_back(app.database, EntryId(UUID(entry)), clock.now())


def locate(app: App, report: str, number: int) -> None:
    """Look up one link of a report: what is there joins the case, and is a seed to find further copies by.

    Raises PlatformError to be tried again.
    """
    report_id = ReportId(UUID(report))
    with app.database.transaction() as tx:
        link = intake.opened(tx, app.unsealer, report_id)[0].locations[number]
    for connector in app.connectors.values():
        try:
            post = connector.locate(link)
        except Gone:
            _unusable(app, report_id, f"location {number + 1} is gone already")
            return
        if post is None:
            continue
        if not post.media:
            _unusable(app, report_id, f"location {number + 1} shows no picture")
        for position, media in enumerate(post.media):
            most = app.settings.max_media_bytes
            reading = read(connector, app.decoder, media.address, most, flips=True)
            if isinstance(reading, Later):
                raise PlatformError(reading.reason)
            _locate(
                app,
                report_id,
                connector.name,
                Seen(post, media.address, reading),
                f"location {number + 1}.{position + 1}",
            )
        return
    _unusable(app, report_id, f"location {number + 1} is not on a connected platform")


def _locate(app: App, report_id: ReportId, connector: str, seen: Seen, name: str) -> None:
    now = clock.now()
    with app.database.transaction() as tx:
        join.commit(tx, app.index, connector, [seen], now)
        sighting = sightings.find(tx, connector, seen.post.place, seen.post.message, seen.media)
        assert sighting is not None
        if isinstance(seen.reading, PictureSignals):  # a watcher may have seen it, and could not read it then
            join.commit_late(tx, app.index, sighting.id, seen.reading, now)
        cases.add_located(tx, report_id, sighting.id, now)
    if isinstance(seen.reading, PictureSignals):
        with app.database.transaction() as tx:  # one of its own: the bank's lock is shared above, alone here
            flips = tuple(flip.hash for flip in seen.reading.flips)
            bank.add_seed(tx, report_id, name, flips, seen.reading.whole.quality, now)


def _unusable(app: App, report: ReportId, reason: str) -> None:
    with app.database.transaction() as tx:
        cases.hold_of_report(tx, report)
        record_once(tx, facts.LocationUnusable(report, reason))


def read_again(app: App, sighting: int) -> None:
    """Try again to read a picture that could not be fetched when it passed. Raises PlatformError."""
    with app.database.transaction() as tx:
        row = sightings.get(tx, SightingId(sighting))
    if row is None or row.state != "unread":
        return
    reading = read(app.connectors[row.connector], app.decoder, row.media, app.settings.max_media_bytes)
    with app.database.transaction() as tx:
        match reading:
            case PictureSignals():
                join.commit_late(tx, app.index, row.id, reading, clock.now())
            case WhyUnreadable():
                sightings.set_unreadable(tx, row.id, reading.value)
            case Later(reason):
                raise PlatformError(reason)


def take_effect(app: App, decision: str) -> None:
    """The time to undo a decision has passed."""
    with app.database.transaction() as tx:
        cases.take_effect(tx, UUID(decision), clock.now())


def remove(app: App, target: str) -> None:
    """Remove one copy from its platform."""
    target_id = TargetId(UUID(target))
    with app.database.transaction() as tx:
        connector = takedown.connector_of(tx, target_id)
    takedown.remove(app.database, app.connectors[connector], target_id)


def look(app: App, target: str, round: int) -> None:  # noqa: A002 - the word of facts.FoundGone
    """Look whether a removed copy is gone."""
    target_id = TargetId(UUID(target))
    with app.database.transaction() as tx:
        connector = takedown.connector_of(tx, target_id)
    takedown.look(app.database, app.connectors[connector], target_id, round, app.settings.recheck_after)


def pass_clocks(app: App) -> None:
    """See which deadlines have passed."""
    with app.database.transaction() as tx:
        cases.pass_clocks(tx, clock.now())


def gave_up(app: App, name: str, args: Mapping[str, object], error: BaseException) -> None:
    """A job failed at every try: say so where a person sees it."""
    reason = str(error) if isinstance(error, TakebackError) else type(error).__name__
    with app.database.transaction() as tx:
        if name == "remove":
            takedown.give_up(tx, TargetId(UUID(str(args["target"]))), name, reason)
        if name == "look":
            target, round_ = TargetId(UUID(str(args["target"]))), int(str(args["round"]))
            takedown.give_up_look(tx, target, round_, reason, app.settings.recheck_after)
        if name == "read_again":
            sighting = SightingId(int(str(args["sighting"])))
            if sightings.set_unreadable(tx, sighting, "platform_unavailable"):
                record(tx, facts.PictureUnreadable(sighting, reason))
        else:
            subject = " ".join(f"{key}={value}" for key, value in sorted(args.items()))
            record(tx, facts.JobGaveUp(name, subject, reason))


def work(app: App) -> Work:
    """Everything that a worker of this service does."""
    return Work(
        handlers=[
            Handler(run.__name__, partial(run, app))
            for run in (follow, look_back, locate, read_again, take_effect, remove, look)
        ],
        periodic=[
            Periodic("take_in", partial(take_in, app), "* * * * * */15"),
            Periodic("pass_clocks", partial(pass_clocks, app), "* * * * *"),
        ],
        gave_up=partial(gave_up, app),
    )
