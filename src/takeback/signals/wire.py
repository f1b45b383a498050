"""The words between the service and a decoder process: fixed-size heads, bytes behind them, no pickle.

The child is taken for hostile once it has seen a stranger's file, so its answers are parsed strictly: every
length is bounded, every value checked, and whatever does not fit is an error and the end of that child.
"""

import struct
from dataclasses import astuple, dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Any

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals import clip
from takeback.signals.decode import FORMATS
from takeback.signals.model import HASH_BYTES, MIN_QUALITY, Box, Cut, Flip, Frame, Pdq, Variant
from takeback.signals.panels import MOST_CUTS
from takeback.signals.pdq import MAX_DOUBT


class Task(IntEnum):
    """What a child can be asked."""

    SIGNALS = 1
    PREVIEW = 2
    CLIP = 3
    FEATURES = 4


class Outcome(IntEnum):
    """How a child answers."""

    READY = 1
    """Said once, after the confinement; the body names what took hold, one a line."""
    SIGNALS = 2
    PREVIEW = 3
    UNREADABLE = 4
    CLIP = 5
    FEATURES = 6


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a question; `length` bytes of the file follow it."""

    task: Task
    length: int
    flips: bool = False
    """For signals: all eight hashes of everything, not the one of how it is shown."""
    exact: bool = False
    """For the signals of a picture: from its full size, whatever that costs."""
    max_side: int = 0
    blur: bool = False
    grey: bool = False
    at_ms: int | None = None
    """For the preview of a clip: the moment; None: the first that shows something."""
    box: Box | None = None
    """For features: of this part alone, in pixels as shown; None: of the whole and its parts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer; `length` bytes of body follow it."""

    outcome: Outcome
    length: int
    tired: bool
    """The child asks to be replaced: its processor time is running out, or it hit its memory limit."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a child found in a file; the service adds the file's SHA-256 itself."""

    width: int
    height: int
    format: str
    whole: Pdq
    doubt: int
    flips: tuple[Pdq, ...]
    """None, or the eight in the order of `Flip`."""
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class SeenClip:
    """What a child found in a clip; the service adds the file's SHA-256 itself."""

    width: int
    """Pixels, as shown."""
    height: int
    format: str
    duration_ms: int
    frames: tuple[Frame, ...]


class BadAnswer(ValueError):
    """A child said something that it should not; it is not asked again."""


MAX_BODY = 32 << 20
MAX_FRAMES = 600
MAX_MS = 2**32 - 2
"""Seven weeks; a later moment is not believed."""
_REQUEST = struct.Struct("!BQ??H??I4I")
_NO_MOMENT = 2**32 - 1
_NO_BOX = (0, 0, 0, 0)
_ANSWER = struct.Struct("!BI?")
_SEEN = struct.Struct("!II4sBBB")
_SEEN_CLIP = struct.Struct("!II8sIHB")
_HASH = struct.Struct(f"!{HASH_BYTES}sB")
_VARIANT = struct.Struct("!BIIIIB")
_FRAME = struct.Struct("!I")
_CUTS = (Cut.TRIMMED, Cut.PANEL)
REQUEST_BYTES = _REQUEST.size
ANSWER_BYTES = _ANSWER.size
_MAX_QUALITY = 100


def format_request(request: Request) -> bytes:
    """The head as bytes."""
    return _REQUEST.pack(
        request.task,
        request.length,
        request.flips,
        request.exact,
        request.max_side,
        request.blur,
        request.grey,
        _NO_MOMENT if request.at_ms is None else request.at_ms,
        *(_NO_BOX if request.box is None else astuple(request.box)),
    )


def parse_request(head: bytes) -> Request:
    """The inverse of `format_request`."""
    task, length, flips, exact, max_side, blur, grey, at_ms, *box = _REQUEST.unpack(head)
    return Request(
        Task(task),
        length,
        flips,
        exact,
        max_side,
        blur,
        grey,
        None if at_ms == _NO_MOMENT else at_ms,
        None if tuple(box) == _NO_BOX else Box(*box),
    )


def format_answer(answer: Answer) -> bytes:
    """The head as bytes."""
    return _ANSWER.pack(answer.outcome, answer.length, answer.tired)


def parse_answer(head: bytes) -> Answer:
    """The inverse of `format_answer`.

    Raises:
        BadAnswer: an unknown outcome, or a body too long to be one.
    """
    outcome, length, tired = _ANSWER.unpack(head)
    if outcome not in list(Outcome) or length > MAX_BODY:
        raise BadAnswer(f"outcome {outcome}, {length} bytes")
    return Answer(Outcome(outcome), length, tired)


def format_seen(seen: Seen) -> bytes:
    """Sizes, format, hashes and variants as bytes."""
    head = _SEEN.pack(
        seen.width,
        seen.height,
        seen.format.encode("ascii"),
        seen.doubt,
        len(seen.flips),
        len(seen.variants),
    )
    parts = [head, _format_hashes((seen.whole, *seen.flips))]
    for variant in seen.variants:
        box = variant.box
        code = _CUTS.index(variant.cut)
        parts.append(_VARIANT.pack(code, box.left, box.top, box.width, box.height, variant.doubt))
        parts.append(_format_hashes((variant.pdq, *variant.flips)))
    return b"".join(parts)


def parse_seen(body: bytes, max_pixels: int, *, flips: bool, exact: bool) -> Seen:
    """The inverse of `format_seen`.

    Args:
        body: as the child sent it.
        max_pixels: what it was allowed to decode.
        flips: it was asked for them.
        exact: it was asked for hashes without doubt.

    Raises:
        BadAnswer: the body is not exactly one well-formed answer.
    """
    rest = _Rest(body)
    width, height, name, doubt, laid, parts = rest.take(_SEEN)
    hashes = 1 + len(Flip) * flips
    if laid != hashes - 1 or parts > MOST_CUTS:
        raise BadAnswer("signals that were not asked for")
    whole, *eight = rest.hashes(hashes)
    variants = tuple(_parse_variant(rest, hashes) for _ in range(parts))
    rest.end()
    format_ = name.rstrip(b"\0").decode("ascii", "replace")
    seen = Seen(width, height, format_, whole, doubt, tuple(eight), variants)
    if (
        format_ not in FORMATS
        or not 0 < width * height <= max_pixels
        or any(one.cut is Cut.TRIMMED for one in variants[1:])
        or not all(_is_possible(one, seen) for one in variants)
        or max([doubt, *(one.doubt for one in variants)]) > (0 if exact else MAX_DOUBT)
    ):
        raise BadAnswer("impossible signals")
    return seen


def format_clip(seen: SeenClip) -> bytes:
    """Sizes, format and moments as bytes."""
    laid = len(seen.frames[0].flips) if seen.frames else 0
    head = _SEEN_CLIP.pack(
        seen.width, seen.height, seen.format.encode("ascii"), seen.duration_ms, len(seen.frames), laid
    )
    return head + b"".join(
        _FRAME.pack(frame.at_ms) + _format_hashes((frame.pdq, *frame.flips)) for frame in seen.frames
    )


def parse_clip(body: bytes, max_pixels: int, *, flips: bool) -> SeenClip:
    """The inverse of `format_clip`.

    Args:
        body: as the child sent it.
        max_pixels: what it was allowed to decode, a frame.
        flips: it was asked for all eight hashes of each moment.

    Raises:
        BadAnswer: the body is not exactly one well-formed answer.
    """
    rest = _Rest(body)
    width, height, name, duration_ms, moments, laid = rest.take(_SEEN_CLIP)
    hashes = 1 + len(Flip) * flips
    if moments > MAX_FRAMES or laid != (hashes - 1 if moments else 0):
        raise BadAnswer("moments that were not asked for")
    frames = []
    for _ in range(moments):
        (at_ms,) = rest.take(_FRAME)
        pdq, *eight = rest.hashes(hashes)
        frames.append(Frame(at_ms, pdq, tuple(eight)))
    rest.end()
    format_ = name.rstrip(b"\0").decode("ascii", "replace")
    if (
        format_ not in clip.FORMATS
        or not 0 < width * height <= max_pixels
        or any(later.at_ms <= frame.at_ms for frame, later in pairwise(frames))
        or any(frame.pdq.quality < MIN_QUALITY or frame.at_ms > MAX_MS for frame in frames)
        or duration_ms > MAX_MS
    ):
        raise BadAnswer("an impossible clip")
    return SeenClip(width, height, format_, duration_ms, tuple(frames))


class _Rest:
    """What of a body is not read yet."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, form: struct.Struct) -> tuple[Any, ...]:
        """The next values.

        Raises:
            BadAnswer: the body is shorter.
        """
        if len(self._body) - self._at < form.size:
            raise BadAnswer(f"{len(self._body)} bytes of signals")
        self._at += form.size
        return form.unpack_from(self._body, self._at - form.size)

    def hashes(self, count: int) -> list[Pdq]:
        """The next hashes; the second, where there are more, is the first again: as shown.

        Raises:
            BadAnswer: the body is shorter, or they are impossible.
        """
        found = [Pdq(*self.take(_HASH)) for _ in range(count)]
        if any(pdq.quality > _MAX_QUALITY for pdq in found) or found[:1] != found[1:2] != []:
            raise BadAnswer("impossible hashes")
        return found

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            BadAnswer: something does.
        """
        if self._at != len(self._body):
            raise BadAnswer(f"{len(self._body) - self._at} bytes behind the signals")


def _format_hashes(hashes: tuple[Pdq, ...]) -> bytes:
    return b"".join(_HASH.pack(pdq.hash, pdq.quality) for pdq in hashes)


def _parse_variant(rest: _Rest, hashes: int) -> Variant:
    code, left, top, width, height, doubt = rest.take(_VARIANT)
    if code >= len(_CUTS):
        raise BadAnswer("impossible cut")
    pdq, *eight = rest.hashes(hashes)
    return Variant(_CUTS[code], Box(left, top, width, height), pdq, doubt, tuple(eight))


def _is_possible(variant: Variant, seen: Seen) -> bool:
    box = variant.box
    return (
        variant.pdq.quality >= MIN_QUALITY
        and 0 < box.width <= seen.width - box.left
        and 0 < box.height <= seen.height - box.top
    )


def parse_features(body: bytes) -> bytes:
    """Features are their own form, which whoever uses them parses (`features.parse_features`)."""
    return body


def parse_preview(body: bytes) -> bytes:
    """A preview is its own form.

    Raises:
        BadAnswer: not the beginning of a JPEG: a page that calls it a picture must not be handed something
        else.
    """
    if not body.startswith(b"\xff\xd8\xff"):
        raise BadAnswer("a preview that is no JPEG")
    return body


def format_unreadable(error: Unreadable) -> bytes:
    """Reason and detail as text."""
    return f"{error.why.value}\n{error.detail}".encode()


def parse_unreadable(body: bytes) -> Unreadable:
    """The inverse of `format_unreadable`; the detail is cut to one printable line.

    Raises:
        BadAnswer: no such reason.
    """
    why, _, detail = body.decode("utf-8", "replace").partition("\n")
    if why not in list(WhyUnreadable):
        raise BadAnswer("impossible reason")
    return Unreadable(WhyUnreadable(why), "".join(filter(str.isprintable, detail))[:200])
