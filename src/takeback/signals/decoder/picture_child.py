"""The process that reads pictures: warms up, confines itself, then answers one file after the other.

`children.Children` runs it as `python -I -m MODULE PARENT MEMORY SECONDS PIXELS BYTES`; `study_child` is the
same with more libraries. It ends when its pipe ends, and when one file takes much longer than the parent
allows, so that it cannot outlive a parent that was killed.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO, FileIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.decoder import confinement, cost, wire
from takeback.signals.decoder.preview import preview
from takeback.signals.decoder.wire import Answer, Outcome, Request, Task
from takeback.signals.model import Box, Cut, Variant
from takeback.signals.parts import decode
from takeback.signals.parts.picture import part_of_pixels, read_picture, views_of
from takeback.signals.parts.stills import show_picture
from takeback.signals.pdq import hashing
from takeback.signals.pdq.reference import Pixels

VIEW_SHARE = 0.4
"""Share of the time limit after which no further view of a file is begun."""
_CPU_SECONDS = 600
"""A child is replaced after half of this."""
_MEMORY_LEFT = 96 << 20
"""A child that a file left this much larger than it began is replaced."""
_TRIM_ABOVE = 32 << 20

Answering: TypeAlias = Callable[[Request, bytes, "Limits"], tuple[Outcome, bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file, as the parent says."""

    seconds: int
    max_pixels: int
    max_bytes: int


def main() -> None:
    """Serve pictures until the pipe ends."""
    serve(answer_picture, warm_up)


def serve(answer: Answering, warm_up: Callable[[], None]) -> None:
    """Serve until the pipe ends: call `warm_up`, confine this process, then `answer` each question."""
    parent, memory_bytes, seconds, max_pixels, max_bytes = (int(word) for word in sys.argv[1:6])
    limits = Limits(seconds, max_pixels, max_bytes)
    held = confinement.end_with_parent(parent)
    source, sink = FileIO(0, "r"), FileIO(1, "w")
    memory = Memory()
    # The parent's limit replaces Pillow's own, which warns far below it.
    Image.MAX_IMAGE_PIXELS = None
    warm_up()
    held += confinement.confine(memory_bytes=memory_bytes, cpu_seconds=_CPU_SECONDS)
    memory.begin()
    _send(sink, Outcome.READY, "\n".join(held).encode())
    while head := _read(source, wire.LENGTH_BYTES):
        # Twice the parent's patience: the parent says TOO_SLOW first, this is for when it cannot.
        signal.setitimer(signal.ITIMER_REAL, 2 * seconds + 1)
        request = wire.parse_request(bytes(_read(source, int.from_bytes(head))))
        began = time.process_time()
        try:
            if request.length > max_bytes:
                raise Unreadable(WhyUnreadable.TOO_MANY_BYTES)  # noqa: TRY301 (answered like any other reason)
            outcome, body = answer(request, bytes(_read(source, request.length)), limits)
        except Unreadable as error:
            outcome, body = Outcome.UNREADABLE, wire.format_unreadable(error)
        except MemoryError:
            outcome, body = (
                Outcome.UNREADABLE,
                wire.format_unreadable(Unreadable(WhyUnreadable.TOO_MUCH_MEMORY)),
            )
        spent = time.process_time() - began
        _send(sink, outcome, body, spent, is_large=memory.is_large())
        signal.setitimer(signal.ITIMER_REAL, 0)


def answer_picture(request: Request, data: bytes, limits: Limits) -> tuple[Outcome, bytes]:
    """Answer one question about one picture file. Raises Unreadable with the reason."""
    bounds = {"max_bytes": limits.max_bytes, "max_pixels": limits.max_pixels}
    check_cost(request, data, limits)
    match request.task:
        case Task.SIGNALS:
            seconds = VIEW_SHARE * limits.seconds
            seen = views_of(data, exact=request.exact, flips=request.flips, seconds=seconds, **bounds)
            return Outcome.SIGNALS, wire.format_seen(seen)
        case Task.PREVIEW:
            decode.check_size(data, limits.max_bytes)
            return Outcome.PREVIEW, preview(show_picture(data, request.view, limits.max_pixels), request)
        case Task.PART:
            decode.check_size(data, limits.max_bytes)
            return Outcome.PART, part(show_picture(data, request.view, limits.max_pixels), request)
        case Task.CLIP | Task.FEATURES:
            raise NotImplementedError(f"{request.task.name} is for a study child")


def check_cost(request: Request, data: bytes, limits: Limits) -> None:
    """Refuse a picture that costs more by its header than the question allows. Raises Unreadable:
    TOO_SLOW.
    """
    if not request.most_ms:
        return
    decode.check_size(data, limits.max_bytes)
    exact = request.exact or request.flips or request.task is not Task.SIGNALS
    with decode.said_as_unreadable(), decode.opened(data, limits.max_pixels) as image:
        seconds = cost.of_picture(image, data, exact=exact)
    cost.check(seconds, request.most_ms)


class Memory:
    """The memory of this process, and giving back what a large file left. Make it before confinement."""

    def __init__(self) -> None:
        # The resident set, in pages; there is no opening it later. Elsewhere than on Linux it is not known.
        self._statm = FileIO("/proc/self/statm") if sys.platform == "linux" else None
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._page = os.sysconf("SC_PAGESIZE")
        self._first = 0

    def begin(self) -> None:
        """Take what is held now for the usual."""
        self._first = self._held()

    def is_large(self) -> bool:
        """Return whether a file left much behind that cannot be given back."""
        if self._held() - self._first > _TRIM_ABOVE and self._trim is not None:
            self._trim(0)
        return self._held() - self._first > _MEMORY_LEFT

    def _held(self) -> int:
        if self._statm is None:
            return 0
        self._statm.seek(0)
        return int(self._statm.read(256).split()[1]) * self._page


def part(rgb: Pixels, request: Request) -> bytes:
    """Return a part's eight exact hashes. Raises Unreadable: the view has no such part."""
    height, width = rgb.shape[:2]
    box = request.box or Box(0, 0, width, height)
    if not (0 < box.width <= width - box.left and 0 < box.height <= height - box.top):
        raise Unreadable(WhyUnreadable.DAMAGED, f"no part {box} in {width} x {height} pixels")
    eight = hashing.hash_pixels_flips(part_of_pixels(rgb, request.box))
    cut = Cut.WHOLE if request.box is None else Cut.PANEL
    return wire.format_part(Variant(cut, box, eight[0], 0, eight, request.view))


def warm_up() -> None:
    """Read each format once and make a preview, so that nothing is imported or opened afterwards."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    # There is no HEIF encoder here: those that exist are under the GPL, and reading is all that is needed.
    files = [_encoded(image, format_) for format_ in decode.FORMATS if format_ != "HEIF"]
    files.append(Path(__file__).with_name("warm_up.heic").read_bytes())
    files += [
        _encoded(image.convert(mode), "TIFF")
        for mode in ("1", "L", "LA", "P", "RGBA", "CMYK", "LAB", "I;16", "F")
    ]
    rotated = Image.Exif()
    rotated[274] = 6
    files.append(_encoded(image, "JPEG", exif=rotated, progressive=True))
    # Large enough to be decoded small, and with a border to be cut off.
    files.append(_encoded(ImageOps.expand(image.resize((720, 600)), 80, (0, 0, 0)), "JPEG"))
    files += _many_views(image)
    limits = Limits(60, 1 << 24, 1 << 24)
    for data in files:
        answer_picture(Request(Task.PREVIEW, len(data), max_side=64, blur=True, grey=True), data, limits)
        answer_picture(Request(Task.SIGNALS, len(data)), data, limits)
    answer_picture(Request(Task.PART, len(files[0])), files[0], limits)
    for flips in (False, True):
        answer_picture(Request(Task.SIGNALS, len(files[0]), exact=True, flips=flips), files[0], limits)
    hashing.reference.hash_pixels(noise)
    for damaged in (files[0][:200], b"\0" * 64):
        try:
            read_picture(damaged)
        except Unreadable:
            # The paths of failure are part of what must be imported already.
            continue


def _many_views(image: Image.Image) -> list[bytes]:
    turned = image.transpose(Image.Transpose.ROTATE_180)
    clear = image.convert("RGBA")
    clear.putalpha(128)
    small = _encoded(turned, "JPEG")
    # A preview in EXIF: the second directory, after an empty first one, names where its bytes begin.
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(small), 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HI", 0, 14) + second + small
    files = [_encoded(image, "JPEG", exif=exif), _encoded(image, "ICO"), _encoded(clear, "WEBP")]
    files += [
        _encoded(image, format_, save_all=True, append_images=[turned, image.copy()])
        for format_ in ("PNG", "WEBP", "GIF", "AVIF", "TIFF", "MPO")
    ]
    files.append(_encoded(clear, "PNG", save_all=True, append_images=[clear.rotate(90)], default_image=True))
    return files


def _encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    out = BytesIO()
    # A copy, for Pillow leaves the settings of one encoder at the image, and the next stumbles over them.
    image.copy().save(out, format_, **options)
    return out.getvalue()


def _read(source: FileIO, length: int) -> bytearray:
    """Return exactly `length` bytes, or none when the pipe has ended."""
    data = bytearray(length)
    view, at = memoryview(data), 0
    while at < length:
        got = source.readinto(view[at:])
        if not got:
            return bytearray()
        at += got
    return data


def _send(sink: FileIO, outcome: Outcome, body: bytes, spent: float = 0.0, *, is_large: bool = False) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    tired = (
        is_large
        or used.ru_utime + used.ru_stime > _CPU_SECONDS / 2
        or (outcome is Outcome.UNREADABLE and body.startswith(WhyUnreadable.TOO_MUCH_MEMORY.encode()))
    )
    left = memoryview(wire.format_answer(Answer(outcome, len(body), tired, int(spent * 1000))) + body)
    while left:
        left = left[sink.write(left) or 0 :]


if __name__ == "__main__":
    main()
