"""Recompute the whole log and say, in sentences, whether it holds.

It reads one moment of the database, streamed, so that its memory does not grow with the log, and trusts
nothing stored: places, leaves, roots, signatures and openings are all checked against each other and
against the verifier key, which the reader should have from elsewhere. What it cannot see: entries that were
never given a place, and a database that was replaced together with the key's own memory; witnesses will.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from takeback.infra.db.pool import Database, Tx
from takeback.infra.ledger import store
from takeback.infra.ledger.check_derived import TileWalk, check_vouched
from takeback.infra.ledger.check_succession import PastLogs
from takeback.infra.ledger.faults import Faults
from takeback.infra.ledger.keys import Signed
from takeback.infra.ledger.succession import Claim, claim_of
from takeback_verify.core.checkpoint import open_checkpoint
from takeback_verify.core.cosignature import CosignerKey, verify_cosignature
from takeback_verify.core.errors import VerifyError
from takeback_verify.core.leaf import Opening, opens, parse_leaf
from takeback_verify.core.merkle import Frontier, leaf_hash
from takeback_verify.core.note import Note, VerifierKey, parse_note


class Verdict(StrEnum):
    """What the check came to."""

    VALID = "VALID"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked."""

    number: int
    checked: str
    """What was checked, as a sentence."""
    wrong: tuple[str, ...]
    """What is wrong, as sentences; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What the whole log came to."""

    verdict: Verdict
    size: int
    """Entries with a place."""
    root: bytes
    """The root recomputed from them, 32 bytes."""
    checkpoints: int
    events: int
    erased: int
    """Openings that are gone: it is proven that these events were recorded, not what they say."""
    waiting: int
    """Entries without a place yet."""
    oldest_waits: timedelta | None
    """How long the oldest of them has waited."""
    steps: tuple[Step, ...]


def verify_ledger(
    database: Database,
    key: VerifierKey,
    *,
    now: datetime,
    last_signed: Signed | None = None,
    second: CosignerKey | None = None,
) -> LedgerReport:
    """Check everything that is stored of the log.

    Args:
        database: as its owner; it is only read.
        key: the log's verifier key, from a source that is trusted.
        now: the present, for how long entries have waited.
        last_signed: what the log's key remembers to have signed; read it before calling. None: not compared.
        second: the log's ML-DSA-44 key. From the first checkpoint on that it signed, it must have signed all.
            None: its signatures are not looked at.
    """
    with database.transaction() as tx:
        store.freeze(tx)
        walk = _walked(tx, key, second, last_signed)
        tiles = walk.tiles.end(tx)
        vouched, past = check_vouched(tx), walk.past.end()
        counts = Faults()
        for event in store.events_without_entry(tx):
            counts.add(f"Event {event} left no entry in the log.")
        for event in store.events_with_more_entries(tx):
            counts.add(f"Event {event} has more than one entry.")
        events, waiting = store.count_events(tx), store.waiting(tx)
    steps = tuple(
        Step(number, checked, faults.sentences())
        for number, (checked, faults) in enumerate(
            [
                ("The leaf of every entry is in canonical form.", walk.leaves),
                (f"The {walk.tree.size} places count from 0 without gap or repetition.", walk.places),
                (f"The log's key signed every one of {walk.checkpoints} checkpoints.", walk.signatures),
                ("The root and frontier of every checkpoint follow from the leaves.", walk.roots),
                ("The last checkpoint covers every entry that has a place.", walk.coverage()),
                (f"Every one of {events} events has exactly one entry.", counts),
                (f"Every commitment opens to its event as stored ({walk.erased} erased).", walk.openings),
                (_remembered(last_signed), walk.memory),
                (f"Every one of {walk.tiles.kept} tiles that are kept follows from the leaves.", tiles),
                (vouched.checked, vouched.faults),
                (f"Each of {walk.past.count} logs that this one succeeded ends as it was signed.", past),
            ],
            start=1,
        )
    )
    return LedgerReport(
        verdict=Verdict.INVALID if any(step.wrong for step in steps) else Verdict.VALID,
        size=walk.tree.size,
        root=walk.tree.root(),
        checkpoints=walk.checkpoints,
        events=events,
        erased=walk.erased,
        waiting=waiting.count,
        oldest_waits=None if waiting.oldest is None else max(timedelta(0), now - waiting.oldest),
        steps=steps,
    )


class _Walk:
    """Grows the tree leaf by leaf and compares what is stored with it on the way."""

    def __init__(
        self, tx: Tx, key: VerifierKey, second: CosignerKey | None, last_signed: Signed | None
    ) -> None:
        self._key = key
        self._second = second
        self._second_began = False
        self._last_signed = last_signed
        self._next_place = 0
        self._covered = 0
        self.tree = Frontier()
        self.tiles = TileWalk(tx)
        self.checkpoints = 0
        self.erased = 0
        self.leaves = Faults()
        self.places = Faults()
        self.openings = Faults()
        self.signatures = Faults()
        self.roots = Faults()
        self.memory = Faults()
        self.past = PastLogs()
        self._compare_memory()

    def meet_entry(self, entry: store.StoredEntry) -> None:
        """Check an entry by itself, and give it to the tree if it has a place."""
        self._check_opening(entry)
        if entry.position is None:
            return
        if entry.position != self._next_place:
            self.places.add(
                f"Entry {entry.entry_id} has place {entry.position}; place {self._next_place} should follow."
            )
        self._next_place = entry.position + 1
        hashed = leaf_hash(entry.leaf)
        self.tree = self.tree.append(hashed)
        self.tiles.meet(hashed)
        self.past.meet(hashed)
        claim = None if entry.kind is None or entry.salt is None else _claim(entry)
        if claim is not None:
            self.past.meet_claim(entry.position, claim)
        self._compare_memory()

    def meet_checkpoint(self, stored: store.StoredCheckpoint) -> None:
        """Check a checkpoint, when the tree has grown to its size or has ended before."""
        self.checkpoints += 1
        self._covered = stored.size
        try:
            note = parse_note(stored.note.encode())
            signed = open_checkpoint(note, self._key)
            self._check_second(note)
        except VerifyError as error:
            self.signatures.add(f"Checkpoint {stored.size}: {error}.")
        else:
            if (signed.size, signed.root) != (stored.size, stored.root):
                self.signatures.add(f"Checkpoint {stored.size} is not what its signed note says.")
        if stored.size != self.tree.size:
            self.roots.add(f"Checkpoint {stored.size} speaks of more than {self.tree.size} entries.")
        elif stored.root != self.tree.root():
            self.roots.add(f"Checkpoint {stored.size} has a root that does not follow from the leaves.")
        elif stored.peaks != self.tree.peaks:
            self.roots.add(f"Checkpoint {stored.size} has a frontier that does not follow from the leaves.")

    def _check_second(self, note: Note) -> None:
        """A log from before the second key has checkpoints without it, but none after one with it."""
        if self._second is None:
            return
        if self._second_began or any(s.key_id == self._second.id for s in note.signatures):
            verify_cosignature(note, self._second)
            self._second_began = True

    def end(self) -> None:
        """Say what was promised and did not come."""
        if self._last_signed is not None and self._last_signed.size > self.tree.size:
            self.memory.add(
                f"The log's key signed {self._last_signed.size} entries, but only {self.tree.size} are here: "
                "the database is older than that, or entries were removed."
            )

    def coverage(self) -> Faults:
        """Return whether the last checkpoint reaches the end of the tree."""
        faults = Faults()
        if self._covered != self.tree.size:
            faults.add(
                f"The last checkpoint covers {self._covered} entries, but {self.tree.size} have a place."
            )
        return faults

    def _check_opening(self, entry: store.StoredEntry) -> None:
        try:
            leaf = parse_leaf(entry.leaf)
        except VerifyError as error:
            self.leaves.add(f"Entry {entry.entry_id}: {error}.")
            return
        if entry.kind is None:
            self.openings.add(f"Entry {entry.entry_id} speaks of event {entry.event_id}, which is not there.")
        elif entry.salt is None:
            self.erased += 1
        else:
            opening = _opening(entry)
            if opening is None or not opens(leaf, entry.salt, opening):
                self.openings.add(
                    f"Entry {entry.entry_id} does not open to event {entry.event_id} as it is stored: "
                    "the event, its time or what opens it was changed."
                )

    def _compare_memory(self) -> None:
        last = self._last_signed
        if last is not None and last.size == self.tree.size and last.root != self.tree.root():
            self.memory.add(f"The first {last.size} entries are not those that the log's key signed.")


def _walked(tx: Tx, key: VerifierKey, second: CosignerKey | None, last_signed: Signed | None) -> _Walk:
    """The whole log, entries and checkpoints side by side."""
    walk = _Walk(tx, key, second, last_signed)
    checkpoints = store.every_checkpoint(tx)
    coming = next(checkpoints, None)
    for entry in store.every_entry(tx):
        while coming is not None and coming.size <= walk.tree.size:
            walk.meet_checkpoint(coming)
            coming = next(checkpoints, None)
        walk.meet_entry(entry)
    while coming is not None:
        walk.meet_checkpoint(coming)
        coming = next(checkpoints, None)
    walk.end()
    return walk


def _claim(entry: store.StoredEntry) -> Claim | None:
    opening = _opening(entry)
    return None if opening is None else claim_of(opening.kind, dict(opening.body))


def _opening(entry: store.StoredEntry) -> Opening | None:
    """The opening that the stored event amounts to; None if it cannot be one."""
    if entry.kind is None or entry.body is None or entry.at is None:
        return None
    try:
        body = json.loads(entry.body)
    except (ValueError, RecursionError):
        return None
    return Opening(entry.event_id, entry.at, entry.kind, body) if isinstance(body, dict) else None


def _remembered(last_signed: Signed | None) -> str:
    if last_signed is None:
        return "What the log's key remembers to have signed was not at hand, and not compared."
    return f"The log contains the {last_signed.size} entries that its key remembers to have signed."
