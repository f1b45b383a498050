"""What a clip is by its first bytes, and when two clips are the same by the share of their moments."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from signal_files import clip, gif_and_html, long_gif, moving, photo
from takeback.signals.clips.formats import clip_format, is_clip
from takeback.signals.model import ClipSignals, Flip, Frame, Pdq
from takeback_dev.pictures import encode
from vpdq_by_counting import MATCH_SHARE, Shares, Verdict, compare_clips, shares, verdict

rng = np.random.default_rng(5)
A, B, C, D, E, F = (rng.bytes(32) for _ in range(6))


def near(hash_, bits):
    return (int.from_bytes(hash_) ^ ((1 << bits) - 1)).to_bytes(32)


@every(
    ("head", "format_"),
    [
        (b"\0\0\0\x20ftypisom\0\0\x02\0", "MP4"),
        (b"\0\0\0\x20ftypmp42\0\0\0\0", "MP4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "MOV"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0", "3GP"),
        (b"\0\0\x10\0moov\0\0\0\0", "MOV"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "WEBM"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "MATROSKA"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
    ],
)
def test_a_clip_is_known_by_its_first_bytes(head, format_):
    assert clip_format(head) == format_
    assert is_clip(head)


@every(
    "data",
    [
        b"",
        b"\0\0\0\x18ftyp",
        b"\0\0\0\x18ftypheic\0\0\0\0",
        b"\0\0\0\x18ftypmif1\0\0\0\0",
        b"\0\0\0\x18ftypavif\0\0\0\0",
        b"\0\0\0\x18ftypavis\0\0\0\0",
        b"\0\0\0\x18ftypM4A \0\0\0\0",
        b"\x1aE\xdf\xa3 something else",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"#EXTM3U\nhttp://127.0.0.1/",
        b"ffconcat version 1.0\nfile /etc/passwd",
        gif_and_html(),
        *(
            encode(photo(64, 48), format_)
            for format_ in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "HEIF")
        ),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_a_picture_sound_a_playlist_or_nothing_is_no_clip(data):
    assert not is_clip(data)


def test_a_gif_is_a_clip_from_its_second_frame_on():
    assert not is_clip(encode(photo(64, 48), "GIF"))
    assert clip_format(long_gif(1)) == "GIF"
    assert clip_format(clip(moving(seconds=1), codec="gif", form="gif")) == "GIF"
    assert not is_clip(long_gif(1)[:-20])


@given(st.binary(max_size=300))
def test_no_gif_is_too_damaged_to_be_asked(rest):
    is_clip(b"GIF89a" + rest)


def test_the_shares_count_moments_that_have_a_partner():
    found = shares([A, near(B, 31), near(C, 32), D], [A, B, C])
    assert found == Shares(2, 4, 2, 3)
    assert (found.query, found.bank) == (0.5, pytest.approx(2 / 3))


def test_a_clip_without_moments_agrees_with_nothing():
    assert verdict(shares([], [A])) is Verdict.NONE
    assert verdict(shares([A], [])) is Verdict.NONE
    assert verdict(shares([], [])) is Verdict.NONE


@every(
    ("query", "bank", "said"),
    [
        ([A, B], [A, B, C, D, E, F], Verdict.MATCH),  # a piece cut out
        ([A, B, C, D, E, F], [A, B], Verdict.MATCH),  # within a longer one
        ([A, B, C], [A, D, E], Verdict.REVIEW),  # an opening title, say
        ([A, B], [C, D], Verdict.NONE),
        ([A], [A, B, C, D, E, F], Verdict.MATCH),  # a picture out of a clip
        ([A, B, C, D, E, F], [A], Verdict.MATCH),  # a clip out of pictures
        ([C, B, A], [A, B, C], Verdict.MATCH),  # backwards
        ([A, A, A, B], [A, C, D, E], Verdict.MATCH),  # each moment counts, however alike
    ],
)
def test_the_verdict_follows_the_larger_share(query, bank, said):
    assert verdict(shares(query, bank)) is said


def apart(one, other):
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


hashes = st.lists(st.sampled_from([A, B, C, D, near(A, 20), near(B, 40), near(C, 31)]), max_size=8)


@given(hashes, hashes, st.integers(0, 64))
def test_the_shares_are_those_of_counting_one_by_one(query, bank, radius):
    found = shares(query, bank, radius)
    assert found.query_matched == sum(any(apart(q, b) <= radius for b in bank) for q in query)
    assert found.bank_matched == sum(any(apart(q, b) <= radius for q in query) for b in bank)
    assert (found.query_moments, found.bank_moments) == (len(query), len(bank))


@given(hashes, hashes)
def test_the_verdict_does_not_depend_on_who_asks(query, bank):
    assert verdict(shares(query, bank)) is verdict(shares(bank, query))


def clip_of(moments, flips=False):
    frames = tuple(
        Frame(1000 * at, Pdq(eight[0], 100), tuple(Pdq(hash_, 100) for hash_ in eight) if flips else ())
        for at, eight in enumerate(moments)
    )
    return ClipSignals(bytes(32), 16, 9, "MP4", 1000 * len(frames), frames)


def test_a_clip_is_found_in_the_one_way_that_it_was_laid_down():
    eights = [[rng.bytes(32) for _ in Flip] for _ in range(4)]
    bank = clip_of(eights, flips=True)
    found, flip = compare_clips(clip_of([eight[Flip.MIRROR]] for eight in eights), bank)
    assert (found.query, flip) == (1.0, Flip.MIRROR)
    assert compare_clips(clip_of([eight[0]] for eight in eights), bank)[1] is Flip.NONE
    # One moment each way: nothing that one clip laid down in one way would show.
    mixed = clip_of([eight[flip]] for flip, eight in enumerate(eights))
    assert compare_clips(mixed, bank)[0].query_matched == 1


VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "vpdq.json").read_text(encoding="ascii"))


@every("pair", VECTORS["pairs"], ids=lambda pair: f"{pair['query']} in {pair['bank']}")
def test_the_shares_are_those_of_vpdq(pair):
    query, bank = (
        [bytes.fromhex(moment["hash"]) for moment in VECTORS["clips"][pair[side]]["moments"]]
        for side in ("query", "bank")
    )
    found = shares(query, bank)
    assert (found.query, found.bank) == (pair["query_share"], pair["bank_share"])


def test_the_share_asked_for_is_at_most_vpdqs():
    assert 0 < MATCH_SHARE <= 0.8
