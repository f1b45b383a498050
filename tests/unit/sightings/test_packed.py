"""The parts of a sighting in one column: what was packed comes back, and nothing else parses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.sightings import packed
from takeback.signals.model import Box, Cut, Frame, Pdq, Variant

HASHES = st.binary(min_size=32, max_size=32)
PDQS = st.builds(Pdq, HASHES, st.integers(0, 100))
PLACES, SIDES = st.integers(0, 2**32 - 1), st.integers(1, 2**32 - 1)
VARIANTS = st.builds(
    Variant,
    st.sampled_from([Cut.TRIMMED, Cut.PANEL]),
    st.builds(Box, PLACES, PLACES, SIDES, SIDES),
    PDQS,
    st.integers(0, 256),
)
VIEWS = st.sampled_from(["black", "frame:2", "frame:2/black", "zip:3/page:2/image:1", "behind:1/clip:3400"])
OF_VIEWS = st.builds(
    Variant, st.sampled_from(Cut), st.builds(Box, PLACES, PLACES, SIDES, SIDES), PDQS, st.integers(0, 256),
    st.just(()), st.just("") | VIEWS,
)  # fmt: skip
FRAMES = st.lists(
    st.builds(Frame, PLACES, PDQS, st.just(()), st.sampled_from(["", "black"])), max_size=20
).map(lambda frames: tuple(sorted(frames, key=lambda frame: frame.at_ms)))
SEVERAL = packed.pack_variants([Variant(Cut.WHOLE, Box(0, 0, 3, 4), Pdq(bytes(32), 77), 0, (), "black")])
ONE = Variant(Cut.PANEL, Box(1, 2, 3, 4), Pdq(bytes(range(32)), 77), 5)


@given(st.lists(VARIANTS, max_size=16).map(tuple))
def test_parts_of_a_picture_come_back(variants):
    data = packed.pack_variants(variants)
    assert packed.parse_variants(data) == variants
    assert [row.tobytes() for row in packed.hashes(data)] == [each.pdq.hash for each in variants]


@given(st.lists(OF_VIEWS, max_size=16).filter(lambda parts: any(part.view for part in parts)).map(tuple))
def test_parts_of_several_views_come_back(variants):
    data = packed.pack_variants(variants)
    assert packed.parse_variants(data) == variants
    assert [row.tobytes() for row in packed.hashes(data)] == [each.pdq.hash for each in variants]


def test_parts_of_one_view_are_the_bytes_that_they_always_were():
    assert packed.pack_variants([ONE]) == b"\x01\x01" + bytes.fromhex(
        "010000000200000003000000040000004d0500"
    ) + bytes(range(32))  # fmt: skip


@given(FRAMES)
def test_moments_of_a_clip_come_back(frames):
    data = packed.pack_frames(frames)
    assert packed.parse_frames(data) == frames
    assert [row.tobytes() for row in packed.hashes(data)] == [each.pdq.hash for each in frames]


@given(
    st.sampled_from([b"", b"\x03\x01\x00\x05black", b"\x03\x02\x00\x00\x05black", b"\x04\x01\x00\x05black"]),
    st.binary(max_size=200),
)
def test_what_parses_is_written_again_as_the_same_bytes(head, data):
    data = head + data
    for parse, pack in (
        (packed.parse_variants, packed.pack_variants),
        (packed.parse_frames, packed.pack_frames),
    ):
        try:
            parts = parse(data)
        except ValueError:
            continue
        assert pack(parts) == data


@given(st.binary(min_size=57, max_size=57))
def test_one_record_of_any_bytes_is_a_part_or_nothing(body):
    try:
        [part] = packed.parse_variants(b"\x01" + body[: packed._VARIANT.size])
    except ValueError:
        return
    assert packed.pack_variants([part]) == b"\x01" + body[: packed._VARIANT.size]


def test_nothing_is_the_empty_text():
    assert packed.pack_variants([]) == packed.pack_frames([]) == b""
    assert packed.parse_variants(b"") == packed.parse_frames(b"") == ()
    assert packed.hashes(b"").shape == (0, 32)


def test_flips_are_not_kept():
    flipped = Variant(ONE.cut, ONE.box, ONE.pdq, ONE.doubt, (ONE.pdq,) * 8)
    assert packed.parse_variants(packed.pack_variants([flipped])) == (ONE,)


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x01",
        b"\x03",
        SEVERAL[:1] + b"\x02\x00\x05black\x05black" + SEVERAL[9:],
        SEVERAL[:1] + b"\x01\x00\x05BLACK" + SEVERAL[9:],
        SEVERAL[:1] + b"\x01\x00\x00" + SEVERAL[9:],
        SEVERAL[:9] + b"\x01" + SEVERAL[10:],
        SEVERAL[:1] + b"\x02\x00\x05black\x07frame:2" + SEVERAL[9:],
        b"\x02" + bytes(37),
        packed.pack_frames([Frame(1, ONE.pdq)]),
        packed.pack_variants([ONE]) + b"\x00",
        packed.pack_variants([ONE])[:-1],
        b"\x01\x02" + packed.pack_variants([ONE])[2:],
    ],
    ids=[
        "no record",
        "no table",
        "twice",
        "no name",
        "plain",
        "out of order",
        "unused",
        "of a clip",
        "a frame",
        "too long",
        "too short",
        "cut of a view",
    ],
)
def test_what_is_not_a_list_of_parts_is_refused(wrong):
    with pytest.raises(ValueError, match=r"part|view"):
        packed.parse_variants(wrong)


def test_moments_that_go_backwards_are_refused():
    frames = [Frame(2, ONE.pdq), Frame(1, ONE.pdq)]
    with pytest.raises(ValueError, match="forward"):
        packed.parse_frames(packed.pack_frames(frames))


def test_too_many_parts_are_refused():
    with pytest.raises(ValueError, match="at most 4095"):
        packed.pack_variants([ONE] * 4096)
    assert len(packed.parse_variants(packed.pack_variants([ONE] * 4095))) == 4095


def test_hashes_of_something_else_are_refused():
    with pytest.raises(ValueError, match="not a list of parts"):
        packed.hashes(np.arange(50, dtype=np.uint8).tobytes())
