"""Read all that there is to tell of a case, at one moment of the database, and make the covered files."""

import hashlib
import logging
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from takeback.cases import service as cases
from takeback.dossier import caseuco, package_texts, posters
from takeback.dossier.anchoring import choose_sizes
from takeback.dossier.case_summary import CaseSummary, PostedCopy, Stamped
from takeback.dossier.certificate import certificate
from takeback.dossier.compose import compose
from takeback.dossier.model import Draft, Head
from takeback.dossier.pades import TimestampRequestError
from takeback.dossier.sealing import DocumentSealer
from takeback.dossier.stamping import SealStamper
from takeback.dossier.wording import LANGUAGES
from takeback.events import Verdict
from takeback.evidence import service as evidence
from takeback.evidence.model import Exhibit, Part
from takeback.ids import EventId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import proofs
from takeback.infra.ledger import store as ledger
from takeback.law import clocks
from takeback.takedown import service as takedown
from takeback.takedown.certificate import Certificate, certificates
from takeback.takedown.model import Round
from takeback_verify.core.cosignature import CosignerKey, format_cosigner_key
from takeback_verify.core.exhibit import parse_exhibit
from takeback_verify.core.note import format_verifier_key
from takeback_verify.core.policy import LogKey, Policy
from takeback_verify.core.stamp import verify_stamp
from takeback_verify.core.story import TOLD
from takeback_verify.core.trust import Trust
from takeback_verify.narration.page import verify_page

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collected:
    """A case, as it stood at one moment."""

    exhibits: tuple[Exhibit, ...]
    """Those that were not erased, and whose capture has its place in the log."""
    rounds: tuple[Round, ...]
    """Those whose entry is opened."""
    entries: tuple[proofs.ProvenEntry, ...]
    anchors: tuple[proofs.Anchor, ...]
    """Those whose `timestamped` entries are opened."""
    received_at: datetime
    removals: tuple[Certificate, ...]
    copies: tuple[PostedCopy, ...]
    senders: tuple[str, ...]
    """Ids of the accounts that posted; never in a package where `left_out` is a number."""
    time_zone: str
    left_out: int | None
    """Entries that are not opened because they would name a poster; None: posters are shown."""


def collect(
    tx: Tx, head: Head, trust: Trust, house_hours: float, *, names_posters: bool, time_zone: str
) -> Collected:
    """Read a case. The transaction should see one moment (`ledger.store.freeze`). Raises NotFound.

    Args:
        tx: the transaction.
        head: what the package says of itself.
        trust: whose timestamps count.
        house_hours: the house's own deadline.
        names_posters: whether the accounts that posted are named; if not, `veiled` must follow.
        time_zone: whose times stand beside those in UTC.
    """
    case = cases.get(tx, head.case)
    copies = [copy for copy in cases.copies(tx, head.case) if copy.counts]
    sightings = [copy.sighting for copy in copies]
    targets = takedown.progress(tx, head.case)
    history = ledger.history(tx, head.case, [target.target for target in targets])
    events: list[EventId] = [each.id for each in history]
    events += evidence.events_of(tx, sightings)
    entries = proofs.entries_of(tx, sorted(set(events)))
    anchors, stamped = _anchors(tx, entries, trust)
    if stamped:
        entries = proofs.entries_of(tx, sorted({*events, *stamped}))
    opened = {entry.opening.id for entry in entries}
    captured = {str(e.opening.body["capture"]) for e in entries if e.opening.kind == "captured"}
    rounds = takedown.rounds_of(tx, head.case)
    effective = [d for d in cases.decisions(tx, head.case) if d.state == "effective"]
    decided = [d.effective_at for d in effective if d.verdict is Verdict.SHARED_WITHOUT_CONSENT]
    clock = clocks.start(case.opened_at, house_hours)[0]
    decided_at = decided[-1] if decided else None
    return Collected(
        tuple(
            each
            for each in evidence.exhibits_of(tx, sightings)
            if not each.erased and str(each.capture) in captured
        ),
        tuple(each for each in rounds if each.event in opened),
        entries,
        anchors,
        case.opened_at,
        certificates(rounds, received_at=case.opened_at, clock=clock, decided_at=decided_at),
        posters.named(copies) if names_posters else posters.numbered(copies),
        tuple(dict.fromkeys(copy.sender for copy in cases.copies(tx, head.case))),
        time_zone,
        None if names_posters else 0,
    )


def veiled(collected: Collected, read: Callable[[Part], bytes]) -> Collected:
    """The same without all that names an account that posted; outside any transaction.

    Args:
        collected: the case, whose copies have numbers in the place of accounts.
        read: the bytes of an open part, from the blob store; what it raises, this does.
    """
    shown = posters.without_names(
        posters.Statement(collected.exhibits, collected.rounds, collected.entries, collected.removals),
        collected.senders,
        read,
    )
    return replace(
        collected,
        exhibits=shown.exhibits,
        rounds=shown.rounds,
        entries=shown.entries,
        removals=shown.removals,
        left_out=len(collected.entries) - len(shown.entries),
    )


def draft(
    collected: Collected,
    head: Head,
    trust: Trust,
    policy: Policy,
    sealer: DocumentSealer,
    stampers: Sequence[SealStamper] = (),
) -> Draft:
    """The covered files; all that takes time is done here, outside any transaction.

    Args:
        collected: the case.
        head: what the package says of itself.
        trust: whose timestamps count.
        policy: the log's keys and witnesses.
        sealer: seals the certificates.
        stampers: who may timestamp the seals, in the order in which they are asked.
    """
    summary = CaseSummary(
        head=head,
        received_at=collected.received_at,
        exhibits=tuple(parse_exhibit(each.document) for each in collected.exhibits),
        entries=collected.entries,
        removals=collected.removals,
        stamps=tuple(_read_stamps(collected.anchors, trust)),
        keys=tuple(_vkey(log.key) for log in policy.logs if log.key.name == head.log),
        witnesses=tuple(witness.name for witness in policy.witnesses),
        environment=f"Python {platform.python_version()}, {platform.platform()}",
        copies=collected.copies,
        time_zone=collected.time_zone,
        left_out=collected.left_out,
    )
    written = {
        "VERIFY.html": verify_page(),
        "VERIFY.txt": package_texts.instructions(summary),
        "data/METHOD.md": package_texts.method(summary),
        "data/case.jsonld": caseuco.describe(summary),
    }
    left = list(stampers)
    for language in LANGUAGES:
        written[f"data/certificate.{language}.pdf"] = sealed(language, summary, sealer, left)
    series = [each.series for each in collected.rounds]
    return compose(head, collected.entries, collected.exhibits, series, written, stamps=trust.timestamps)


def _anchors(
    tx: Tx, entries: Sequence[proofs.ProvenEntry], trust: Trust
) -> tuple[tuple[proofs.Anchor, ...], list[EventId]]:
    """The anchors that bound these entries, of those whose timestamps the log has noted, and where it did."""
    places = [entry.index for entry in entries if entry.opening.kind in TOLD]
    if not trust.timestamps or not places:
        return (), []
    names = {authority.name for authority in trust.authorities}
    noted = [
        stamp
        for stamp in proofs.stamps(tx, min(places))
        if stamp.place is not None and stamp.authority in names
    ]
    sizes = choose_sizes(noted, places, names, trust.timestamps)
    named = {(stamp.size, stamp.authority): stamp.event for stamp in noted if stamp.size in sizes}
    chosen = tuple(
        replace(anchor, stamps=tuple(each for each in anchor.stamps if (anchor.size, each[0]) in named))
        for anchor in proofs.anchors(tx, sizes)
    )
    return chosen, [*named.values()]


def sealed(language: str, summary: CaseSummary, sealer: DocumentSealer, stampers: list[SealStamper]) -> bytes:
    """A certificate that tells what its seal carries; who gives no timestamp is not asked again."""
    while stampers:
        name = stampers[0].authority.name
        try:
            return sealer.seal(certificate(language, summary, sealed_by=name), stampers[0])
        except TimestampRequestError as error:
            log.warning("no timestamp for the seal of a certificate: %s", error)
            del stampers[0]
    return sealer.seal(certificate(language, summary))


def _read_stamps(anchors: Sequence[proofs.Anchor], trust: Trust) -> list[Stamped]:
    """Return when each was stamped, by the authority's own clock. Each was verified before it was kept."""
    roots = {authority.name: authority.roots for authority in trust.authorities}
    return [
        Stamped(anchor.size, name, verify_stamp(response, anchor.note.text.encode(), roots[name]))
        for anchor in anchors
        for name, response in anchor.stamps
    ]


def _vkey(key: LogKey) -> str:
    """A key as people compare it: an ML-DSA-44 key has 1,312 bytes, so its hash stands for it."""
    if not isinstance(key, CosignerKey):
        return format_verifier_key(key)
    digest = hashlib.sha256(format_cosigner_key(key).encode()).hexdigest()
    return f"{key.name}+{key.id.hex()} (ML-DSA-44; SHA-256 of the key: {digest})"
