"""What a certificate tells, with everything in it, also what speaks against it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from packages import World, uuid
from rounds_of_looks import gone_round
from takeback.connectors.api import State, Surface, Vantage
from takeback.dossier.case_summary import CaseSummary, PostedCopy, Stamped
from takeback.dossier.model import Head
from takeback.ids import CaseId, DossierId, EventId, SightingId, TargetId
from takeback.infra.ledger.proofs import ProvenEntry
from takeback.law.clocks import start
from takeback.takedown.certificate import Certificate, certify
from takeback.takedown.model import ControlRow, Finding, LookRow, Round, When
from takeback.takedown.rules import series
from takeback_verify.core.exhibit import parse_exhibit
from takeback_verify.core.leaf import Opening

MADE = datetime(2026, 3, 3, 13, tzinfo=UTC)
DURING = {"since": "2026-03-03T12:00:00Z", "until": "2026-03-03T12:01:00Z"}
REQUIRED = frozenset({Surface.MEDIA, Surface.MESSAGE})


def entry(place: int, kind: str, /, **body: str | int) -> ProvenEntry:
    """An entry of the log at this place, as many seconds after the dossier's hour."""
    return ProvenEntry(place, b"", bytes(32), Opening(place + 1, MADE + timedelta(seconds=place), kind, body))


def a_case_summary(folder: Path) -> CaseSummary:
    """One with everything in it."""
    exhibit = parse_exhibit(World(folder / "world", authorities=[]).exhibit(0)["exhibit.json"])
    entries = (
        entry(3, "captured", capture=uuid(10), sighting=100, reason="match", exhibit="00" * 32),
        entry(5, "looked", case=uuid(1), what="picture", staff=uuid(7), reason="to_decide"),
        entry(6, "capture_failed", sighting=101, reason="gone"),
        entry(8, "watched", connector="m", stream="s", posts=3, gap_ms=2500, **DURING),
        entry(9, "evidence_accessed", case=uuid(1), what="dossier", reason="by_receipt"),
    )
    return CaseSummary(
        head=Head(
            DossierId(UUID(uuid(2))), CaseId(UUID(uuid(1))), MADE, "Takeback", "takeback 0.1.0", "log.example"
        ),
        received_at=MADE,
        exhibits=(exhibit,),
        entries=entries,
        removals=a_removal(),
        stamps=(Stamped(9, "one", MADE), Stamped(9, "two", MADE)),
        keys=("log.example+00+key",),
        witnesses=("w1",),
        environment="Python 3, Linux",
        copies=(
            PostedCopy(SightingId(100), "matrix", "!square:example.org", "$m1", "@ada:example.org", MADE),
        ),
    )


def a_removal() -> tuple[Certificate, ...]:
    """A copy with a history: gone, unclear, there again, gone, and gone as an old record says."""
    hours = (1, 2, 26, 27, 51)
    findings = (Finding.GONE, Finding.UNCLEAR, Finding.THERE, Finding.GONE, Finding.GONE)
    rounds = [
        _round(number, finding, MADE - timedelta(days=4) + timedelta(hours=hour))
        for number, (hour, finding) in enumerate(zip(hours, findings, strict=True))
    ]
    received = MADE - timedelta(days=5)
    clock = start(received, 24)[0]
    return (certify(rounds, received_at=received, clock=clock, decided_at=received + timedelta(hours=20)),)


def _round(number: int, finding: Finding, at: datetime) -> Round:
    whole = gone_round()
    target = TargetId(UUID(whole.target))
    state = State.PRESENT if finding is Finding.THERE else State.ABSENT
    looks = tuple(
        LookRow(number, Surface(each.surface.value), Vantage(each.vantage.value), state, each.seen, at)
        for each in whole.looks
    )
    control = tuple(
        ControlRow(
            number,
            When(each.when.value),
            Surface(each.surface.value),
            Vantage(each.vantage.value),
            State.PRESENT,
            each.seen,
        )
        for each in whole.control
        if each.when is not None
    )
    control = () if finding is Finding.UNCLEAR else control
    document = series(target, number, at, looks, control, REQUIRED, ())
    return Round(target, SightingId(100), number, at, finding, looks, control, document, EventId(9))
