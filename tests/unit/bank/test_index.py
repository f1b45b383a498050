"""The bank in memory: exact, the same from both sides, and small."""

import random
import tracemalloc
from collections import Counter
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks import take_in
from synthetic import bent
from takeback.bank import service as bank
from takeback.bank.index import BankIndex, as_touch, questions_of, touches
from takeback.bank.model import Brief, Entry, EntryStatus
from takeback.ids import EntryId, ReportId
from takeback.signals.index import compare
from takeback.signals.index.compare import stack
from takeback.signals.model import FLIPS, HASH_BYTES, MATCH_RADIUS, REVIEW_RADIUS, Kind
from takeback.signals.relation import Touch

SEED, ACTIVE, WITHDRAWN = EntryStatus
REPORT = ReportId(UUID(int=0))


def negative(value: bytes) -> bytes:
    return bytes(255 - byte for byte in value)


def an_entry(number: int, hashes: bytes, status=SEED, seq=None, kind=Kind.PICTURE) -> Entry:
    seq = number if seq is None else seq
    return Entry(EntryId(UUID(int=number)), number, REPORT, status, kind, 100, seq, hashes)


@st.composite
def worlds(draw):
    """Hashes and entries, of one frame or more: random ones, and others around them at any distance."""
    dots = random.Random(draw(st.integers(0, 2**32)))
    centres = [dots.randbytes(HASH_BYTES) for _ in range(draw(st.integers(1, 3)))]
    edges = st.sampled_from([MATCH_RADIUS, MATCH_RADIUS + 1, REVIEW_RADIUS, REVIEW_RADIUS + 1])
    far = st.one_of(st.integers(0, 256), edges)

    def near() -> bytes:
        value = bent(dots.choice(centres), draw(far), dots)
        return negative(value) if draw(st.booleans()) else value

    asked = [near() for _ in range(draw(st.integers(0, 6)))]
    entries = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        frames = draw(st.integers(1, 2))
        rows = [near() if dots.random() < 0.3 else dots.randbytes(HASH_BYTES) for _ in range(frames * 8)]
        kind = Kind.PICTURE if frames == 1 else Kind.CLIP
        entries.append(an_entry(number, b"".join(rows), kind=kind))
    return asked, entries, draw(st.sampled_from([MATCH_RADIUS, REVIEW_RADIUS]))


def brute(asked: list[bytes], entries: list[Entry], radius: int) -> Counter[Touch]:
    """By the definition, bit for bit."""
    found = Counter()
    for part, value in enumerate(asked):
        for turned in (False, True):
            number = int.from_bytes(negative(value) if turned else value)
            for entry in entries:
                for row in range(entry.frames * FLIPS):
                    other = int.from_bytes(entry.hashes[row * HASH_BYTES : (row + 1) * HASH_BYTES])
                    if (apart := (number ^ other).bit_count()) <= radius:
                        found[Touch(part, entry.number, row // FLIPS, row % FLIPS, turned, apart)] += 1
    return found


@given(worlds())
def test_the_index_finds_what_comparing_every_bit_finds(world):
    asked, entries, radius = world
    index = BankIndex()
    take_in(index, entries)
    assert Counter(index.search(stack(asked), radius)) == brute(asked, entries, radius)


@given(worlds())
def test_a_post_and_an_entry_touch_in_the_same_ways_whoever_asks(world):
    """A watcher asks the index, or what changed a moment ago; a look-back asks posts for one entry."""
    asked, entries, radius = world
    index = BankIndex()
    take_in(index, entries)
    rows = stack(asked)
    live = Counter(index.search(rows, radius))
    assert Counter(touches(rows, entries, radius)) == live
    assert live == Counter(
        as_touch(entry, int(question), int(part), int(distance))
        for entry in entries
        for question, part, distance in zip(*compare.search(questions_of(entry), rows, radius), strict=True)
    )


STATUSES = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(EntryStatus)), max_size=12)


@given(STATUSES, st.data())
def test_changes_may_come_in_pieces_and_more_than_once(history, data):
    """Two threads may read the same changes, and apply them in any overlap."""
    hashes = {n: random.Random(n).randbytes(FLIPS * HASH_BYTES) for n in range(1, 5)}
    # A status never goes back, so whatever follows a withdrawal of an entry is one too.
    gone, changes = set(), []
    for seq, (n, status) in enumerate(history, 1):
        gone |= {n} if status is WITHDRAWN else set()
        changes.append(an_entry(n, hashes[n], WITHDRAWN if n in gone else status, seq))
    index, at = BankIndex(), 0
    while at < len(changes):
        start = data.draw(st.integers(0, at))
        at = data.draw(st.integers(at + 1, len(changes)))
        take_in(index, changes[start:at])
    last = {entry.number: entry for entry in changes}
    kept = {n: Brief(e.id, e.status, e.kind, 1) for n, e in last.items() if e.status is not WITHDRAWN}
    assert (len(index), index.seq) == (len(kept), len(changes))
    assert {n: brief for n in range(1, 5) if (brief := index.brief(n)) is not None} == kept
    asked = stack([hashes[n][:HASH_BYTES] for n in range(1, 5)])
    assert {touch.entry for touch in index.search(asked)} == kept.keys()


def test_an_empty_bank_knows_nothing():
    index = BankIndex()
    take_in(index, [])
    assert (len(index), index.seq, index.search(stack([bytes(HASH_BYTES)]))) == (0, 0, [])
    assert index.brief(1) is None
    assert bank.check(index, bytes(HASH_BYTES)) is False


@pytest.mark.parametrize("distance", [MATCH_RADIUS, MATCH_RADIUS + 1])
def test_a_picture_is_known_by_an_active_entry_and_by_no_other(distance):
    """H8: a seed, which nobody reviewed, is answered as what nobody reported."""
    hashes = random.Random(1).randbytes(FLIPS * HASH_BYTES)
    asked = bent(hashes[96:128], distance, random.Random(2))
    index, is_near = BankIndex(), distance <= MATCH_RADIUS
    take_in(index, [an_entry(1, hashes)])
    assert bank.check(index, asked) is False
    take_in(index, [an_entry(2, hashes, ACTIVE)])
    assert bank.check(index, asked) is is_near
    take_in(index, [an_entry(1, hashes, WITHDRAWN, 3), an_entry(2, hashes, WITHDRAWN, 4)])
    assert bank.check(index, asked) is False


def test_an_entry_costs_no_more_than_its_rows_and_a_few_bytes():
    count = 2_000
    hashes = np.random.default_rng(1).bytes(count * FLIPS * HASH_BYTES)
    size = FLIPS * HASH_BYTES
    entries = [an_entry(n + 1, hashes[n * size : (n + 1) * size]) for n in range(count)]

    class Rows:
        """Keeps nothing: what the rows themselves cost is the index's own matter."""

        def add(self, ids, hashes) -> None:
            assert len(ids) == len(hashes)

    index = BankIndex(rows=Rows())
    tracemalloc.start()
    try:
        take_in(index, entries)
        assert tracemalloc.get_traced_memory()[0] < count * 64 + 100_000
    finally:
        tracemalloc.stop()
