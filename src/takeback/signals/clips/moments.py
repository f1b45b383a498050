"""A clip reduced to its moments; for the decoder process only.

1. One frame stands for each second: that of its first change of scene, else the one in which a ripple of a
few pixels on a thumbnail is strongest; of the first second, the first frame. The content says which frame it
is, not the clock, since a copy that was cut by half a second must come upon the same frames. On photographs
under a moving camera, cut by 0.4 s and compressed again, 13 % (panning) and 7 % (held by hand) of the moments
met again when each second's first frame was taken, 60 to 70 % so. A frame that is shown much longer than the
others is a moment, too, and so is every frame of a short animation.
2. A frame that shows what the last one showed is passed over, or a title that stays for ten seconds would
weigh as much as ten. One with too little detail is passed over too. Where pixels let the background through,
the moment on black is one of its own.
3. At most 600 moments: a longer clip is sampled at every second, fourth, ... second of the whole of it. The
container's own word on its length decides nothing, since it may lie.
4. Without bars of one colour, which a phone or a platform adds. Bars are what all moments have in common, so
a dark scene loses nothing.

How far the bars go is known at the end only. Moments are hashed as they come, and a clip that showed more
later is read a second time; that is rare, and keeping the frames would take gigabytes.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from takeback.signals.clips import footage
from takeback.signals.clips.footage import Shot, Source, Survey
from takeback.signals.clips.formats import MAX_FRAMES
from takeback.signals.model import MIN_QUALITY, ClipSignals, Frame
from takeback.signals.parts.decode import BLACK, MAX_BYTES, MAX_PIXELS, WHITE, said_as_unreadable
from takeback.signals.pdq import hashing
from takeback.signals.pdq.reference import Pixels

_EVERY_MS = 1000
_SHOWN_WITHIN = 60.0
_THUMB = 32
_SCENE = 24.0
"""Grey levels by which a thumbnail of 32 x 32 changes on average, from one frame to the next, when the scene
does. Motion within a scene stays below a third of it; fades have no such frame and need none."""
_WAVE = np.cos(np.pi * 10 * (2 * np.arange(_THUMB) + 1) / (2 * _THUMB))
"""Ten half waves over the side of a thumbnail; seven did as well."""
_STILL = 6
"""Bits. Noise and compression move the hash of a still scene by no more, and a hash as near as this finds
hardly more at a radius of 31."""
_BAR_RANGE = 20
"""Grey levels within one bar over the whole clip: compression, no picture."""
_LEAST_LEFT = 4
"""A side is cut to no less than a quarter: what is darker than that is a dark clip, not bars."""


class _Inside(NamedTuple):
    """The part of each picture that is no bar."""

    rows: slice
    columns: slice


class _Bars:
    """Bars of one colour along the sides: rows and columns that never showed anything else."""

    def __init__(self, height: int, width: int) -> None:
        self._low = (np.full(height, 255, np.uint8), np.full(width, 255, np.uint8))
        self._high = (np.zeros(height, np.uint8), np.zeros(width, np.uint8))

    def see(self, rgb: Pixels) -> _Inside:
        """Take one more picture into account. Returns what is no bar, after all that was seen."""
        if rgb.shape[:2] != (len(self._low[0]), len(self._low[1])):
            # The size changed in the middle; the rest is compared as it is.
            return _Inside(slice(None), slice(None))
        # One colour is enough: compression and pictures move all three.
        green = np.ascontiguousarray(rgb[..., 1])
        for axis in (0, 1):
            np.minimum(self._low[axis], green.min(axis=1 - axis), out=self._low[axis])
            np.maximum(self._high[axis], green.max(axis=1 - axis), out=self._high[axis])
        return _Inside(*(_picture_of(low, high) for low, high in zip(self._low, self._high, strict=True)))


def read_clip(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    patience: float = 60.0,
    flips: bool = False,
) -> ClipSignals:
    """Reduce a clip to its moments, without its SHA-256.

    Args:
        data: the whole file.
        max_bytes: a longer file is refused.
        max_pixels: of one frame; more, declared or decoded, are refused.
        patience: seconds after which what was read so far is the answer.
        flips: hash each moment in all eight ways.

    Raises:
        Unreadable: EMPTY, NOT_A_PICTURE, DAMAGED, TOO_MANY_BYTES, TOO_MANY_PIXELS, TOO_MUCH_MEMORY or
            TOO_SLOW; nothing else, whatever the file holds.
    """
    with said_as_unreadable():
        return _read(footage.source_of(data, max_bytes, max_pixels, patience), flips=flips)


def show_clip(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    at_ms: int | None = None,
    background: int = WHITE,
) -> Pixels:
    """Return one moment of a clip, upright. Raises Unreadable, as `read_clip`.

    Args:
        data: the whole file.
        max_bytes: a longer file is refused.
        max_pixels: of one frame.
        at_ms: the moment; None: the first that is more than black or empty, else the very first.
        background: the grey that transparency is laid on.
    """
    with said_as_unreadable():
        source = footage.source_of(data, max_bytes, max_pixels, _SHOWN_WITHIN)
        shown = _at(source, at_ms) if at_ms is not None else _telling(source)
        return footage.upright(shown, background)


def _read(source: Source, *, flips: bool) -> ClipSignals:
    survey = footage.survey_of(source)
    height, width, frames, inside, stale = _frames(source, survey, None, flips=flips)
    if stale:
        # A later moment showed something where the first ones had a bar: hash all with what is left of it.
        height, width, frames, _, _ = _frames(source, survey, inside, flips=flips)
    return ClipSignals(b"", width, height, source.format, survey.duration_ms, tuple(frames))


class _Found(NamedTuple):
    height: int
    width: int
    frames: list[Frame]
    inside: _Inside
    stale: bool
    """Some moments were hashed before a later one showed how far the bars go."""


def _frames(source: Source, survey: Survey, known: _Inside | None, *, flips: bool) -> _Found:
    """Do steps 2 to 4."""
    frames: list[Frame] = []
    every, bars, size, inside, stale = _EVERY_MS, None, None, known, False
    for moment in _moments(footage.shots(source, survey)):
        rgb = footage.upright(moment.picture)
        size = size or rgb.shape[:2]
        bars = bars or _Bars(*size)
        # 4. Bars.
        seen = known or bars.see(rgb)
        stale = stale or (bool(frames) and seen != inside)
        inside = seen
        if frames and not moment.is_held and moment.at_ms // every == frames[-1].at_ms // every:
            continue
        # 2. Nothing new, or nothing to see.
        for frame in _hashed(moment, rgb, inside, flips=flips):
            if frame.pdq.quality >= MIN_QUALITY and not _is_still(frame, frames):
                frames.append(frame)
        # 3. A long clip.
        if len(frames) > MAX_FRAMES:
            every *= 2
            frames = _thinned(frames, every)
    if size is None or inside is None:
        raise footage.nothing(source)
    return _Found(size[0], size[1], frames, inside, stale)


def _moments(shots: Iterable[Shot]) -> Iterator[Shot]:
    """Do step 1: yield the frame that stands for each second, and those that are held; in order of time."""
    chosen: Shot | None = None
    held: list[Shot] = []
    best, before = 0.0, None
    for shot in shots:
        thumb = _thumb(shot.picture)
        change = before is not None and float(np.abs(thumb - before).mean()) > _SCENE
        before = thumb
        # The first change of scene is not outdone by anything later.
        worth = math.inf if change or chosen is None else _ripple(thumb)
        if chosen is not None and shot.at_ms // _EVERY_MS != chosen.at_ms // _EVERY_MS:
            yield from _in_order(chosen, held)
            best = -1.0
            held.clear()
        if worth > best:
            chosen, best = shot, worth
        if shot.is_held:
            held.append(shot)
    if chosen is not None:
        yield from _in_order(chosen, held)


def _in_order(chosen: Shot, held: Iterable[Shot]) -> Iterator[Shot]:
    """Yield the moments of one second, each time once."""
    moments = {chosen.at_ms: chosen} | {shot.at_ms: shot for shot in held}
    yield from (moments[at_ms] for at_ms in sorted(moments))


def _telling(source: Source) -> VideoFrame:
    """Return the first moment that is more than black or empty, else the very first frame."""
    first = None
    for moment in _moments(footage.shots(source, footage.survey_of(source))):
        first = first or moment.picture
        if hashing.hash_pixels(footage.upright(moment.picture)).quality >= MIN_QUALITY:
            return moment.picture
    if first is None:
        raise footage.nothing(source)
    return first


def _at(source: Source, at_ms: int) -> VideoFrame:
    """Return the frame that is shown at a time, or the last one."""
    shown = None
    with footage.opened(source) as (container, stream):
        if stream.time_base is not None:
            start = stream.start_time or 0
            container.seek(start + int(at_ms / 1000 / stream.time_base), stream=stream)
        for moment in footage.decoded(source, container, stream):
            if shown is not None and moment.at_ms > at_ms:
                break
            shown = moment.picture
    if shown is None:
        raise footage.nothing(source)
    return shown


def _thumb(picture: VideoFrame) -> NDArray[np.int16]:
    small = picture.reformat(_THUMB, _THUMB, "gray8", interpolation="AREA", threads=1)
    return np.asarray(small.to_ndarray(threads=1)).astype(np.int16)


def _ripple(thumb: NDArray[np.int16]) -> float:
    """Return the strength of the ripple, across and down: it comes and goes as the view moves, in every copy
    alike.
    """
    return float(abs(thumb.sum(axis=0) @ _WAVE) + abs(thumb.sum(axis=1) @ _WAVE))


def _hashed(moment: Shot, rgb: Pixels, inside: _Inside, *, flips: bool) -> Iterator[Frame]:
    """Yield a moment's hash on white, and on black where that shows something else."""
    yield _frame(moment.at_ms, rgb[inside.rows, inside.columns], "", flips=flips)
    if footage.lets_through(moment.picture):
        dark = footage.upright(moment.picture, BLACK)
        yield _frame(moment.at_ms, dark[inside.rows, inside.columns], "black", flips=flips)


def _frame(at_ms: int, rgb: Pixels, view: str, *, flips: bool) -> Frame:
    rgb = np.ascontiguousarray(rgb)
    if not flips:
        return Frame(at_ms, hashing.hash_pixels(rgb), (), view)
    eight = hashing.hash_pixels_flips(rgb)
    return Frame(at_ms, eight[0], eight, view)


def _is_still(frame: Frame, before: Sequence[Frame]) -> bool:
    """Return whether it shows what the last moment on the same background did, or on white at the same
    time.
    """
    others = [last for last in before[-2:] if last.view == frame.view or last.at_ms == frame.at_ms]
    return any(last.pdq.apart(frame.pdq) <= _STILL for last in others)


def _thinned(frames: list[Frame], every: int) -> list[Frame]:
    """Return the first frame of each interval."""
    kept: dict[int, Frame] = {}
    for frame in frames:
        kept.setdefault(frame.at_ms // every, frame)
    return list(kept.values())


def _picture_of(low: NDArray[np.uint8], high: NDArray[np.uint8]) -> slice:
    """Return where one side's bars end, if what they leave is a picture; else all of it."""
    inside = np.flatnonzero(high.astype(np.int16) - low > _BAR_RANGE)
    if not inside.size or _LEAST_LEFT * (inside[-1] + 1 - inside[0]) < len(low):
        return slice(0, len(low))
    return slice(int(inside[0]), int(inside[-1]) + 1)
