"""A dossier from being asked for to being written, in steps that can each be done again.

The proofs of a package come after what they prove, so there are two phases with a record between them. (1)
That somebody asks is an event (the chain of custody tells of it), and waits for its place in the log. (2) All
covered files are made; in one transaction they are kept and `DossierWritten` commits to their closed list.
(3) When the log has signed that entry, its witnesses have confirmed it and its authorities have stamped it as
the list promises, the zip is written, whole or not at all, and then its name is kept. A kill between any two
leaves a dossier under way, which whoever asks next goes on with; nothing half counts.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from takeback.app import BLOBS_FOLDER, App, authorities, keys_folder
from takeback.cases import store as case_store
from takeback.dossier import store
from takeback.dossier.anchoring import own_anchor
from takeback.dossier.compose import AnchorProof, Proof, manifest, write_zip
from takeback.dossier.model import DossierState, Draft, Head, PartFile, Standing, Written
from takeback.dossier.trusting import policy_of, trust_of
from takeback.errors import DamagedEvidence, NotFound, Refused, Unavailable
from takeback.events import DossierWritten, EvidenceAccessed
from takeback.evidence.sealer import SOFTWARE
from takeback.ids import CaseId, DossierId, EventId, StaffId
from takeback.infra import clock
from takeback.infra.blobs import Blobs, Writer
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import proofs
from takeback.infra.ledger import store as ledger
from takeback.infra.ledger.record import record
from takeback.keyring import service as keyring
from takeback.when_used import when_used
from takeback_verify.core.entries import PlacedEntry, parse_entries
from takeback_verify.core.listing import ENTRIES, parse_listing
from takeback_verify.core.policy import Policy
from takeback_verify.core.strict_note import known_lines
from takeback_verify.core.trust import Trust

if TYPE_CHECKING:
    from takeback.dossier import collecting, sealing, stamping
else:
    collecting = when_used("takeback.dossier.collecting")
    sealing = when_used("takeback.dossier.sealing")
    stamping = when_used("takeback.dossier.stamping")

FOLDER = "dossier"
"""Below which the blob store has packages: FOLDER/dossier/attempt.zip."""
WHAT = "dossier"
"""What is accessed, in `EvidenceAccessed`."""
OPERATOR = "operator"
"""Why, when the operator writes one."""
PIECE_BYTES = 1 << 20
"""How much of a package is read at a time when it is handed out."""
LOOK_EVERY = 0.5
"""Seconds between looks when nobody calls."""
PATIENCE = timedelta(minutes=5)
"""How long `write` waits in all; what is under way then stays so."""

_WAITS_FOR_PLACE = "the log to take in that it was asked for"
_WAITS_FOR_LOG = "the log to sign it, and its witnesses to confirm that"
_WAITS_FOR_STAMPS = "the authorities to timestamp it"
_ERASED = "Evidence that this package lists was erased before it was written; ask for another."
_OTHER_AUTHORITIES = "Authorities were added or taken away before this package was written; ask for another."


def ask(
    tx: Tx,
    case: CaseId,
    *,
    by: StaffId | None,
    reason: str,
    now: datetime,
    names_posters: bool = True,
    time_zone: str | None = None,
) -> DossierId:
    """Ask for a case's dossier, or join the one that is under way. The asking is an event. Raises NotFound.

    Args:
        tx: the transaction.
        case: whose evidence.
        by: who asks; None: the operator.
        reason: why; a small word, it is kept in an event for ever.
        now: when.
        names_posters: whether it names the accounts that posted; only one of the same kind is joined.
        time_zone: whose times stand beside those in UTC; None: the setting's. Who joins gets what was asked.
    """
    if case_store.get(tx, case, lock=True) is None:
        raise NotFound("There is no such case.")
    known = store.under_way(tx, case, names_posters=names_posters)
    if known is not None:
        return known.id
    dossier = DossierId(uuid4())
    access = record(tx, EvidenceAccessed(case, WHAT, by, reason), at=now)
    store.insert(tx, dossier, case, by, access, now, names_posters=names_posters, time_zone=time_zone)
    return dossier


def write(
    app: App,
    case: CaseId,
    *,
    by: StaffId | None,
    reason: str = OPERATOR,
    time_zone: str | None = None,
    say: Callable[[str], object] = lambda _: None,
    patience: timedelta = PATIENCE,
) -> Written:
    """Write a case's dossier, and wait until it is whole.

    Args:
        app: the parts.
        case: whose evidence.
        by: who asks; None: the operator.
        reason: why.
        time_zone: see `ask`.
        say: is told what is waited for, whenever that changes.
        patience: how long to wait in all.

    Raises:
        NotFound: there is no such case.
        Refused: evidence that it lists was erased meanwhile, or other authorities were configured; ask again.
        Unavailable: the wait was too long. The dossier stays under way: the next call goes on with it.
        DamagedEvidence: a file is not what was recorded.
        ConfigurationError: no log was started here, or its policy or authorities cannot be read.
    """
    with app.database.transaction() as tx:
        dossier = ask(tx, case, by=by, reason=reason, now=clock.now(), time_zone=time_zone)
    until, waiting = monotonic() + patience.total_seconds(), ""
    for _ in app.database.look([ledger.SIGNED], threading.Event(), every=LOOK_EVERY):
        found = advance(app, dossier)
        if isinstance(found, Written):
            return found
        if found != waiting:
            waiting = found
            say(waiting)
        if monotonic() > until:
            break
    raise Unavailable(
        f"still waiting for {waiting}; is a worker running? Ask again, and it goes on where it is"
    )


def advance(app: App, dossier: DossierId) -> Written | str:
    """Do what can be done now; what is waited for, in words, if it is not written yet.

    Raises as `write` does, but for the wait.
    """
    trust, policy = trust_of(app.settings), policy_of(app.settings)
    with app.database.transaction() as tx:
        standing = _get(tx, dossier)
    if standing.state is DossierState.ASKED:
        if not _has_place(app, standing.access):
            return _waits(app, standing, _WAITS_FOR_PLACE)
        standing = _commit(app, standing, trust, policy)
    if standing.state is DossierState.COMMITTED:
        try:
            found = _prove(app, standing, trust, policy)
            return _waits(app, standing, found) if isinstance(found, str) else _pack(app, standing, *found)
        except _Impossible as error:
            with app.database.transaction() as tx:
                store.set_abandoned(tx, standing.id)
            raise Refused(str(error)) from error
    if standing.state is DossierState.ABANDONED or standing.blob is None or standing.size is None:
        raise Refused("This package could not be finished; ask for another.")
    return Written(standing.id, standing.blob, standing.size)


def go_on(app: App, dossier: DossierId) -> bool:
    """Do what can be done now, for who does not wait; whether there is more to do, later.

    Raises as `advance` does, but not because it can never be whole: then the dossier is abandoned, and over.
    """
    try:
        return not isinstance(advance(app, dossier), Written)
    except Refused:
        return False


def of_case(tx: Tx, case: CaseId) -> tuple[Standing, ...]:
    """All dossiers of a case, the newest first."""
    return store.of_case(tx, case)


def take_out(tx: Tx, dossier: DossierId, *, by: StaffId | None, reason: str) -> Written:
    """A written package, for who takes it out; that is an event, recorded first. Raises NotFound."""
    found = store.get(tx, dossier)
    if found is None or found.blob is None or found.size is None:
        raise NotFound("There is no such package.")
    record(tx, EvidenceAccessed(found.case, WHAT, by, reason))
    return Written(found.id, found.blob, found.size)


def pieces(app: App, written: Written) -> Iterator[bytes]:
    """A package's bytes, a megabyte at a time. Raises NotFound, StorageUnavailable, here and in between."""
    blobs = blobs_of(app)
    size = blobs.size(written.blob)
    return (
        blobs.get_range(written.blob, start, min(PIECE_BYTES, size - start))
        for start in range(0, size, PIECE_BYTES)
    )


def blobs_of(app: App) -> Blobs:
    """Return where packages are."""
    if app.sealer is not None:
        return app.sealer.blobs
    return Blobs(app.settings.blobs or str(app.settings.data / BLOBS_FOLDER))


# --- the phases --------------------------------------------------------------------------------------------


class _Impossible(Exception):
    """The draft can never become a package; why, in words."""


def _get(tx: Tx, dossier: DossierId) -> Standing:
    found = store.get(tx, dossier)
    if found is None:
        raise NotFound("There is no such package.")
    return found


def _waits(app: App, standing: Standing, doing: str) -> str:
    if standing.doing != doing:
        with app.database.transaction() as tx:
            store.set_doing(tx, standing.id, doing)
    return doing


def _has_place(app: App, event: EventId) -> bool:
    with app.database.transaction() as tx:
        return ledger.place_of(tx, event) is not None


def _commit(app: App, standing: Standing, trust: Trust, policy: Policy) -> Standing:
    """Fix what the package holds, and record it; what somebody else fixed meanwhile counts instead."""
    settings, now = app.settings, clock.now()
    head = Head(standing.id, standing.case, now, settings.service_name, SOFTWARE, settings.ledger_origin)
    with app.database.transaction() as tx:
        ledger.freeze(tx)
        collected = collecting.collect(
            tx,
            head,
            trust,
            settings.house_clock_hours,
            names_posters=standing.names_posters,
            time_zone=standing.time_zone or settings.time_zone,
        )
    if not standing.names_posters:
        blobs = blobs_of(app)
        collected = collecting.veiled(collected, lambda part: blobs.get(part.blob))
    sealer = sealing.DocumentSealer(keys_folder(settings), settings.service_name, now)
    keyring.settle_made(app.database, keys_folder(settings))
    with ExitStack() as stack:
        stampers = [
            stack.enter_context(closing(stamping.SealStamper(each))) for each in authorities(settings)
        ]
        drafted = collecting.draft(collected, head, trust, policy, sealer, stampers)
    with app.database.transaction() as tx:
        current = store.get(tx, standing.id, lock=True)
        if current is not None and current.state is DossierState.ASKED:
            event = record(tx, DossierWritten(standing.id, standing.case, manifest(drafted)))
            opened = [EventId(entry.opening.id) for entry in collected.entries]
            store.set_committed(tx, drafted, event, opened)
        return _get(tx, standing.id)


def _prove(app: App, standing: Standing, trust: Trust, policy: Policy) -> tuple[Draft, Proof] | str:
    """The draft and what proves it, once there is enough; else what is waited for."""
    assert standing.commitment is not None  # committed
    with app.database.transaction() as tx:
        ledger.freeze(tx)
        draft = store.draft(tx, standing.id)
        if draft is None:
            return _WAITS_FOR_LOG  # somebody else has just written it
        note = proofs.final(tx, policy)
        size = 0 if note is None else int(note.text.split("\n")[1])
        [own] = proofs.entries_of(tx, [standing.commitment]) or [None]
        if note is None or own is None or own.index >= size:
            return _WAITS_FOR_LOG
        promised = parse_listing(draft.listing).stamps
        if promised != trust.timestamps:
            raise _Impossible(_OTHER_AUTHORITIES)
        entries = parse_entries(next(text.data for text in draft.texts if text.name == ENTRIES))
        anchors = _anchors(tx, trust, own.index, entries, size)
        if promised and not any(anchor.size > own.index for anchor in anchors):
            return _WAITS_FOR_STAMPS
        own_path, *paths = proofs.inclusion(tx, [own.index, *(entry.index for entry in entries)], size)
        grown = tuple(
            AnchorProof(
                replace(each, note=known_lines(policy, each.note, witnesses=False)),
                proofs.consistency(tx, each.size, size) if each.size < size else (),
            )
            for each in anchors
        )
        return draft, Proof(own, own_path, known_lines(policy, note), size, tuple(paths), grown)


def _anchors(
    tx: Tx, trust: Trust, own: int, entries: Sequence[PlacedEntry], size: int
) -> tuple[proofs.Anchor, ...]:
    """Those that the entries speak of, and once it is there the one over the package's own entry."""
    events = [placed.entry.opening.body for placed in entries if placed.entry.opening.kind == "timestamped"]
    wanted = {(event["size"], event["authority"]) for event in events}
    names = {authority.name for authority in trust.authorities}
    if trust.timestamps:
        last = own_anchor(proofs.stamps(tx, own), size, names, trust.timestamps)
        wanted |= {(stamp.size, stamp.authority) for stamp in last}
    return tuple(
        replace(anchor, stamps=tuple(each for each in anchor.stamps if (anchor.size, each[0]) in wanted))
        for anchor in proofs.anchors(tx, {int(number or 0) for number, _ in wanted})
    )


def _pack(app: App, standing: Standing, draft: Draft, proof: Proof) -> Written:
    """Write the zip, then keep its name."""
    blobs = blobs_of(app)
    # A name of its own: two who write the same package must not write into one file.
    name = f"{FOLDER}/{standing.id}/{secrets.token_hex(8)}.zip"
    try:
        with blobs.writing(name) as writer:
            out = _Counted(writer)
            write_zip(draft, proof, lambda part: _read(blobs, part), out)
    except NotFound as error:
        raise _Impossible(_ERASED) from error
    with app.database.transaction() as tx:
        mine = store.set_written(tx, standing.id, name, out.size)
        found = _get(tx, standing.id)
    if not mine:
        blobs.delete(name)
    if found.blob is None or found.size is None:
        raise _Impossible(_ERASED)  # while it was being written
    return Written(found.id, found.blob, found.size)


def _read(blobs: Blobs, part: PartFile) -> bytes:
    """A part, compared with what was recorded. Raises NotFound, DamagedEvidence, StorageUnavailable."""
    data = blobs.get(part.blob)
    if len(data) != part.size or hashlib.sha256(data).digest() != part.sha256:
        raise DamagedEvidence(f"{blobs.url(part.blob)} is not what was recorded as {part.name}")
    return data


class _Counted:
    """What the zip is written to; its length is counted."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._writer.write(data)
        self.size += len(data)
        return len(data)
