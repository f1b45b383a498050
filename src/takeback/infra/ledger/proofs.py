"""What others need to check entries without us: entries with what opens them, paths, anchors, the last word.

All of it reads a few rows for each proof, whatever the log's length (see `tiles`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from takeback.errors import NotFound
from takeback.ids import EventId
from takeback.infra.db.pool import Tx
from takeback.infra.ledger import store
from takeback.infra.ledger.tiles import Tree
from takeback_verify.core.errors import NotProven
from takeback_verify.core.leaf import Opening
from takeback_verify.core.note import MAX_SIGNATURES, Note, parse_note, parse_signature
from takeback_verify.core.policy import Policy, accept
from takeback_verify.core.tlog_proof import TlogProof


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry of the log, and what its commitment hides."""

    index: int
    """Its place in the tree, from 0."""
    leaf: bytes
    """The leaf's canonical bytes."""
    salt: bytes
    """32 bytes."""
    opening: Opening


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint over whose text authorities signed timestamps."""

    size: int
    note: Note
    """With the log's signatures and all cosignatures that came."""
    stamps: tuple[tuple[str, bytes], ...]
    """(authority's name, its whole response), by name."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """That an authority timestamped a checkpoint; the response itself is in its `Anchor`."""

    size: int
    authority: str
    at: datetime
    """By the authority's clock, in UTC."""
    event: EventId
    """That it was noted: `Timestamped`."""
    place: int | None
    """Of that event's entry; None while it waits for one."""


def entries_of(tx: Tx, events: Sequence[EventId]) -> tuple[ProvenEntry, ...]:
    """The entries of events by rising place, without those that wait for one and those that were erased."""
    return tuple(
        ProvenEntry(position, leaf, salt, Opening(event, at, kind, body))
        for position, leaf, salt, event, at, kind, body in store.opened_entries(tx, events)
    )


def inclusion(tx: Tx, indexes: Sequence[int], size: int) -> tuple[tuple[bytes, ...], ...]:
    """The inclusion path of each place in the tree of `size` leaves (RFC 9162, 2.1.3).

    Raises:
        NotFound: a place is not in that tree, or the log has no such size.
    """
    tree = Tree(tx, size)
    return tuple(tree.inclusion(index) for index in indexes)


def consistency(tx: Tx, first: int, second: int) -> tuple[bytes, ...]:
    """The proof that the tree of `second` leaves grew out of that of `first` (RFC 9162, 2.1.4).

    Raises:
        NotFound: the log has no such sizes.
    """
    return Tree(tx, second).consistency(first)


def stamps(tx: Tx, above: int) -> tuple[Stamp, ...]:
    """The timestamps over more than `above` entries, by size and authority; some hundred bytes for each."""
    return tuple(Stamp(*row) for row in store.stamps(tx, above))


def anchors(tx: Tx, sizes: Collection[int] | None = None) -> tuple[Anchor, ...]:
    """The timestamped checkpoints of these sizes (default: all) by size; some ten thousand bytes for each."""
    return tuple(
        Anchor(size, _note(tx, size), tuple((name, response) for _, name, response in rows))
        for size, rows in groupby(store.responses(tx, sizes), key=lambda row: row[0])
    )


def final(tx: Tx, policy: Policy | None = None) -> Note | None:
    """The largest checkpoint, with the log's signatures and all cosignatures that came; None: an empty log.

    With a policy: the largest one that the policy accepts, so that its witnesses' quorum is in it.
    """
    for size in _last_size(tx) if policy is None or policy.quorum is None else store.cosigned_sizes(tx):
        note = _note(tx, size)
        if policy is None or _accepts(policy, note):
            return note
    return None


def receipt(tx: Tx, index: int, policy: Policy | None = None) -> TlogProof:
    """The receipt of the entry at a place, in the checkpoint that `final` gives; the leaf is its extra data.

    Raises:
        NotFound: no such checkpoint covers the place.
    """
    note = final(tx, policy)
    size = 0 if note is None else int(note.text.split("\n")[1])
    if note is None or not 0 <= index < size:
        raise NotFound(f"no checkpoint that may be relied on covers entry {index} yet")
    return TlogProof(index, inclusion(tx, [index], size)[0], note, store.leaves(tx, index, 1)[0])


def place_of(tx: Tx, event: EventId) -> int:
    """The place of an event's entry. Raises NotFound: there is no such event, or it still waits."""
    place = store.place_of(tx, event)
    if place is None:
        raise NotFound(f"event {event} has no place in the log (yet)")
    return place


def _last_size(tx: Tx) -> Iterator[int]:
    last = store.last_checkpoint(tx)
    if last is not None:
        yield last.size


def _accepts(policy: Policy, note: Note) -> bool:
    try:
        accept(policy, note)
    except NotProven:
        return False
    return True


def _note(tx: Tx, size: int) -> Note:
    stored = store.checkpoint_of(tx, size)
    if stored is None:
        raise NotFound(f"no checkpoint was signed at {size} entries")
    note = parse_note(stored.note.encode())
    lines = store.cosignatures(tx, size)
    signatures = (*note.signatures, *(parse_signature(line.rstrip("\n")) for line in lines))
    return Note(note.text, signatures[:MAX_SIGNATURES])
