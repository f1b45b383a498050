"""The demo without a person: the whole way, walked by a program that counts, and trusts nothing it is told.

It reports through the portal as a browser would, decides as a reviewer would, and then asks Synapse itself,
as an ordinary member, what is left.
"""

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import numpy as np
from PIL import Image

from takeback.app import KEYS_FOLDER
from takeback.cases import deciding
from takeback.cases import service as cases
from takeback.cases.model import DecisionReason, Reviewer
from takeback.cases.page import shown
from takeback.errors import TakebackError, Unavailable
from takeback.events import FoundBy, Verdict
from takeback.ids import CaseId
from takeback.infra import clock
from takeback.infra.db.pool import Database
from takeback.infra.ledger import check as ledger
from takeback.infra.ledger.keys import read_last_signed, read_verifier
from takeback.infra.outbound import OutboundClient
from takeback.sightings import service as sightings
from takeback.signals.pdq.hashing import hash_pixels_flips
from takeback.staff import service as staff
from takeback.staff.model import Role
from takeback.submissions import draft
from takeback.takedown import service as takedown
from takeback_dev.demo import scenario
from takeback_dev.demo.outside import LAWYER_KEY
from takeback_dev.demo.package import write_package
from takeback_dev.demo.processes import POSTED_BEFORE, Processes
from takeback_verify.core.findings import Verdict as Package

PATIENCE = 120.0
"""Seconds that any one step may take before the check fails."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the check came to: the one line that it prints."""

    reported: int
    copies_posted: int
    found_by_look_back: int
    found_live: int
    missed: int
    false: int
    """Pictures that had nothing to do with it and were matched or touched all the same."""
    messages_absent: int
    media_absent: int
    ledger: str
    seconds_report_to_gone: float
    """From sending the report to the last copy's being seen gone; copies that came later are not in it."""
    dossier: str | None = None
    """What the verifier says of the evidence package; None: nobody asked for one."""

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        posted = self.copies_posted
        return (
            self.reported == 1
            and posted > 0
            and self.found_by_look_back > 0
            and self.found_live > 0
            and self.found_by_look_back + self.found_live == posted
            and self.missed == self.false == 0
            and self.messages_absent == self.media_absent == posted
            and self.ledger == ledger.Verdict.VALID
            and self.dossier in {None, Package.VALID.words}
        )


_T = TypeVar("_T")


class Until(Protocol):
    """Waits."""

    def __call__(self, what: str, ask: Callable[[], _T | None]) -> _T:
        """What `ask` answers, once it is true. Raises TakebackError when patience ends, or the demo."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """An evidence package of the demo's case."""

    dossier: Path
    """Where it goes."""
    trust: Path | None
    """Where the trust file that belongs to it goes."""


def walk(
    processes: Processes, say: Callable[[str], None], stop: threading.Event, wanted: Wanted | None = None
) -> Result:
    """Walk the whole way, and have the evidence package written that is wanted.

    Raises TakebackError if a step does not come to its end, or `stop` is set.
    """

    def until(what: str, ask: Callable[[], _T | None]) -> _T:
        deadline = time.monotonic() + PATIENCE
        while not (answer := ask()):
            if stop.wait(0.02):
                raise TakebackError("stopped")
            if time.monotonic() > deadline:
                raise TakebackError(f"waited {PATIENCE:.0f} seconds for {what}, in vain")
            processes.service.keep()
        return answer

    portal = processes.service.addresses()["portal"]
    with Database(processes.service.database_url) as database:
        say("Waiting until the watcher has read what was posted before ...")
        everything = len(processes.scenario.copies) + len(processes.scenario.others)
        until("the watcher to catch up", lambda: _seen(database) >= everything)

        say("Reporting the picture through the portal ...")
        began = time.monotonic()
        receipt = report(portal, scenario.the_picture(processes.scenario.seed))
        case = until("the case", lambda: _only_case(database))
        until("the look-back", lambda: _copies(database, case) >= POSTED_BEFORE)
        say(f"The look-back found {POSTED_BEFORE} copies. Posting one more ...")
        processes.scenario.post_copy(scenario.EDITS[POSTED_BEFORE])
        processes.scenario.post_other(scenario.OTHERS[-1] + 1)
        until("the new copy", lambda: _copies(database, case) >= POSTED_BEFORE + 1)

        say("Found. Deciding as a reviewer ...")
        decide(database, case)
        until("the removal", lambda: _all_gone(database, case, POSTED_BEFORE + 1))
        seconds = time.monotonic() - began
        say(f"Gone, {seconds:.1f} seconds after the report. Posting another copy ...")
        for edit in scenario.EDITS[POSTED_BEFORE + 1 :]:
            processes.scenario.post_copy(edit)
        until(
            "the new copies to be kept down",
            lambda: _all_gone(database, case, len(processes.scenario.copies)),
        )

        say("Looking as a member, and recomputing the ledger ...")
        verdict = ledger_verdict(database, processes.settings.data / KEYS_FOLDER, until)
        result = _count(processes, database, case, verdict, seconds)
        say(f"The receipt {receipt} says: {status(portal, receipt)}")
    if wanted is None:
        return result
    say("Putting the evidence together ...")
    key = processes.settings.data.parent / LAWYER_KEY
    checked = write_package(processes.settings, case, wanted.dossier, wanted.trust, key, say)
    for step in checked.steps:
        say(f"  {step.number:>2}. {step.title}: {step.outcome}")
    return replace(result, dossier=checked.verdict.words)


def report(portal: str, picture: Image.Image, attempt: str = "", address: str = "127.0.0.1") -> str:
    """Answer the portal's questions as a browser would, and send; the receipt.

    Args:
        portal: its address.
        picture: what is reported; its hashes are sent.
        attempt: a name for this sending; the same again, with the same picture, is the same report.
        address: from where, as a proxy in front would say; the portal counts how often a network sends.

    Raises:
        Unavailable: the portal does not answer, or could not take the report: try again.
    """
    flips = hash_pixels_flips(np.asarray(picture))
    numbers = ".".join([str(flips[0].quality), *(flip.hash.hex() for flip in flips)])
    key = draft.DraftKey(hashlib.sha256(attempt.encode()).digest()) if attempt else draft.new_key()
    pages: tuple[tuple[str, dict[str, str]], ...] = (
        ("age", {"age": "yes"}),
        ("picture", {"pictures": numbers}),
        ("where", {}),
        ("account", {"account": "I painted it for one person only."}),
        ("statements", {"nonconsent": "yes", "good_faith": "yes", "signature": "A. Painter"}),
        ("contact", {}),
        ("check", {"go": "send"}),
    )
    with OutboundClient(portal) as client:
        for at, fields in pages:
            _ask(client, "/steps", key, {"at": at, **fields}, address)
        page = _ask(client, "/steps/done", key)
    found = re.search(r'data-code="([\d ]+)"', page)
    if found is None:
        raise Unavailable("the portal gave no receipt")
    return found[1].replace(" ", "")


def status(portal: str, receipt: str) -> str:
    """What the portal's status page says first."""
    key = draft.new_key()
    with OutboundClient(portal) as client:
        _ask(client, "/status", key, {"receipt": receipt})
        page = _ask(client, "/status", key)
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return "nothing" if found is None else " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def _ask(
    client: OutboundClient,
    where: str,
    key: draft.DraftKey,
    fields: dict[str, str] | None = None,
    address: str = "127.0.0.1",
) -> str:
    """A page; or a form sent, which the portal answers by a redirection, and then the answer is empty."""
    answer = client.send(
        "GET" if fields is None else "POST",
        where,
        content=None if fields is None else urlencode(fields).encode(),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"session={draft.write_key(key)}",
            "X-Forwarded-For": address,
        },
    )
    return answer.body.decode()


def decide(database: Database, case: CaseId) -> None:
    """Decide as a reviewer that it was shared without consent, with no time to undo it."""
    now = clock.now()
    with database.transaction() as tx:
        page = shown(cases.copies(tx, case), cases.decisions(tx, case))
        staff.invite(tx, "reviewer of the demo", Role.REVIEWER, now=now)
        reviewer = next(member for member in staff.team(tx) if member.role is Role.REVIEWER)
        choice = deciding.Choice(
            Verdict.SHARED_WITHOUT_CONSENT, DecisionReason.INTIMATE_AND_NO_CONSENT, "", page, unseen=True
        )
        deciding.decide(tx, case, choice, Reviewer(reviewer.id), now=now, undo=timedelta(0))


def ledger_verdict(database: Database, keys: Path, until: Until) -> str:
    """What recomputing the log comes to, once everything that was recorded has its place."""

    def settled() -> ledger.LedgerReport | None:
        last = read_last_signed(keys)
        report = ledger.verify_ledger(database, read_verifier(keys), now=clock.now(), last_signed=last)
        return None if report.waiting else report

    return until("the ledger to be sequenced", settled).verdict.value


def _count(processes: Processes, database: Database, case: CaseId, verdict: str, seconds: float) -> Result:
    copies = {posted.message: posted for posted in processes.scenario.copies}
    with database.transaction() as tx:
        found = {copy.message: copy for copy in cases.copies(tx, case)}
    shown = {each.message: each.media for each in processes.member_view.room(processes.scenario.room)}
    touched = [
        each for each in processes.scenario.others if each.message in found or shown[each.message] is None
    ]
    return Result(
        reported=1,
        copies_posted=len(copies),
        found_by_look_back=sum(copy.found_by is FoundBy.LOOK_BACK for copy in found.values()),
        found_live=sum(copy.found_by is FoundBy.LIVE for copy in found.values()),
        missed=len(copies.keys() - found.keys()),
        false=len(touched),
        messages_absent=sum(shown[message] is None for message in copies),
        media_absent=sum(processes.member_view.picture(posted.media) is None for posted in copies.values()),
        ledger=verdict,
        seconds_report_to_gone=round(seconds, 2),
    )


def _seen(database: Database) -> int:
    with database.transaction() as tx:
        return sightings.count(tx)


def _only_case(database: Database) -> CaseId | None:
    with database.transaction() as tx:
        rows = cases.queue(tx)
    return rows[0].case.id if rows else None


def _copies(database: Database, case: CaseId) -> int:
    with database.transaction() as tx:
        return len(cases.copies(tx, case))


def _all_gone(database: Database, case: CaseId, number: int) -> bool:
    with database.transaction() as tx:
        return len(takedown.progress(tx, case)) == number and takedown.all_gone(tx, case)


def as_line(result: Result) -> dict[str, int | str | float]:
    """The result's fields, in their order, but for what nobody asked for."""
    return {name: value for name, value in asdict(result).items() if value is not None}
