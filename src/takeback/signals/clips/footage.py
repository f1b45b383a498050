"""The frames of a clip by FFmpeg (PyAV), from memory, upright and in colour; for the decoder process only.

The file's first bytes name the container, the picture codecs are a list of nine, and nothing else is opened:
no playlist, no second file, no address. One thread, as for pictures.

What is damaged is passed over, as a player does: a cut-off upload shows its beginning to everybody, so it is
compared by its beginning. A clip with very many pixels to decode gives its key frames only; it is known by
fewer moments, yet encoders put key frames at changes of scene.

Time here is a stopwatch (`time.monotonic`): a reading that runs out of patience ends with what it has.
"""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple

import av
import numpy as np
from av.buffer import Buffer
from av.codec.context import ThreadType
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips.formats import FORMATS, MAX_MS, clip_format
from takeback.signals.model import Flip
from takeback.signals.parts.decode import WHITE, check_size
from takeback.signals.pdq.flips import flip_pixels
from takeback.signals.pdq.reference import Pixels

MAX_CLIP_PIXELS = 36_000_000
"""Of one frame: 8192 x 4320, the largest that the levels of today's codecs know; a decoder holds up to 17."""
_DEMUXERS = {
    "MP4": "mov",
    "MOV": "mov",
    "3GP": "mov",
    "WEBM": "matroska",
    "MATROSKA": "matroska",
    "AVI": "avi",
    "GIF": "gif",
}
_CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg4", "h263", "mjpeg", "gif")
_MUCH_WORK = 12_000_000_000
"""Pixels that are decoded in full: three minutes of 1920 x 1080 at 30 frames a second."""
_KEYS_APART_MS = 12_000
"""Key frames this near on average stand for a long clip; one with fewer is read while patience lasts."""
_MAX_PACKETS = 1 << 20
_FEW_FRAMES = 16
_LONGEST_ONES = 4
_MUCH_LONGER = 3
_FLIPS = {
    # Signs of a, b, c, d, where a pixel at (x, y) is shown at (ax + cy, bx + dy).
    (1, 0, 0, 1): Flip.NONE,
    (-1, 0, 0, 1): Flip.MIRROR,
    (1, 0, 0, -1): Flip.UPSIDE_DOWN,
    (-1, 0, 0, -1): Flip.ROTATE_180,
    (0, 1, 1, 0): Flip.TRANSPOSE,
    (0, -1, 1, 0): Flip.ROTATE_90,
    (0, 1, -1, 0): Flip.ROTATE_270,
    (0, -1, -1, 0): Flip.ANTI_TRANSPOSE,
}
"""Display matrices (ISO/IEC 14496-12, section 6.2.2): quarter turns and mirrors; others are not applied."""
_MATRIX = struct.Struct("=9i")
_ALPHA = ("bgra", "rgba", "argb", "abgr")
_OPAQUE = 255


class Source(NamedTuple):
    """A file, and how much of it may be asked."""

    data: bytes
    format: str
    max_pixels: int
    deadline: float


class Shot(NamedTuple):
    """A decoded frame."""

    at_ms: int
    picture: VideoFrame
    is_held: bool = False
    """Shown so long, or one of so few, that it is a moment whatever else its second shows."""


class Survey(NamedTuple):
    """Contents of the container, known before anything is decoded."""

    packets: int
    key_packets: int
    duration_ms: int
    width: int
    height: int
    held: frozenset[int] = frozenset()
    """When the frames begin that are shown longest, in milliseconds; of a short animation, all of them."""


def source_of(data: bytes, max_bytes: int, max_pixels: int, patience: float) -> Source:
    """Return a file to read for at most `patience` seconds. Raises Unreadable: EMPTY, TOO_MANY_BYTES,
    NOT_A_PICTURE.
    """
    check_size(data, max_bytes)
    format_ = clip_format(data)
    if format_ is None:
        raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "no clip: none of " + ", ".join(FORMATS))
    return Source(data, format_, min(max_pixels, MAX_CLIP_PIXELS), time.monotonic() + patience)


def shots(source: Source, survey: Survey) -> Iterator[Shot]:
    """Yield all frames that can be decoded, in order of time; of a very large clip, the key frames.

    Raises:
        Unreadable: no clip that can be opened, or TOO_MANY_PIXELS.
        FFmpegError: the container is damaged, or out of memory.
    """
    with opened(source) as (container, stream):
        if _keys_only(survey):
            stream.codec_context.skip_frame = "NONKEY"
        yield from decoded(source, container, stream, survey.held)


def decoded(
    source: Source, container: InputContainer, stream: VideoStream, held: frozenset[int] = frozenset()
) -> Iterator[Shot]:
    """Yield all frames that an open container still gives, in order of time. Raises as `shots`."""
    start, at_ms = stream.start_time, 0
    for packet in _packets(container, stream):
        if time.monotonic() > source.deadline:
            return
        try:
            pictures = packet.decode()
        except MemoryError:
            raise
        except FFmpegError:
            # One damaged packet; the next may be whole, as a player would find.
            continue
        for picture in pictures:
            if picture.width * picture.height > source.max_pixels:
                raise _too_many(picture.width, picture.height, source.max_pixels)
            if picture.pts is not None and picture.time_base is not None:
                start = picture.pts if start is None else start
                # Time never runs backwards here, whatever the file says.
                at_ms = min(max(at_ms, int((picture.pts - start) * picture.time_base * 1000)), MAX_MS)
            yield Shot(at_ms, picture, at_ms in held)


def _packets(container: InputContainer, stream: VideoStream) -> Iterator["Packet[VideoStream]"]:
    packets = container.demux(stream)
    for _ in range(_MAX_PACKETS):
        try:
            packet = next(packets)
        except StopIteration:
            return
        except MemoryError:
            raise
        except FFmpegError:
            # The container ends in the middle: what came before it is what there is.
            return
        yield packet


def survey_of(source: Source) -> Survey:
    """Walk through a container without decoding anything; its own word on its length may lie."""
    packets = key_packets = 0
    first, last = None, 0
    starts: list[int] = []
    with opened(source) as (container, stream):
        for packet in _packets(container, stream):
            packets += 1
            key_packets += packet.is_keyframe
            if packet.pts is not None:
                first = packet.pts if first is None else min(first, packet.pts)
                last = max(last, packet.pts + (packet.duration or 0))
                starts.append(packet.pts)
        unit = (stream.time_base or 0) * 1000
        length = int((last - (first or 0)) * unit)
        zero = first or 0 if stream.start_time is None else stream.start_time
        held = frozenset(int((at - zero) * unit) for at in _held(sorted(starts), last))
        width, height = stream.codec_context.width, stream.codec_context.height
    return Survey(packets, key_packets, min(max(0, length), MAX_MS), width, height, held)


def measures(source: Source) -> tuple[int, int, int, int]:
    """Return packets to decode, width, height and milliseconds of a clip. Raises as `shots`."""
    survey = survey_of(source)
    packets = survey.key_packets if _keys_only(survey) else survey.packets
    return packets, survey.width, survey.height, survey.duration_ms


def _keys_only(survey: Survey) -> bool:
    """Return whether a clip has so much to decode that its key frames must stand for it, and can."""
    much = survey.packets * survey.width * survey.height > _MUCH_WORK
    return much and survey.key_packets * _KEYS_APART_MS >= survey.duration_ms


def _held(starts: list[int], end: int) -> list[int]:
    """Return the frames of a short animation; of a longer one those that are shown much longer than most."""
    if len(starts) <= _FEW_FRAMES:
        return starts
    lengths = [later - start for start, later in pairwise([*starts, max(end, starts[-1])])]
    usual = sorted(lengths)[len(lengths) // 2]
    longest = sorted(range(len(starts)), key=lambda n: (-lengths[n], n))[:_LONGEST_ONES]
    return [starts[n] for n in longest if lengths[n] > _MUCH_LONGER * usual]


@contextmanager
def opened(source: Source) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the container at its first moving picture, to be decoded by one thread; nothing else is opened."""
    options = {"codec_whitelist": ",".join(_CODECS), "protocol_whitelist": "none"}
    with av.open(
        BytesIO(source.data),
        "r",
        format=_DEMUXERS[source.format],
        options=options,
        io_open=_refuse,
        metadata_errors="replace",  # titles in bytes that are no text are nobody's damage
    ) as container:
        stream = next((found for found in container.streams.video if not _is_cover(found)), None)
        if stream is None or stream.codec_context is None:
            raise Unreadable(WhyUnreadable.NOT_A_PICTURE, "a clip without pictures")
        context = stream.codec_context
        if context.name not in _CODECS:
            raise Unreadable(WhyUnreadable.NOT_A_PICTURE, f"the codec {context.name} is not read")
        if context.width * context.height > source.max_pixels:
            raise _too_many(context.width, context.height, source.max_pixels)
        context.thread_type, context.thread_count = ThreadType.NONE, 1
        context.options = {"max_pixels": str(source.max_pixels)}
        yield container, stream


def _refuse(*_: object) -> None:
    raise Unreadable(WhyUnreadable.DAMAGED, "a clip that asks for another file")


def _is_cover(stream: VideoStream) -> bool:
    """Return whether this is a still picture beside the sound, as music files have it."""
    return bool(stream.disposition & Disposition.attached_pic)


def lets_through(picture: VideoFrame) -> bool:
    """Return whether any pixel of a frame is less than opaque, so that the background shows."""
    return picture.format.name in _ALPHA and bool(np.any(_rgba(picture)[..., 3] != _OPAQUE))


def upright(picture: VideoFrame, background: int = WHITE) -> Pixels:
    """Return a frame as a player shows it, [height, width, 3], transparency laid on a grey."""
    matrix = picture.side_data.get("DISPLAYMATRIX")
    rgb = _colours(picture, background)
    if not isinstance(matrix, Buffer) or matrix.buffer_size != _MATRIX.size:
        return rgb
    a, b, _, c, d, *_ = _MATRIX.unpack(bytes(matrix))
    flip = _FLIPS.get((_sign(a), _sign(b), _sign(c), _sign(d)), Flip.NONE)
    return np.ascontiguousarray(flip_pixels(rgb, flip))


def _rgba(picture: VideoFrame) -> Pixels:
    return np.asarray(picture.to_ndarray(format="rgba", threads=1), dtype=np.uint8)


def _colours(picture: VideoFrame, background: int) -> Pixels:
    if picture.format.name not in _ALPHA:
        return np.asarray(picture.to_ndarray(format="rgb24", threads=1), dtype=np.uint8)
    rgba = _rgba(picture)
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + background * (_OPAQUE - alpha)) // _OPAQUE).astype(np.uint8)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _too_many(width: int, height: int, most: int) -> Unreadable:
    return Unreadable(
        WhyUnreadable.TOO_MANY_PIXELS, f"{width} x {height} pixels a frame, at most {most} are decoded"
    )


def nothing(source: Source) -> Unreadable:
    """Return why not one frame came out of a container that could be opened."""
    if time.monotonic() > source.deadline:
        return Unreadable(WhyUnreadable.TOO_SLOW, "no frame was decoded in time")
    return Unreadable(WhyUnreadable.DAMAGED, "no frame can be decoded")
