"""Clips and features are read in confined processes of their own, which the pictures never wait for."""

import hashlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from signal_files import clip, gif_and_html, long_gif, moving, photo, turned
from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips.moments import read_clip
from takeback.signals.details import features
from takeback.signals.model import ClipSignals, PictureSignals
from takeback.signals.parts.decode import working
from takeback.signals.parts.panels import cuts
from takeback.signals.sandbox import Decoder
from takeback_dev.pictures import encode
from vpdq_by_counting import Verdict, compare_clips, verdict
from waiting import until

LINUX = sys.platform == "linux"
PICTURE = encode(photo(), "JPEG")


@cache
def frames():
    return tuple(moving(1))


MAKE = {
    "h264": lambda: clip(frames()),
    "h265": lambda: clip(frames(), codec="libx265"),
    "vp8": lambda: clip(frames(), codec="libvpx", form="matroska"),
    "vp9": lambda: clip(frames(), codec="libvpx-vp9", form="webm"),
    "av1": lambda: clip(frames(), codec="libsvtav1"),
    "mpeg-4": lambda: clip(frames(), codec="mpeg4", form="avi"),
    "h263": lambda: clip(frames(), codec="h263", form="3gp", size=(352, 288)),
    "motion jpeg": lambda: clip(
        frames(), codec="mjpeg", form="mov", options={"color_range": "pc", "strict": "-1"}
    ),
    "gif": lambda: clip(frames()[::4], codec="gif", form="gif", fps=3),
}


@cache
def made(name):
    return MAKE[name]()


@pytest.fixture(scope="module")
def decoder():
    with Decoder(processes=1, seconds=20) as pool:
        yield pool


def only_study(decoder):
    (process,) = decoder._studies._alive
    return process


def why(ask, data):
    with pytest.raises(Unreadable) as refused:
        ask(data)
    return refused.value.why


@pytest.mark.parametrize("name", MAKE)
def test_every_codec_is_decoded_in_confinement_as_outside(decoder, name):
    for flips in (False, True):
        seen = read_clip(made(name), flips=flips)
        assert len(seen.frames) >= 5
        assert decoder.read(made(name), flips=flips) == ClipSignals(
            hashlib.sha256(made(name)).digest(),
            seen.width,
            seen.height,
            seen.format,
            seen.duration_ms,
            seen.frames,
        )


def test_a_file_is_read_as_what_its_first_bytes_say(decoder):
    assert isinstance(decoder.read(PICTURE), PictureSignals)
    assert isinstance(decoder.read(gif_and_html()), PictureSignals)
    assert isinstance(decoder.read(long_gif(3)), ClipSignals)
    assert isinstance(decoder.signals(long_gif(3)), PictureSignals)
    assert why(decoder.signals, made("h264")) == WhyUnreadable.NOT_A_PICTURE
    assert why(decoder.clip, PICTURE) == WhyUnreadable.NOT_A_PICTURE


def test_a_mirrored_copy_is_met_by_the_flips_of_an_entry(decoder):
    bank = decoder.clip(made("h264"), flips=True)
    copy = decoder.clip(clip((rgb[:, ::-1] for rgb in frames()), codec="libvpx-vp9", form="webm"))
    assert verdict(compare_clips(copy, bank)[0]) is Verdict.MATCH


@pytest.mark.skipif(not LINUX, reason="full confinement exists on Linux only")
def test_the_confinement_is_as_complete_as_that_of_pictures(decoder):
    assert decoder._studies.confinement() == decoder.confinement()
    assert len(decoder.confinement()) == 7


@pytest.mark.skipif(not LINUX, reason="what a process holds is read from Linux's /proc")
def test_children_that_read_pictures_hold_neither_ffmpeg_nor_opencv(decoder):
    decoder.signals(PICTURE)
    decoder.clip(made("h264"))
    (reader,) = decoder._pictures._alive
    held = [Path(f"/proc/{process.pid}/maps").read_text() for process in (reader, only_study(decoder))]
    for library in ("libavcodec", "cv2"):
        assert [library in names for names in held] == [False, True]


def test_no_process_for_clips_is_started_before_there_is_one():
    with Decoder() as decoder:
        decoder.read(PICTURE)
        decoder.preview(PICTURE, max_side=64, blur=False, grey=False)
        assert not decoder._studies._alive


def test_features_are_those_of_the_working_picture(decoder):
    shown = working(PICTURE)
    expected = features.format_features(features.describe(shown.grey, cuts(shown.grey)))
    assert decoder.features(PICTURE) == expected
    assert why(decoder.features, b"no picture") == WhyUnreadable.NOT_A_PICTURE


def preview(decoder, data, at_ms=None, grey=False):
    image = Image.open(BytesIO(decoder.preview(data, max_side=128, blur=False, grey=grey, at_ms=at_ms)))
    image.load()
    assert image.format == "JPEG"
    return image


def test_a_clip_is_previewed_at_its_first_moment_or_the_one_asked_for(decoder):
    dark = [frames()[0] * 0] * 24
    shown = preview(decoder, clip([*dark, *frames()]))
    assert shown.size == (128, 72)
    for at_ms, picture in ((None, frames()[0]), (4000, frames()[48])):
        image = shown if at_ms is None else preview(decoder, made("h264"), at_ms)
        expected = Image.fromarray(picture).resize((128, 72), Image.Resampling.LANCZOS)
        assert np.abs(np.asarray(image).astype(int) - np.asarray(expected)).mean() < 12
    assert preview(decoder, made("h264"), grey=True).mode == "L"
    assert preview(decoder, turned(made("h264"), (0, 1, -1, 0))).size == (72, 128)
    with pytest.raises(ValueError, match="at_ms"):
        decoder.preview(made("h264"), max_side=64, blur=False, grey=False, at_ms=-1)


def test_damaged_clips_say_so_and_the_next_one_is_read(decoder):
    decoder.clip(made("h264"))
    process = only_study(decoder)
    assert why(decoder.clip, made("h264")[:2000]) == WhyUnreadable.DAMAGED
    assert why(decoder.clip, b"\x1aE\xdf\xa3webm" + bytes(500)) == WhyUnreadable.DAMAGED
    assert decoder.clip(made("h264")).width == 256
    assert only_study(decoder) is process


def test_a_clip_that_hangs_its_process_keeps_no_picture_waiting():
    with Decoder(clip_seconds=3) as decoder, ThreadPoolExecutor(1) as other:
        decoder.clip(made("h264"))
        process = only_study(decoder)
        os.kill(process.pid, signal.SIGSTOP)
        late = other.submit(decoder.clip, made("h264"))
        until(lambda: not decoder._studies._idle, what="the clip is being read")
        assert decoder.signals(PICTURE).width == 320
        with pytest.raises(Unreadable, match="too_slow"):
            late.result(20)
        assert process.returncode == -signal.SIGKILL
        assert decoder.clip(made("h264")).width == 256


@given(st.data())
def test_a_mutated_clip_never_stops_the_service(decoder, data):
    file = bytearray(made(data.draw(st.sampled_from(["h264", "vp9", "mpeg-4", "av1", "gif"]))))
    for _ in range(data.draw(st.integers(1, 20))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    del file[data.draw(st.integers(len(file) // 2, len(file))) :]
    with suppress(Unreadable):
        assert decoder.clip(bytes(file)).width > 0
