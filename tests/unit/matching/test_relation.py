"""When a post and an entry show the same: every form that either can have, the same from both sides."""

import random
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks import take_in
from every import every
from synthetic import bent
from takeback.bank.index import BankIndex, touches
from takeback.bank.model import Entry, EntryStatus
from takeback.ids import EntryId, ReportId
from takeback.matching.comparison import ask_entries, ask_index
from takeback.signals.index.compare import stack
from takeback.signals.model import (
    FLIPS,
    HASH_BYTES,
    MATCH_RADIUS,
    REVIEW_RADIUS,
    Box,
    ClipSignals,
    Cut,
    Frame,
    Kind,
    Pdq,
    PictureSignals,
    Variant,
)
from takeback.signals.relation import Hit, Shown, needs_exact, relate, shown_by

BOX = Box(8, 16, 320, 200)


def a_picture(value: bytes, *parts: bytes, doubt=0, quality=100) -> PictureSignals:
    variants = tuple(Variant(Cut.PANEL, replace(BOX, left=n), Pdq(part, 100)) for n, part in enumerate(parts))
    return PictureSignals(bytes(32), Pdq(value, quality), 640, 480, "PNG", variants=variants, doubt=doubt)


def a_clip(*frames: bytes) -> ClipSignals:
    moments = tuple(Frame(1000 * n, Pdq(frame, 100)) for n, frame in enumerate(frames))
    return ClipSignals(bytes(32), 640, 480, "MP4", 1000 * len(frames), moments)


def an_entry(*frames: tuple[bytes, ...], number=1) -> Entry:
    kind = Kind.PICTURE if len(frames) == 1 else Kind.CLIP
    hashes = b"".join(flip for frame in frames for flip in frame)
    report = ReportId(UUID(int=0))
    return Entry(EntryId(UUID(int=number)), number, report, EntryStatus.SEED, kind, 100, number, hashes)


def flips(dots: random.Random) -> tuple[bytes, ...]:
    return tuple(dots.randbytes(HASH_BYTES) for _ in range(FLIPS))


def negative(value: bytes) -> bytes:
    return bytes(255 - byte for byte in value)


def hit(signals, entry: Entry, *, exact=True) -> Hit | None:
    shown = shown_by(signals)
    return relate(shown, entry.kind, entry.frames, touches(shown.rows, [entry], shown.radius), exact=exact)


EDGES = [0, 1, MATCH_RADIUS, MATCH_RADIUS + 1, REVIEW_RADIUS, REVIEW_RADIUS + 1]


@every("distance", EDGES)
@every("flip", range(FLIPS))
@every("turned", [False, True])
def test_each_flip_and_its_negative_is_found_up_to_the_radius(distance, flip, turned):
    dots = random.Random(distance * 100 + flip)
    laid = flips(dots)
    value = bent(negative(laid[flip]) if turned else laid[flip], distance, dots)
    expected = Hit(distance, flip, turned, review_only=distance > MATCH_RADIUS)
    assert hit(a_picture(value), an_entry(laid)) == (expected if distance <= REVIEW_RADIUS else None)


def test_a_part_of_a_larger_picture_is_found_and_said_to_be_one():
    dots = random.Random(1)
    laid = flips(dots)
    page = a_picture(dots.randbytes(32), dots.randbytes(32), bent(laid[1], 6, dots))
    expected = Hit(6, 1, negative=False, cut=Cut.PANEL, box=replace(BOX, left=1))
    assert hit(page, an_entry(laid)) == expected


def test_of_several_the_nearest_is_told_and_of_equals_the_whole():
    dots = random.Random(2)
    laid = flips(dots)
    assert hit(a_picture(bent(laid[0], 9, dots), bent(laid[0], 8, dots)), an_entry(laid)).cut is Cut.PANEL
    assert hit(a_picture(laid[0], laid[0]), an_entry(laid)).cut is Cut.WHOLE


@pytest.mark.parametrize(("distance", "found"), [(MATCH_RADIUS, True), (MATCH_RADIUS + 1, False)])
def test_a_picture_without_detail_is_no_candidate(distance, found):
    dots = random.Random(3)
    laid = flips(dots)
    assert (hit(a_picture(bent(laid[0], distance, dots), quality=49), an_entry(laid)) is not None) == found


@pytest.mark.parametrize(("shared", "review_only"), [(5, False), (2, False), (1, True), (0, None)])
def test_two_clips_are_the_same_by_the_share_of_their_moments(shared, review_only):
    """Of five moments each: two in common of four seen is half of the query."""
    dots = random.Random(shared)
    entry = an_entry(*(flips(dots) for _ in range(5)))
    rows = stack([entry.hashes[n * 256 + 32 : n * 256 + 64] for n in range(5)])
    frames = [bent(rows[n].tobytes(), 7, dots) for n in range(shared)]
    others = [dots.randbytes(32) for _ in range({5: 0, 2: 2, 1: 4, 0: 5}[shared])]
    found = hit(a_clip(*others, *frames), entry)
    if review_only is None:
        assert found is None
    else:
        assert found == Hit(
            7, 1, negative=False, cut=Cut.FRAME, at_ms=1000 * len(others), review_only=review_only
        )


def test_moments_that_agree_in_different_ways_do_not_add_up():
    dots = random.Random(4)
    entry = an_entry(*(flips(dots) for _ in range(6)))
    frames = [entry.hashes[n * 256 + n * 32 : n * 256 + n * 32 + 32] for n in range(4)]
    assert hit(a_clip(*frames, dots.randbytes(32), dots.randbytes(32)), entry).review_only


def test_a_picture_is_found_in_a_clip_and_a_clip_by_a_picture_of_any_of_its_moments():
    dots = random.Random(5)
    laid = flips(dots)
    clip = a_clip(dots.randbytes(32), dots.randbytes(32), bent(laid[3], 4, dots))
    assert hit(clip, an_entry(laid)) == Hit(4, 3, negative=False, cut=Cut.FRAME, at_ms=2000)
    assert hit(a_picture(bent(laid[3], 4, dots)), an_entry(flips(dots), laid)) == Hit(4, 3, negative=False)


def test_a_hash_that_may_be_wrong_decides_nothing_but_that_it_is_made_again():
    dots = random.Random(6)
    laid = flips(dots)
    for distance, doubt, near in [(2, 1, True), (REVIEW_RADIUS + 3, 3, True), (REVIEW_RADIUS + 4, 3, False)]:
        shown = shown_by(a_picture(bent(laid[0], distance, dots), doubt=doubt))
        assert needs_exact(shown, touches(shown.rows, [an_entry(laid)], shown.radius)) == near
    sure = shown_by(a_picture(laid[0]))
    assert not needs_exact(sure, touches(sure.rows, [an_entry(laid)], sure.radius))


def test_a_match_by_a_hash_that_could_not_be_made_again_says_so():
    laid = flips(random.Random(7))
    assert not hit(a_picture(laid[0], doubt=3), an_entry(laid), exact=False).exact
    assert hit(a_picture(laid[0]), an_entry(laid), exact=False).exact


@st.composite
def worlds(draw):
    """Posts and entries of every kind around a few centres."""
    dots = random.Random(draw(st.integers(0, 2**32)))
    centres = [dots.randbytes(HASH_BYTES) for _ in range(2)]
    far = st.sampled_from([*EDGES, 60, 128])

    def near() -> bytes:
        if dots.random() < 0.5:
            return dots.randbytes(HASH_BYTES)
        value = bent(dots.choice(centres), draw(far), dots)
        return negative(value) if dots.random() < 0.3 else value

    def posted() -> PictureSignals | ClipSignals:
        hashes = [near() for _ in range(draw(st.integers(1, 4)))]
        if draw(st.booleans()):
            return a_clip(*hashes)
        doubt = draw(st.sampled_from([0, 0, 3, 16]))
        return a_picture(*hashes, doubt=doubt, quality=draw(st.sampled_from([100, 49])))

    posts = [posted() for _ in range(draw(st.integers(1, 3)))]
    entries = [
        an_entry(*(tuple(near() for _ in range(8)) for _ in range(draw(st.integers(1, 3)))), number=n)
        for n in range(1, draw(st.integers(1, 3)) + 1)
    ]
    return posts, entries


def answers(shown: Shown, near) -> tuple[bool, dict]:
    every = [touch for each in near.touches.values() for touch in each]
    hits = {
        entry: relate(shown, near.entries[entry].kind, near.entries[entry].frames, found)
        for entry, found in near.touches.items()
    }
    return needs_exact(shown, every), {entry: found for entry, found in hits.items() if found is not None}


@given(worlds())
def test_who_comes_last_and_who_else_is_there_change_no_answer(world):
    """A batch asks the index; one post alone does; a look-back compares a post with an entry."""
    signals, entries = world
    index = BankIndex()
    take_in(index, entries)
    posts = dict(enumerate(map(shown_by, signals)))
    together = ask_index(index, posts)
    for number, shown in posts.items():
        in_batch = answers(shown, together[number])
        assert answers(shown, ask_index(index, {0: shown})[0]) == in_batch
        one_by_one = [answers(shown, ask_entries(shown, [entry])) for entry in entries]
        assert in_batch[0] == any(near for near, _ in one_by_one)
        assert in_batch[1] == {entry: found for _, hits in one_by_one for entry, found in hits.items()}
