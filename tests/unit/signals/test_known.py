"""Which known pictures and clips a file shows, from their signals alone."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.signals.known import Found, Known, why_not_known
from takeback.signals.model import (
    MATCH_RADIUS,
    MIN_QUALITY,
    REVIEW_RADIUS,
    Box,
    ClipSignals,
    Cut,
    Flip,
    Frame,
    Pdq,
    PictureSignals,
    Variant,
)
from takeback.signals.relation import needs_exact, shown_by
from vpdq_by_counting import Verdict, compare_clips, verdict

BOX = Box(8, 16, 200, 100)


def a_hash(name) -> bytes:
    return random.Random(f"hash {name}").randbytes(32)


def bent(value: bytes, bits: int, seed=0) -> bytes:
    mask = sum(1 << bit for bit in random.Random(seed).sample(range(256), bits))
    return (int.from_bytes(value) ^ mask).to_bytes(32)


def inverse(value: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in value)


def eight(name) -> tuple[Pdq, ...]:
    return tuple(Pdq(a_hash(f"{name} {flip}"), 100) for flip in Flip)


def picture(whole: bytes, *, quality=100, flips=(), variants=(), doubt=0) -> PictureSignals:
    return PictureSignals(bytes(32), Pdq(whole, quality), 640, 480, "JPEG", flips, variants, doubt)


def known_picture(name) -> PictureSignals:
    flips = eight(name)
    return picture(flips[0].hash, flips=flips)


def clip(*moments: bytes, flips=()) -> ClipSignals:
    each = flips or [()] * len(moments)
    frames = tuple(
        Frame(1000 * n, Pdq(m, 100), f) for n, (m, f) in enumerate(zip(moments, each, strict=True))
    )
    return ClipSignals(bytes(32), 640, 480, "MP4", 1000 * len(moments), frames)


def known_clip(name, moments=8) -> ClipSignals:
    flips = [eight(f"{name} at {n}") for n in range(moments)]
    return clip(*(each[0].hash for each in flips), flips=flips)


KNOWN = Known([known_picture("a"), known_picture("b"), known_clip("c")])
KNOWN_CLIP = 2


def first_stage(signals, known=KNOWN) -> list[Found]:
    shown = shown_by(signals)
    return known.first_stage(shown, known.near(shown))


def is_doubtful(signals) -> bool:
    shown = shown_by(signals)
    return needs_exact(shown, KNOWN.near(shown))


@given(st.integers(0, 80), st.sampled_from(Flip), st.booleans(), st.integers(0, 1000))
def test_a_hash_is_a_match_up_to_31_bits_and_for_review_up_to_48(bits, flip, negative, seed):
    shown = bent(a_hash(f"b {flip}"), bits, seed)
    hits = first_stage(picture(inverse(shown) if negative else shown))
    if bits > REVIEW_RADIUS:
        assert hits == []
        return
    (found,) = hits
    assert found.verdict is (Verdict.MATCH if bits <= MATCH_RADIUS else Verdict.REVIEW)
    assert (found.known, found.hit.stage, found.hit.cut, found.hit.distance) == (1, 1, Cut.WHOLE, bits)
    assert (found.hit.flip, found.hit.negative) == (flip, negative)


def test_a_panel_is_asked_like_a_picture_and_its_place_is_told():
    variant = Variant(Cut.PANEL, BOX, Pdq(bent(a_hash("a 1"), 5), 90))
    (found,) = first_stage(picture(a_hash("a page"), variants=(variant,)))
    hit = found.hit
    assert (hit.cut, hit.distance, hit.flip, hit.box) == (Cut.PANEL, 5, Flip.MIRROR, BOX)


def test_the_nearest_of_several_hashes_explains_the_hit_and_the_surest_comes_first():
    near = Variant(Cut.TRIMMED, BOX, Pdq(bent(a_hash("a 0"), 3), 90))
    other = Variant(Cut.PANEL, BOX, Pdq(bent(a_hash("b 0"), 40), 90))
    hits = first_stage(picture(bent(a_hash("a 0"), 30), variants=(near, other)))
    assert [(each.known, each.hit.cut, each.hit.distance) for each in hits] == [
        (0, Cut.TRIMMED, 3),
        (1, Cut.PANEL, 40),
    ]
    assert [each.verdict for each in hits] == [Verdict.MATCH, Verdict.REVIEW]


@pytest.mark.parametrize(
    ("bits", "doubt", "asked"), [(48, 0, False), (58, 10, True), (59, 10, False), (5, 1, True)]
)
def test_a_fast_hash_is_made_again_only_where_its_doubt_could_matter(bits, doubt, asked):
    assert is_doubtful(picture(bent(a_hash("a 0"), bits), doubt=doubt)) is asked


def test_doubt_in_a_panel_counts_too():
    variant = Variant(Cut.PANEL, BOX, Pdq(bent(a_hash("a 1"), 50), 90), doubt=2)
    assert is_doubtful(picture(a_hash("a page"), variants=(variant,)))
    assert not is_doubtful(picture(a_hash("a page"), variants=(replace(variant, doubt=1),)))


def test_a_picture_is_found_in_a_known_clip_and_a_clip_by_a_known_picture():
    (found,) = first_stage(picture(bent(a_hash("c at 3 0"), 7)))
    assert (found.known, found.verdict, found.hit.distance) == (2, Verdict.MATCH, 7)
    (found,) = first_stage(clip(a_hash("x"), a_hash("y"), bent(a_hash("a 0"), 9)))
    assert (found.known, found.verdict) == (0, Verdict.MATCH)
    assert (found.hit.cut, found.hit.at_ms) == (Cut.FRAME, 2000)


@pytest.mark.parametrize("negative", [False, True])
def test_two_clips_agree_by_the_share_of_their_moments(negative):
    def shown(names) -> ClipSignals:
        moments = [bent(a_hash(name), 4) for name in names]
        return clip(*(inverse(each) if negative else each for each in moments))

    others = [f"else {n}" for n in range(9)]

    cut = [f"c at {n} 1" for n in (2, 3, 4)]
    (found,) = first_stage(shown(cut))
    assert (found.verdict, found.share) == (Verdict.MATCH, 1.0)
    assert (found.hit.flip, found.hit.negative) == (Flip.MIRROR, negative)
    (found,) = first_stage(shown(["c at 2 0", *others]))
    assert found.verdict is Verdict.REVIEW
    assert first_stage(shown(others)) == []


def test_a_clip_of_moments_that_are_almost_the_same_is_for_review():
    (found,) = first_stage(clip(*(bent(a_hash(f"c at {n} 0"), 40, n) for n in range(8))))
    assert (found.verdict, found.share) == (Verdict.REVIEW, 1.0)


@given(st.lists(st.sampled_from([f"c at {n} {flip}" for n in range(4) for flip in (0, 1)] + ["x", "y"])))
def test_two_clips_agree_as_vpdq_counts_them(names):
    """`relation` counts what an index found; `vpdq_by_counting` compares everything with everything."""
    shown = clip(*(bent(a_hash(name), 20, name) for name in names))
    shares, flip = compare_clips(shown, known_clip("c"))
    said = [(each.verdict, each.share) for each in first_stage(shown) if each.known == KNOWN_CLIP]
    if verdict(shares) is Verdict.NONE:
        assert said == []
    else:
        assert said == [(verdict(shares), max(shares.query, shares.bank))]
    if said and verdict(shares) is Verdict.MATCH:
        assert first_stage(shown)[0].hit.flip == flip


def test_what_would_match_others_is_not_compared_with():
    assert why_not_known(known_picture("a")) is None
    assert why_not_known(known_clip("a")) is None
    assert f"quality {MIN_QUALITY - 1}" in why_not_known(picture(bytes(32), quality=MIN_QUALITY - 1))
    assert "no moment" in why_not_known(clip())


def test_nothing_known_and_nothing_shown_agree_on_nothing():
    assert first_stage(picture(a_hash("a 0")), Known([])) == []
    assert first_stage(clip()) == []
    assert not is_doubtful(clip())


def test_what_was_read_without_flips_is_a_mistake():
    with pytest.raises(ValueError, match="flips"):
        Known([picture(a_hash("a"))])
