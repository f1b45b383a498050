"""The process that decodes: warms up, confines itself, then answers one file after the other.

Run by `sandbox.Decoder` as `python -I -m takeback.signals.decoder_child PARENT MEMORY SECONDS PIXELS BYTES`.
It lives on a pipe: when the pipe ends, it ends; and it stops itself should one file take much longer than the
parent allows, so that it cannot outlive a parent that was killed.
"""

import resource
import signal
import sys
from io import BytesIO, FileIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals import confinement, decode, pdq, wire
from takeback.signals.model import Pdq
from takeback.signals.wire import Answer, Outcome, Request, Seen, Task

_CPU_SECONDS = 600
"""A child is replaced after half of this."""
_BLURRED_SIDE = 12
"""Pixels that are left of a picture in a blurred preview: light and dark, hardly more."""


def main() -> None:
    """Serve until the pipe ends."""
    parent, memory_bytes, seconds, max_pixels, max_bytes = (int(word) for word in sys.argv[1:6])
    held = confinement.end_with_parent(parent)
    source, sink = FileIO(0, "r"), FileIO(1, "w")
    # The parent's limit replaces Pillow's own, which warns far below it.
    Image.MAX_IMAGE_PIXELS = None
    _warm_up()
    held += confinement.confine(memory_bytes=memory_bytes, cpu_seconds=_CPU_SECONDS)
    _send(sink, Outcome.READY, "\n".join(held).encode())
    while head := _read(source, wire.REQUEST_BYTES):
        # Twice the parent's patience: the parent says TOO_SLOW first, this is for when it cannot.
        signal.setitimer(signal.ITIMER_REAL, 2 * seconds + 1)
        request = wire.parse_request(bytes(head))
        try:
            if request.length > max_bytes:
                raise Unreadable(WhyUnreadable.TOO_MANY_BYTES)  # noqa: TRY301 (answered like any other reason)
            outcome, body = _answer(request, bytes(_read(source, request.length)), max_pixels, max_bytes)
        except Unreadable as error:
            outcome, body = Outcome.UNREADABLE, wire.format_unreadable(error)
        except MemoryError:
            outcome, body = (
                Outcome.UNREADABLE,
                wire.format_unreadable(Unreadable(WhyUnreadable.TOO_MUCH_MEMORY)),
            )
        _send(sink, outcome, body)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(request: Request, data: bytes, max_pixels: int, max_bytes: int) -> tuple[Outcome, bytes]:
    picture = decode.decode(data, max_bytes=max_bytes, max_pixels=max_pixels)
    match request.task:
        case Task.SIGNALS:
            height, width = picture.rgb.shape[:2]
            hash_all = pdq.hash_pixels_flips if request.flips else _hash_as_shown
            seen = Seen(width, height, picture.format, hash_all(picture.rgb))
            return Outcome.SIGNALS, wire.format_seen(seen)
        case Task.PREVIEW:
            return Outcome.PREVIEW, _preview(picture.rgb, request)


def _hash_as_shown(rgb: pdq.Pixels) -> tuple[Pdq, ...]:
    return (pdq.hash_pixels(rgb),)


def _preview(rgb: pdq.Pixels, request: Request) -> bytes:
    """A JPEG made from nothing but pixels, so that no metadata can come along."""
    # Every n-th pixel first, so that a huge picture is not copied; what is left is four times what is shown.
    step = max(1, max(rgb.shape[:2]) // (4 * request.max_side))
    image = Image.fromarray(np.ascontiguousarray(rgb[::step, ::step]))
    image.thumbnail((request.max_side, request.max_side), Image.Resampling.LANCZOS)
    if request.grey:
        image = image.convert("L")
    if request.blur:
        size = image.size
        # What the blur hides must not be in the file: few pixels are kept, the rest is drawn between them.
        image.thumbnail((_BLURRED_SIDE, _BLURRED_SIDE), Image.Resampling.BOX)
        image = image.resize(size, Image.Resampling.BICUBIC)
        image = image.filter(ImageFilter.GaussianBlur(max(size) / (3 * _BLURRED_SIDE)))
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _warm_up() -> None:
    """Decode each format once and make a preview, so that nothing is imported or opened afterwards."""
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
    for data in files:
        request = Request(Task.PREVIEW, len(data), max_side=64, blur=True, grey=True)
        _answer(request, data, noise.size, len(data))
    pdq.hash_pixels(noise)
    pdq.hash_pixels_flips(noise)
    pdq.pdq_exact.hash_pixels(noise)
    for damaged in (files[0][:200], b"\0" * 64):
        try:
            decode.decode(damaged)
        except Unreadable:
            # The paths of failure are part of what must be imported already.
            continue


def _encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def _read(source: FileIO, length: int) -> bytearray:
    """Exactly `length` bytes, or none when the pipe has ended."""
    data = bytearray(length)
    view, at = memoryview(data), 0
    while at < length:
        got = source.readinto(view[at:])
        if not got:
            return bytearray()
        at += got
    return data


def _send(sink: FileIO, outcome: Outcome, body: bytes) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    tired = used.ru_utime + used.ru_stime > _CPU_SECONDS / 2 or (
        outcome is Outcome.UNREADABLE and body.startswith(WhyUnreadable.TOO_MUCH_MEMORY.encode())
    )
    left = memoryview(wire.format_answer(Answer(outcome, len(body), tired)) + body)
    while left:
        left = left[sink.write(left) or 0 :]


if __name__ == "__main__":
    main()
