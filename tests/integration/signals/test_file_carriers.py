"""All that a viewer can be shown out of a file is compared: each carrier is tried on the real decoder."""

import hashlib
import time
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import carrier_files as f
from file_carriers import CARRIERS, MAKE, Pictures
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips.formats import clips_behind
from takeback.signals.model import FLIPS, MATCH_RADIUS, Box, Cut, PictureSignals
from takeback.signals.parts import names
from takeback.signals.parts.picture import views_of
from takeback.signals.pdq import hashing
from takeback.signals.relation import Hit, part_of, shown_by
from takeback.signals.sandbox import Decoder
from takeback_dev.pictures import encode, scene


@pytest.fixture(scope="module")
def decoder():
    with Decoder(processes=1, seconds=30) as pool:
        yield pool


@cache
def painted(seed):
    return scene(seed, 640, 480)


def decoy():
    return painted(1)


def hidden():
    return painted(2)


def other():
    return painted(3)


@cache
def hash_of_hidden():
    return hashing.hash_pixels(np.asarray(hidden())).hash


@cache
def made(name):
    return MAKE[name](Pictures(decoy(), other(), hidden()))


def apart(one, other):
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def nearest(reading, wanted=None):
    """The part of a reading that is nearest to a hash, that of the hidden picture, and how far it is."""
    wanted = wanted or hash_of_hidden()
    return min(
        ((apart(part.hash, wanted), part) for part in shown_by(reading).parts), key=lambda each: each[0]
    )


def test_each_row_of_the_table_has_its_file():
    assert [carrier.name for carrier in CARRIERS] == list(MAKE)
    assert all(carrier.seen == (not carrier.why) for carrier in CARRIERS)
    # The aim of the page: at most one in ten unseen. Those of files that nobody is shown are no carriers.
    assert sum(not carrier.seen for carrier in CARRIERS) <= 8


@pytest.mark.parametrize("carrier", [one for one in CARRIERS if one.seen], ids=lambda one: one.name)
def test_the_hidden_picture_is_among_the_views(decoder, carrier):
    """ "What an ordinary client shows is compared" (faults.md, "What can be seen and is not compared")."""
    data = made(carrier.name)
    distance, part = nearest(decoder.read(data))
    assert distance <= MATCH_RADIUS - 8
    assert names.is_view(part.view)
    exact = decoder.read(data, exact=True)
    again = nearest(exact)[1]
    assert (again.view, again.cut, again.box, again.at_ms) == (part.view, part.cut, part.box, part.at_ms)


@pytest.mark.parametrize("carrier", [one for one in CARRIERS if one.seen], ids=lambda one: one.name)
def test_a_reviewer_sees_the_view_that_matched_and_what_acts_is_made_of_it(decoder, carrier):
    """H1 and the carriers: preview, `part_of` and `Decoder.part` speak of the part that matched."""
    data = made(carrier.name)
    part = nearest(decoder.read(data))[1]
    shown = Image.open(
        BytesIO(decoder.preview(data, max_side=512, blur=False, grey=False, at_ms=part.at_ms, view=part.view))
    )
    reading = decoder.read(data, flips=True, exact=True)
    hit = Hit(0, 0, negative=False, cut=part.cut, box=part.box, at_ms=part.at_ms, view=part.view)
    found = part_of(reading, hit)
    assert found is not None
    assert len(found.flips) == FLIPS
    assert found.flips[0] == found.pdq
    assert apart(found.pdq.hash, hash_of_hidden()) <= MATCH_RADIUS - 8
    left, top = found.box.left / found.box.width, found.box.top / found.box.height
    if (left, top) == (0, 0) and part.cut is not Cut.PANEL:
        assert apart(hashing.hash_pixels(np.asarray(shown)).hash, hash_of_hidden()) <= MATCH_RADIUS
    seen = decoder.part(data, view=part.view, box=part.box, at_ms=part.at_ms)
    assert len(seen.flips) == FLIPS
    assert apart(seen.pdq.hash, found.pdq.hash) <= (6 if part.cut is Cut.FRAME else 0)


@pytest.mark.parametrize("carrier", [one for one in CARRIERS if not one.seen], ids=lambda one: one.name)
def test_what_is_not_seen_is_what_the_page_says_and_is_counted(decoder, carrier):
    """A file that is read in part, or not at all, says so; nothing is dropped silently."""
    try:
        reading = decoder.read(made(carrier.name))
    except Unreadable as refused:
        assert refused.why in WhyUnreadable  # noqa: PT017 (each such file is refused in its own way)
        return
    assert nearest(reading)[0] > MATCH_RADIUS
    assert reading.left_out > 0


def test_an_ordinary_picture_has_one_view_and_nothing_is_left_out(decoder):
    for format_ in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"):
        seen = decoder.signals(encode(decoy(), format_))
        assert {part.view for part in seen.variants} <= {""}
        assert seen.left_out == 0


def test_a_photograph_with_its_own_preview_has_one_view(decoder):
    seen = decoder.signals(f.with_exif_thumb(decoy(), decoy()))
    assert {part.view for part in seen.variants} <= {""}


def test_opaque_pixels_with_an_alpha_channel_have_one_view(decoder):
    seen = decoder.signals(encode(decoy().convert("RGBA"), "PNG"))
    assert {part.view for part in seen.variants} <= {""}


def test_parts_of_a_view_are_parts_of_that_view(decoder):
    page = Image.new("RGB", (900, 900), "white")
    page.paste(hidden().resize((480, 360)), (200, 300))
    data = f.animation("PNG", [decoy().resize((900, 900)), page], [50, 50])
    _, part = nearest(decoder.read(data))
    assert part.view == "frame:2"
    assert part.cut in (Cut.TRIMMED, Cut.PANEL)
    reading = decoder.read(data, flips=True, exact=True)
    hit = Hit(0, 0, negative=False, cut=part.cut, box=part.box, view=part.view)
    assert apart(part_of(reading, hit).pdq.hash, hash_of_hidden()) <= MATCH_RADIUS
    assert decoder.part(data, view="frame:2", box=part.box).pdq == part_of(reading, hit).pdq


def test_a_crop_that_only_details_found_can_be_hashed_as_it_was_shown(decoder):
    box = Box(40, 30, 320, 240)
    data = encode(decoy(), "PNG")
    seen = decoder.part(data, box=box)
    assert (seen.cut, seen.box, seen.view) == (Cut.PANEL, box, "")
    assert seen.flips == hashing.hash_pixels_flips(np.ascontiguousarray(np.asarray(decoy())[30:270, 40:360]))
    found_by_details = Hit(None, 0, negative=False, cut=Cut.PANEL, box=box, review_only=True, stage=2)
    assert part_of(decoder.read(data, flips=True, exact=True), found_by_details) is None
    with pytest.raises(Unreadable):
        decoder.part(data, box=Box(600, 0, 100, 100))


def test_a_view_that_is_not_there_or_has_no_name_is_refused(decoder):
    data = encode(decoy(), "JPEG")
    for view in ("frame:2", "behind:1/clip:0", "page:3"):
        with pytest.raises(Unreadable):
            decoder.preview(data, max_side=64, blur=True, grey=True, view=view)
    for view in ("frame", "Frame:2", "frame:02", "../x", "black:1", "black/" * 9):
        with pytest.raises(ValueError, match="view"):
            decoder.preview(data, max_side=64, blur=True, grey=True, view=view)


def test_a_damaged_second_view_never_loses_the_first(decoder):
    for data in (
        f.animation("PNG", [hidden(), decoy()], [50, 50])[:-20_000],
        f.saved(hidden(), "JPEG") + f.still_clip(decoy())[:900],
        f.archive({"1.png": f.saved(hidden(), "PNG"), "2.png": f.saved(decoy(), "PNG")[:9000]}),
    ):
        reading = decoder.read(data)
        assert nearest(reading)[0] == 0
        assert reading.left_out > 0


@pytest.mark.soak
def test_archives_that_unpack_to_very_much_are_read_within_their_bounds(decoder):
    bomb = f.archive({f"{n}.bmp": b"BM" + bytes(63 << 20) for n in range(8)}, 8)
    assert len(bomb) < 1 << 20
    whole = f.archive(
        {"0.png": f.saved(hidden(), "PNG")} | {f"{n}.bmp": b"BM" + bytes(70 << 20) for n in range(4)}, 8
    )
    with pytest.raises(Unreadable):
        decoder.read(bomb)
    reading = decoder.read(whole)
    assert nearest(reading)[0] == 0
    assert reading.left_out > 0


def test_entities_that_multiply_are_refused(decoder):
    laughs = b"<!DOCTYPE svg [<!ENTITY a 'data:lollollollol'>" + b"".join(
        b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(9)
    )
    with pytest.raises(Unreadable) as refused:
        decoder.read(laughs + b"]>" + f.SVG + b'<image href="&j;"/></svg>')
    assert refused.value.why not in (WhyUnreadable.DECODER_DIED, WhyUnreadable.TOO_SLOW)


def test_an_svg_names_no_file_and_no_address(decoder):
    outside = b"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>" + f.SVG
    with pytest.raises(Unreadable):
        decoder.read(outside + b'<image href="file:///etc/hostname"/><text>&x;</text></svg>')


frames_of = st.lists(st.sampled_from([decoy, other]), max_size=20)
moving = st.sampled_from(["PNG", "WEBP", "TIFF", "GIF", "PDF"])


@st.composite
def composed(draw):
    """A file that holds the picture somewhere, and a size at which it does."""
    size = draw(st.sampled_from([(320, 240), (400, 300)]))
    format_ = draw(moving)
    frames = [each().resize(size) for each in draw(frames_of)]
    shown = hidden().resize(size)
    dark = draw(st.booleans()) and format_ in ("PNG", "WEBP")
    frames = [each.convert("RGBA") for each in frames] if dark else frames
    frames.insert(draw(st.integers(0, len(frames))), f.on_black(shown) if dark else shown)
    durations = None
    if format_ not in ("TIFF", "PDF"):
        durations = draw(
            st.lists(st.sampled_from([20, 40, 100, 900]), min_size=len(frames), max_size=len(frames))
        )
    options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    data = f.animation(format_, frames, durations, **options)
    for _ in range(draw(st.integers(0, 3))):
        others = {f"{n}.jpg": encode(other().resize(size), "JPEG") for n in range(draw(st.integers(0, 2)))}
        data = f.archive(others | {"z": data}, draw(st.sampled_from([0, 8])))
    return data


@settings(suppress_health_check=list(HealthCheck))
@given(composed())
def test_the_picture_is_among_the_views_or_a_bound_says_that_it_left_some_out(decoder, data):
    """Whatever carries it, at whatever place, as long as it is shown: seen, or counted as left out."""
    try:
        reading = decoder.read(data)
    except Unreadable as refused:
        # Three archives deep there is nothing that is opened, and that is said.
        assert "nothing of what is in it" in str(refused)  # noqa: PT017 (most files are not refused)
        return
    left_out = reading.left_out if isinstance(reading, PictureSignals) else 0
    distance = nearest(reading)[0]
    assert distance <= MATCH_RADIUS or left_out > 0


def test_sha256_is_of_the_whole_file(decoder):
    data = made("motion-jpeg")
    assert decoder.read(data).sha256 == hashlib.sha256(data).digest()


@settings(suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=120), st.booleans(), st.integers(0, 6))
def test_a_broken_list_of_further_pictures_never_loses_the_picture(decoder, noise, starts_well, many):
    """A JPEG is shown by its first picture whatever stands in its multi-picture segment."""
    head = b"MM\0*\0\0\0\x08\0" + bytes([many]) if starts_well else b""
    data = f.with_segment(encode(hidden().resize((320, 240)), "JPEG"), 0xE2, b"MPF\0" + head + noise)
    assert nearest(decoder.read(data))[0] <= MATCH_RADIUS


def test_a_picture_that_took_long_is_not_lost_for_its_further_views():
    """S2's neighbour: what is left of the time bounds the further views, and never the ordinary one."""
    data = f.animation("PNG", [hidden().convert("RGBA"), f.on_black(other())], [50, 50])
    late, early = views_of(data, seconds=0), views_of(data, seconds=60)
    assert late.whole == early.whole
    assert (late.left_out, early.left_out) == (2, 0)
    assert not {part.view for part in late.variants} - {""}


def test_letters_that_look_like_clips_cost_no_time(decoder):
    data = encode(hidden(), "JPEG") + b"\0\0\0\x14ftypavif" * 2_000_000
    before = time.monotonic()
    assert clips_behind(data) == ()
    assert time.monotonic() - before < 0.5
    found = data + f.still_clip(other())
    assert nearest(decoder.read(found), hashing.hash_pixels(np.asarray(other())).hash)[0] <= MATCH_RADIUS
