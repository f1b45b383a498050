"""What a decoder says is parsed strictly: the right form comes back unchanged, anything else is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from every import every
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips import formats
from takeback.signals.decoder import wire
from takeback.signals.decoder.wire import Answer, BadAnswer, Outcome, Request, Task
from takeback.signals.model import Box, ClipSignals, Cut, Frame, Pdq, PictureSignals, Variant
from takeback.signals.parts.decode import FORMATS
from takeback.signals.parts.panels import MOST_CUTS
from takeback.signals.pdq.hashing import MAX_DOUBT

LIMIT = 120_000_000
VIEWS = st.sampled_from(["", "black", "frame:2", "zip:3/page:2/image:1", "behind:1/clip:3400"])
requests = st.builds(
    Request,
    st.sampled_from(Task),
    st.integers(0, 2**40),
    st.booleans(),
    st.booleans(),
    st.integers(0, 4096),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(0, wire.MAX_MS),
    st.none() | st.builds(Box, *[st.integers(0, 2**32 - 1)] * 2, *[st.integers(1, 2**32 - 1)] * 2),
    VIEWS,
)
answers = st.builds(Answer, st.sampled_from(Outcome), st.integers(0, wire.MAX_BODY), st.booleans())
some_bytes = st.binary(min_size=32, max_size=32)
hashes = st.builds(Pdq, some_bytes, st.integers(0, 100))
telling = st.builds(Pdq, some_bytes, st.integers(50, 100))


@st.composite
def eight_of(draw, first):
    return (first, *draw(st.tuples(*[hashes] * 7)))


@st.composite
def variants_of(draw, width, height, cut, flips, exact):
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = Box(left, top, draw(st.integers(1, width - left)), draw(st.integers(1, height - top)))
    pdq = draw(telling)
    doubt = 0 if exact else draw(st.integers(0, MAX_DOUBT))
    return Variant(cut, box, pdq, doubt, draw(eight_of(pdq)) if flips else ())


@st.composite
def further_views(draw, flips):
    found = []
    for view in draw(st.lists(VIEWS.filter(bool), max_size=3, unique=True)):
        width, height = draw(st.integers(1, 2_000)), draw(st.integers(1, 2_000))
        cut = Cut.FRAME if "clip" in view else Cut.WHOLE
        pdq = draw(telling)
        eight = draw(eight_of(pdq)) if flips else ()
        found.append(Variant(cut, Box(0, 0, width, height), pdq, 0, eight, view))
        if cut is Cut.WHOLE:
            inside = draw(st.lists(variants_of(width, height, Cut.PANEL, flips, exact=True), max_size=2))
            found += [replace(part, view=view) for part in inside]
    return found


@st.composite
def seen(draw, flips, exact):
    width, height, whole = draw(st.integers(1, 10_000)), draw(st.integers(1, 12_000)), draw(hashes)
    trimmed = draw(st.lists(variants_of(width, height, Cut.TRIMMED, flips, exact), max_size=1))
    panels = draw(st.lists(variants_of(width, height, Cut.PANEL, flips, exact), max_size=3))
    return PictureSignals(
        b"",
        whole,
        width,
        height,
        draw(st.sampled_from(FORMATS)),
        draw(eight_of(whole)) if flips else (),
        (*trimmed, *panels, *draw(further_views(flips))),
        0 if exact else draw(st.integers(0, MAX_DOUBT)),
        draw(st.integers(0, 65_535)),
    )


@st.composite
def seen_clips(draw, flips):
    frames = []
    for at_ms in sorted(draw(st.sets(st.integers(0, wire.MAX_MS), max_size=5))):
        pdq = draw(telling)
        frames.append(Frame(at_ms, pdq, draw(eight_of(pdq)) if flips else ()))
        if draw(st.booleans()):
            dark = draw(telling)
            frames.append(Frame(at_ms, dark, draw(eight_of(dark)) if flips else (), "black"))
    return ClipSignals(
        b"",
        draw(st.integers(1, 10_000)),
        draw(st.integers(1, 12_000)),
        draw(st.sampled_from(formats.FORMATS)),
        draw(st.integers(0, wire.MAX_MS)),
        tuple(frames),
    )


@given(requests)
def test_a_request_survives_the_pipe(request):
    assert wire.parse_request(wire.format_request(request)[wire.LENGTH_BYTES :]) == request


@given(answers)
def test_an_answer_survives_the_pipe(answer):
    assert wire.parse_answer(wire.format_answer(answer)) == answer


@given(st.data(), st.booleans(), st.booleans())
def test_the_signals_of_a_picture_survive_the_pipe(data, flips, exact):
    value = data.draw(seen(flips, exact))
    assert wire.parse_seen(wire.format_seen(value), LIMIT, flips=flips, exact=exact) == value


@given(st.data(), st.booleans())
def test_the_signals_of_a_clip_survive_the_pipe(data, flips):
    value = data.draw(seen_clips(flips))
    assert wire.parse_clip(wire.format_clip(value), LIMIT, flips=flips) == value


@given(st.data(), st.integers(-40, 40).filter(bool))
def test_no_byte_may_be_missing_or_follow(data, by):
    picture, moving = data.draw(seen(flips=False, exact=False)), data.draw(seen_clips(flips=False))
    body, moments = wire.format_seen(picture), wire.format_clip(moving)
    with pytest.raises(BadAnswer):
        wire.parse_seen(resized(body, by), LIMIT, flips=False, exact=False)
    with pytest.raises(BadAnswer):
        wire.parse_clip(resized(moments, by), LIMIT, flips=False)


def resized(body, by):
    return body[:by] if by < 0 else body + bytes(by)


@given(st.sampled_from(WhyUnreadable), st.text(max_size=300))
def test_a_reason_survives_the_pipe(why, detail):
    error = wire.parse_unreadable(wire.format_unreadable(Unreadable(why, detail)))
    assert error.why == why
    assert error.detail == "".join(filter(str.isprintable, detail))[:200]


@given(st.binary(min_size=wire.ANSWER_BYTES, max_size=wire.ANSWER_BYTES))
def test_the_head_of_an_answer_is_bounded(head):
    try:
        answer = wire.parse_answer(head)
    except BadAnswer:
        return
    assert answer.length <= wire.MAX_BODY


@given(st.binary(max_size=400))
def test_a_body_of_another_form_is_refused(body):
    if not body.startswith(b"\xff\xd8\xff"):
        with pytest.raises(BadAnswer):
            wire.parse_preview(body)
    with pytest.raises(BadAnswer):
        wire.parse_seen(body, 1, flips=False, exact=False)
    with pytest.raises(BadAnswer):
        wire.parse_clip(body, 1, flips=False)
    if body.partition(b"\n")[0].decode("utf-8", "replace") not in list(WhyUnreadable):
        with pytest.raises(BadAnswer):
            wire.parse_unreadable(body)


WHOLE = Pdq(bytes(32), 100)
FLIPS = (WHOLE,) * 8
PART = Variant(Cut.PANEL, Box(10, 10, 50, 50), Pdq(bytes(32), 50), 0, FLIPS)
EDGE = replace(PART, cut=Cut.TRIMMED, pdq=WHOLE)
VIEW = replace(PART, cut=Cut.WHOLE, box=Box(0, 0, 80, 80), view="frame:2")
GOOD = PictureSignals(b"", WHOLE, 100, 100, "PNG", FLIPS, (EDGE, replace(PART, pdq=WHOLE)))


@every(
    "change",
    [
        {"width": 0},
        {"width": 100_000, "height": 100_000},
        {"format": "EPS"},
        {"format": "MP4"},
        {"whole": Pdq(bytes(32), 101)},
        {"whole": Pdq(b"\1" * 32, 100)},
        {"flips": FLIPS[1:]},
        {"flips": ()},
        {"flips": (*FLIPS[:7], Pdq(bytes(32), 101))},
        {"doubt": 1},
        {"variants": (EDGE,) * 2},
        {"variants": (GOOD.variants[1], EDGE)},
        {"variants": (GOOD.variants[1],) * (MOST_CUTS + 1)},
        {"variants": (replace(EDGE, box=Box(60, 0, 50, 50)),)},
        {"variants": (replace(EDGE, box=Box(0, 60, 50, 50)),)},
        {"variants": (replace(EDGE, box=Box(0, 0, 0, 50)),)},
        {"variants": (replace(EDGE, doubt=1),)},
        {"variants": (replace(PART, view="frame:2"),)},
        {"variants": (VIEW, EDGE)},
        {"variants": (VIEW, VIEW)},
        {"variants": (replace(VIEW, view=""),)},
        {"variants": (replace(VIEW, view="frame:02"),)},
        {"variants": (replace(VIEW, view="behind:1/clip:0"),)},
        {"variants": (replace(VIEW, cut=Cut.FRAME),)},
        {"variants": (replace(VIEW, box=Box(0, 0, 100_000, 100_000)),)},
        {"variants": (replace(VIEW, box=Box(1, 0, 80, 80)),)},
        {"variants": (VIEW, replace(PART, view="frame:2", box=Box(40, 40, 50, 50)))},
        {"variants": (replace(EDGE, pdq=Pdq(bytes(32), 49), flips=(Pdq(bytes(32), 49), *FLIPS[1:])),)},
    ],
    ids=str,
)
def test_impossible_signals_of_a_picture_are_refused(change):
    assert wire.parse_seen(wire.format_seen(GOOD), LIMIT, flips=True, exact=True) == GOOD
    with pytest.raises(BadAnswer):
        wire.parse_seen(wire.format_seen(replace(GOOD, **change)), LIMIT, flips=True, exact=True)


def test_what_was_not_asked_for_is_refused():
    with pytest.raises(BadAnswer):
        wire.parse_seen(wire.format_seen(GOOD), LIMIT, flips=False, exact=True)
    doubtful = PictureSignals(b"", WHOLE, 100, 100, "PNG", doubt=MAX_DOUBT)
    assert wire.parse_seen(wire.format_seen(doubtful), LIMIT, flips=False, exact=False) == doubtful
    with pytest.raises(BadAnswer):
        wire.parse_seen(wire.format_seen(doubtful), LIMIT, flips=False, exact=True)
    worse = wire.format_seen(replace(doubtful, doubt=MAX_DOUBT + 1))
    with pytest.raises(BadAnswer):
        wire.parse_seen(worse, LIMIT, flips=False, exact=False)
    with pytest.raises(BadAnswer):
        wire.parse_clip(wire.format_clip(MOVING), LIMIT, flips=True)


FIRST, SECOND = Frame(0, WHOLE), Frame(1000, WHOLE)
MOVING = ClipSignals(b"", 100, 100, "MP4", 2000, (FIRST, SECOND))


@every(
    "change",
    [
        {"width": 0},
        {"width": 100_000, "height": 100_000},
        {"format": "HLS"},
        {"format": "JPEG"},
        {"frames": (SECOND, FIRST)},
        {"frames": (FIRST, FIRST)},
        {"frames": (Frame(0, Pdq(bytes(32), 49)),)},
        {"frames": (Frame(0, Pdq(bytes(32), 101)),)},
        {"frames": (Frame(0, WHOLE, FLIPS),)},
        {"frames": tuple(Frame(at, WHOLE) for at in range(wire.MAX_FRAMES + 1))},
    ],
    ids=lambda change: str(change)[:60],
)
def test_an_impossible_clip_is_refused(change):
    assert wire.parse_clip(wire.format_clip(MOVING), LIMIT, flips=False) == MOVING
    with pytest.raises(BadAnswer):
        wire.parse_clip(wire.format_clip(replace(MOVING, **change)), LIMIT, flips=False)
