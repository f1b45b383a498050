"""Names of views, which frames stand for an animation, where clips begin, and which part a hit speaks of."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from takeback.bank.rules import choose
from takeback.signals.clips.formats import clips_behind
from takeback.signals.files.kind import FileKind, kind_of
from takeback.signals.model import Box, ClipSignals, Cut, Frame, Pdq, PictureSignals, Variant
from takeback.signals.parts import frames, names
from takeback.signals.parts.budget import MOST_LEFT_OUT, Budget
from takeback.signals.relation import Hit, part_of, shown_by

STEPS = st.one_of(
    st.sampled_from(["black", "other"]),
    st.builds(
        "{}:{}".format,
        st.sampled_from(["frame", "page", "image", "thumb", "size", "zip", "svg", "cover", "behind", "clip"]),
        st.integers(0, 2**31),
    ),
)
NAMES = st.lists(STEPS, max_size=6).map("/".join).filter(lambda name: len(name) <= names.MOST_CHARACTERS)
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + bytes(100)


@given(NAMES)
def test_names_have_one_form_and_words(name):
    assert names.is_view(name)
    assert bool(names.in_words(name)) == bool(name)
    assert names.is_view(names.join("zip:4", name)) or len(name) > 80 or name.count("/") == 5
    for wrong in (name + "/", "/" + name, name.upper() + "X", name + ":0", name + "/page:01"):
        assert not names.is_view(wrong)


@given(st.text(max_size=30))
def test_other_texts_are_no_names(text):
    if names.is_view(text):
        assert text == "" or names.in_words(text)


@given(st.integers(1, 5000), st.lists(st.floats(0, 60), max_size=80), st.integers(0, 5000))
def test_frames_that_stand_for_an_animation(count, durations, reach):
    wanted = frames.wanted(count, durations, reach)
    assert wanted == sorted(set(wanted))
    assert len(wanted) <= frames.MOST_FRAMES
    assert all(1 <= number < count and number <= reach for number in wanted)
    last = min(count - 1, reach)
    assert len(wanted) == min(last, frames.MOST_FRAMES)
    if last >= 1:
        assert last in wanted
        shown = dict(enumerate(durations))
        longest = max(range(1, last + 1), key=lambda number: (shown.get(number, 0), -number))
        assert longest in wanted or shown.get(longest, 0) == 0


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_clip_behind_a_picture_is_found_where_it_begins(before, after):
    before = b"\xff\xd8\xff" + bytes(40) + before.replace(b"ftyp", b"")
    assert len(before) in clips_behind(before + MP4 + after.replace(b"ftyp", b""))
    assert not clips_behind(before)


@given(st.binary(max_size=100))
def test_the_kind_of_a_file_is_decided_for_any_bytes(data):
    assert kind_of(data) in (None, *FileKind)


def test_what_is_left_out_is_counted_and_never_below_nothing():
    budget = Budget(60, views=2, max_pixels=100, pixels=150)
    budget.leave_out(-5)
    budget.leave_out(3)
    assert budget.left_out == 3
    budget.leave_out(10**9)
    assert budget.left_out == MOST_LEFT_OUT
    assert not budget.is_spent
    budget.take_view()
    budget.take_view()
    assert budget.is_spent


def laid(number):
    return tuple(Pdq(bytes([number]) * 31 + bytes([flip]), 90) for flip in range(8))


ORDINARY, DARK = laid(1), laid(3)
TRIMMED = Variant(Cut.TRIMMED, Box(1, 1, 500, 400), laid(2)[0], 0, laid(2))
ON_BLACK = Variant(Cut.WHOLE, Box(0, 0, 640, 480), DARK[0], 0, DARK, "black")
LARGE = Variant(Cut.PANEL, Box(9, 9, 600, 400), laid(4)[0], 0, laid(4), "black")
FILE = PictureSignals(
    bytes(32), ORDINARY[0], 640, 480, "PNG", flips=ORDINARY, variants=(TRIMMED, ON_BLACK, LARGE)
)


def test_each_part_of_a_reading_is_the_part_of_its_hit():
    """H1: what acts is made of the part that matched, so each part can be addressed."""
    for part, variant in zip(shown_by(FILE).parts, (None, *FILE.variants), strict=True):
        hit = Hit(0, 0, negative=False, cut=part.cut, box=part.box, view=part.view)
        found = part_of(FILE, hit)
        assert found is not None
        assert found.pdq.hash == part.hash
        assert found.flips == (ORDINARY if variant is None else variant.flips)
    assert part_of(FILE, Hit(0, 0, negative=False, cut=Cut.PANEL, box=Box(0, 0, 3, 3))) is None
    assert part_of(FILE, Hit(0, 0, negative=False, view="frame:2")) is None


def test_each_moment_of_a_clip_is_the_part_of_its_hit():
    moments = (Frame(0, ORDINARY[0], ORDINARY), Frame(0, DARK[0], DARK, "black"), Frame(900, DARK[1], DARK))
    clip = ClipSignals(bytes(32), 640, 480, "GIF", 1000, moments)
    for part, moment in zip(shown_by(clip).parts, moments, strict=True):
        hit = Hit(0, 0, negative=False, cut=part.cut, at_ms=part.at_ms, view=part.view)
        found = part_of(clip, hit)
        assert found is not None
        assert (found.pdq, found.flips) == (moment.pdq, moment.flips)
    assert part_of(clip, Hit(0, 0, negative=False, cut=Cut.FRAME, at_ms=500)) is None


def test_the_ordinary_view_of_a_located_file_is_banked():
    assert choose(FILE).flips == TRIMMED.flips
    assert choose(replace(FILE, variants=(ON_BLACK, LARGE))).flips == ORDINARY
