"""The relation between a picture and an entry: exact, and the same from both sides."""

import random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.bank import service as bank
from takeback.bank.index import BankIndex, Hit, as_rows, nearest
from takeback.bank.model import Entry, EntryStatus, Known
from takeback.ids import EntryId, ReportId
from takeback.signals.model import HASH_BYTES, MATCH_RADIUS

SEED, ACTIVE, WITHDRAWN = EntryStatus
REPORT = ReportId(UUID(int=0))


def bent(value: bytes, bits: int, dots: random.Random) -> bytes:
    """The hash with so many bits turned over."""
    number = int.from_bytes(value)
    for bit in dots.sample(range(256), bits):
        number ^= 1 << bit
    return number.to_bytes(HASH_BYTES)


def negative(value: bytes) -> bytes:
    return bytes(255 - byte for byte in value)


def an_entry(number: int, flips: tuple[bytes, ...], status=SEED, seq=None) -> Entry:
    return Entry(EntryId(UUID(int=number)), REPORT, status, 100, number if seq is None else seq, flips)


@st.composite
def worlds(draw):
    """Pictures and entries: random ones, and others around them at any distance, also just at the radius."""
    dots = random.Random(draw(st.integers(0, 2**32)))
    centres = [dots.randbytes(HASH_BYTES) for _ in range(draw(st.integers(1, 3)))]
    far = st.one_of(st.integers(0, 256), st.integers(MATCH_RADIUS - 2, MATCH_RADIUS + 2))

    def near() -> bytes:
        value = bent(dots.choice(centres), draw(far), dots)
        return negative(value) if draw(st.booleans()) else value

    pictures = [near() for _ in range(draw(st.integers(0, 8)))]
    entries = [
        an_entry(
            number, tuple(near() if dots.random() < 0.4 else dots.randbytes(HASH_BYTES) for _ in range(8))
        )
        for number in range(1, draw(st.integers(0, 5)) + 1)
    ]
    return pictures, entries


def brute(picture: bytes, entry: Entry) -> Hit | None:
    """By the definition, bit for bit."""
    bits = np.unpackbits(np.frombuffer(picture, np.uint8))
    ways = [
        (
            int((np.unpackbits(np.frombuffer(flip, np.uint8)) != (1 - bits if turned else bits)).sum()),
            turned,
            n,
        )
        for n, flip in enumerate(entry.flips)
        for turned in (False, True)
    ]
    distance, turned, flip = min(ways)
    return Hit(distance, flip, turned) if distance <= MATCH_RADIUS else None


@given(worlds())
def test_the_index_finds_what_comparing_every_bit_finds(world):
    pictures, entries = world
    index = BankIndex()
    index.apply(entries)
    expected = {
        (n, entry.id): hit
        for n, picture in enumerate(pictures)
        for entry in entries
        if (hit := brute(picture, entry)) is not None
    }
    found = index.search(pictures)
    assert {(n, entry.id): hit for n, entry, hit in found} == expected
    assert len(found) == len(expected)


@given(worlds())
def test_live_and_look_back_agree_on_every_pair(world):
    """A watcher asks the index for a batch of pictures; a look-back asks a page of pictures for one entry."""
    pictures, entries = world
    index = BankIndex()
    index.apply(entries)
    live = {(n, entry.id, hit) for n, entry, hit in index.search(pictures)}
    look_back = {
        (n, entry.id, hit)
        for entry in entries
        for n, _, hit in nearest(as_rows(pictures), as_rows(entry.flips))
    }
    assert live == look_back


@given(worlds(), st.randoms())
def test_what_lies_beside_a_picture_does_not_change_its_answer(world, dots):
    pictures, entries = world
    order = list(range(len(pictures)))
    dots.shuffle(order)
    index, alone = BankIndex(), BankIndex()
    index.apply(entries)
    alone.apply(entries)
    together = {(order[n], e.id, hit) for n, e, hit in index.search([pictures[k] for k in order])}
    apart = {(n, e.id, hit) for n in order for _, e, hit in alone.search([pictures[n]])}
    assert together == apart


@pytest.mark.parametrize("distance", [0, 1, MATCH_RADIUS, MATCH_RADIUS + 1])
@pytest.mark.parametrize("flip", range(8))
@pytest.mark.parametrize("turned", [False, True])
def test_each_flip_and_its_negative_is_found_up_to_the_radius(distance, flip, turned):
    dots = random.Random(distance * 100 + flip)
    flips = tuple(dots.randbytes(HASH_BYTES) for _ in range(8))
    picture = bent(negative(flips[flip]) if turned else flips[flip], distance, dots)
    index = BankIndex()
    index.apply([an_entry(1, flips)])
    hits = [hit for _, _, hit in index.search([picture])]
    assert hits == ([Hit(distance, flip, turned)] if distance <= MATCH_RADIUS else [])


STATUSES = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(EntryStatus)), max_size=12)


@given(STATUSES, st.data())
def test_changes_may_come_in_pieces_and_more_than_once(history, data):
    """Two threads may read the same changes, and apply them in any overlap."""
    flips = {n: tuple(random.Random(n).randbytes(HASH_BYTES) for _ in range(8)) for n in range(1, 5)}
    changes = [an_entry(n, flips[n], status, seq) for seq, (n, status) in enumerate(history, 1)]
    index, at = BankIndex(), 0
    while at < len(changes):
        start = data.draw(st.integers(0, at))
        at = data.draw(st.integers(at + 1, len(changes)))
        index.apply(changes[start:at])
    last = {entry.id: entry for entry in changes}
    kept = {entry.id for entry in last.values() if entry.status is not WITHDRAWN}
    assert len(index) == len(kept)
    assert index.seq == len(changes)
    asked = [flips[n][0] for n in range(1, 5)]
    assert {(entry.id, entry.status) for _, entry, _ in index.search(asked)} == {
        (entry, last[entry].status) for entry in kept
    }


def test_an_empty_bank_knows_nothing():
    index = BankIndex()
    index.apply([])
    assert (len(index), index.seq, index.search([bytes(HASH_BYTES)])) == (0, 0, [])
    assert bank.check(index, bytes(HASH_BYTES)) == Known(known=False, status=None)


def test_a_picture_is_known_by_the_strongest_entry_that_it_shows():
    flips = tuple(bytes([n]) * HASH_BYTES for n in (1, 2, 4, 8, 16, 32, 64, 128))
    index = BankIndex()
    index.apply([an_entry(1, flips)])
    assert bank.check(index, flips[3]) == Known(known=True, status=SEED)
    index.apply([an_entry(2, flips, ACTIVE)])
    assert bank.check(index, flips[3]) == Known(known=True, status=ACTIVE)
    index.apply([an_entry(1, flips, WITHDRAWN, 3), an_entry(2, flips, WITHDRAWN, 4)])
    assert bank.check(index, flips[3]) == Known(known=False, status=None)
